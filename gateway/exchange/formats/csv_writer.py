"""Values as the rows of a CSV file."""

import csv
import datetime as dt
import io
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any

from gateway.exchange.exports.values import Outgoing
from gateway.exchange.formats.formulas import defused
from gateway.exchange.mappings.columns import Column
from gateway.orders.problems import plain
from gateway.storage.streaming import WholeOrder

NOTHING = " "
"""A cell that says that there is nothing, where an empty one would say nothing about it."""

DEFAULTED = {
    "payment_terms.code",
    "shipment_method.code",
    "salesperson",
    "email",
    "ship_to_contact",
    "ship_to_name",
    "ship_to_address.address_line1",
    "tax_code.code",
    "description",
}
"""Fields of orders that come from the customer or from what is sold unless a file says otherwise."""


def headings(outgoing: Outgoing, *, upper: bool = False) -> bytes:
    names = outgoing.names
    return _written([[name.upper() for name in names] if upper else names])


def header_rows(outgoing: Outgoing, orders: Iterable[WholeOrder]) -> bytes:
    """A row for each order."""
    return _written(_cells(outgoing, outgoing.row(order.header)) for order in orders)


def line_rows(outgoing: Outgoing, orders: Iterable[WholeOrder]) -> bytes:
    """A row for each line."""
    return _written(
        _cells(outgoing, outgoing.row(order.header, line))
        for order in orders
        for line in order.lines
    )


def record_rows(outgoing: Outgoing, records: Iterable[Any]) -> bytes:
    """A row for each record that orders refer to."""
    return _written([_text(value) for value in outgoing.row(record)] for record in records)


def _written(rows: Iterable[Iterable[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def _cells(outgoing: Outgoing, values: Iterable[Any]) -> list[str]:
    return [_cell(column, value) for column, value in zip(outgoing.columns, values, strict=True)]


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return NOTHING if column.field in DEFAULTED else ""
    return _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case Decimal():
            return plain(value)
        case Enum():
            return value.name
        case dt.date():
            return value.isoformat()
        case _:
            return defused(str(value))
