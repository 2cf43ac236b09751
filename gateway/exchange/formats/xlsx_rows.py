"""The rows of a workbook as text, read in a process of its own.

A few bytes of XLSX can demand more memory than the machine has, and the library then aborts its
process. So this is a program, not a module to import. It reads the workbook from standard input and
writes JSON lines. Its first argument is the memory that it may take, in bytes. Without another one it
writes the day from which the workbook counts its dates, then the name and the first row of each visible
sheet, in order; with the position of one of these sheets, from 0, it writes its rows, each with its
number and the positions of its cells that are TYPED. An object instead of a list says why the workbook
is refused."""

import datetime as dt
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from gateway.exchange.formats.workbook_parts import (
    Errors,
    cell_errors,
    chunks,
    column_number,
    day_zero,
    plain_digits,
    text_size,
    worksheet_part,
)

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

MAX_SECONDS = 60
"""Of processor time; a workbook of 50 MB takes about half of it."""

MAX_SHEETS = 100
"""Visible sheets; a workbook has one per entity."""

MAX_ROWS = 1_500_000
"""Rows of all visible sheets together; a sheet of Excel has at most 1,048,576."""

MAX_TEXT = 1_000_000_000
"""Bytes of XML to unpack for all visible sheets, the strings counted once for each."""

MAX_NAME = 200
"""Characters of the name of a sheet; Excel allows 31."""

MAX_ROW = 1_000_000
"""Characters of a row, as in CSV."""

SMALL = 200_000
"""Cells that a sheet may span whatever it contains. The library allocates all that it spans."""

MAX_EMPTY = 100
"""Cells that a larger sheet may span for each cell that the file has."""

TYPED = re.compile(r"\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*%?\s*")
"""A number whose point groups thousands if it is text of a sender who writes a decimal comma."""

DAMAGED, NO_MEMORY = 3, 5
"""Exit statuses."""


class Refused(Exception):
    """The workbook has more than this program reads; str() ends a sentence that begins with its name."""


def limit_resources(memory: int) -> None:
    if resource:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS + 1))


def cell_text(cell: object) -> str:
    match cell:
        case bool():
            return str(cell).lower()
        case float():
            return plain_digits(cell)
        case dt.datetime():
            return cell.isoformat(timespec="seconds")
        case dt.date() | dt.time():
            return cell.isoformat()
        case _:
            return str(cell)


def sheet_rows(
    workbook: CalamineWorkbook, name: str, errors: Errors
) -> Iterator[tuple[int, list[str], list[int]]]:
    """The rows that are not empty, numbered as the author sees them, with their TYPED cells."""
    sheet = workbook.get_sheet_by_name(name)
    _, before = sheet.start or (0, 0)
    for place, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
        for column, error in errors.get(place, {}).items():
            cells[column - before - 1] = error
        if sum(map(len, cells)) > MAX_ROW:
            raise Refused(f"has more than {MAX_ROW:,} characters in row {place}")
        if any(cells):
            texts = ((at, cell) for at, cell in enumerate(row) if type(cell) is str)
            yield place, cells, [at for at, cell in texts if "." in cell and TYPED.fullmatch(cell)]


REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})([0-9]{1,10})["']""")


def check_size(content: io.BytesIO, names: Sequence[str]) -> None:
    """Raises Refused if reading all sheets would take too long, or one of them too much memory. What
    hides from this search meets the limits of the process."""
    if text_size(content, names) > MAX_TEXT:
        raise Refused(
            f"has more than {MAX_TEXT // 10**6:,} MB of cells and strings: save it as CSV"
        )
    rows = 0
    for name in names:
        rows += check_span(content, name)
        if rows > MAX_ROWS:
            raise Refused(f"has more than {MAX_ROWS:,} rows on its sheets: save it as CSV")


def check_span(content: io.BytesIO, name: str) -> int:
    """The number of rows of a sheet. Raises Refused if its cells are so far apart that the library would
    need much memory for the empty ones between them."""
    with zipfile.ZipFile(content) as archive:
        part = worksheet_part(archive, name)
        if part is None:
            return 0
        columns: set[bytes] = set()
        rows: set[bytes] = set()
        count = unplaced = 0
        with archive.open(part) as sheet:
            for text in chunks(sheet):
                references = REFERENCE.findall(text)
                count += len(references)
                columns.update(column for column, _ in references)
                rows.update(row for _, row in references)
                unplaced += text.count(b"<row")
    width, height = span(map(column_number, map(bytes.decode, columns))), span(map(int, rows))
    if width * height > max(SMALL, count * MAX_EMPTY):
        raise Refused(
            f"has {count:,} cells across {height:,} rows and {width:,} columns, of which almost all are"
            " empty: save it as CSV, or delete the empty rows and columns"
        )
    return len(rows) or unplaced  # cells need no reference


def span(numbers: Iterable[int]) -> int:
    places = list(numbers)
    return max(places) - min(places) + 1 if places else 0


def visible_sheets(workbook: CalamineWorkbook) -> Iterator[str]:
    for sheet in workbook.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
            yield sheet.name


def output(content: io.BytesIO, places: list[int]) -> Iterator[object]:
    workbook = CalamineWorkbook.from_filelike(content)
    names = list(islice(visible_sheets(workbook), MAX_SHEETS + 1))
    if len(names) > MAX_SHEETS:
        raise Refused(f"has more than {MAX_SHEETS} sheets")
    if any(len(name) > MAX_NAME for name in names):
        raise Refused(f"has a sheet whose name is longer than {MAX_NAME} characters")
    for place in places:
        name = names[place]
        yield from sheet_rows(workbook, name, cell_errors(content, name))
    if not places:
        check_size(content, names)
        yield [day_zero(content)]
        for name in names:
            yield name, next((row for _, row, _ in sheet_rows(workbook, name, {})), [])


def main() -> int:
    memory, *places = map(int, sys.argv[1:])
    limit_resources(memory)
    try:
        for line in output(io.BytesIO(sys.stdin.buffer.read()), places):
            sys.stdout.write(json.dumps(line) + "\n")
    except Refused as refused:
        sys.stdout.write(json.dumps({"refused": str(refused)}) + "\n")
    except CalamineError:
        return DAMAGED
    except MemoryError:
        return NO_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
