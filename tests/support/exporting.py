"""Exports and imports of whole databases, and their content with numbers and codes in place of ids."""

import io
import zipfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.exchange.exports.export_request import ExportFormat, ExportRequest
from gateway.exchange.exports.export_stream import open_download
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.imports.import_request import ImportRequest
from gateway.exchange.imports.importer import Importer, import_files
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.import_jobs import COUNTS, ImportJobRow
from tests.support.default_rules import RULES
from tests.support.packages import archive

NAMED = (
    *("currencies", "payment_terms", "shipment_methods", "units_of_measure", "tax_codes"),
    *("accounts", "line_objects", "items", "customers", "sales_orders"),
)
"""The tables whose rows have a number or a code, which other rows refer to."""
OTHERS = ("sales_order_lines",)
LEFT_OUT = {
    *("id", "company_id", "etag", "created_date_time", "last_modified_date_time"),
    *("created_by", "last_modified_by"),
}

Rows = dict[str, list[dict[str, Any]]]


async def exported(
    database: Database,
    dataset: Dataset = Dataset.ORDERS,
    form: ExportFormat = ExportFormat.JSON_LINES,
    listed: Filter | None = None,
) -> bytes:
    """The whole file of an export."""
    result = await open_download(database, ScopeRequest(), ExportRequest(dataset, form, listed))
    try:
        return b"".join([chunk async for chunk in result.chunks])
    finally:
        await result.close()


async def imported(database: Database, path: Path) -> tuple[ImportJobRow, dict[str, int]]:
    """The job that imported a file, and its counts other than zero."""
    importer = Importer(database, ScopeRequest(), RULES)
    job = await import_files(importer, [path], ImportOptions(), ImportRequest())
    return job, {name: count for name in COUNTS if (count := getattr(job, name))}


def entries(archive: bytes) -> dict[str, bytes]:
    """The files of a ZIP archive by name; reading them checks their checksums."""
    with zipfile.ZipFile(io.BytesIO(archive)) as result:
        return {name: result.read(name) for name in result.namelist()}


async def stored(database: Database) -> Rows:
    """All stored orders and reference data without ids, etags and times. References are replaced by the
    number or code of their record."""
    tables = Base.metadata.tables
    result: Rows = {}
    names: dict[str, str] = {}
    async with database.engine.connect() as connection:
        for name in (*NAMED, *OTHERS):
            rows = await connection.execute(sa.select(tables[name]))
            result[name] = [dict(row) for row in rows.mappings()]
            if name in NAMED:
                for row in result[name]:
                    names[row["id"]] = row.get("number") or row.get("code") or ""
    return {
        name: sorted((_named(row, names) for row in rows), key=repr)
        for name, rows in result.items()
    }


def _named(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        column: names.get(value, value) if column.endswith("_id") else value
        for column, value in sorted(row.items())
        if column not in LEFT_OUT
    }


def without(path: Path, *names: str) -> None:
    """Remove files from a ZIP archive."""
    kept = {
        name: content for name, content in entries(path.read_bytes()).items() if name not in names
    }
    path.write_bytes(archive(kept))
