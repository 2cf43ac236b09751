"""Rows of cells under headings, whichever format they come from."""

from collections.abc import Iterator, Sequence

from gateway.exchange.formats.sheets import Record, Refused
from gateway.exchange.formats.sources import MAX_COLUMNS

Rows = Iterator[tuple[int, Sequence[str]]]
"""The cells of each row after its number."""


def read_headings(file: str, rows: Rows) -> tuple[str, ...]:
    """The first row that has cells; a heading without a letter is empty."""
    cells: Sequence[str] = next((row for _, row in rows if any(row)), ())
    if not cells:
        raise Refused(file, "is empty: it has no headings")
    if len(cells) > MAX_COLUMNS:
        raise Refused(file, f"has more than {MAX_COLUMNS:,} columns")
    headings = tuple(cell if cell.strip() else "" for cell in cells)
    _check_unique(file, headings)
    return headings


def _check_unique(file: str, headings: tuple[str, ...]) -> None:
    seen = set()
    for heading in filter(None, headings):
        folded = heading.strip().casefold()
        if folded in seen:
            raise Refused(file, f"has the heading {heading!r} twice")
        seen.add(folded)


def read_records(file: str, rows: Rows) -> Iterator[Record]:
    """The rows that have cells. One beyond the headings is called "(column N)"."""
    headings = read_headings(file, rows)
    width = len(headings)
    for number, row in rows:
        cells: dict[str, str | None] = {
            heading: cell for heading, cell in zip(headings, row, strict=False) if cell
        }
        if len(row) > width:
            cells |= _beyond(file, number, width, row)
        if "" in cells:
            raise Refused(file, f"has a value in row {number} {_nameless(headings, row)}")
        if cells:
            yield Record(number, cells)


def _beyond(file: str, number: int, width: int, row: Sequence[str]) -> dict[str, str]:
    if len(row) > MAX_COLUMNS:
        raise Refused(file, f"has more than {MAX_COLUMNS:,} columns in row {number}")
    extra = enumerate(row[width:], start=width + 1)
    return {f"(column {column})": cell for column, cell in extra if cell}


def _nameless(headings: tuple[str, ...], row: Sequence[str]) -> str:
    places = enumerate(zip(headings, row, strict=False), start=1)
    column = next(place for place, (heading, cell) in places if cell and not heading)
    return f"but no heading over it: column {column}"
