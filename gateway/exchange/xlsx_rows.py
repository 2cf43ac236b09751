"""The rows of a workbook as text, read in a process of its own.

A few bytes of XLSX can ask for more memory than there is, and the reader then ends its process:
so this is no module to import but a program. It reads the workbook from standard input and writes
JSON lines. Without an argument: the name and the first row of each visible sheet; with the name of
a sheet: its rows, each with its number."""

import datetime as dt
import io
import json
import sys
from collections.abc import Iterator
from decimal import Decimal

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
"""Bytes of address space; a workbook of 50 MB takes some 1.2 GB."""

UNREADABLE = 3
"""The exit status when the workbook is damaged."""


def limit_memory() -> None:
    if resource:
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def text(cell: object) -> str:
    match cell:
        case bool():
            return str(cell).lower()
        case float():
            return number(cell)
        case dt.datetime():
            return cell.isoformat(timespec="seconds")
        case dt.date() | dt.time():
            return cell.isoformat()
        case _:
            return str(cell)


def number(value: float) -> str:
    """Exactly the shortest digits that mean this number, without an exponent."""
    digits = repr(value)
    if "e" in digits:
        digits = format(Decimal(digits), "f")
    return digits.removesuffix(".0")


def rows(workbook: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows from the first to the last that has cells, numbered as the author sees them."""
    sheet = workbook.get_sheet_by_name(name)
    for place, row in enumerate(sheet.iter_rows(), start=1):
        yield place, [cell if type(cell) is str else text(cell) for cell in row]


def names(workbook: CalamineWorkbook) -> Iterator[str]:
    for sheet in workbook.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
            yield sheet.name


def answer(workbook: CalamineWorkbook, arguments: list[str]) -> Iterator[object]:
    if arguments:
        yield from rows(workbook, arguments[0])
        return
    for name in names(workbook):
        yield name, next((row for _, row in rows(workbook, name) if any(row)), [])


def main() -> int:
    limit_memory()
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for found in answer(workbook, sys.argv[1:]):
            sys.stdout.write(json.dumps(found) + "\n")
    except CalamineError:
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
