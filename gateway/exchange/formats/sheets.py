"""What every format becomes: named tables of rows of text."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


class Refused(Exception):
    """A file cannot be taken at all; str() is one sentence for people that names the file."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file} {message}.")
        self.file = file
        self.message = message


@dataclass(frozen=True)
class Reading:
    """What the caller says about text files; None is detected."""

    encoding: str | None = None
    separator: str | None = None


@dataclass(frozen=True)
class Record:
    """One row of a table, one element of XML, or one object of JSON with its lines.

    `row` is the place as its author sees it: in a table the row, headings first; else the position
    from 1. An empty cell has no key, a null of JSON is None; all else is text as it was written."""

    row: int
    cells: dict[str, str | None]
    lines: tuple["Record", ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The rows of one entity and what its file, or the manifest beside it, says about them.

    `records` may be called again. It reads as it goes, so it too raises Refused: at the row where
    the file stops being what it began as."""

    file: str
    format: str
    headings: tuple[str, ...]
    records: Callable[[], Iterator[Record]]
    entity: str | None = None
    encoding: str | None = None
    separator: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Heading to field of the entity, where a manifest says so."""
    generated: frozenset[str] = frozenset()
    """Headings whose values a number sequence makes, so the file need not have them."""
    ignored: tuple[str, ...] = ()
    """Files of the package that nobody reads, told with its first sheet."""
    remarks: dict[str, str] = field(default_factory=dict)
    """What is odd about the file as a whole, by code; complete when all its records were read."""
