"""Paging: a walk through a list visits every row once and in order, even if the list changes."""

import asyncio
import base64
import datetime as dt
import itertools
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.pool import NullPool

from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.paging import BadCursor, SortKey, decode_cursor, encode_cursor
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.reference_data import CurrencyRow, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.tables.sales_orders import SalesOrderLineType as LineType
from gateway.storage.tables.sales_orders import SalesOrderStatus as Status
from gateway.storage.transactions import writing
from gateway.storage.writing import Writer
from tests.support.databases import Templates
from tests.support.served import Client, serving
from tests.support.world import COMPANY, load_world


def page_of(field: str, sort: str = "") -> str:
    declared, passed = (f"$sort: [{sort}!], ", "sort: $sort, ") if sort else ("", "")
    return f"""query ({declared}$first: Int, $after: String, $last: Int, $before: String) {{
      page: {field}({passed}first: $first, after: $after, last: $last, before: $before) {{
        edges {{ cursor }} nodes {{ id }}
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""


ALL_ORDERS = page_of("salesOrders", "SalesOrderSort")
ALL_LINES = page_of("salesOrderLines", "SalesOrderLineSort")
DAY = dt.date(2026, 5, 1)
MOMENTS = [dt.datetime(2026, 5, 1, 12, 0, 0, micro, tzinfo=dt.UTC) for micro in (0, 1, 100000)]
TOTALS = ["-0.5", "0", "9.99999", "10", "100", "9999999999999.99999"]
STATUSES = [Status.DRAFT, Status.RELEASED, Status.IN_REVIEW]

ORDER_KEYS = ["ORDER_DATE", "POSTING_DATE", "NUMBER", "CUSTOMER_NUMBER", "STATUS"]
ORDER_KEYS += ["TOTAL_AMOUNT_INCLUDING_TAX", "LAST_MODIFIED_DATE_TIME"]
SORTS = [
    *([f"{minus}{key}"] for key in ORDER_KEYS for minus in ("", "-")),
    ["-STATUS", "TOTAL_AMOUNT_INCLUDING_TAX", "-ORDER_DATE"],
    ["CUSTOMER_NUMBER", "-LAST_MODIFIED_DATE_TIME"],
]


async def add_orders(writer: Writer, names: list[str], dice: random.Random) -> list[SalesOrderRow]:
    """Orders with these numbers, many of which are equal in all other sort keys."""
    customers = await writer.find(CustomerRow, {"number": {"C1", "PAYER"}})
    [currency] = await writer.find(CurrencyRow, {"code": {"EUR"}})
    orders = []
    for name in names:
        customer = dice.choice(customers)
        order = SalesOrderRow(
            company_id=writer.scope.company,
            number=name,
            order_date=DAY + dt.timedelta(days=dice.randrange(4)),
            posting_date=DAY + dt.timedelta(days=dice.randrange(3)),
            customer_id=customer.id,
            customer_number=customer.number,
            customer_name=customer.display_name,
            bill_to_customer_id=customer.id,
            bill_to_name=customer.display_name,
            currency_id=currency.id,
            status=dice.choice(STATUSES),
            total_amount_including_tax=Decimal(dice.choice(TOTALS)),
            last_modified_date_time=dice.choice(MOMENTS),
        )
        orders.append(order)
    for order in orders[:4]:
        order.lines = [
            SalesOrderLineRow(
                company_id=order.company_id,
                sequence=sequence,
                line_type=LineType.CHARGE,
                quantity=Decimal(dice.choice(["-1", "2", "10", "0.00001"])),
                net_amount_including_tax=Decimal(dice.choice(TOTALS)),
            )
            for sequence in range(1, 7)
        ]
    await writer.add(orders)
    return orders


def write(url: str, change: Callable[[Writer], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        database = Database(url, poolclass=NullPool)
        async with writing(database, ScopeRequest(COMPANY)) as writer:
            result = await change(writer)
        await database.dispose()
        return result

    return asyncio.run(run())


@dataclass(frozen=True)
class Shop:
    client: Client
    orders: list[SalesOrderRow]


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    """200 orders with many ties, for tests that only read."""
    url = templates.copy("world", load_world)
    dice = random.Random(1)
    names = [f"{dice.choice('aBÄß')}{place:03}" for place in range(200)]
    orders = write(url, lambda writer: add_orders(writer, names, dice))
    with serving(Settings(database_url=url)) as client:
        yield Shop(client, orders)


def sort_input(sort: list[str]) -> list[dict[str, str]]:
    return [
        {"field": key.removeprefix("-"), "direction": "DESC" if key.startswith("-") else "ASC"}
        for key in sort
    ]


def in_order(rows: list[Any], sort: list[str]) -> list[str]:
    """The ids of rows in the expected order; the id breaks ties in the direction of the last key. Keys
    have the names of columns."""
    ordered = sorted(rows, key=lambda row: row.id, reverse=sort[-1].startswith("-"))
    for key in reversed(sort):
        column = key.removeprefix("-").lower()
        ordered.sort(key=lambda row: getattr(row, column), reverse=key.startswith("-"))
    return [row.id for row in ordered]


def pages(
    client: Client, query: str, size: int, *, backward: bool = False, **arguments: Any
) -> Iterator[list[str]]:
    """The ids of one page after the other, until the far end."""
    cursor, more = None, True
    while more:
        window = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = client.ask(query, **window, **arguments)["page"]
        ids, info = [node["id"] for node in page["nodes"]], page["pageInfo"]
        cursors = [edge["cursor"] for edge in page["edges"]]
        first, last = (cursors[0], cursors[-1]) if cursors else (None, None)
        assert [info["startCursor"], info["endCursor"]] == [first, last]
        assert info["hasNextPage" if backward else "hasPreviousPage"] is (cursor is not None)
        more = info["hasPreviousPage" if backward else "hasNextPage"]
        assert len(ids) == size or not more
        cursor = first if backward else last
        yield ids[::-1] if backward else ids


def walk(client: Client, query: str, size: int, **arguments: Any) -> list[str]:
    ids = list(itertools.chain.from_iterable(pages(client, query, size, **arguments)))
    return ids[::-1] if arguments.get("backward") else ids


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("sort", SORTS, ids=",".join)
def test_a_walk_visits_every_order_once_and_in_order(
    shop: Shop, sort: list[str], backward: bool
) -> None:
    expected = in_order(shop.orders, sort)
    for size in (67, 200):
        arguments = {"sort": sort_input(sort), "backward": backward}
        assert walk(shop.client, ALL_ORDERS, size, **arguments) == expected


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("size", [7, 120])
def test_orders_come_by_date_with_the_latest_first_unless_sorted(
    shop: Shop, size: int, backward: bool
) -> None:
    expected = in_order(shop.orders, ["-ORDER_DATE"])
    assert walk(shop.client, ALL_ORDERS, size, backward=backward) == expected


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("sort", [[], ["QUANTITY"], ["-NET_AMOUNT_INCLUDING_TAX", "QUANTITY"]])
def test_a_walk_visits_every_line_once_and_in_order(
    shop: Shop, sort: list[str], backward: bool
) -> None:
    lines = [line for order in shop.orders[:4] for line in order.lines]
    expected = in_order(lines, sort or ["SALES_ORDER_ID", "SEQUENCE"])
    for size in (1, 5, 50):
        arguments = {"sort": sort_input(sort), "backward": backward}
        assert walk(shop.client, ALL_LINES, size, **arguments) == expected


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("sort", [["-ORDER_DATE"], ["STATUS", "-TOTAL_AMOUNT_INCLUDING_TAX"]])
def test_rows_that_stay_are_visited_once_while_others_come_and_go(
    client: Client, world_url: str, sort: list[str], backward: bool
) -> None:
    """After each page its last row, whose cursor is about to be used, and two other rows are deleted.
    If all later rows are deleted, the last page is empty."""
    dice = random.Random(2)
    names = [f"N{place:03}" for place in range(50)]
    staying = {row.id: row for row in write(world_url, lambda w: add_orders(w, names, dice))}
    met: list[str] = []
    for page in pages(client, ALL_ORDERS, 8, sort=sort_input(sort), backward=backward):
        met += page
        going = {*page[-1:], *dice.sample(sorted(staying), 2)}
        write(world_url, lambda writer, going=going: replace(writer, going, dice))
        staying = {key: row for key, row in staying.items() if key not in going}
    assert len(staying) > 20
    assert len(met) == len(set(met))
    expected = in_order(list(staying.values()), sort)
    assert [key for key in met if key in staying] == expected[:: -1 if backward else 1]


async def replace(writer: Writer, going: set[str], dice: random.Random) -> None:
    await add_orders(writer, [f"{dice.random():.16}" for _ in going], dice)
    await writer._session.execute(sa.delete(SalesOrderRow).where(SalesOrderRow.id.in_(going)))


PLACES: dict[str, tuple[str, list[str]]] = {
    "orders": (ALL_ORDERS, []),
    **{f"orders by {key}": (ALL_ORDERS, [key]) for key in [*ORDER_KEYS, "-NUMBER"]},
    "lines": (ALL_LINES, []),
    "lines by QUANTITY": (ALL_LINES, ["QUANTITY"]),
    **{name: (page_of(name), []) for name in ("customers", "items")},
}
KINDS = ["orders by ORDER_DATE", "orders by NUMBER", "orders by STATUS", "lines", "customers"]
KINDS += ["orders by TOTAL_AMOUNT_INCLUDING_TAX", "orders by LAST_MODIFIED_DATE_TIME"]
NASTY = ["", "x", "\x00", "\ud800", "1e400", "NaN", "-Infinity", "0.000001", "99999999999999999999"]
NASTY += ["2026-05-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
NASTY += [None, True, 1.5, 10**30, [], {}, ["a"]]
SORT = (SortKey("order_date", descending=True), SortKey("id", descending=True))
ROW = SimpleNamespace(order_date=DAY, id="00000000-0000-4000-8000-000000000001")
VALID = encode_cursor(SalesOrderRow, SORT, ROW)


def ask_at(client: Client, place: str, cursor: str | None) -> Any:
    query, sort = PLACES[place]
    sorting = {"sort": sort_input(sort)} if "$sort" in query else {}
    return client.send(query, first=1, after=cursor, **sorting)


def cursor_at(client: Client, place: str) -> str:
    return str(ask_at(client, place, None)["data"]["page"]["pageInfo"]["endCursor"])


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


@pytest.mark.parametrize(
    ("giver", "taker"),
    [
        ("orders", "orders by ORDER_DATE"),
        ("orders by NUMBER", "orders by -NUMBER"),
        ("orders by ORDER_DATE", "orders by POSTING_DATE"),
        ("orders", "lines"),
        ("customers", "items"),
    ],
)
def test_a_cursor_of_another_list_or_sort_is_refused(shop: Shop, giver: str, taker: str) -> None:
    cursor = cursor_at(shop.client, giver)
    assert codes(ask_at(shop.client, giver, cursor)) == []
    assert codes(ask_at(shop.client, taker, cursor)) == ["BAD_CURSOR"]


@pytest.mark.parametrize("place", KINDS)
def test_a_cursor_with_a_changed_value_is_answered_or_refused(shop: Shop, place: str) -> None:
    """A client may have written it by hand, which is not a failure of the gateway."""
    cursor = cursor_at(shop.client, place)
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    for position in range(1, len(parts)):
        for value in NASTY:
            changed = json.dumps([*parts[:position], value, *parts[position + 1 :]])
            forged = base64.urlsafe_b64encode(changed.encode()).decode()
            answer = ask_at(shop.client, place, forged)
            assert codes(answer) in ([], ["BAD_CURSOR"]), (parts[position], value)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A cursor with some characters removed and others inserted."""
    start = draw(st.integers(0, len(VALID)))
    end = draw(st.integers(start, start + 8))
    return VALID[:start] + draw(st.text(max_size=8)) + VALID[end:]


def test_a_cursor_identifies_the_position_of_its_row() -> None:
    assert decode_cursor(SalesOrderRow, SORT, VALID) == [ROW.order_date, ROW.id]


@settings(max_examples=300)
@given(st.one_of(st.text(), mutated()))
def test_anything_but_a_cursor_is_a_bad_cursor(cursor: str) -> None:
    with suppress(BadCursor):
        decode_cursor(SalesOrderRow, SORT, cursor)
