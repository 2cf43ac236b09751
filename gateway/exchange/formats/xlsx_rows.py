"""The rows of a workbook as text, read in a process of its own.

A few bytes of XLSX can demand more memory than the machine has, and the library then aborts its
process. So this is a program, not a module to import. It reads the workbook from standard input and
writes JSON lines. Its first argument is the memory that it may take, in bytes. Without another one it
writes the day from which the workbook counts its dates, then the name and the first row of each visible
sheet, in order; with the position of one of these sheets, from 0, it writes its rows, each with its
number and the positions of its cells that are TYPED. An object instead of a list says why the workbook is refused."""

import datetime as dt
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from defusedxml.ElementTree import iterparse, parse
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

MAX_SECONDS = 60
"""Of processor time; a workbook of 50 MB takes about half of it."""

MAX_SHEETS = 100
"""Visible sheets; a workbook has one per entity."""

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


def plain_digits(value: float) -> str:
    """The shortest digits that stand for exactly this number, without an exponent."""
    digits = repr(value)
    if "e" in digits:
        digits = format(Decimal(digits), "f")
    return digits.removesuffix(".0")


Errors = dict[int, dict[int, str]]
"""The error values of cells whose formula failed, by row and column from 1."""


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


STYLES = "xl/styles.xml"
BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
CHUNK = 1 << 20
OVERLAP = 20
"""Bytes of a chunk that are searched again with the next one; the mark of an error is no longer."""


DATE_1904 = re.compile(rb"""\sdate1904\s*=\s*["'](?:1|true)["']""")
REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})([0-9]{1,10})["']""")


def check_span(content: io.BytesIO, name: str) -> None:
    """Raises Refused if the cells of a sheet are so far apart that the library would need much memory for
    the empty ones between them. What hides from this search meets the limit of the memory."""
    with zipfile.ZipFile(content) as archive:
        part = worksheet_part(archive, name)
        if part is None:
            return
        columns: set[bytes] = set()
        rows: set[bytes] = set()
        count = 0
        with archive.open(part) as sheet:
            for text in chunks(sheet):
                references = REFERENCE.findall(text)
                count += len(references)
                columns.update(column for column, _ in references)
                rows.update(row for _, row in references)
    width, height = span(map(column_number, map(bytes.decode, columns))), span(map(int, rows))
    if width * height > max(SMALL, count * MAX_EMPTY):
        raise Refused(
            f"has {count:,} cells across {height:,} rows and {width:,} columns, of which almost all are"
            " empty: save it as CSV, or delete the empty rows and columns"
        )


def span(numbers: Iterable[int]) -> int:
    places = list(numbers)
    return max(places) - min(places) + 1 if places else 0


def chunks(sheet: IO[bytes]) -> Iterator[bytes]:
    """The text in chunks that end with an element."""
    rest = b""
    while part := sheet.read(CHUNK):
        whole, mark, tail = (rest + part).rpartition(b">")
        yield whole + mark
        rest = tail[-CHUNK:]


def cell_errors(content: io.BytesIO, name: str) -> Errors:
    """The errors of a sheet, which the library reads as empty cells."""
    with zipfile.ZipFile(content) as archive:
        part = worksheet_part(archive, name)
        if part is None:
            return {}
        percents = percent_styles(archive)
        with archive.open(part) as sheet:
            if not percents and not has_errors(sheet):
                return {}
        with archive.open(part) as sheet:
            return read_errors(sheet, percents)


def percent_styles(archive: zipfile.ZipFile) -> set[str]:
    """The numbers of the cell styles that show a number as a percentage."""
    if STYLES not in archive.namelist():
        return set()
    with archive.open(STYLES) as styles:
        elements = list(parse(styles).iter())
    formats = {"9", "10"} | {
        each.get("numFmtId", "")
        for each in elements
        if local_name(each) == "numFmt" and "%" in each.get("formatCode", "")
    }
    cells = [style for each in elements if local_name(each) == "cellXfs" for style in each]
    return {str(place) for place, each in enumerate(cells) if each.get("numFmtId") in formats}


def worksheet_part(archive: zipfile.ZipFile, name: str) -> str | None:
    """The part with the cells of a sheet, or None."""
    parts = set(archive.namelist())
    part = worksheet_path(archive, name) if {BOOK, RELATIONS} <= parts else ""
    return part if part in parts else None


def worksheet_path(archive: zipfile.ZipFile, name: str) -> str:
    """The path within the workbook of the sheet with this name."""
    with archive.open(BOOK) as book, archive.open(RELATIONS) as relations:
        targets = {each.get("Id"): each.get("Target", "") for each in parse(relations).iter()}
        sheets = [each for each in parse(book).iter() if local_name(each) == "sheet"]
    keys = [
        value
        for sheet in sheets
        for key, value in sheet.items()
        if key.endswith("}id") and sheet.get("name") == name
    ]
    target = targets.get(next(iter(keys), None), "")
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def has_errors(sheet: IO[bytes]) -> bool:
    last = b""
    while part := sheet.read(CHUNK):
        if ERROR.search(last + part):
            return True
        last = part[-OVERLAP:]
    return False


def read_errors(sheet: IO[bytes], percents: set[str]) -> Errors:
    """The errors, and the percentages as they are shown. Rows and cells state their position, or follow the one before them."""
    errors: Errors = {}
    row = column = 0
    for event, element in iterparse(sheet, events=("start", "end")):
        kind = local_name(element)
        if event == "start" and kind == "row":
            row, column = int(element.get("r") or row + 1), 0
        elif event == "start" and kind == "c":
            column = column_number(element.get("r")) or column + 1
        elif event == "end" and kind == "c" and element.get("t") == "e":
            value = next((each.text for each in element if local_name(each) == "v"), None)
            errors.setdefault(row, {})[column] = value or "#N/A"
        elif event == "end" and kind == "c" and element.get("s") in percents:
            value = next((each.text for each in element if local_name(each) == "v"), None)
            if value and element.get("t", "n") == "n":
                percent = Decimal(plain_digits(float(value))) * 100
                errors.setdefault(row, {})[column] = f"{percent.normalize():f}%"
        if event == "end" and kind == "row":
            element.clear()
    return errors


def column_number(reference: str | None) -> int:
    """The number of the column in a reference such as AB12; 0 if there is none."""
    column = 0
    for letter in (reference or "").rstrip("0123456789"):
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


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
        check_span(content, name)
        yield from sheet_rows(workbook, name, cell_errors(content, name))
    if not places:
        yield [day_zero(content)]
        for name in names:
            check_span(content, name)
            yield name, next((row for _, row, _ in sheet_rows(workbook, name, {})), [])


def day_zero(content: io.BytesIO) -> str:
    with zipfile.ZipFile(content) as archive:
        book = archive.read(BOOK) if BOOK in archive.namelist() else b""
    return "1904-01-01" if DATE_1904.search(book) else "1899-12-30"


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
