"""What row security of PostgreSQL costs: the times of the usual filters and sorts with it and without.

`python -m tests.bench.secured_pages [ORDERS]` prints a table in Markdown: the time of a page of 50, best of
15, and the blocks that PostgreSQL reads for it. Where an index looks up something else with row security, the
two conditions follow."""

import asyncio
import datetime as dt
import re
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from gateway.opened_database import open_database
from gateway.settings import Settings
from gateway.storage.companies import list_companies
from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.filterable import Filterable, Relation
from gateway.storage.paging import SortKey, Window, encode_cursor
from gateway.storage.reading import Reader
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderRow
from tests.bench.plans import fill
from tests.support.databases import Postgres, PostgresTemplates
from tests.support.secured import SecuredDatabases
from tests.support.world import COMPANY

COLUMNS = (
    "number",
    "status",
    "order_date",
    "total_amount_including_tax",
    "last_modified_date_time",
    "customer_name",
    "customer_number",
)
CUSTOMER = Filterable(CustomerRow, {"number": "number"})
ORDERS = Filterable(
    SalesOrderRow,
    {column: column for column in COLUMNS},
    relations={"customer": Relation(CUSTOMER, "customer_id", "id", is_many=False)},
)
NAMES = frozenset({"id", *COLUMNS})
DAYS = {"gte": dt.date(2012, 1, 1), "lte": dt.date(2012, 1, 31)}
SINCE = {"gte": dt.datetime(2024, 1, 14, tzinfo=dt.UTC)}
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "`orderDate` in a month": {"order_date": DAYS},
    "`lastModifiedDateTime` since": {"last_modified_date_time": SINCE},
    "`status` is DRAFT": {"status": {"eq": "DRAFT"}},
    "`number` is": {"number": {"eq": "B7777"}},
    "`number` begins with": {"number": {"starts_with": "B777"}},
    "`totalAmountIncludingTax` is": {"total_amount_including_tax": {"eq": Decimal(499_498)}},
    "`totalAmountIncludingTax` at least": {"total_amount_including_tax": {"gte": Decimal(996_000)}},
    "`customer.number` is": {"customer": {"number": {"eq": "B77"}}},
}
REPEATED = 15


@contextmanager
def recorded() -> Iterator[list[tuple[str, Any]]]:
    """The statements that run meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def record(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(Engine, "before_cursor_execute", record)
    try:
        yield seen
    finally:
        sa.event.remove(Engine, "before_cursor_execute", record)


async def page(database: Database, listed: Filter, window: Window) -> tuple[str, str]:
    """The best time of a page and the blocks that are read, and the condition that its index looks up."""
    best = 1e9
    for _ in range(REPEATED):
        reader = Reader(database, ScopeRequest(COMPANY))
        await reader.scope()
        with recorded() as seen:
            start = time.perf_counter()
            await reader.page(listed, window, NAMES)
            best = min(best, time.perf_counter() - start)
        await reader.close()
    plan = "\n".join(await _plan(database, *seen[-1]))
    blocks = re.findall(r"Buffers: shared hit=(\d+)", plan)[0]
    looked_up = " ".join(sorted(re.findall(r"Index Cond: (.*)", plan)))
    return f"{best * 1000:.1f} ms, {blocks} blocks", looked_up


async def _plan(database: Database, statement: str, parameters: Any) -> Sequence[str]:
    [company] = [each.id for each in await list_companies(database) if each.name == COMPANY]
    async with aclosing(await database.bound_to(company).connect()) as connection:
        command = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {statement}"
        return [str(row[0]) for row in await connection.exec_driver_sql(command, parameters)]


async def measure(settings: Settings, orders: int) -> None:
    secured = open_database(settings)
    off = secured.owner
    await fill(off, orders)
    print(f"| of {orders:,} orders | off | on | |\n| --- | --- | --- | --- |")
    window = Window((SortKey("order_date", descending=True), SortKey("id", descending=True)), 50)
    for title, conditions in FILTERS.items():
        await _compare(f"filter: {title}", (off, secured), Filter(ORDERS, conditions), window)
    for column in COLUMNS:
        keys = (SortKey(column), SortKey("id"))
        await _compare(f"sort: {column}", (off, secured), Filter(ORDERS, {}), Window(keys, 50))
        table = SalesOrderRow.__table__.c
        statement = sa.select(*(table[key.column] for key in keys))
        statement = statement.order_by(*(table[key.column] for key in keys)).offset(orders // 2)
        async with off.engine.connect() as connection:
            row = (await connection.execute(statement.limit(1))).one()
        later = Window(keys, 50, encode_cursor(SalesOrderRow, keys, row))
        title = f"sort: {column}, page in the middle"
        await _compare(title, (off, secured), Filter(ORDERS, {}), later)
    await secured.dispose()


async def _compare(
    title: str, databases: Sequence[Database], listed: Filter, window: Window
) -> None:
    (off, looked_up), (on, secured) = [await page(each, listed, window) for each in databases]
    mark = "" if looked_up == secured else f"{looked_up} -> {secured}"
    print(f"| {title} | {off} | {on} | {mark} |", flush=True)


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    uid = uuid.uuid4().hex
    server = Postgres(uid)
    try:
        assert server.made is not None
        templates = PostgresTemplates(uid, server.made, lambda: server)
        made = SecuredDatabases(server, templates, f"owner_{uid[:8]}", f"gateway_{uid[:8]}")
        asyncio.run(measure(made.world(), orders))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
