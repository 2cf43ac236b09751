"""The stored findings of an import about each of its files."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from gateway.storage.tables.import_jobs import ImportSheetRow


@dataclass(frozen=True)
class FileReport:
    """A file, a part of an archive or a worksheet. A file that is skipped or refused has no entity. `rows` is None
    until all rows are read, and the order of dates is MDY, DMY or YMD."""

    name: str
    entity: str | None
    reason: str
    rows: int | None
    format: str | None
    encoding: str | None
    separator: str | None
    date_order: str | None
    decimal_sign: str | None
    columns_used: Sequence[str]
    columns_skipped: Sequence[str]


def file_report(sheet: ImportSheetRow) -> FileReport:
    reading = orjson.loads(sheet.reading)
    return FileReport(
        name=sheet.file,
        entity=sheet.entity or None,
        reason=reading.get("reason", ""),
        rows=reading.get("rows"),
        format=sheet.format or None,
        encoding=reading.get("encoding"),
        separator=reading.get("separator"),
        date_order=reading.get("dates"),
        decimal_sign=reading.get("decimal"),
        columns_used=reading.get("used", ()),
        columns_skipped=reading.get("skipped", ()),
    )
