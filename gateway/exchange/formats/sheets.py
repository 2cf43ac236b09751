"""The common form of every file format: named tables with rows of text."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.exchange.formats.import_options import ImportOptions

COMPOSITE = "XML composite"
"""The format of XML with lines within the elements of their headers."""

NAME_OF_LINES = re.compile(r"(sales)?_?(order)?_?lines?(v\d+)?(entity)?", re.IGNORECASE)


def is_table(format: str) -> bool:
    """Whether the records of a format are rows of cells, which cannot contain lines."""
    return not format.startswith(("JSON", COMPOSITE))


def is_name_of_lines(name: str) -> bool:
    """Whether an element or a member with this name contains the lines of an order."""
    return NAME_OF_LINES.fullmatch(name) is not None


class FileRefused(Exception):
    """A file cannot be read at all. The message is a sentence for people that begins with the file's
    name."""

    code = "FILE_REFUSED"

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file} {message}.")
        self.file = file
        self.message = message

    @property
    def with_code(self) -> str:
        """The message after the code, which some messages already have."""
        text = str(self)
        return text if text.startswith(f"{self.code}: ") else f"{self.code}: {text}"


class AmbiguousFile(FileRefused):
    """The cells of a file can be read in two ways. The message begins with the code."""

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


class AmbiguousDates(AmbiguousFile):
    """The dates of a file can be read in two ways."""

    code = "AMBIGUOUS_DATES"


class AmbiguousNumbers(AmbiguousFile):
    """The numbers of a file can be read in two ways."""

    code = "AMBIGUOUS_NUMBERS"


@dataclass(frozen=True)
class SkippedFile:
    """A file that is not read. `reason` continues a sentence that begins with its name."""

    file: str
    reason: str


def broken_sheet(refused: FileRefused) -> "Sheet":
    """A sheet that stands in for a file that cannot be read."""
    return Sheet(refused.file, "", (), lambda: iter(()), defect=refused)


@dataclass(frozen=True)
class FileRecord:
    """One row of a table, one XML element, or one JSON object with its lines.

    `row` is its number as the author counts: the row of a table, including the headings, or else the
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
    """The entity according to the manifest, the name of the XML elements or the OData context."""
    is_in_manifest: bool = False
    target: str | None = None
    """The technical name of the entity in a manifest, which no language translates."""
    worksheet: str | None = None
    day_zero: dt.date | None = None
    """The day from which a workbook counts its dates."""
    encoding: str | None = None
    separator: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """From headings to fields of the entity, if a manifest maps them."""
    generated: frozenset[str] = frozenset()
    """Headings whose values come from a number sequence, so they may be missing from the file."""
    skipped: tuple[SkippedFile, ...] = ()
    """Files beside this one that are not read, listed with the first sheet."""
    defect: FileRefused | None = None
    """The reason why the file cannot be read, which only matters if its name states one of our
    entities, or none."""
    remarks: dict[str, str] = field(default_factory=dict)
    """Warnings about the file as a whole, by code; complete once all its records have been read."""
    options: ImportOptions = field(default_factory=ImportOptions)
    """The options for this file."""
    is_mapped: bool = False
    """Whether a mapping determines the entity and the fields."""
    unmapped: tuple[str, ...] = ()
    """Headings that the mapping omits."""
