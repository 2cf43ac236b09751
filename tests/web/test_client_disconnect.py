"""Clients that disconnect: queries are stopped, mutations are completed, and no other client
notices."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import create_app
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.web.client_disconnect import is_gone
from tests.support.logs import Log
from tests.support.requests import ENDLESS, locked, make_tax_codes_slow
from tests.support.served import (
    NO_CERTIFICATES,
    PATIENCE,
    Client,
    connected,
    serving,
    statements,
    transactions,
    wait_until,
)

CREATE = """mutation {
  one: createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { id } }
  two: createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { id } } }"""
COUNT = "{ salesOrders { totalCount } }"
NEW = """{ items { nodes { number taxCode { code } baseUnitOfMeasure { code } } }
  customers { nodes { number currency { code } paymentTerms { code } } } }"""


@pytest.fixture
def only(world_url: str) -> Iterator[Client]:
    """The gateway with one connection: an operation that does not return it blocks all others, and no
    deadline helps."""
    settings = Settings(database_url=world_url, pool_size=1, deadline=10 * PATIENCE)
    with serving(settings) as client:
        yield client


@contextmanager
def unlogged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Assert that nothing is logged."""
    yield
    time.sleep(0.3)
    assert caplog.text == ""


def test_a_read_is_stopped_when_its_client_disconnects(
    only: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The query never ends by itself, so otherwise no other client would get the connection."""
    make_tax_codes_slow(world_url)
    query = "{ taxCodes { nodes { code } } items { nodes { taxCode { code } } } }"
    with unlogged(caplog):
        with statements() as seen, connected(only, query):
            wait_until(lambda: any("tax_codes" in statement for statement in seen))
        assert only.ask("{ items { totalCount } }") == {"items": {"totalCount": 507}}


def test_a_mutation_is_completed_even_if_its_client_disconnects(
    only: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with unlogged(caplog):
        with locked(world_url):
            with transactions() as begun, connected(only, CREATE):
                wait_until(lambda: begun)
            time.sleep(0.5)
        wait_until(lambda: only.ask(COUNT) == {"salesOrders": {"totalCount": 2}})


def test_half_a_request_does_not_cause_a_crash(
    only: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with unlogged(caplog), connected(only, COUNT, left_out=3):
        time.sleep(0.1)
    assert only.ask(COUNT) == {"salesOrders": {"totalCount": 0}}


class Blocked:
    """An application that blocks its server's event loop until `over` is set, and then counts the
    requests whose client is still connected."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()
        self.gone: list[bool] = []
        self.app = Starlette(routes=[Route("/block", self.block), Route("/work", self.work)])

    async def block(self, _: Request) -> Response:
        self.begun.set()
        self.over.wait(PATIENCE)
        return Response()

    async def work(self, request: Request) -> Response:
        self.gone.append(is_gone(request))
        return Response()


def test_no_work_begins_for_a_client_that_has_already_disconnected() -> None:
    blocked = Blocked()
    with serving(Settings(), app=blocked.app) as client, ThreadPoolExecutor(2) as pool:
        host, port = client.url.removeprefix("http://").split(":")
        answers = [pool.submit(client.http.get, client.url + "/block")]
        assert blocked.begun.wait(PATIENCE)
        for _ in range(300):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(b"GET /work HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answers.append(pool.submit(httpx2.get, client.url + "/work", verify=NO_CERTIFICATES))
        blocked.over.set()
        assert [each.result().status_code for each in answers] == [200, 200]
        wait_until(lambda: len(blocked.gone) == 301)
    assert blocked.gone.count(True) == 300


@pytest.mark.parametrize(("query", "each"), [(NEW, 15), (COUNT, 75)])
def test_clients_that_disconnect_leave_a_line_each_in_the_log(
    world_url: str, caplog: pytest.LogCaptureFixture, query: str, each: int
) -> None:
    """Whether their documents are new or known, and whenever they hang up."""
    log, settings = Log(), Settings(database_url=world_url)
    app = create_app(settings, log=log.logger)
    with serving(settings, app=app) as client, unlogged(caplog):
        for delay in (0, 0.03, 0.06, 0.1):
            with ExitStack() as stack:
                for number in range(each):
                    text = query.replace("items", f"a{number}_{delay * 100:.0f}: items")
                    stack.enter_context(connected(client, text))
                time.sleep(delay)
        log.last(4 * each)
        gc.collect()
    outcomes = {line["outcome"] for line in log.lines}
    assert "disconnected" in outcomes
    assert outcomes <= {"disconnected", "ok"}


@pytest.mark.anyio
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("is_apart", [False, True])
async def test_a_cancelled_read_returns_its_connection_at_once(
    world_url: str, is_apart: bool, times: int
) -> None:
    """This holds for repeated cancellations, and whether its caller or another task has begun the
    read."""
    database = Database(world_url, pool_size=1, max_overflow=0, pool_timeout=PATIENCE)
    snapshot = database.snapshot()

    async def read() -> Any:
        reading = snapshot.rows(sa.text(ENDLESS))
        try:
            return await (asyncio.shield(asyncio.create_task(reading)) if is_apart else reading)
        finally:
            await snapshot.close()

    operation = asyncio.create_task(read())
    await asyncio.sleep(0.2)
    for _ in range(times):
        operation.cancel()
        await asyncio.sleep(0.001)
    with pytest.raises(asyncio.CancelledError):
        await operation
    async with asyncio.timeout(PATIENCE):
        after = database.snapshot()
        assert (await after.rows(sa.text("SELECT 1"))) == [(1,)]
        await after.close()
        await database.dispose()
