"""Detects the format of files by their content, and reads them as sheets.

A new format needs a module like csv_sheets.py, and a case in `_text_sheet`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from zipfile import ZipInfo

from gateway.exchange.formats.archive import buffered_source, zip_entries
from gateway.exchange.formats.compression import compression_of_head, unpacked_source
from gateway.exchange.formats.csv_sheets import csv_sheet
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.json_sheets import json_sheet
from gateway.exchange.formats.package import package_sheets
from gateway.exchange.formats.sheets import Sheet
from gateway.exchange.formats.sources import FileLocation, FileSource, bom_encoding, file_source
from gateway.exchange.formats.stray_files import check_name, collected
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
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
}
"""The first bytes of files that are often sent by mistake."""

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


DETECTED = ImportOptions()
OptionsOf = Callable[[str], ImportOptions]
"""The options of a file, an entry of an archive or a worksheet, by its name."""


def read_sheets(
    files: Sequence[Path | FileLocation],
    options: ImportOptions | OptionsOf = DETECTED,
    names: Sequence[str] | None = None,
) -> list[Sheet]:
    """The sheets of the files: those of a package in the order of its manifest, all others in the given
    order.

    Every file is scanned once, and every archive is unpacked once in memory. `names` replace the names
    of the files in messages. Raises FileRefused."""
    options_of = (lambda _: options) if isinstance(options, ImportOptions) else options
    locations = [FileLocation(file) if isinstance(file, Path) else file for file in files]
    titles = names or [location.path.name for location in locations]
    return collected(
        [
            partial(_file_sheets, file_source(location, title), options_of)
            for location, title in zip(locations, titles, strict=True)
        ]
    )


def _file_sheets(source: FileSource, options_of: OptionsOf) -> list[Sheet]:
    check_name(source.name)
    head = source.head()
    if (compression := compression_of_head(head)) is not None:
        return [_packed_sheet(unpacked_source(source, compression), options_of)]
    if not head.startswith(b"PK"):
        return [_text_sheet(source, head, options_of)]
    infos = zip_entries(source)
    if _is_workbook(infos):
        _check_suffix(source, "XLSX")
        return xlsx_sheets(source)
    _check_suffix(source, "ZIP")
    return package_sheets(source, infos, lambda entry: _entry_sheets(entry, options_of))


def _packed_sheet(source: FileSource, options_of: OptionsOf) -> Sheet:
    """The sheet of a file that is packed with gzip or Zstandard."""
    head = source.head()
    if head.startswith(b"PK"):
        raise source.refuse("is an archive within an archive, which is not supported")
    return _text_sheet(source, head, options_of)


def _entry_sheets(source: FileSource, options_of: OptionsOf) -> list[Sheet]:
    check_name(source.name)
    head = source.head()
    if not head.startswith(b"PK"):
        return [_text_sheet(source, head, options_of)]
    if not _is_workbook(zip_entries(buffered_source(source, MAX_WORKBOOK))):
        raise source.refuse("is an archive within an archive, which is not supported")
    _check_suffix(source, "XLSX")
    return xlsx_sheets(source)


def _is_workbook(infos: Sequence[ZipInfo]) -> bool:
    return any(info.filename.casefold() == "xl/workbook.xml" for info in infos)


def _text_sheet(source: FileSource, head: bytes, options_of: OptionsOf) -> Sheet:
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
        return json_sheet(source, options_of(source.name))
    _check_suffix(source, "CSV")
    return csv_sheet(source, options_of(source.name))


def _check_suffix(source: FileSource, kind: str) -> None:
    """Refuse a file whose suffix contradicts its content: it was sent by mistake or to deceive."""
    suffix = PurePath(source.name).suffix.lower()
    if SUFFIXES.get(suffix, kind) != kind:
        raise source.refuse(f"is named {suffix} but contains {kind}")
