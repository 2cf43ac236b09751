"""The one way in: paths of files of any format to sheets, by what the files hold."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from zipfile import ZipInfo

from gateway.exchange.formats.archive import unpacked, zip_entries
from gateway.exchange.formats.csv_sheets import csv_sheet
from gateway.exchange.formats.json_sheets import json_sheet
from gateway.exchange.formats.package import package_sheets
from gateway.exchange.formats.sheets import Reading, Sheet
from gateway.exchange.formats.sources import Source, bom_encoding, file_source
from gateway.exchange.formats.xlsx_sheets import MAX_WORKBOOK, xlsx_sheets
from gateway.exchange.formats.xml_sheets import xml_sheet

FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old or encrypted Excel workbook; save it as .xlsx without a password",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; pack it as .zip",
    b"Rar!": "a RAR archive; pack it as .zip",
    b"BZh": "a bzip2 archive; unpack it first",
    b"\xfd7zXZ": "an xz archive; unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
}
"""How files begin that are often sent instead of those that were meant."""

SUFFIXES = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".xlsx": "XLSX",
    ".xlsm": "XLSX",
    ".xml": "XML",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".ndjson": "JSON",
    ".zip": "ZIP",
}


DETECTED = Reading()


def sheets(
    paths: Sequence[Path], reading: Reading = DETECTED, names: Sequence[str] | None = None
) -> list[Sheet]:
    """What the files hold: packages in the order of their manifests, all else as given.

    Every file is looked through once, and every archive unpacked once in memory. `names` are what
    people call the files. Raises Refused."""
    titles = names or [path.name for path in paths]
    return [
        sheet
        for path, title in zip(paths, titles, strict=True)
        for sheet in _file_sheets(file_source(path, title), reading)
    ]


def _file_sheets(source: Source, reading: Reading) -> list[Sheet]:
    head = source.head()
    if not head.startswith(b"PK"):
        return [_text_sheet(source, head, reading)]
    infos = zip_entries(source)
    if _is_workbook(infos):
        _check_suffix(source, "XLSX")
        return xlsx_sheets(source)
    _check_suffix(source, "ZIP")
    return package_sheets(source, infos, lambda entry: _entry_sheets(entry, reading))


def _entry_sheets(source: Source, reading: Reading) -> list[Sheet]:
    head = source.head()
    if not head.startswith(b"PK"):
        return [_text_sheet(source, head, reading)]
    if not _is_workbook(zip_entries(unpacked(source, MAX_WORKBOOK))):
        raise source.refuse("is an archive within an archive, which is not opened")
    _check_suffix(source, "XLSX")
    return xlsx_sheets(source)


def _is_workbook(infos: Sequence[ZipInfo]) -> bool:
    return any(info.filename.casefold() == "xl/workbook.xml" for info in infos)


def _text_sheet(source: Source, head: bytes, reading: Reading) -> Sheet:
    for magic, meaning in FOREIGN.items():
        if head.startswith(magic):
            raise source.refuse(f"is {meaning}")
    encoding = bom_encoding(head) or "latin-1"
    start = head.decode(encoding, errors="ignore").removeprefix("\ufeff").lstrip().lower()
    if start.startswith(("<!doctype html", "<html")):
        raise source.refuse("is a web page")
    if start.startswith("<"):
        _check_suffix(source, "XML")
        return xml_sheet(source)
    if start.startswith(("{", "[")):
        _check_suffix(source, "JSON")
        return json_sheet(source, reading)
    _check_suffix(source, "CSV")
    return csv_sheet(source, reading)


def _check_suffix(source: Source, kind: str) -> None:
    """A file that says one thing and holds another was sent by mistake, or by somebody worse."""
    suffix = PurePath(source.name).suffix.lower()
    if SUFFIXES.get(suffix, kind) != kind:
        raise source.refuse(f"is named {suffix} but holds {kind}")
