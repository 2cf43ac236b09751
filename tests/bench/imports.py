"""Imports beside a bare executemany of the same rows, in one run:
`python -m tests.bench.imports [LINES [sqlite|postgresql]]`.

Orders of 8 lines come as the two F&O files, are imported into an empty database on SQLite and on
PostgreSQL by a process of its own, whose peak of memory is shown, and then read back and inserted
again into empty tables, row for row, by the driver alone."""

import asyncio
import csv
import multiprocessing
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.imports.import_request import ImportRequest
from gateway.exchange.imports.importer import Importer, import_files
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from tests.support.databases import Postgres
from tests.support.default_rules import RULES
from tests.support.world import COMPANY, load_world

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


@dataclass(frozen=True)
class Import:
    """The cost of an import: elapsed seconds, seconds of processor time, and peak memory in MiB."""

    seconds: float
    work: float
    peak: float


def imported(url: str, paths: Sequence[Path]) -> Import:
    with multiprocessing.get_context("spawn").Pool(1) as own_process:
        return own_process.apply(_imported, (url, paths))


def _imported(url: str, paths: Sequence[Path]) -> Import:
    seconds, work = asyncio.run(_bring_in(url, paths))
    status = Path(
        "/proc/self/status"
    ).read_text()  # not getrusage, which starts at the parent's peak
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return Import(seconds, work, peak)


async def _bring_in(url: str, paths: Sequence[Path]) -> tuple[float, float]:
    database = Database(url)
    await migrate(database)
    await load_world(database)
    start, worked = time.perf_counter(), time.process_time()
    job = await import_files(
        Importer(database, ScopeRequest(COMPANY), RULES), paths, ImportOptions(), ImportRequest()
    )
    seconds, work = time.perf_counter() - start, time.process_time() - worked
    assert job.status.name == "SUCCEEDED", job.status
    await database.dispose()
    return seconds, work


TABLES = (SalesOrderRow.__table__, SalesOrderLineRow.__table__)


def bare_sqlite(path: Path) -> float:
    """Insert the rows of the file again, into its own emptied tables."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        copies = [database.execute(f"SELECT * FROM {table.name}").fetchall() for table in TABLES]
        for table in reversed(TABLES):
            database.execute(f"DELETE FROM {table.name}")
        database.execute("PRAGMA foreign_keys=ON")
        database.execute("PRAGMA synchronous=NORMAL")
        start = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for table, rows in zip(TABLES, copies, strict=True):
            marks = ", ".join("?" * len(table.columns))
            database.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
        database.execute("COMMIT")
        return time.perf_counter() - start


async def bare_postgres(url: str) -> float:
    connection = await asyncpg.connect(url)
    copies = [
        [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table.name}")]
        for table in TABLES
    ]
    await connection.execute("TRUNCATE sales_orders, sales_order_lines")
    start = time.perf_counter()
    async with connection.transaction():
        for table, rows in zip(TABLES, copies, strict=True):
            marks = ", ".join(f"${place}" for place in range(1, len(table.columns) + 1))
            await connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
    seconds = time.perf_counter() - start
    await connection.close()
    return seconds


def show(name: str, lines: int, ours: Import, bare: float) -> None:
    """Processor time shows growth even if the machine is busy with other work."""
    print(
        f"{name:<11} {lines:>9,} lines  {lines / ours.seconds:>8,.0f} lines/s"
        f"  bare {lines / bare:>9,.0f} lines/s  ratio {ours.seconds / bare:>5.1f}"
        f"  work {ours.work / lines * 1e6:,.0f} µs/line  peak {ours.peak:,.0f} MiB",
        flush=True,
    )


def on_sqlite(folder: Path, lines: int, paths: Sequence[Path]) -> None:
    ours = imported(f"sqlite:///{folder / 'bench.db'}", paths)
    show("SQLite", lines, ours, bare_sqlite(folder / "bench.db"))


def on_postgresql(folder: Path, lines: int, paths: Sequence[Path]) -> None:
    server = Postgres(uuid.uuid4().hex)
    try:
        server.run("CREATE DATABASE bench")
        url = server.named("bench")
        ours = imported(url, paths)
        show("PostgreSQL", lines, ours, asyncio.run(bare_postgres(url)))
    finally:
        server.stop()


BACKENDS = {"sqlite": on_sqlite, "postgresql": on_postgresql}


def main(lines: int, *backends: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_files(folder, lines // LINES_AN_ORDER)
        for backend in backends or BACKENDS:
            BACKENDS[backend](folder, lines, paths)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, *sys.argv[2:])
