"""Sorting: orders and lines come as Python sorts them, and a cursor is good for its sort alone."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import Templates
from tests.served import Client, statements
from tests.varied import Row, Varied, varied

Sort = list[tuple[str, str]]
"""Keys with their directions, the weightiest first."""

KEYS: dict[str, dict[str, Callable[[Row], Any]]] = {
    "SalesOrder": {
        "ORDER_DATE": lambda row: row["orderDate"],
        "POSTING_DATE": lambda row: row["postingDate"],
        "NUMBER": lambda row: row["number"],
        "CUSTOMER_NUMBER": lambda row: row["customer"]["number"],
        "STATUS": lambda row: str(row["status"]),
        "TOTAL_AMOUNT_INCLUDING_TAX": lambda row: row["totalAmountIncludingTax"],
        "LAST_MODIFIED_DATE_TIME": lambda row: row["lastModifiedDateTime"],
    },
    "SalesOrderLine": {
        "SALES_ORDER": lambda row: (row["salesOrder"]["id"], row["sequence"]),
        "QUANTITY": lambda row: row["quantity"],
        "NET_AMOUNT_INCLUDING_TAX": lambda row: row["netAmountIncludingTax"],
    },
}
"""What each key compares: text by code point, a status by its name."""
ROOTS = {"SalesOrder": "salesOrders", "SalesOrderLine": "salesOrderLines"}
DIRECTIONS = ("ASC", "DESC")
LARGEST = 5000


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    """The varied demo, behind a gateway that shows it in one page."""
    with varied(templates, max_page=LARGEST) as found:
        yield found


def written(sort: Sort) -> list[dict[str, str]]:
    return [{"field": field, "direction": direction} for field, direction in sort]


def in_order(rows: list[Row], kind: str, sort: Sort) -> list[str]:
    """The ids of rows as they must come: each key counts where it is first named, and the id breaks
    ties in the direction of the last key that counts."""
    counting = dict(reversed(sort))
    last = [field for field, _ in dict.fromkeys(sort) if field in counting]
    directions = {field: next(way for name, way in sort if name == field) for field in last}
    ordered = sorted(rows, key=lambda row: row["id"], reverse=[*directions.values()][-1] == "DESC")
    for field, direction in reversed(directions.items()):
        ordered.sort(key=KEYS[kind][field], reverse=direction == "DESC")
    return [row["id"] for row in ordered]
