"""Rows of cells under headings, in any format."""

from collections.abc import Iterator, Sequence

from gateway.exchange.formats.sheets import FileRecord, FileRefused
from gateway.exchange.formats.sources import MAX_COLUMNS

NumberedRows = Iterator[tuple[int, Sequence[str]]]
"""The number of each row, and its cells."""

MAX_HEADING = 1_000
"""The maximum number of characters in a heading, since messages quote it."""


SURPLUS = "(column "
"""The prefix of the name of a cell without a heading."""

SHORT = "(cells)"
"""The name of the cell that marks a row with fewer cells than headings. Its value is their number."""


def read_headings(file: str, rows: NumberedRows) -> tuple[str, ...]:
    """The first row that is not empty; a blank heading becomes "". Raises FileRefused."""
    cells: Sequence[str] = next((row for _, row in rows if any(row)), ())
    if not any(cell.strip() for cell in cells):
        raise FileRefused(file, "is empty: it has no headings")
    if len(cells) > MAX_COLUMNS:
        raise FileRefused(file, f"has more than {MAX_COLUMNS:,} columns")
    if any(len(cell) > MAX_HEADING for cell in cells):
        raise FileRefused(file, f"has a heading of more than {MAX_HEADING:,} characters")
    headings = tuple(cell if cell.strip() else "" for cell in cells)
    _check_unique(file, headings)
    return headings


def _check_unique(file: str, headings: tuple[str, ...]) -> None:
    seen = set()
    for heading in filter(None, headings):
        folded = heading.strip().casefold()
        if folded in seen:
            raise FileRefused(file, f"has the heading {heading!r} twice")
        seen.add(folded)


def read_records(file: str, rows: NumberedRows) -> Iterator[FileRecord]:
    """The rows that are not empty. A cell beyond the headings is named "(column N)", and a
    row with fewer cells has one more named SHORT."""
    headings = read_headings(file, rows)
    width = len(headings)
    least = max(number for number, heading in enumerate(headings, start=1) if heading)
    for number, row in rows:
        cells: dict[str, str | None] = {
            heading: cell for heading, cell in zip(headings, row, strict=False) if cell
        }
        if cells and len(row) < least:
            cells[SHORT] = f"{len(row)} of {least}"
        if len(row) > width:
            cells |= _beyond(file, number, width, row)
        if "" in cells:
            raise FileRefused(
                file, f"has a value in row {number} {_without_heading(headings, row)}"
            )
        if cells:
            yield FileRecord(number, cells)


def _beyond(file: str, number: int, width: int, row: Sequence[str]) -> dict[str, str]:
    if len(row) > MAX_COLUMNS:
        raise FileRefused(file, f"has more than {MAX_COLUMNS:,} columns in row {number}")
    extra = enumerate(row[width:], start=width + 1)
    return {f"{SURPLUS}{column})": cell for column, cell in extra if cell}


def _without_heading(headings: tuple[str, ...], row: Sequence[str]) -> str:
    columns = enumerate(zip(headings, row, strict=False), start=1)
    column = next(number for number, (heading, cell) in columns if cell and not heading)
    return f"without a heading, in column {column}"
