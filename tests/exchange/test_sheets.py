"""Files of every format are read as the same rows of text."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.exchange.formats.detection import DETECTED, read_sheets
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import FileRecord, Sheet
from gateway.exchange.formats.sources import FileLocation
from tests.support.paths import DATA
from tests.support.workbooks import workbook


def only(folder: Path, name: str, content: bytes | str, options: ImportOptions = DETECTED) -> Sheet:
    """The one sheet of a file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [sheet] = read_sheets([path], options)
    return sheet


def rows(sheet: Sheet) -> list[tuple[int, dict[str, str | None]]]:
    return [(record.row, record.cells) for record in sheet.records()]


def test_a_real_customer_export_is_read_by_its_headings() -> None:
    [sheet] = read_sheets([DATA / "fo_data_package" / "Customers V3.csv"])
    records = list(sheet.records())
    assert (sheet.format, sheet.encoding, sheet.separator) == ("CSV", "utf-8", ",")
    assert (len(sheet.headings), sheet.headings[0], sheet.headings[-1]) == (
        212,
        "CUSTOMERACCOUNT",
        "DataAreaId",
    )
    assert [record.row for record in records] == [2, 3, 4]
    assert records[0].cells["CUSTOMERACCOUNT"] == "IMP-110143"
    assert records[0].cells["ADDRESSCOUNTRYREGIONISOCODE"] == "US"
    assert "ADDRESSBOOKS" not in records[0].cells


def test_records_can_be_read_repeatedly(tmp_path: Path) -> None:
    sheet = only(tmp_path, "a.csv", "A,B\n1,2\n")
    assert rows(sheet) == rows(sheet) == [(2, {"A": "1", "B": "2"})]


CELL = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0x1F600), max_size=12
) | st.sampled_from(["a,b", "a;b", "a\tb", 'say "x"', "two\nlines", "two\r\nlines", " edge "])
TABLE = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=6)
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be with mark"]),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    table=TABLE,
)
def test_csv_is_read_in_any_unicode_encoding_with_any_separator_and_line_end(
    tmp_path: Path, encoding: str, separator: str, end: str, table: list[list[str]]
) -> None:
    assume(table)
    headings = [f"Column {place}" for place in range(len(table[0]))]
    text = io.StringIO()
    quoting = (
        csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL
    )  # the writer does not quote "\n" then
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([headings, *table])
    mark = "\ufeff" if "mark" in encoding else ""
    content = (mark + text.getvalue()).encode(encoding.removesuffix(" with mark"))
    sheet = only(tmp_path, "table.csv", content)
    assert sheet.separator == separator
    assert sheet.headings == tuple(headings)
    assert rows(sheet) == [
        (row, {heading: cell for heading, cell in zip(headings, cells, strict=True) if cell})
        for row, cells in enumerate(table, start=2)
        if any(cells)
    ]


@pytest.mark.parametrize(
    ("content", "encoding", "kind"),
    [
        ("Größe;Preis\nJosé;€ 5\n".encode("cp1252"), "cp1252", "CSV"),
        ("Größe;Preis\nJosé;€ 5\n".encode(), "utf-8", "CSV"),
        ("Größe;Preis\nJosé;€ 5\n".encode("utf-8-sig"), "utf-8", "CSV"),
        ("\ufeffGröße;Preis\r\nJosé;€ 5\r\n".encode("utf-16-le"), "utf-16", "CSV-Unicode"),
    ],
)
def test_the_encoding_is_detected(tmp_path: Path, content: bytes, encoding: str, kind: str) -> None:
    sheet = only(tmp_path, "a.csv", content)
    assert (sheet.encoding, sheet.format) == (encoding, kind)
    assert rows(sheet) == [(2, {"Größe": "José", "Preis": "€ 5"})]


def test_encoding_and_separator_can_be_set(tmp_path: Path) -> None:
    content = "A|B,C\nй|x,y\n".encode("cp1251")
    sheet = only(tmp_path, "a.csv", content, ImportOptions(encoding="cp1251", separator="|"))
    assert (sheet.encoding, sheet.separator) == ("cp1251", "|")
    assert rows(sheet) == [(2, {"A": "й", "B,C": "x,y"})]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("A,B,C\n1\n", [(2, {"A": "1", "(cells)": "1 of 3"})]),
        ("A,B\n1,2,3,,5\n", [(2, {"A": "1", "B": "2", "(column 3)": "3", "(column 5)": "5"})]),
        ("A,B\n1,2,,\n", [(2, {"A": "1", "B": "2"})]),
        ("A,B\n\n,\n3,\n", [(4, {"A": "3"})]),
        ("\n\nA\n1\n", [(4, {"A": "1"})]),
        ('A,B\n"x\ny",1\nz,2\n', [(2, {"A": "x\ny", "B": "1"}), (3, {"A": "z", "B": "2"})]),
        ("A,B,\n1,2,\n", [(2, {"A": "1", "B": "2"})]),
        ('"A;B",C\n1,2\n', [(2, {"A;B": "1", "C": "2"})]),
        ("A\n1\n2", [(2, {"A": "1"}), (3, {"A": "2"})]),
        ("A,B\n", []),
    ],
    ids=["short", "long", "long but empty", "blank", "blank first", "line break in a cell",
         "no heading, no data", "separator in a heading", "one column", "headings alone"],
)  # fmt: skip
def test_an_irregular_csv_is_read_with_all_cells_and_row_numbers(
    tmp_path: Path, content: str, expected: list[tuple[int, dict[str, str]]]
) -> None:
    assert rows(only(tmp_path, "a.csv", content)) == expected


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("00012", "00012"),
        (12, "12"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (123456789012.25, "123456789012.25"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (-3.0, "-3"),
        (True, "true"),
        (dt.datetime(1996, 7, 4), "1996-07-04"),  # noqa: DTZ001 - workbooks have no time zones
        (dt.datetime(1996, 7, 4, 13, 3), "1996-07-04T13:03:00"),  # noqa: DTZ001
    ],
)
def test_a_cell_of_a_workbook_becomes_equivalent_text(tmp_path: Path, cell: Any, text: str) -> None:
    sheet = only(tmp_path, "a.xlsx", workbook({"Lines": [["A", "B"], ["x", cell]]}))
    assert (sheet.file, sheet.format, sheet.headings) == ("a.xlsx", "XLSX", ("A", "B"))
    assert rows(sheet) == [(2, {"A": "x", "B": text})]


def test_rows_of_a_workbook_are_numbered_as_in_excel(tmp_path: Path) -> None:
    sheet = only(tmp_path, "a.xlsx", workbook({"S": [[], ["A", "B"], [], ["x"], [None, "y"]]}))
    assert rows(sheet) == [(4, {"A": "x"}), (5, {"B": "y"})]


def test_each_visible_worksheet_with_cells_is_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    tables = {"Headers": [["A"], [1]], "Notes": [["N"], ["n"]], "Empty": [], "Lines": [["B"], [2]]}
    path.write_bytes(workbook(tables, hidden=("Notes",)))
    assert [(sheet.file, rows(sheet)) for sheet in read_sheets([path])] == [
        ("a.xlsx/Headers", [(2, {"A": "1"})]),
        ("a.xlsx/Lines", [(2, {"B": "2"})]),
    ]


@pytest.mark.parametrize("content", [b"A\nx\n", b"<as><a><A>x</A></a></as>", b'[{"A": "x"}]'])
def test_the_sheets_of_a_file_follow_it_to_another_folder(tmp_path: Path, content: bytes) -> None:
    file = FileLocation(tmp_path / "a")
    file.path.write_bytes(content)
    [sheet] = read_sheets([file])
    file.path = file.path.rename(tmp_path / "b")
    assert [record.cells for record in sheet.records()] == [{"A": "x"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_has_a_record_for_each_element_below_the_root(tmp_path: Path, encoding: str) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<Document xmlns="urn:x">'
        "<LINE><NUMBER>SO-1</NUMBER><TEXT>a &amp; ü</TEXT><NONE/></LINE>"
        "<LINE><NUMBER>SO-2</NUMBER></LINE></Document>"
    )
    sheet = only(tmp_path, "a.xml", text.encode(encoding))
    assert (sheet.format, sheet.entity) == ("XML-Element", "LINE")
    assert sheet.headings == ("NUMBER", "TEXT")
    assert rows(sheet) == [(1, {"NUMBER": "SO-1", "TEXT": "a & ü"}), (2, {"NUMBER": "SO-2"})]


ORDER = """{"number": "SO-1", "unitPrice": 1.10, "big": 12345678901234567.890, "exponent": 1E2,
  "isOpen": true, "none": null, "empty": "", "sellingPostalAddress": {"street": "Main", "n": {"x": 1}},
  "attachments": [1, {"a": 2}], "nothing": [],
  "salesOrderLines": [{"sequence": 10000, "quantity": 2.50}, {"sequence": 20000, "taxPercent": null}]}"""
RECORD = FileRecord(
    1,
    {"number": "SO-1", "unitPrice": "1.10", "big": "12345678901234567.890", "exponent": "1E2",
     "isOpen": "true", "none": None, "empty": "", "sellingPostalAddress.street": "Main",
     "sellingPostalAddress.n.x": "1", "attachments": "(2 entries)"},
    (FileRecord(1, {"sequence": "10000", "quantity": "2.50"}),
     FileRecord(2, {"sequence": "20000", "taxPercent": None})),
)  # fmt: skip
LINE = ORDER.replace("\n", "")


@pytest.mark.parametrize(
    ("content", "kind", "count"),
    [
        (ORDER, "JSON", 1),
        (f"[{ORDER}, {ORDER}]", "JSON", 2),
        ("\ufeff[]", "JSON", 0),
        (f'{{"value": [{ORDER}]}}', "JSON", 1),
        (f'{{"@odata.context": "x", "@odata.count": 3, "value": [{ORDER}, {ORDER}, {ORDER}],'
         ' "@odata.nextLink": "y"}', "JSON", 3),
        ('{"value": []}', "JSON", 0),
        (f"{LINE}\r\n{LINE}\n\n{LINE}", "JSON lines", 3),
        (f"{LINE}\n" * 1500, "JSON lines", 1500),
        (f"[{','.join([ORDER] * 4000)}]", "JSON", 4000),
    ],
    ids=["order", "array", "no order", "page", "page of OData", "empty page", "lines",
         "many lines", "longer than a window"],
)  # fmt: skip
def test_json_has_a_record_for_each_order_with_its_lines_and_numbers_as_written(
    tmp_path: Path, content: str, kind: str, count: int
) -> None:
    sheet = only(tmp_path, "a.json", content)
    records = list(sheet.records())
    assert sheet.format == kind
    assert [record.row for record in records] == list(range(1, count + 1))
    assert all((r.cells, r.lines) == (RECORD.cells, RECORD.lines) for r in records)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("v2.0_salesorderline_get_2_response", {"unitPrice": "1397.3", "taxPercent": "6.00002"}),
        ("v2.0_salesorder_create_2_response", {"number": "101005", "documentLines": "(1 entries)"}),
        (
            "v1.0_salesorder_get_2_response",
            {"billingPostalAddress.city": "", "discountAmount": "0"},
        ),
        ("v2.0_item_get_2_response", {"displayName": "ATHENS Desk", "blocked": "false"}),
        ("v2.0_currency_get_2_response", {"code": "CAD"}),
    ],
)
def test_the_samples_of_business_central_are_read(name: str, cells: dict[str, str]) -> None:
    [sheet] = read_sheets([DATA / "bc_api_samples" / f"{name}.json"])
    [record] = sheet.records()
    assert {heading: record.cells[heading] for heading in cells} == cells


WORD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(st.recursive(WORD | st.decimals(allow_nan=False, allow_infinity=False,
                    min_value=-10**12, max_value=10**12, places=5) | st.booleans() | st.none(),
                    lambda inner: st.dictionaries(WORD, inner, max_size=4),
                    max_leaves=8))  # fmt: skip
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_json_object_becomes_cells_of_text(tmp_path: Path, value: Any) -> None:
    content = json.dumps({"number": value}, default=lambda number: float(Decimal(number)))
    [record] = only(tmp_path, "a.json", content).records()
    assert all(cell is None or isinstance(cell, str) for cell in record.cells.values())
