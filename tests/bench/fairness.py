"""How long modest callers wait beside a greedy one, on the demo company, with and without the limits of
callers.

python -m tests.bench.fairness [ROUNDS]"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.demo.northwind import load_demo
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.bench.databases import WORK, StoredPostgres
from tests.support.callers import ORDER, PAGE, add_callers, slowdown
from tests.support.processes import served

SECONDS = 2.0
QUERIES = {"one order": ORDER, "a page of 50 orders": PAGE}
LIMITS = {"16, shared": {}, "none": {"concurrency": "100000"}}
"""The settings of each bound on the operations of a caller."""


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    WORK.mkdir(parents=True, exist_ok=True)
    with StoredPostgres() as postgres:
        yield {"SQLite": f"sqlite:///{folder / 'demo.db'}", "PostgreSQL": postgres.empty()}


async def fill(url: str) -> list[str]:
    """The keys of the callers in a new demo database."""
    database = Database(url)
    await migrate(database)
    await load_demo(database)
    keys = await add_callers(database)
    await database.dispose()
    return keys


def measure(folder: Path, kind: str, url: str, rounds: int) -> None:
    keys = asyncio.run(fill(url))
    for name, query in QUERIES.items():
        for bound, limits in LIMITS.items():
            settings = {"database_url": url, "auth": "required", "rate": str(10**9), **limits}
            own = folder / f"{kind} {name} {bound}"
            own.mkdir()
            with served(own, **settings) as server:
                result = slowdown(server.url, keys, query, rounds, SECONDS)
            times = f"{1000 * result.alone:.0f} ms | {1000 * result.beside:.0f} ms"
            print(f"| {name} | {kind} | {bound} | {times} | {result.factor:.1f} |", flush=True)


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as work, databases(Path(work)) as urls:
        for kind, url in urls.items():
            measure(Path(work), kind, url, chosen)
