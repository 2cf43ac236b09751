"""Workbooks of a few kilobytes that would take much memory or time are refused at once."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter

from gateway.exchange.formats import xlsx_rows
from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.reader_processes import READERS, ReadingStopped
from gateway.exchange.formats.sheets import FileRefused
from tests.support.workbooks import workbook

FIRST = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
ROW = '<row r="{0}"><c r="{1}{0}" t="s"><v>0</v></c></row>'
STRING = "<si><t>{}</t></si>"


def book(
    rows: str = FIRST, strings: str = STRING.format("code"), names: Sequence[str] = ("S",)
) -> bytes:
    """A workbook whose sheets have these rows; cells refer to the strings by their places."""
    sound, changed = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(sound) as target:
        for place in range(len(names)):
            target.add_worksheet(f"Sheet{place}x").write(0, 0, "code")
    with (
        zipfile.ZipFile(sound) as source,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for part in source.namelist():
            text = source.read(part).decode()
            if part.startswith("xl/worksheets/sheet"):
                text = _filled(text, "<sheetData>", rows, "</sheetData>")
            elif part == "xl/sharedStrings.xml":
                text = f"{text[: text.index('<si>')]}{strings}</sst>"
            for place, name in enumerate(names):
                text = text.replace(f"Sheet{place}x", name)
            packed.writestr(part, text)
    return changed.getvalue()


def _filled(text: str, start: str, content: str, end: str) -> str:
    return text.partition(start)[0] + start + content + end + text.partition(end)[2]


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "far row": (
        lambda: book(FIRST + ROW.format(1_048_576, "AZ")),
        "has 2 cells across 1,048,576 rows and 52 columns, of which almost all are empty: save it as CSV",
    ),
    "far column": (lambda: book(FIRST + ROW.format(1_000, "XFD")), "1,000 rows and 16,384 columns"),
    "row beyond Excel's": (lambda: book(FIRST + ROW.format(4_294_967_295, "A")), "save it as CSV"),
    "far cell in disguise": (lambda: book(FIRST + ROW.format(1_048_576, "&#65;Z")), "is a damaged workbook"),
    "string in many cells": (
        lambda: book("".join(ROW.format(row, "A") for row in range(1, 3_000)), STRING.format("x" * 990_000)),
        "needs more memory than 512 MB to read: save it as CSV",
    ),
    "long row": (
        lambda: book('<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>0</v></c></row>', STRING.format("x" * 600_000)),
        "has more than 1,000,000 characters in row 1",
    ),
    "long heading": (lambda: book(strings=STRING.format("x" * 200_000)), "a heading of more than 1,000 characters"),
    "many sheets": (lambda: book(names=[f"N{place}" for place in range(101)]), "has more than 100 sheets"),
    "long sheet name": (lambda: book(names=["x" * 200_000]), "a sheet whose name is longer than 200 characters"),
    "string that is missing": (lambda: book(FIRST, ""), "is a damaged workbook"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), BOMBS.values(), ids=list(BOMBS))
def test_a_workbook_that_demands_too_much_is_refused(
    tmp_path: Path, make: Callable[[], bytes], sentence: str
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(make())
    with pytest.raises(FileRefused, match=sentence) as refused:
        sum(1 for sheet in read_sheets([path]) for _ in sheet.records())
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("limit", "value", "rows", "sentence"),
    [
        ("MAX_ROWS", 59, FIRST + "".join(ROW.format(row, "B") for row in range(2, 31)), "more than 59 rows"),
        ("MAX_ROWS", 59, "<row><c><v>1</v></c></row>" * 30, "more than 59 rows"),
        ("MAX_TEXT", 1_000_000, FIRST, "more than 1 MB of cells and strings"),
    ],
    ids=["rows", "rows without references", "strings"],
)  # fmt: skip
def test_the_sheets_of_a_workbook_have_common_limits(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, rows: str, sentence: str
) -> None:
    content = io.BytesIO(book(rows, STRING.format("x" * 499_900), names=["one", "two"]))
    monkeypatch.setattr(xlsx_rows, limit, value + 1)
    xlsx_rows.check_size(content, ["one"])
    monkeypatch.setattr(xlsx_rows, limit, value)
    with pytest.raises(xlsx_rows.Refused, match=sentence):
        xlsx_rows.check_size(content, ["one", "two"])


@pytest.mark.full
def test_a_hundred_sheets_of_34_000_rows_are_refused_before_they_are_read(tmp_path: Path) -> None:
    rows = "".join(ROW.format(row, "A") for row in range(2, 34_001))
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(FIRST + rows, names=[f"N{place}" for place in range(100)]))
    with pytest.raises(FileRefused, match="has more than 1,500,000 rows on its sheets"):
        read_sheets([path])


def test_a_sheet_name_is_shown_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(names=["one&#10;two", "three"]))
    assert [sheet.file for sheet in read_sheets([path])] == ["a.xlsx/one two", "a.xlsx/three"]


def test_a_sheet_with_a_few_empty_rows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(FIRST + ROW.format(150_000, "A")))
    [sheet] = read_sheets([path])
    assert [(record.row, record.cells) for record in sheet.records()] == [
        (150_000, {"code": "code"})
    ]


def test_a_stop_ends_all_reading_without_errors_about_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "a.xlsx": workbook({"S": [["code"], *[["x"]] * 50_000]}),
        "a.csv": b"code\n" + b"x\n" * 50_000,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        [sheet] = read_sheets([tmp_path / name])
        records = sheet.records()
        assert next(records).cells == {"code": "x"}
        monkeypatch.setattr(READERS, "is_stopped", True)
        READERS.stop()
        with pytest.raises(ReadingStopped):
            list(records)
        with pytest.raises(ReadingStopped):
            read_sheets([tmp_path / name])
        monkeypatch.setattr(READERS, "is_stopped", False)
