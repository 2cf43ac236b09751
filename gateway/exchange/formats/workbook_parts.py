"""The XML parts of a workbook that the library does not show: where its sheets are, its failed formulas
and its percentages."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import IO, Any

from defusedxml.ElementTree import iterparse, parse

COMMON = re.compile(r"xl/[^/]+\.xml", re.IGNORECASE)
"""A part that the library reads again for each sheet, such as that of the strings."""

STYLES = "xl/styles.xml"
BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
CHUNK = 1 << 20
OVERLAP = 20
"""Bytes of a chunk that are searched again with the next one; the mark of an error is no longer."""

DATE_1904 = re.compile(rb"""\sdate1904\s*=\s*["'](?:1|true)["']""")

Errors = dict[int, dict[int, str]]
"""The error values of cells whose formula failed, by row and column from 1."""


def chunks(sheet: IO[bytes]) -> Iterator[bytes]:
    """The text in chunks that end with an element."""
    rest = b""
    while part := sheet.read(CHUNK):
        whole, mark, tail = (rest + part).rpartition(b">")
        yield whole + mark
        rest = tail[-CHUNK:]


def text_size(content: io.BytesIO, names: Sequence[str]) -> int:
    """The bytes of XML to unpack if each of these sheets is read by itself."""
    with zipfile.ZipFile(content) as archive:
        sizes = {part.filename: part.file_size for part in archive.infolist()}
        common = sum(size for part, size in sizes.items() if COMMON.fullmatch(part))
        return sum(common + sizes.get(worksheet_part(archive, name) or "", 0) for name in names)


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
    """The errors, and the percentages as they are shown. Rows and cells state their position, or follow
    the one before them."""
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


def plain_digits(value: float) -> str:
    """The shortest digits that stand for exactly this number, without an exponent."""
    digits = repr(value)
    if "e" in digits:
        digits = format(Decimal(digits), "f")
    return digits.removesuffix(".0")


def column_number(reference: str | None) -> int:
    """The number of the column in a reference such as AB12; 0 if there is none."""
    column = 0
    for letter in (reference or "").rstrip("0123456789"):
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def day_zero(content: io.BytesIO) -> str:
    with zipfile.ZipFile(content) as archive:
        book = archive.read(BOOK) if BOOK in archive.namelist() else b""
    return "1904-01-01" if DATE_1904.search(book) else "1899-12-30"
