"""Sorting: orders and lines are sorted as in Python, and a cursor is only valid for its sort."""

import itertools
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.api.sorting import (
    CustomerSortField,
    ItemSortField,
    SalesOrderLineSortField,
    SalesOrderSortField,
)
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import CustomerRow, ItemRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from tests.support.databases import Templates
from tests.support.served import Client, statements
from tests.support.varied import Row, Varied, varied

Sort = list[tuple[str, str]]
"""Keys with their directions, the most significant first."""


def nulls_last(value: Any) -> tuple[bool, Any]:
    return value is None, 0 if value is None else value


KEYS: dict[str, dict[str, Callable[[Row], Any]]] = {
    "SalesOrder": {
        "ORDER_DATE": lambda row: row["orderDate"],
        "POSTING_DATE": lambda row: row["postingDate"],
        "NUMBER": lambda row: row["number"],
        "CUSTOMER_NUMBER": lambda row: row["customer"]["number"],
        "CUSTOMER_NAME": lambda row: row["customerName"],
        "REQUESTED_DELIVERY_DATE": lambda row: nulls_last(row["requestedDeliveryDate"]),
        "EXTERNAL_DOCUMENT_NUMBER": lambda row: nulls_last(row["externalDocumentNumber"]),
        "STATUS": lambda row: str(row["status"]),
        "TOTAL_AMOUNT_INCLUDING_TAX": lambda row: row["totalAmountIncludingTax"],
        "CREATED_DATE_TIME": lambda row: row["createdDateTime"],
        "LAST_MODIFIED_DATE_TIME": lambda row: row["lastModifiedDateTime"],
    },
    "SalesOrderLine": {
        "SALES_ORDER": lambda row: (row["salesOrder"]["id"], row["sequence"]),
        "QUANTITY": lambda row: row["quantity"],
        "NET_AMOUNT_INCLUDING_TAX": lambda row: row["netAmountIncludingTax"],
    },
    "Customer": {
        "NUMBER": lambda row: row["number"],
        "DISPLAY_NAME": lambda row: row["displayName"],
        "LAST_MODIFIED_DATE_TIME": lambda row: row["lastModifiedDateTime"],
    },
    "Item": {
        "NUMBER": lambda row: row["number"],
        "DISPLAY_NAME": lambda row: row["displayName"],
        "UNIT_PRICE": lambda row: row["unitPrice"],
        "LAST_MODIFIED_DATE_TIME": lambda row: row["lastModifiedDateTime"],
    },
}
"""The values that each key compares: text by code point, a status by its name."""
ROOTS = {
    "SalesOrder": "salesOrders",
    "SalesOrderLine": "salesOrderLines",
    "Customer": "customers",
    "Item": "items",
}
DIRECTIONS = ("ASC", "DESC")
LARGEST = 5000


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    """The varied demo, behind a gateway that returns it in one page."""
    with varied(templates, max_page=LARGEST) as result:
        yield result


def written(sort: Sort) -> list[dict[str, str]]:
    return [{"field": field, "direction": direction} for field, direction in sort]


def in_order(rows: list[Row], kind: str, sort: Sort) -> list[str]:
    """The ids of rows in the expected order: only the first occurrence of a key counts, and the id
    breaks ties in the direction of the last key."""
    directions: dict[str, str] = {}
    for field, direction in sort:
        directions.setdefault(field, direction)
    ordered = sorted(rows, key=lambda row: row["id"], reverse=[*directions.values()][-1] == "DESC")
    for field, direction in reversed(directions.items()):
        ordered.sort(key=KEYS[kind][field], reverse=direction == "DESC")
    return [row["id"] for row in ordered]


def page(client: Client, kind: str, sort: Sort | None, **window: Any) -> Any:
    query = f"""query ($sort: [{kind}Sort!], $first: Int, $after: String, $last: Int, $before: String) {{
      page: {ROOTS[kind]}(sort: $sort, first: $first, after: $after, last: $last, before: $before) {{
        edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"""
    requested = {} if sort is None else {"sort": written(sort)}
    return client.send(query, **requested, **window)


def ids(answer: Any) -> list[str]:
    assert "errors" not in answer, answer["errors"]
    return [edge["node"]["id"] for edge in answer["data"]["page"]["edges"]]


def sorts(kind: str) -> st.SearchStrategy[Sort]:
    key = st.tuples(st.sampled_from(list(KEYS[kind])), st.sampled_from(DIRECTIONS))
    return st.lists(key, min_size=1, max_size=4)


@pytest.mark.parametrize("examples", [5, pytest.param(50, marks=pytest.mark.full)])
@pytest.mark.parametrize("kind", KEYS)
def test_a_list_is_sorted_as_in_python_and_can_be_continued_from_every_row(
    stored: Varied, kind: str, examples: int
) -> None:
    """Sorted by any keys, from any row, in either direction, with pages of any size."""
    rows = stored.rows[kind]

    @settings(max_examples=examples)
    @given(sorts(kind), st.integers(0, len(rows) - 1), st.integers(0, 60))
    def read(sort: Sort, place: int, size: int) -> None:
        whole = page(stored.client, kind, sort, first=LARGEST)
        expected = in_order(rows, kind, sort)
        assert ids(whole) == expected
        cursor = whole["data"]["page"]["edges"][place]["cursor"]
        on = page(stored.client, kind, sort, first=size, after=cursor)
        back = page(stored.client, kind, sort, last=size, before=cursor)
        assert ids(on) == expected[place + 1 : place + 1 + size]
        assert ids(back) == expected[max(0, place - size) : place]
        assert on["data"]["page"]["pageInfo"] == {
            "hasNextPage": place + 1 + size < len(rows),
            "hasPreviousPage": True,
        }
        assert back["data"]["page"]["pageInfo"] == {
            "hasNextPage": True,
            "hasPreviousPage": place - size > 0,
        }

    read()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in KEYS for field in KEYS[kind]]
)
def test_every_key_sorts_in_both_directions(
    stored: Varied, kind: str, field: str, direction: str
) -> None:
    expected = in_order(stored.rows[kind], kind, [(field, direction)])
    assert ids(page(stored.client, kind, [(field, direction)], first=150)) == expected[:150]
    assert ids(page(stored.client, kind, [(field, direction)], last=150)) == expected[-150:]


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("SalesOrder", ("ORDER_DATE", "DESC")),
        ("SalesOrderLine", ("SALES_ORDER", "ASC")),
        ("Customer", ("NUMBER", "ASC")),
        ("Item", ("NUMBER", "ASC")),
    ],
)
@pytest.mark.parametrize("requested", [None, []])
def test_orders_come_by_date_with_the_latest_first_and_others_by_order_or_number_unless_sorted(
    stored: Varied, kind: str, default: tuple[str, str], requested: Sort | None
) -> None:
    expected = in_order(stored.rows[kind], kind, [default])
    assert ids(page(stored.client, kind, requested, first=150)) == expected[:150]
    assert ids(page(stored.client, kind, requested, last=150)) == expected[-150:]


@pytest.mark.parametrize("size", [1, 50, 200])
@pytest.mark.parametrize("counted", [False, True])
def test_a_sorted_page_takes_a_statement_and_another_to_count(
    stored: Varied, size: int, counted: bool
) -> None:
    query = """query ($first: Int!, $counted: Boolean!) {
      salesOrders(first: $first, sort: [{field: STATUS}, {field: NUMBER, direction: DESC}]) {
        totalCount @include(if: $counted) nodes { number } } }"""
    with statements() as seen:
        answer = stored.client.ask(query, first=size, counted=counted)["salesOrders"]
    assert len(answer["nodes"]) == size
    assert answer.get("totalCount") == (839 if counted else None)
    assert len(seen) == 1 + counted


TIED: dict[str, list[Sort | None]] = {
    "SalesOrder": [
        [("ORDER_DATE", "ASC")],
        [("POSTING_DATE", "ASC")],
        [("ORDER_DATE", "DESC"), ("NUMBER", "ASC")],
        [("NUMBER", "ASC"), ("ORDER_DATE", "DESC")],
        [("NUMBER", "DESC")],
        [("REQUESTED_DELIVERY_DATE", "ASC")],
        [("EXTERNAL_DOCUMENT_NUMBER", "DESC")],
        None,
    ],
    "SalesOrderLine": [[("QUANTITY", "ASC")], [("NET_AMOUNT_INCLUDING_TAX", "ASC")], None],
}


@pytest.mark.parametrize(
    ("kind", "giver", "taker"),
    [
        (kind, giver, taker)
        for kind, several in TIED.items()
        for giver, taker in itertools.permutations(several, 2)
    ],
)
def test_a_cursor_is_refused_under_another_sort(
    stored: Varied, kind: str, giver: Sort | None, taker: Sort | None
) -> None:
    [edge] = page(stored.client, kind, giver, first=1)["data"]["page"]["edges"]
    for window in ({"first": 1, "after": edge["cursor"]}, {"last": 1, "before": edge["cursor"]}):
        [error] = page(stored.client, kind, taker, **window)["errors"]
        assert error["extensions"]["code"] == "BAD_CURSOR"


def test_the_default_sort_can_be_requested_with_the_same_cursor(stored: Varied) -> None:
    """Its cursors are those of the same sort."""
    [edge] = page(stored.client, "SalesOrder", None, first=1)["data"]["page"]["edges"]
    named = page(
        stored.client, "SalesOrder", [("ORDER_DATE", "DESC")], first=3, after=edge["cursor"]
    )
    unnamed = page(stored.client, "SalesOrder", None, first=3, after=edge["cursor"])
    assert ids(named) == ids(unnamed)


@pytest.mark.parametrize(
    "sort",
    ["{field: TOTAL}", "{field: NUMBER, direction: UP}", "{direction: ASC}", '{field: "NUMBER"}', "NUMBER", "[null]"],
)  # fmt: skip
def test_an_unknown_sort_is_an_error_before_anything_is_read(stored: Varied, sort: str) -> None:
    with statements() as seen:
        answer = stored.client.send(f"{{ salesOrders(sort: {sort}) {{ totalCount }} }}")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {
        "GRAPHQL_VALIDATION_FAILED"
    }
    assert not seen


MODELS: dict[str, tuple[type[Base], type[Enum]]] = {
    "SalesOrder": (SalesOrderRow, SalesOrderSortField),
    "SalesOrderLine": (SalesOrderLineRow, SalesOrderLineSortField),
    "Customer": (CustomerRow, CustomerSortField),
    "Item": (ItemRow, ItemSortField),
}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in KEYS for field in KEYS[kind]]
)
def test_every_key_has_an_index_within_the_company(kind: str, field: str) -> None:
    """It ends with the id, unless the key is unique. The tables are those of the migrations."""
    model, fields = MODELS[kind]
    table: Any = model.__table__
    key = ("company_id", *fields[field].value)
    result = {tuple(each.columns.keys()) for each in (*table.indexes, *table.constraints)}
    assert {key, (*key, "id")} & result
