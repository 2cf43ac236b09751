"""Imports beside a bare executemany of the same rows, in one run: `python -m tests.bench.imports [LINES]`.

Orders of 8 lines come as the two F&O files, are imported into an empty database on SQLite and on
PostgreSQL, and then read back and inserted again into empty tables, row for row, by the driver alone."""

import asyncio
import csv
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import asyncpg

from gateway.exchange.jobs import Importer, Request, import_files
from gateway.exchange.sheets import Reading
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.sales_orders import SalesOrder, SalesOrderLine
from tests.conftest import Postgres
from tests.world import COMPANY, load_world

LINES_AN_ORDER = 8
ITEMS = 400
HEADINGS = ("SALESORDERNUMBER", "ORDERINGCUSTOMERACCOUNTNUMBER", "CURRENCYCODE",
            "REQUESTEDRECEIPTDATE", "ORDERCREATIONDATETIME")  # fmt: skip
LINE_HEADINGS = ("SALESORDERNUMBER", "INVENTORYLOTID", "LINECREATIONSEQUENCENUMBER", "ITEMNUMBER",
                 "ORDEREDSALESQUANTITY", "SALESPRICE", "LINEDISCOUNTPERCENTAGE", "REQUESTEDSHIPPINGDATE")  # fmt: skip


def write_files(folder: Path, orders: int) -> list[Path]:
    headers, lines = folder / "headers.csv", folder / "lines.csv"
    with headers.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for order in range(orders):
            writer.writerow((f"B{order:08}", "C1", "EUR", "2026-02-01", "2026-01-15"))
    with lines.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LINE_HEADINGS)
        for order in range(orders):
            for line in range(1, LINES_AN_ORDER + 1):
                item = (order * 7 + line * 13) % ITEMS + 1
                cells = (f"B{order:08}", f"L{order:08}-{line}", line * 10000, f"I{item:04}")
                writer.writerow(
                    (*cells, line, f"{item}.35", 5 if line % 3 == 0 else 0, "2026-02-01")
                )
    return [headers, lines]


async def imported(url: str, paths: Sequence[Path]) -> float:
    database = Database(url)
    await migrate(database)
    await load_world(database)
    start = time.perf_counter()
    job = await import_files(Importer(database, COMPANY, Rules()), paths, Reading(), Request())
    seconds = time.perf_counter() - start
    assert job.status.name == "SUCCEEDED", job.status
    await database.dispose()
    return seconds


TABLES = (SalesOrder.__table__, SalesOrderLine.__table__)


def bare_sqlite(path: Path) -> float:
    """The rows of the file again, into its own emptied tables."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        kept = [database.execute(f"SELECT * FROM {table.name}").fetchall() for table in TABLES]
        for table in reversed(TABLES):
            database.execute(f"DELETE FROM {table.name}")
        database.execute("PRAGMA foreign_keys=ON")
        database.execute("PRAGMA synchronous=NORMAL")
        start = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for table, rows in zip(TABLES, kept, strict=True):
            marks = ", ".join("?" * len(table.columns))
            database.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
        database.execute("COMMIT")
        return time.perf_counter() - start


async def bare_postgres(url: str) -> float:
    connection = await asyncpg.connect(url)
    kept = [
        [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table.name}")]
        for table in TABLES
    ]
    await connection.execute("TRUNCATE sales_orders, sales_order_lines")
    start = time.perf_counter()
    async with connection.transaction():
        for table, rows in zip(TABLES, kept, strict=True):
            marks = ", ".join(f"${place}" for place in range(1, len(table.columns) + 1))
            await connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
    seconds = time.perf_counter() - start
    await connection.close()
    return seconds


def show(name: str, lines: int, ours: float, bare: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<11} {lines:>9,} lines  {lines / ours:>8,.0f} lines/s  bare {lines / bare:>9,.0f}"
        f" lines/s  ratio {ours / bare:>5.1f}  peak {peak:,.0f} MiB"
    )


def main(lines: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_files(folder, lines // LINES_AN_ORDER)
        ours = asyncio.run(imported(f"sqlite:///{folder / 'bench.db'}", paths))
        show("SQLite", lines, ours, bare_sqlite(folder / "bench.db"))
        server = Postgres()
        try:
            server.run("CREATE DATABASE bench")
            url = server.named("bench")
            ours = asyncio.run(imported(url, paths))
            show("PostgreSQL", lines, ours, asyncio.run(bare_postgres(url)))
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
