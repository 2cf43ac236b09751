"""Orders and records as JSON: one document per line, or a page of the Business Central API."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson

from gateway.exchange.exports.values import Outgoing
from gateway.exchange.formats.json_sheets import LINES
from gateway.exchange.mappings.columns import CellKind
from gateway.orders.problems import plain
from gateway.storage.streaming import WholeOrder

NO_ID = "00000000-0000-0000-0000-000000000000"
NO_DATE = dt.date(1, 1, 1)
"""The missing values of Business Central; a missing text is empty."""


def order_lines(header: Outgoing, line: Outgoing, orders: Iterable[WholeOrder]) -> bytes:
    """A document for each order with its lines. Numbers are text, so that readers do not round them."""
    header_names, line_names = header.names, line.names
    return b"".join(
        orjson.dumps(
            {
                **dict(zip(header_names, header.row(order.header), strict=True)),
                LINES: [
                    dict(zip(line_names, line.row(order.header, each), strict=True))
                    for each in order.lines
                ],
            },
            _number_as_text,
            orjson.OPT_APPEND_NEWLINE,
        )
        for order in orders
    )


def record_lines(outgoing: Outgoing, records: Iterable[Any]) -> bytes:
    """A document for each record of reference data."""
    names = outgoing.names
    return b"".join(
        orjson.dumps(
            dict(zip(names, outgoing.row(record), strict=True)),
            _number_as_text,
            orjson.OPT_APPEND_NEWLINE,
        )
        for record in records
    )


def page_entries(header: Outgoing, line: Outgoing, orders: Iterable[WholeOrder]) -> list[bytes]:
    """The entries of a page of the Business Central API, with exact JSON numbers."""
    blanks, line_blanks = _blanks(header), _blanks(line)
    return [
        orjson.dumps(
            {
                **_entry(blanks, header.row(order.header)),
                LINES: [_entry(line_blanks, line.row(order.header, each)) for each in order.lines],
            },
            _number,
            orjson.OPT_UTC_Z,
        )
        for order in orders
    ]


def _entry(blanks: list[tuple[str, Any]], values: Iterable[Any]) -> dict[str, Any]:
    return {
        name: blank if value is None else value
        for (name, blank), value in zip(blanks, values, strict=True)
    }


def _blanks(outgoing: Outgoing) -> list[tuple[str, Any]]:
    """The name of each column and its representation of a missing value."""
    return [
        (
            column.name,
            NO_DATE
            if column.kind is CellKind.DATE
            else NO_ID
            if column.name.endswith("Id") and column.field != "inventory_lot_id"
            else None
            if column.kind is CellKind.NUMBER
            else "",
        )
        for column in outgoing.columns
    ]


def _number_as_text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(type(value))


def _number(value: Any) -> Any:
    return orjson.Fragment(_number_as_text(value))
