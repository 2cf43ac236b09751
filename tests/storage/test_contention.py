"""Contention: a change that loses to another transaction at each attempt fails because the gateway is
busy."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from gateway.settings import Settings
from gateway.storage.contention import DatabaseBusy
from gateway.storage.database import Database
from gateway.storage.plans.sqlite_readers import SqliteReaders
from gateway.storage.scope import ScopeRequest
from gateway.storage.sqlite_connections import prepare_reader
from gateway.storage.transactions import transact
from tests.support.requests import execute, locked
from tests.support.served import Client, serving

CREATE = """mutation { createSalesOrder(input: {customer: {number: "C1"}}) {
  salesOrder { number } userErrors { code } } }"""
COUNT = "{ salesOrders { totalCount } }"
BUSY = [
    {"message": message, "code": "OVERLOADED"}
    for message in (
        "The database is busy; try again in a moment.",
        "The operation took longer than 3 seconds and was stopped; none of its changes were saved.",
    )
]
"""The refusal of the last attempt, and of an attempt that lasts until the deadline."""
SECONDS = 0.1
"""The seconds that the gateway waits for a lock in these tests."""


@pytest.fixture
def impatient_url(world_url: str) -> str:
    """The world, with a short time-out for locks."""
    if world_url.startswith("sqlite"):
        return f"{world_url}?timeout={SECONDS}"
    name = make_url(world_url).database
    execute(world_url, f'ALTER DATABASE "{name}" SET lock_timeout = {int(SECONDS * 1000)}')
    return world_url


def refusals(client: Client, document: str) -> list[dict[str, Any]]:
    """The errors of an operation, each with its message and its extensions."""
    answer = client.send(document)
    return [{"message": error["message"], **error["extensions"]} for error in answer["errors"]]


def test_a_change_that_is_locked_out_at_each_attempt_is_overloaded_and_succeeds_later(
    impatient_url: str, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether graphql-core or a plan runs it. Nothing is stored, and reads continue."""
    with serving(Settings(database_url=impatient_url, deadline=3)) as client:
        for new in range(2):
            with locked(world_url):
                [refusal] = refusals(client, CREATE)
                assert refusal in BUSY
                assert client.ask(COUNT) == {"salesOrders": {"totalCount": new}}
            created = client.ask(CREATE)["createSalesOrder"]
            assert created == {"salesOrder": {"number": f"SO-{new + 1:06}"}, "userErrors": []}
    assert caplog.text == ""


def codes_of(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


def test_an_overloaded_gateway_says_by_http_when_to_try_again(
    impatient_url: str, world_url: str
) -> None:
    """Whether graphql-core runs the change or a plan does."""
    with serving(Settings(database_url=impatient_url, deadline=1)) as client:
        for media_type, status in [
            ("application/graphql-response+json", 503),
            ("application/json", 200),
        ]:
            for _ in range(2):
                with locked(world_url):
                    response = client.http.post(
                        client.url + "/graphql",
                        json={"query": CREATE},
                        headers={"accept": media_type},
                    )
                message = response.status_code, response.headers.get("retry-after")
                assert message == (status, "1"), response.text
                assert codes_of(response.json()) == ["OVERLOADED"]
            assert "errors" not in client.send(CREATE)


@contextmanager
def exclusive(database: Database) -> Iterator[None]:
    """Another connection has locked the SQLite file exclusively, so it cannot even be read."""
    with closing(sqlite3.connect(str(database.file), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


async def snapshot(database: Database) -> Any:
    reading = database.snapshot()
    try:
        return list(await reading.rows(sa.text("SELECT name FROM companies")))
    finally:
        await reading.close()


async def plan(database: Database) -> Any:
    readers = SqliteReaders(str(database.file), database.patience, prepare_reader)
    try:
        return await readers.run(
            lambda result: result.execute("SELECT name FROM companies").fetchall()
        )
    finally:
        await asyncio.to_thread(readers.close)


async def transaction(database: Database) -> Any:
    async with database.read() as session:
        return list(await session.execute(sa.text("SELECT name FROM companies")))


async def change(database: Database) -> Any:
    async def nothing(_: Any) -> Any:
        return [("World",)]

    return await transact(database, ScopeRequest(), nothing)


@pytest.mark.anyio
@pytest.mark.parametrize("use", [snapshot, plan, transaction, change])
async def test_a_file_locked_exclusively_by_another_process_is_busy_until_it_is_released(
    impatient_url: str, backend: str, use: Callable[[Database], Awaitable[Any]]
) -> None:
    if backend != "sqlite":
        pytest.skip("no client can lock others out of PostgreSQL")
    database = Database(impatient_url, poolclass=NullPool)
    with exclusive(database), pytest.raises(DatabaseBusy):
        await use(database)
    assert await use(database) == [("World",)]
    await database.dispose()
