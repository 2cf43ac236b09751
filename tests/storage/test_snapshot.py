"""Snapshots: one response sees one state of the database, and every connection comes back."""

import asyncio
import gc
import itertools
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.reading import Reader
from gateway.storage.scope import ScopeRequest
from gateway.storage.snapshots import Snapshot
from gateway.storage.tables.reference_data import CurrencyRow, CustomerRow, ItemRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from tests.support.databases import Templates
from tests.support.requests import ENDLESS
from tests.support.served import PATIENCE, Client, serving
from tests.support.world import load_world

ORDERS, LINES = SalesOrderRow.__table__, SalesOrderLineRow.__table__
CREATE = """mutation ($input: CreateSalesOrderInput!) {
  createSalesOrder(input: $input) { salesOrder { id } userErrors { code path } } }"""
NESTED = """{ salesOrders { nodes { totalAmountIncludingTax lines { netAmountIncludingTax } } } }"""
LINE_AMOUNTS = ("amount_excluding_tax", "amount_including_tax", "net_amount")
LINE_AMOUNTS += ("net_amount_including_tax",)
ORDER_AMOUNTS = ("total_amount_excluding_tax", "total_amount_including_tax")
QUANTITIES = range(1, 21)
SLOW = sa.text(ENDLESS)


def create_orders(client: Client, count: int) -> list[str]:
    """Orders with lines of 1 to 20 untaxed pieces at 7."""
    lines = [{"item": {"number": "UNTAXED"}, "quantity": quantity} for quantity in QUANTITIES]
    order = {"customer": {"number": "C1"}, "lines": lines}
    answers = [client.ask(CREATE, input=order)["createSalesOrder"] for _ in range(count)]
    return [answer["salesOrder"]["id"] for answer in answers]


async def raise_price(database: Database, order: str) -> None:
    """Raise the price on all lines of an order by 1, and its totals accordingly, in one transaction."""
    pieces = Decimal(sum(QUANTITIES))
    async with database.write() as session:
        await session.execute(
            sa.update(LINES)
            .where(LINES.c.sales_order_id == order)
            .values(unit_price=LINES.c.unit_price + Decimal(1))
            .values({name: LINES.c[name] + LINES.c.quantity for name in LINE_AMOUNTS})
        )
        await session.execute(
            sa.update(ORDERS)
            .where(ORDERS.c.id == order)
            .values({name: ORDERS.c[name] + pieces for name in ORDER_AMOUNTS})
        )


@contextmanager
def writers(url: str, orders: list[str], count: int) -> Iterator[None]:
    """Threads that raise the prices of their own orders as fast as they can."""
    over = threading.Event()

    async def write(own: list[str]) -> None:
        database = Database(url)
        for order in itertools.cycle(own):
            await raise_price(database, order)
            if over.is_set():
                break
        await database.dispose()

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(asyncio.run, write(orders[place::count])) for place in range(count)]
        try:
            yield
        finally:
            over.set()
        for writer in running:
            writer.result()


def check_totals(client: Client, url: str, reads: int) -> None:
    """Reads at least this often, and until enough has changed, since writers are slow on a busy
    machine."""
    orders = create_orders(client, 4)
    seen: set[str] = set()
    done, deadline = 0, time.monotonic() + PATIENCE
    with writers(url, orders, 2):
        while done < reads or (len(seen) <= reads / 5 and time.monotonic() < deadline):
            done += 1
            for order in client.ask(NESTED)["salesOrders"]["nodes"]:
                total = Decimal(order["totalAmountIncludingTax"])
                parts = [Decimal(line["netAmountIncludingTax"]) for line in order["lines"]]
                assert total == sum(parts)
                seen.add(order["totalAmountIncludingTax"])
    assert len(seen) > reads / 5, "the orders must change between the reads"


def test_totals_match_their_lines_while_writers_change_both(client: Client, world_url: str) -> None:
    check_totals(client, world_url, 50)


@pytest.mark.full
def test_totals_match_their_lines_in_a_thousand_reads(client: Client, world_url: str) -> None:
    check_totals(client, world_url, 1000)


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    """One world for the tests that only read."""
    return templates.copy("world", load_world)


@pytest.fixture
async def pooled(url: str) -> AsyncIterator[Database]:
    """The world over one connection: an operation that does not return it blocks all others."""
    database = Database(url, pool_size=1, max_overflow=0, pool_timeout=PATIENCE)
    yield database
    await database.dispose()


async def check_returned(database: Database) -> None:
    """The connection of a never-ending read is returned, was not garbage-collected, and works."""
    pool = database.engine.pool
    assert isinstance(pool, sa.AsyncAdaptedQueuePool)
    async with asyncio.timeout(PATIENCE):
        while pool.checkedout():  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0.01)
    gc.collect()
    snapshot = database.snapshot()
    [row] = await snapshot.rows(sa.select(sa.func.count()).select_from(ItemRow))
    await snapshot.close()
    assert row[0] == 507
    assert pool.checkedout() == 0


async def read_slowly(snapshot: Snapshot) -> None:
    try:
        await snapshot.rows(SLOW)
    finally:
        await snapshot.close()


async def wait_for_another_reader(snapshot: Snapshot) -> None:
    """This is how an operation waits for its loaders, which are separate tasks."""
    reader = asyncio.ensure_future(snapshot.rows(SLOW))
    try:
        await asyncio.shield(reader)
    finally:
        await snapshot.close()


@pytest.mark.anyio
@pytest.mark.own_statements
@pytest.mark.parametrize("delay", [0, 0.001, 0.005, 0.05])
@pytest.mark.parametrize("read", [read_slowly, wait_for_another_reader])
async def test_a_reader_that_is_cancelled_returns_its_connection(
    pooled: Database, read: Callable[[Snapshot], Any], delay: float
) -> None:
    operation = asyncio.create_task(read(pooled.snapshot()))
    await asyncio.sleep(delay)
    operation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await operation
    await check_returned(pooled)


@pytest.mark.anyio
@pytest.mark.own_statements
async def test_a_reader_that_is_cancelled_while_it_closes_returns_its_connection(
    pooled: Database,
) -> None:
    operation = asyncio.create_task(wait_for_another_reader(pooled.snapshot()))
    await asyncio.sleep(0.05)
    for _ in range(2):
        operation.cancel()
        await asyncio.sleep(0.001)
    with pytest.raises(asyncio.CancelledError):
        await operation
    await check_returned(pooled)


def test_clients_that_disconnect_leave_no_connection_behind(url: str) -> None:
    """With one connection in the pool, a lost connection would block the next client."""
    body = json.dumps({"query": "{ items(first: 50) { nodes { id number taxCode { code } } } }"})
    with serving(Settings(database_url=url, pool_size=1)) as client:
        host, port = client.url.removeprefix("http://").split(":")
        request = (
            f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        for place in range(20):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(request.encode())
                time.sleep(place / 1000)
        assert client.ask("{ items { totalCount } }") == {"items": {"totalCount": 507}}


def test_operations_that_read_and_write_share_one_connection_without_deadlock(
    world_url: str,
) -> None:
    order = {"customer": {"number": "C1"}, "lines": [{"item": {"number": "I0001"}, "quantity": 1}]}
    create = """mutation ($input: CreateSalesOrderInput!) {
      one: createSalesOrder(input: $input) { salesOrder { customer { displayName } } }
      two: createSalesOrder(input: $input) { salesOrder { lines { item { displayName } } } } }"""
    with (
        serving(Settings(database_url=world_url, pool_size=1)) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        creations = [pool.submit(client.ask, create, input=order) for _ in range(8)]
        reads = [pool.submit(client.ask, NESTED) for _ in range(8)]
        for creation in creations:
            answer = creation.result()
            assert answer["one"]["salesOrder"]["customer"]["displayName"] == "First Customer"
            [line] = answer["two"]["salesOrder"]["lines"]
            assert line["item"]["displayName"] == "Item I0001"
        for read in reads:
            assert "salesOrders" in read.result()
        assert client.ask("{ salesOrders { totalCount } }")["salesOrders"]["totalCount"] == 16


@pytest.mark.anyio
async def test_all_reads_see_the_database_as_it_was_at_the_first(
    client: Client, database: Database
) -> None:
    [order] = create_orders(client, 1)
    reader = Reader(database, ScopeRequest())

    async def header() -> Decimal:
        names = frozenset({"total_amount_including_tax"})
        row = await reader.one(SalesOrderRow, "id", order, names)
        return Decimal(row.total_amount_including_tax)

    async def lines() -> Decimal:
        names = frozenset({"net_amount_including_tax"})
        rows = await reader.many(SalesOrderLineRow, "sales_order_id", order, "sequence", names)
        return sum((row.net_amount_including_tax for row in rows), Decimal(0))

    assert await header() == 7 * 210
    await raise_price(database, order)
    assert await lines() == 7 * 210
    await reader.restart()
    assert await lines() == 8 * 210
    await raise_price(database, order)
    assert await header() == 8 * 210
    await reader.close()


@pytest.mark.anyio
async def test_a_closed_snapshot_cannot_be_read(pooled: Database) -> None:
    snapshot = pooled.snapshot()
    await snapshot.close()
    with pytest.raises(RuntimeError, match="over"):
        await snapshot.rows(sa.select(sa.literal(1)))


@pytest.mark.anyio
async def test_many_concurrent_reads_begin_on_a_cold_connection(database: Database) -> None:
    reader = Reader(database, ScopeRequest())
    item, customer, currencies = await asyncio.gather(
        reader.one(ItemRow, "number", "I0001", frozenset({"unit_price"})),
        reader.one(CustomerRow, "number", "C1", frozenset({"city"})),
        reader.many(CurrencyRow, "code", "JPY", "code", frozenset({"display_name"})),
    )
    await reader.close()
    assert (item.unit_price, customer.city) == (1, "Leeds")
    assert [currency.display_name for currency in currencies] == ["JPY"]


@pytest.mark.anyio
@pytest.mark.own_statements
async def test_concurrent_reads_share_the_connection_that_the_first_one_opens(
    pooled: Database,
) -> None:
    snapshot = pooled.snapshot()
    count = sa.select(sa.func.count()).select_from(ItemRow)
    answers = await asyncio.gather(*(snapshot.rows(count) for _ in range(5)))
    await snapshot.close()
    assert [rows[0][0] for rows in answers] == [507] * 5


def test_the_first_operation_of_a_new_server_may_have_many_root_fields(client: Client) -> None:
    answer = client.ask(
        """{ items(first: 1) { totalCount nodes { number taxCode { code } } }
          customers(first: 1) { totalCount nodes { number } } salesOrders { totalCount }
          again: items(last: 1) { nodes { number } } company { name currency { code } } }"""
    )
    assert answer == {
        "items": {"totalCount": 507, "nodes": [{"number": "BLOCKED", "taxCode": {"code": "S20"}}]},
        "customers": {"totalCount": 9, "nodes": [{"number": "BLOCKED-ALL"}]},
        "salesOrders": {"totalCount": 0},
        "again": {"nodes": [{"number": "UNTAXED"}]},
        "company": {"name": "World", "currency": {"code": "EUR"}},
    }
