"""Outages of PostgreSQL: clients get coded errors in time, and the gateway recovers by itself."""

import itertools
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.processes import served
from tests.support.requests import execute, locked, make_tax_codes_slow
from tests.support.served import Client, connected, serving, wait_until
from tests.support.tcp_proxy import TcpProxy, proxied
from tests.support.world import load_world

DEADLINE = 2.0
CONNECTIONS = 4
BOUND = 20.0
"""Seconds after which a request counts as hung, however slow the machine is."""

READ = "{ items { totalCount } customers { totalCount } company { name } }"
BY_CORE = '{ items(first: 1) { nodes { number } } node(id: "x") { id } }'
CREATE = (
    'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { number } } }'
)
SLOW = "{ taxCodes { nodes { code } } }"
BUSY = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"""
ANSWERS = "application/graphql-response+json"


@pytest.fixture(scope="module")
def postgresql_url(all_templates: dict[str, Templates]) -> str:
    return all_templates["postgresql"].copy("world", load_world)


@pytest.fixture(scope="module")
def gateway(postgresql_url: str) -> Iterator[tuple[TcpProxy, Client]]:
    """A gateway that reaches its database through a proxy."""
    with proxied(postgresql_url) as (proxy, url):
        settings = Settings(database_url=url, deadline=DEADLINE, pool_size=CONNECTIONS)
        with serving(settings) as client:
            yield proxy, client


@pytest.fixture
def distant(gateway: tuple[TcpProxy, Client]) -> Iterator[tuple[TcpProxy, Client]]:
    """The same gateway with a healthy network. It recovers after the test, with all its connections."""
    proxy, client = gateway
    for document in (READ, CREATE, BY_CORE):
        wait_until(lambda query=document: post(client, query).status_code == 200)
    yield proxy, client
    with ThreadPoolExecutor(3 * CONNECTIONS) as pool:
        for response in pool.map(lambda _: post(client, READ), range(3 * CONNECTIONS)):
            assert response.status_code == 200, response.text
    assert proxy.connections <= CONNECTIONS


def post(client: Client, document: str, media_type: str = ANSWERS) -> httpx2.Response:
    url, headers = client.url + "/graphql", {"accept": media_type}
    return client.http.post(url, json={"query": document}, headers=headers)


def observed(client: Client, until: Callable[[], bool]) -> list[tuple[float, httpx2.Response]]:
    """The responses that clients with various operations get until a condition is met, each with the seconds
    that it took."""

    def ask(documents: tuple[str, ...]) -> list[tuple[float, httpx2.Response]]:
        seen = []
        for document in itertools.cycle(documents):
            begin = time.monotonic()
            response = post(client, document)
            seen.append((time.monotonic() - begin, response))
            if until():
                return seen
        return seen

    kinds = [(READ,), (CREATE,), (BY_CORE, CREATE), (READ, CREATE)]
    with ThreadPoolExecutor(2 * len(kinds)) as pool:
        return list(itertools.chain(*pool.map(ask, 2 * kinds)))


def check(seen: list[tuple[float, httpx2.Response]]) -> set[str]:
    """The codes of the failures, each of which is temporary and came in time."""
    codes = set()
    for seconds, response in seen:
        assert seconds < BOUND
        if response.status_code != 200:
            [error] = response.json()["errors"]
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            codes.add(error["extensions"]["code"])
    assert codes <= {"UNAVAILABLE", "OVERLOADED"}
    return codes


def after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def test_a_gateway_without_a_database_answers_unavailable_and_logs_a_line_a_second(
    distant: tuple[TcpProxy, Client], caplog: pytest.LogCaptureFixture
) -> None:
    """The line counts the failures. The gateway is alive, but not ready until the database is back."""
    proxy, client = distant
    begin = time.monotonic()
    proxy.refuse()
    seen = observed(client, after(1.5))
    assert check(seen) == {"UNAVAILABLE"}
    assert {response.status_code for _, response in seen} == {503}
    as_json = post(client, READ, "application/json")
    assert (as_json.status_code, as_json.headers["retry-after"]) == (200, "1")
    assert client.http.get(client.url + "/healthz").status_code == 200
    unready = client.http.get(client.url + "/readyz")
    assert (unready.status_code, unready.text.split(":")[0]) == (
        503,
        "The database cannot be reached",
    )
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert 1 <= len(lines) <= time.monotonic() - begin + 1
    assert {record.name for record in lines} == {"gateway.outages"}
    assert not any(record.exc_info for record in caplog.records)
    proxy.accept()
    wait_until(lambda: client.http.get(client.url + "/readyz").status_code == 200)
    assert "the database was unavailable for" in caplog.text


def test_a_silent_network_holds_no_client_beyond_its_deadline(
    distant: tuple[TcpProxy, Client], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is answered, refused or closed, as behind a firewall that drops everything."""
    proxy, client = distant
    proxy.silence()
    seen = observed(client, lambda: "does not answer" in caplog.text)
    assert "UNAVAILABLE" in check(seen)
    assert not any(record.exc_info for record in caplog.records)
    proxy.resume()
    wait_until(lambda: post(client, READ).status_code == 200)


def test_pooled_connections_that_were_cut_silently_are_replaced(
    distant: tuple[TcpProxy, Client],
) -> None:
    """New connections work all the time, as after a fail-over."""
    proxy, client = distant
    proxy.strand()
    assert "OVERLOADED" not in check(observed(client, lambda: proxy.connections > 1))
    wait_until(lambda: post(client, CREATE).status_code == 200)


def test_connections_that_are_cut_cost_at_most_the_requests_that_use_them(
    distant: tuple[TcpProxy, Client],
) -> None:
    proxy, client = distant
    for _ in range(3):
        proxy.reset()
        assert check(observed(client, after(0.2))) <= {"UNAVAILABLE"}
        wait_until(lambda: post(client, CREATE).status_code == 200)


def test_writers_that_wait_for_a_row_leave_connections_to_readers(
    gateway: tuple[TcpProxy, Client], postgresql_url: str
) -> None:
    """More writers than connections wait for the number series. Each is OVERLOADED in the end."""
    client = gateway[1]
    writers = 3 * CONNECTIONS
    with ThreadPoolExecutor(writers) as pool:
        with locked(postgresql_url):
            waiting = [pool.submit(post, client, CREATE) for _ in range(writers)]
            while not all(writer.done() for writer in waiting):
                assert client.ask(READ)
        codes = [writer.result().json()["errors"][0]["extensions"]["code"] for writer in waiting]
    assert codes == ["OVERLOADED"] * writers
    assert post(client, CREATE).status_code == 200


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
def test_a_gateway_that_stops_leaves_no_statement_running(
    all_templates: dict[str, Templates], tmp_path: Path, stop: signal.Signals
) -> None:
    url = all_templates["postgresql"].copy("world", load_world)
    make_tax_codes_slow(url)

    def busy() -> Any:
        return execute(url, BUSY) != [["(0,)"]]

    with served(tmp_path, database_url=url, stop_seconds="1") as client, connected(client, SLOW):
        wait_until(busy)
        os.kill(client.process, stop)
        wait_until(lambda: not busy())
