"""Orders and records as CSV tables: a row of headings, then one row for each order, line or record."""

from collections.abc import Iterable
from typing import Any

from gateway.exchange.exports.values import Outgoing
from gateway.exchange.formats.csv_writer import csv_rows
from gateway.exchange.mappings.columns import FileColumn
from gateway.storage.streaming import WholeOrder

CLEARED = " "
"""The cell of a cleared field. An import would fill the field of an empty cell with its default."""

DEFAULTED = {
    "payment_terms.code",
    "shipment_method.code",
    "salesperson",
    "email",
    "ship_to_contact",
    "ship_to_name",
    "ship_to_address.address_line1",
    "sell_to_address.address_line1",
    "bill_to_address.address_line1",
    "phone_number",
    "tax_code.code",
    "description",
    "description2",
}
"""Fields that default to those of the customer or of the item."""


def heading_row(outgoing: Outgoing, *, upper: bool = False) -> bytes:
    names = outgoing.names
    return csv_rows([[name.upper() for name in names] if upper else names])


def header_rows(outgoing: Outgoing, orders: Iterable[WholeOrder]) -> bytes:
    """A row for each order."""
    return csv_rows(header_cells(outgoing, orders))


def line_rows(outgoing: Outgoing, orders: Iterable[WholeOrder]) -> bytes:
    """A row for each line."""
    return csv_rows(line_cells(outgoing, orders))


def header_cells(outgoing: Outgoing, orders: Iterable[WholeOrder]) -> list[list[Any]]:
    return [_cells(outgoing, outgoing.row(order.header)) for order in orders]


def line_cells(outgoing: Outgoing, orders: Iterable[WholeOrder]) -> list[list[Any]]:
    return [
        _cells(outgoing, outgoing.row(order.header, line))
        for order in orders
        for line in order.lines
    ]


def record_rows(outgoing: Outgoing, records: Iterable[Any]) -> bytes:
    """A row for each record."""
    return csv_rows(record_cells(outgoing, records))


def record_cells(outgoing: Outgoing, records: Iterable[Any]) -> list[Iterable[Any]]:
    return [outgoing.row(record) for record in records]


def _cells(outgoing: Outgoing, values: Iterable[Any]) -> list[Any]:
    return [_cell(column, value) for column, value in zip(outgoing.columns, values, strict=True)]


def _cell(column: FileColumn, value: Any) -> Any:
    return CLEARED if value is None and column.field in DEFAULTED else value
