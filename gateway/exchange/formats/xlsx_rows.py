"""The rows of a workbook as text, read in a process of its own.

A few bytes of XLSX can demand more memory than the machine has, and the library then aborts its
process. So this is a program, not a module to import. It reads the workbook from standard input and
writes JSON lines: without an argument the name and the first row of each visible sheet, and with the
name of a sheet its rows, each with its number."""

import datetime as dt
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

from defusedxml.ElementTree import iterparse, parse
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

MAX_MEMORY = 2 << 30
"""Bytes of address space; a workbook of 50 MB takes about 1.2 GB."""

UNREADABLE = 3
"""The exit status when the workbook is damaged."""


def limit_memory() -> None:
    if resource:
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


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
) -> Iterator[tuple[int, list[str]]]:
    """The rows up to the last one with cells, numbered as the author sees them."""
    sheet = workbook.get_sheet_by_name(name)
    _, before = sheet.start or (0, 0)
    for place, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
        for column, error in errors.get(place, {}).items():
            cells[column - before - 1] = error
        yield place, cells


BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
CHUNK = 1 << 20
OVERLAP = 20
"""Bytes of a chunk that are searched again with the next one; the mark of an error is no longer."""


def cell_errors(content: io.BytesIO, name: str) -> Errors:
    """The errors of a sheet, which the library reads as empty cells."""
    with zipfile.ZipFile(content) as archive:
        parts = set(archive.namelist())
        part = worksheet_path(archive, name) if {BOOK, RELATIONS} <= parts else ""
        if part not in parts:
            return {}
        with archive.open(part) as sheet:
            if not has_errors(sheet):
                return {}
        with archive.open(part) as sheet:
            return read_errors(sheet)


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


def read_errors(sheet: IO[bytes]) -> Errors:
    """Rows and cells state their position, or follow the one before them."""
    found: Errors = {}
    row = column = 0
    for event, element in iterparse(sheet, events=("start", "end")):
        kind = local_name(element)
        if event == "start" and kind == "row":
            row, column = int(element.get("r") or row + 1), 0
        elif event == "start" and kind == "c":
            column = column_number(element.get("r")) or column + 1
        elif event == "end" and kind == "c" and element.get("t") == "e":
            value = next((each.text for each in element if local_name(each) == "v"), None)
            found.setdefault(row, {})[column] = value or "#N/A"
        if event == "end" and kind == "row":
            element.clear()
    return found


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


def output(content: io.BytesIO, arguments: list[str]) -> Iterator[object]:
    workbook = CalamineWorkbook.from_filelike(content)
    if arguments:
        yield from sheet_rows(workbook, arguments[0], cell_errors(content, arguments[0]))
        return
    for name in visible_sheets(workbook):
        yield name, next((row for _, row in sheet_rows(workbook, name, {}) if any(row)), [])


def main() -> int:
    limit_memory()
    try:
        for found in output(io.BytesIO(sys.stdin.buffer.read()), sys.argv[1:]):
            sys.stdout.write(json.dumps(found) + "\n")
    except CalamineError:
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
