"""How long the most expensive documents block the event loop, on the demo company.

python -m tests.bench.turns"""

import asyncio
import tempfile
from pathlib import Path

from gateway.api.operations import Operation, run_operation
from gateway.demo.northwind import load_demo
from gateway.execution.limits import Limits
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.web.process import tune_memory
from tests.support.contexts import context_of
from tests.support.expensive import EXPENSIVE, longest_stretch, unit


async def measure(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await load_demo(database)
    tune_memory()
    known = unit()
    for name, document in EXPENSIVE.items():
        context = context_of(database, Limits())
        stretch = await longest_stretch(run_operation(Operation(document), context))
        print(f"{name:20} {1000 * stretch:6.0f} ms {stretch / known:6.1f} times the known workload")
    await database.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(f"sqlite:///{Path(folder) / 'demo.db'}"))
