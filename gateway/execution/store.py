"""The requests of plans to storage."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Columns = tuple[tuple[str, str], ...]
"""Columns, each with the scalar or enum that it is needed as; KEY for one that only refers to rows."""

KEY = ""

Convert = Callable[[Any], Any]
"""From a value of the driver, never None, to a value of the answer."""


@dataclass(frozen=True)
class RowsRead:
    """The rows of `source` that the request may see; with `by`, those whose `by` is among the keys,
    sorted by `order`. The columns come in the order of the list. `is_related` if the keys come from rows
    that the request may see."""

    source: Any
    columns: Columns
    by: str | None = None
    order: str | None = None
    is_related: bool = False


@dataclass(frozen=True)
class PageRead:
    """The rows of a page and one more, in reading direction; with `by`, a page for each key. If
    `cursors` are needed, the columns of the sort follow."""

    slot: int
    source: Any
    columns: Columns
    by: str | None
    cursors: bool


@dataclass(frozen=True)
class CountRead:
    """The number of rows in the list of a page; with `by`, for each key."""

    slot: int
    source: Any
    by: str | None


@dataclass(frozen=True)
class TypesRead:
    """For each key, the name of the source in `sources` that has a row with that id."""

    sources: tuple[tuple[str, Any], ...]


Read = RowsRead | PageRead | CountRead | TypesRead
Ask = tuple[int, Sequence[str] | None]
"""The number of a read, and its keys."""

Steps = Generator[Ask, Sequence[Sequence[Any]], Any]
"""A running program, which requests rows until it has its answer."""


class Store(Protocol):
    """Turns the values of its rows into values of an answer."""

    def convert(self, source: Any, column: str, kind: str) -> Convert | None:
        """The conversion of a column that was read; None if it needs none."""
        ...

    def is_nullable(self, source: Any, column: str) -> bool: ...

    def is_in_memory(self, source: Any, relation: str) -> bool:
        """Whether rows that were just written have the relation in memory."""
        ...

    def related(self, row: Any, relation: str) -> Any:
        """The value of `relation` in a row in memory; None if that was not loaded."""
        ...

    def values_in_memory(self, source: Any, columns: Columns) -> Callable[[Any], tuple[Any, ...]]:
        """Converts a row in memory to its values, for the answer or as keys."""
        ...
