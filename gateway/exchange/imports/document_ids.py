"""Lines of Business Central that refer to their order by id, as in pages of salesOrderLines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from gateway.exchange.imports.recognised_files import RecognisedFiles
from gateway.exchange.imports.staging import (
    ORDERS,
    UNNUMBERED,
    Row,
    SheetStager,
)
from gateway.exchange.mappings.business_central import LINES as DOCUMENT_LINES
from gateway.exchange.mappings.business_central import ORDERS as DOCUMENT_ORDERS
from gateway.exchange.mappings.columns import folded
from gateway.storage.tables.column_types import canonical_guid
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.tables.sales_orders import SalesOrderRow
from gateway.storage.writing import Writer

__all__ = ["DOCUMENT_LINES", "DocumentUnits", "document_units"]


@dataclass(frozen=True)
class DocumentUnits:
    """The units of the orders in the files of an import, by their ids in lower case."""

    units: Mapping[str, str]

    async def join(self, writer: Writer, rows: Sequence[Row]) -> None:
        """Move lines without an order number to the unit of the order with their document id: an order
        in the same files, or else a stored one."""
        lost = {
            index: key
            for index, row in enumerate(rows)
            if row["unit"].startswith(ORDERS + UNNUMBERED) and (key := _document_id(row))
        }
        unknown = {key for key in lost.values() if key not in self.units}
        stored = await writer.find(SalesOrderRow, {"id": unknown})
        units = {**self.units, **{row.id: ORDERS + row.number_folded for row in stored}}
        for index, key in lost.items():
            rows[index]["unit"] = units.get(key, rows[index]["unit"])


def document_units(job: ImportJobRow, files: RecognisedFiles) -> DocumentUnits:
    """Read the ids of the orders, if there are lines that may refer to them. Raises FileRefused."""
    units: dict[str, str] = {}
    if any(sheet.entity is DOCUMENT_LINES for sheet in files.sheets):
        for sheet in files.sheets:
            if sheet.entity is DOCUMENT_ORDERS:
                stager = SheetStager(job, sheet)
                for record in sheet.sheet.records():
                    if key := _id_in(record.cells, "id"):
                        units[key] = stager.unit(record)
    return DocumentUnits(units)


def _document_id(row: Row) -> str | None:
    cells, _ = orjson.loads(row["cells"])
    return _id_in(cells, "documentid")


def _id_in(cells: Mapping[str, str | None], name: str) -> str | None:
    """The id in the cell with this folded heading, as the database writes it."""
    cell = next((cell for heading, cell in cells.items() if folded(heading) == name), None)
    return None if not cell else canonical_guid(cell) or cell.lower()
