"""The two databases, a small world in each, and the gateway served over real HTTP."""

import gc
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.pool import NullPool

from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.databases import Postgres, PostgresTemplates, SqliteTemplates, Templates
from tests.support.dialects import share_dialects
from tests.support.secured import SecuredDatabases
from tests.support.served import Client, serving, serving_demo
from tests.support.statement_scopes import STATEMENT_SCOPES
from tests.support.world import load_world

# Else each process that the tests start would compile the gateway anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

share_dialects()

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
    "test_soak",
    "test_upgrades",
    "test_readme",
    "test_export_round_trips",
    "test_docker",
    "test_import_heals",
    "test_plan_differential",
    "test_deadline",
    "test_companies",
    "test_import_memory",
    "test_migrations",
    "test_frontend",
    "test_cli.",
    "test_snapshot",
    "test_import",
    "test_export",
    "test_plan_",
    "test_write_random",
    "test_hostile_documents",
    "test_create_random",
    "test_life_cycle",
)
"""Prefixes of the slowest test files, longest first. They run first so that no worker is left with one
at the end."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collection leaves no garbage, and in each worker the collector would take seconds to see that."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    ranks = (place for place, name in enumerate(LONG) if item.path.name.startswith(name))
    return next(ranks, len(LONG))


def pytest_collection_finish() -> None:
    spare_collector()


STATEMENT_SCOPES.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test during which the gateway has run a statement that is not limited to a company."""
    yield
    unscoped = STATEMENT_SCOPES.take()
    assert unscoped == [] or item.get_closest_marker("own_statements")


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.path != item.path:
        spare_collector()


def spare_collector() -> None:
    """Keep the collector away from objects that live until the end. Otherwise it takes an eighth of the
    time, and each further file of tests leaves more of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database: a test that uses this fixture runs on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Path:
    """A folder that all processes of this test run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"shared-{testrun_uid}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[Postgres]:
    server = Postgres(testrun_uid)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def all_templates(
    shared: Path, testrun_uid: str, request: pytest.FixtureRequest
) -> dict[str, Templates]:
    """The templates of each database. They do not depend on `backend`, so pytest keeps them when the
    tests of a file change from one database to the other."""
    return {
        "sqlite": SqliteTemplates(shared),
        "postgresql": PostgresTemplates(
            testrun_uid, shared, lambda: request.getfixturevalue("postgres")
        ),
    }


@pytest.fixture(scope="session")
def templates(backend: str, all_templates: dict[str, Templates]) -> Templates:
    return all_templates[backend]


@pytest.fixture
def world_url(templates: Templates) -> Iterator[str]:
    """A separate database with the data of `tests.support.world`."""
    url = templates.copy("world", load_world)
    yield url
    templates.remove(url)


@pytest.fixture
async def database(world_url: str) -> AsyncIterator[Database]:
    """The world, opened without a pool: every read and write must cope with a cold connection."""
    database = Database(world_url, poolclass=NullPool)
    yield database
    await database.dispose()


@pytest.fixture
def client(world_url: str) -> Iterator[Client]:
    """A client of the gateway, served over HTTP on `world_url`."""
    with serving(Settings(database_url=world_url)) as client:
        yield client


@pytest.fixture(scope="session")
def secured(
    postgres: Postgres, all_templates: dict[str, Templates], testrun_uid: str
) -> SecuredDatabases:
    """Makes databases with row security."""
    roles = [f"{kind}_{testrun_uid[:8]}" for kind in ("owner", "gateway")]
    return SecuredDatabases(postgres, all_templates["postgresql"], *roles)


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
    """The gateway over the orders of Northwind, for tests that only read. Its answers say how they came
    about."""
    client: Client = request.getfixturevalue(f"demo_on_{backend}")
    return client
