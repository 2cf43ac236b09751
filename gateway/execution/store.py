"""What a plan asks of whoever keeps the rows."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Columns = tuple[tuple[str, str], ...]
"""Columns with the scalar or enum that each is wanted as; KEY for what only refers to rows."""

KEY = ""

Convert = Callable[[Any], Any]
"""From what a driver gives, never None, to what the answer has."""


@dataclass(frozen=True)
class RowsRead:
    """The rows of `source` that the request may see; with `by`, those whose `by` is among the keys,
    by `order`. The columns come as they are listed."""

    source: Any
    columns: Columns
    by: str | None = None
    order: str | None = None


@dataclass(frozen=True)
class PageRead:
    """The rows of a page, and one more, in reading direction; with `by`, a page for each key. After
    the columns come those of the sort if `cursors` are wanted."""

    slot: int
    source: Any
    columns: Columns
    by: str | None
    cursors: bool


@dataclass(frozen=True)
class CountRead:
    """How many rows the list of a page has; with `by`, each key with its number."""

    slot: int
    source: Any
    by: str | None


@dataclass(frozen=True)
class TypesRead:
    """Each key with the name under which the rows with that id are in `sources`."""

    sources: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class CompanyRead:
    """One row if the request is of a company that there is."""


Read = RowsRead | PageRead | CountRead | TypesRead | CompanyRead
Ask = tuple[int, Sequence[str] | None]
"""Which of the reads of a program, and for which keys."""

Steps = Generator[Ask, Sequence[Sequence[Any]], Any]
"""A program that runs: it asks for rows until it has its answer."""


class Store(Protocol):
    """Knows how the values of its rows become values of an answer."""

    def convert(self, source: Any, column: str, kind: str) -> Convert | None:
        """From what a read gives for a column; None if it is right as it is."""
        ...

    def is_nullable(self, source: Any, column: str) -> bool: ...

    def is_in_memory(self, source: Any, relation: str) -> bool:
        """Whether rows that were just written have the relation in memory."""
        ...

    def related(self, row: Any, relation: str) -> Any:
        """What a row in memory has under `relation`; None if that was not loaded."""
        ...

    def values_in_memory(self, source: Any, columns: Columns) -> Callable[[Any], tuple[Any, ...]]:
        """From a row in memory to its values, each as the answer has it or as a key."""
        ...
