"""The query plans and times of pages of a list with a million orders, on SQLite and PostgreSQL.

`python -m tests.bench.plans [ORDERS]` makes the two databases, asks for each page as the gateway does,
and prints every statement's plan with the best time of five. It takes minutes and gigabytes, so it is not for CI."""

import asyncio
import datetime as dt
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.filterable import Filterable, Relation
from gateway.storage.migrations import migrate
from gateway.storage.paging import SortKey, Window, encode_cursor
from gateway.storage.reading import Reader
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from tests.support.databases import Postgres
from tests.support.world import COMPANY, load_world

CUSTOMERS = 5000
SORT = (SortKey("order_date", descending=True), SortKey("id", descending=True))
MIXED = (SortKey("status"), SortKey("order_date", descending=True), SortKey("id", descending=True))
NAMES = frozenset({"id", "number", "order_date", "customer_id", "total_amount_including_tax"})
CUSTOMER = Filterable(CustomerRow, {"id": "id", "number": "number"})
ORDERS = Filterable(
    SalesOrderRow,
    {
        "number": "number",
        "status": "status",
        "order_date": "order_date",
        "last_modified_date_time": "last_modified_date_time",
    },
    relations={"customer": Relation(CUSTOMER, "customer_id", "id", is_many=False)},
)

LINES = Filterable(
    SalesOrderLineRow,
    {"quantity": "quantity"},
    relations={"sales_order": Relation(ORDERS, "sales_order_id", "id", is_many=False)},
)
IN_ORDER = (SortKey("sales_order_id"), SortKey("sequence"), SortKey("id"))
CHANGED = (SortKey("last_modified_date_time"), SortKey("id"))

SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {})",
    "postgresql": "WITH series(n) AS (SELECT * FROM generate_series(1, {}))",
}
GUIDS = {
    "sqlite": "printf('%08x-0000-4000-{variant}-%012x', ({n} * 2654435761) & 4294967295, {n})",
    "postgresql": "(lpad(to_hex(({n}::bigint * 2654435761) & 4294967295), 8, '0')"
    " || '-0000-4000-{variant}-' || lpad(to_hex({n}), 12, '0'))::uuid",
}
DAYS = {
    "sqlite": "date('2010-01-01', (n % 5000) || ' days')",
    "postgresql": "date '2010-01-01' + n % 5000",
}


MOMENTS = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', '2024-01-01', n || ' minutes')",
    "postgresql": "timestamptz '2024-01-01 00:00Z' + n * interval '1 minute'",
}


async def fill(database: Database, orders: int) -> str:
    """Create customers, and orders with one line each. Returns the number of a customer."""
    dialect = database.engine.dialect.name
    async with database.write() as session:
        company, currency = (
            await session.execute(
                sa.text(
                    "SELECT company_id, currencies.id FROM currencies JOIN companies ON companies.id = company_id"
                    " WHERE name = :name AND code = 'EUR'"
                ),
                {"name": COMPANY},
            )
        ).one()
        common = {"company_id": f"'{company}'", "display_name": "'Customer'"}
        customer = {
            **_defaults(CustomerRow, dialect),
            **common,
            "id": GUIDS[dialect].format(variant="8000", n="n"),
            "number": "'B' || n",
            "number_folded": "'b' || n",
        }
        await session.execute(_insert("customers", customer, CUSTOMERS, dialect))
        owner = GUIDS[dialect].format(variant="8000", n=f"(n % {CUSTOMERS} + 1)")
        order = {
            **_defaults(SalesOrderRow, dialect),
            "company_id": f"'{company}'",
            "id": GUIDS[dialect].format(variant="9000", n="n"),
            "number": "'B' || n",
            "number_folded": "'b' || n",
            "order_date": DAYS[dialect],
            "posting_date": DAYS[dialect],
            "customer_id": owner,
            "bill_to_customer_id": owner,
            "customer_number": f"'B' || (n % {CUSTOMERS} + 1)",
            "customer_name": "'Customer'",
            "bill_to_name": "'Customer'",
            "currency_id": f"'{currency}'",
            "total_amount_including_tax": "n % 1000 * 997 + n % 997",
            "last_modified_date_time": MOMENTS[dialect],
            "status": "CASE n % 3 WHEN 0 THEN 'DRAFT' WHEN 1 THEN 'RELEASED' ELSE 'PAID' END",
        }
        await session.execute(_insert("sales_orders", order, orders, dialect))
        line = {
            **_defaults(SalesOrderLineRow, dialect),
            "company_id": f"'{company}'",
            "id": GUIDS[dialect].format(variant="a000", n="n"),
            "sales_order_id": order["id"],
            "line_type": "'ITEM'",
            "quantity": "n % 100 + 1",
        }
        await session.execute(_insert("sales_order_lines", line, orders, dialect))
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(sa.text("ANALYZE"))
    return "B77"


def _defaults(model: Any, dialect: str) -> dict[str, str]:
    """A value for every column that requires one."""
    values: dict[str, str] = {}
    for column in model.__table__.columns:
        if column.nullable:
            continue
        match column.type:
            case sa.Boolean():
                values[column.name] = "false" if dialect == "postgresql" else "0"
            case sa.Enum():
                values[column.name] = f"'{column.type.enums[0]}'"
            case _:
                values[column.name] = "1"
    for name in values:
        if name.endswith("_date_time"):
            values[name] = "'2026-01-01 00:00:00.000000'"
    return values


def _insert(table: str, values: dict[str, str], count: int, dialect: str) -> sa.TextClause:
    if dialect == "postgresql":
        values = {
            name: f"({value})::timestamptz" if name.endswith("_date_time") else value
            for name, value in values.items()
        }
        values = {
            name: f"{value}::uuid" if name.endswith("id") and value.startswith("'") else value
            for name, value in values.items()
        }
    series, columns = SERIES[dialect].format(count), ", ".join(values)
    return sa.text(
        f"INSERT INTO {table} ({columns}) {series} SELECT {', '.join(values.values())} FROM series"
        if dialect == "postgresql"
        else f"INSERT INTO {table} ({columns}) SELECT * FROM ({series}"
        f" SELECT {', '.join(values.values())} FROM series)"
    )


async def explain(
    database: Database, title: str, listed: Filter, window: Window, customers: Sequence[str] = ()
) -> None:
    """Read a page, or a page for each customer, as the gateway does. Then print the plan and the best
    time of its statement."""
    names = NAMES & set(listed.fields.model.__table__.columns.keys())
    seen: list[tuple[str, Any]] = []

    def record(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(Engine, "before_cursor_execute", record)
    best = 1e9
    for _ in range(5):
        reader = Reader(database, ScopeRequest(COMPANY))
        await reader.scope()
        start = time.perf_counter()
        requested = [
            reader.pages(title, listed, window, "customer_id", key, names) for key in customers
        ]
        pages = await asyncio.gather(*requested or [reader.page(listed, window, names)])
        best = min(best, time.perf_counter() - start)
        await reader.close()
    sa.event.remove(Engine, "before_cursor_execute", record)
    rows = sum(len(page.rows) for page in pages)
    print(f"\n{title}: {rows} rows, {best * 1000:.2f} ms")
    for line in await _plan(database, *seen[-1]):
        print("    " + line)


async def _plan(database: Database, statement: str, parameters: Any) -> Sequence[str]:
    command = (
        "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "
    )
    async with database.engine.connect() as connection:
        plan = (await connection.exec_driver_sql(command + statement, parameters)).all()
    return [row[-1] if database.is_sqlite else row[0] for row in plan]


async def measure(url: str, orders: int) -> None:
    database = Database(url)
    await migrate(database)
    await load_world(database)
    customer = await fill(database, orders)
    print(f"\n## {database.engine.dialect.name}, {orders:,} orders of {CUSTOMERS:,} customers")
    everything = Filter(ORDERS, {})
    async with database.engine.connect() as connection:
        table = SalesOrderRow.__table__
        deep = sa.select(table.c.order_date, table.c.id).order_by(table.c.order_date, table.c.id)
        row = (await connection.execute(deep.offset(100).limit(1))).one()
    cursor = encode_cursor(SalesOrderRow, SORT, row)
    by_number = Filter(ORDERS, {"customer": {"number": {"eq": customer}}})
    reader = Reader(database, ScopeRequest(COMPANY))
    one = Filter(CUSTOMER, {"number": {"eq": customer}})
    [found] = (await reader.page(one, Window((SortKey("id"),), 1), NAMES)).rows
    many = Filter(CUSTOMER, {"number": {"starts_with": "B77"}})
    some = (await reader.page(many, Window((SortKey("id"),), 50), NAMES)).rows
    await reader.close()
    by_id = Filter(ORDERS, {"customer": {"id": {"eq": found.id}}})
    by_status = Filter(ORDERS, {"status": {"eq": "DRAFT"}})
    await explain(database, "first page", everything, Window(SORT, 50))
    await explain(
        database, f"page {orders // 50 - 2:,} of a walk", everything, Window(SORT, 50, cursor)
    )
    await explain(
        database, "last page, read backward", everything, Window(SORT, 50, None, backward=True)
    )
    await explain(database, "page by customer id", by_id, Window(SORT, 50))
    await explain(database, "page by customer number", by_number, Window(SORT, 50))
    await explain(database, "page by status", by_status, Window(SORT, 50))
    days = {"gte": dt.date(2012, 1, 1), "lte": dt.date(2012, 1, 31)}
    since = {"gte": dt.datetime(2025, 6, 1, tzinfo=dt.UTC)}
    in_days = Filter(ORDERS, {"order_date": days})
    changed = Filter(ORDERS, {"last_modified_date_time": since})
    numbered = Filter(ORDERS, {"number": {"eq": "B777777"}})
    await explain(database, "page of a month", in_days, Window(SORT, 50))
    await explain(database, "page of what changed since", changed, Window(CHANGED, 50))
    await explain(database, "order by number", numbered, Window(SORT, 50))
    await explain(
        database,
        f"the first five of {len(some)} customers",
        everything,
        Window(SORT, 5),
        [row.id for row in some],
    )
    await explain(database, "page of lines", Filter(LINES, {}), Window(IN_ORDER, 50))
    of_order = Filter(LINES, {"sales_order": {"number": {"eq": "B7777"}}})
    await explain(database, "page of an order's lines", of_order, Window(IN_ORDER, 50))
    for column in (
        "posting_date",
        "number",
        "customer_number",
        "status",
        "total_amount_including_tax",
        "last_modified_date_time",
    ):
        sort = (SortKey(column), SortKey("id"))
        await explain(database, f"first page by {column}", everything, Window(sort, 50))
    await database.dispose()


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(f"sqlite:///{folder}/plans.db", orders))
    postgres = Postgres(uuid.uuid4().hex)
    try:
        postgres.run("CREATE DATABASE plans")
        asyncio.run(measure(postgres.named("plans"), orders))
    finally:
        postgres.stop()


if __name__ == "__main__":
    main()
