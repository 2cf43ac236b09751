"""The common form of every file format: named tables with rows of text."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


class FileRefused(Exception):
    """A file cannot be read at all; str() is a sentence for people that begins with the file's name."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file} {message}.")
        self.file = file
        self.message = message


@dataclass(frozen=True)
class FileRecord:
    """One row of a table, one XML element, or one JSON object with its lines.

    `row` is its number as the author sees it: in a table the row, counting the headings; otherwise the
    position from 1. An empty cell has no key, and a JSON null is None; all other values are text as it
    was written."""

    row: int
    cells: dict[str, str | None]
    lines: tuple["FileRecord", ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The rows of one entity, with the properties that its file or the package's manifest states.

    `records` may be called again. It reads as it iterates, so it raises FileRefused at the row where
    the file turns out to be broken."""

    file: str
    format: str
    headings: tuple[str, ...]
    records: Callable[[], Iterator[FileRecord]]
    entity: str | None = None
    encoding: str | None = None
    separator: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Heading to field of the entity, where a manifest maps them."""
    generated: frozenset[str] = frozenset()
    """Headings whose values come from a number sequence, so that the file may lack them."""
    ignored: tuple[str, ...] = ()
    """Files of the package that are not read, listed with its first sheet."""
    remarks: dict[str, str] = field(default_factory=dict)
    """Warnings about the file as a whole, by code; complete once all its records have been read."""
