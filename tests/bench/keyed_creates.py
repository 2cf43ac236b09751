"""What an idempotency key costs: the processor time of new orders with a key and without, by turns.

python -m tests.bench.keyed_creates [ROUNDS]"""

import asyncio
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.api.context import Context, OperationState
from gateway.api.operations import Operation, run_operation
from gateway.api.plan_runner import PlanRunner
from gateway.demo.northwind import load_demo
from gateway.execution.limits import Limits
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.plans.row_store import RowsStore
from tests.bench.documents import GATEWAY
from tests.support.contexts import context_of
from tests.support.databases import Postgres

ORDERS = 40
"""New orders in one turn."""

ITEMS = ("1", "2", "3", "4", "6", "7", "8", "10", "11", "12")
LINES = [{"item": {"number": number}, "quantity": 3} for number in ITEMS]
INPUT: dict[str, Any] = {"customer": {"number": "ALFKI"}, "lines": LINES}


async def create(context: Context, *, is_keyed: bool) -> None:
    key = str(uuid.uuid4()) if is_keyed else None
    operation = Operation(GATEWAY["D"].query, {"input": INPUT}, idempotency_key=lambda: key)
    answer = await run_operation(operation, replace(context, state=OperationState()))
    assert b'"number"' in answer.body, answer.body


async def turn(context: Context, *, is_keyed: bool) -> float:
    """Milliseconds of processor time for an order. On PostgreSQL, that of the server is not included."""
    begun = time.process_time()
    for _ in range(ORDERS):
        await create(context, is_keyed=is_keyed)
    return (time.process_time() - begun) / ORDERS * 1000


async def measure(name: str, url: str, rounds: int) -> None:
    database = Database(url)
    await migrate(database)
    await load_demo(database)
    store = RowsStore(database)
    context = replace(context_of(database, Limits()), plans=PlanRunner(store))
    times: dict[bool, list[float]] = {False: [], True: []}
    for number in range(-1, rounds):
        for is_keyed in (number % 2 == 0, number % 2 != 0):
            milliseconds = await turn(context, is_keyed=is_keyed)
            if number >= 0:  # the first round compiles the document
                times[is_keyed].append(milliseconds)
    without, with_key = (statistics.median(times[is_keyed]) for is_keyed in (False, True))
    print(f"| {name} | {without:.2f} ms | {with_key:.2f} ms | {with_key / without:.2f} |")
    store.close()
    await database.dispose()


def main(rounds: int) -> None:
    print("| database | without a key | with a key | ratio |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure("SQLite", f"sqlite:///{Path(folder) / 'demo.db'}", rounds))
    server, name = Postgres("bench_keys"), f"keys_{uuid.uuid4().hex[:8]}"
    server.run(f"CREATE DATABASE {name}")
    try:
        asyncio.run(measure("PostgreSQL", server.named(name), rounds))
    finally:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")
        server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
