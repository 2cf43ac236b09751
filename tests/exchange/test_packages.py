"""Data packages: the manifest decides which files are read, in which order and with which fields."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.sheets import FileRefused, Sheet
from tests.support.packages import archive, entity, manifest
from tests.support.paths import DATA as FILES
from tests.support.workbooks import workbook

DATA = FILES / "fo_data_package"
CSV = "A,B\n1,2\n"


def package(folder: Path, files: Mapping[str, str | bytes]) -> list[Sheet]:
    path = folder / "p.zip"
    path.write_bytes(archive(files))
    return read_sheets([path])


def test_the_northwind_package_has_830_headers_followed_by_2155_lines() -> None:
    headers, lines = read_sheets([DATA / "northwind-sales-orders-package.zip"])
    assert headers.file == "northwind-sales-orders-package.zip/Sales order headers V2.csv"
    assert (headers.entity, lines.entity) == ("Sales order headers V2", "Sales order lines V2")
    assert sum(1 for _ in headers.records()) == 830
    last = list(lines.records())[-1]
    assert (last.row, last.cells["SALESORDERNUMBER"]) == (2156, "NW-11077")
    assert headers.fields["ORDERCREATIONDATETIME"] == "ORDERCREATIONDATETIME"
    assert (headers.skipped, headers.generated) == ((), frozenset())


def test_entities_are_sorted_by_unit_then_level_then_sequence(tmp_path: Path) -> None:
    places = {"e": (2, 1, 1), "c": (1, 2, 1), "b": (1, 1, 2), "d": (1, 10, 1), "a": (1, 1, 1)}
    text = manifest(*(entity(name, f"{name}.csv", place) for name, place in places.items()))
    result = package(tmp_path, {"Manifest.xml": text, **{f"{name}.csv": CSV for name in places}})
    assert [sheet.entity for sheet in result] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_manifest_maps_headings_to_fields(tmp_path: Path, encoding: str) -> None:
    maps = {"LOT": "INVENTORYLOTID", "ORDER": "SALESORDERNUMBER"}
    declared = f'<?xml version="1.0" encoding="utf-8"?>{manifest(entity("L", "l.csv", maps=maps, generated="LOT"))}'
    [sheet] = package(tmp_path, {"Manifest.xml": declared.encode(encoding), "l.csv": CSV})
    assert dict(sheet.fields) == maps
    assert sheet.generated == {"LOT"}


def test_an_entity_without_a_map_has_its_own_headings(tmp_path: Path) -> None:
    [sheet] = package(tmp_path, {"Manifest.xml": manifest(entity("L", "l.csv")), "l.csv": CSV})
    assert (sheet.headings, dict(sheet.fields)) == (("A", "B"), {})


def test_a_package_may_contain_files_of_every_format(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.csv": CSV,
        "b.csv": CSV.encode("utf-16"),
        "c.xlsx": workbook({"S": [["A", "B"], [1, 2]]}),
        "d.xml": "<Document><D><A>1</A><B>2</B></D></Document>",
    }
    text = manifest(*(entity(name[0], name, (1, 1, place)) for place, name in enumerate(files)))
    result = package(tmp_path, {"Manifest.xml": text, **files})
    assert [sheet.format for sheet in result] == ["CSV", "CSV-Unicode", "XLSX", "XML-Element"]
    assert all([r.cells for r in sheet.records()] == [{"A": "1", "B": "2"}] for sheet in result)


def test_the_worksheet_in_the_manifest_is_read(tmp_path: Path) -> None:
    book = workbook({"Notes": [["N"], [1]], "Lines": [["A"], [2]]})
    named = entity("L", "l.xlsx", more="<ExcelSheetName>Lines$</ExcelSheetName>")
    [sheet] = package(tmp_path, {"Manifest.xml": manifest(named), "l.xlsx": book})
    assert [record.cells for record in sheet.records()] == [{"A": "2"}]


@pytest.mark.parametrize("file", ["Lines V2.csv", "C:\\out\\LINES V2.CSV", "", "gone.txt"])
def test_a_file_is_matched_by_its_name_or_by_the_name_of_its_entity(
    tmp_path: Path, file: str
) -> None:
    files = {"Manifest.xml": manifest(entity("Lines V2", file)), "Lines V2.csv": CSV}
    [sheet] = package(tmp_path, files)
    assert sheet.file == "p.zip/Lines V2.csv"


def test_an_entity_without_a_file_has_a_defect_with_its_name(tmp_path: Path) -> None:
    [sheet] = package(
        tmp_path, {"Manifest.xml": manifest(entity("Lines", "lines.csv")), "x.csv": CSV}
    )
    assert re.search(r"^p\.zip has no file for 'Lines'.*'lines\.csv'", str(sheet.defect))


def test_files_missing_from_the_manifest_are_reported_and_not_read(tmp_path: Path) -> None:
    off = entity("Off", "off.csv", more="<Disable>true</Disable>")
    text = manifest(entity("B", "b.csv", (1, 2, 1)), entity("A", "a.csv"), off)
    files = {"Manifest.xml": text, "PackageHeader.xml": "<x/>", "a.csv": CSV, "b.csv": CSV}
    first, second = package(tmp_path, {**files, "off.csv": CSV, "read.me": "\0"})
    assert (first.entity, [each.file for each in first.skipped]) == (
        "A",
        ["p.zip/off.csv", "p.zip/read.me"],
    )
    assert (second.entity, second.skipped) == ("B", ())


def test_a_package_in_a_folder_is_read(tmp_path: Path) -> None:
    files = {"pkg/Manifest.xml": manifest(entity("L", "l.csv")), "pkg/l.csv": CSV}
    [sheet] = package(tmp_path, {**files, "__MACOSX/pkg/._l.csv": b"\0"})
    assert sheet.file == "p.zip/pkg/l.csv"


def test_an_archive_without_a_manifest_is_read_file_by_file(tmp_path: Path) -> None:
    result = package(tmp_path, {"b.csv": CSV, "a.json": "[]", ".DS_Store": b"\0"})
    assert [sheet.file for sheet in result] == ["p.zip/b.csv", "p.zip/a.json"]
    assert [each.file for each in result[0].skipped] == ["p.zip/.DS_Store"]


def test_files_have_the_order_and_names_that_the_caller_passes(tmp_path: Path) -> None:
    for name in ("1", "2"):
        (tmp_path / name).write_text(CSV)
    result = read_sheets([tmp_path / "2", tmp_path / "1"], names=["lines.csv", "headers.csv"])
    assert [sheet.file for sheet in result] == ["lines.csv", "headers.csv"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<Manifest", "is not well-formed XML"),
        (manifest(), "names no entity"),
        (manifest(entity("L", "l.csv")).replace("<ExecutionUnit>1", "<ExecutionUnit>x"), "'x' for"),
        (b"\xff\xfe\x00\xd8", "neither UTF-8 nor UTF-16"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
    ],
)
def test_an_invalid_manifest_is_refused(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    with pytest.raises(FileRefused, match=f"^p.zip.*{sentence}"):
        package(tmp_path, {"Manifest.xml": text, "l.csv": CSV})
