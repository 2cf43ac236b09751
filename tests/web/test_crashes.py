"""Crashes: writers that repeat their requests under idempotency keys, while gateways are killed and responses
are cut off."""

import os
import random
import signal
import threading
import time
from ast import literal_eval
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support.databases import Templates
from tests.support.processes import Server, served
from tests.support.requests import execute
from tests.support.served import NO_CERTIFICATES, PATIENCE, wait_until
from tests.support.tcp_proxy import TcpProxy
from tests.support.world import load_world

WRITERS = 6
CUT = 7
"""The connection is reset instead of sending every seventh part of a response."""

CREATE = """mutation ($document: String) { createSalesOrder(input: {
  customer: {number: "C1"}, externalDocumentNumber: $document, lines: [{item: {number: "I0001"}, quantity: 1}]}) {
  salesOrder { id number } userErrors { code } } }"""
STORED = "SELECT external_document_number, number FROM sales_orders"


class Gateway:
    """A gateway in a process of its own, behind a proxy that cuts off some responses."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._database_url = database_url
        self._parts = 0
        self._running = ExitStack()
        self._server: Server | None = None
        self.url = ""
        self.cut = 0
        """The number of responses that were cut off."""

    def start(self) -> None:
        self._server = self._running.enter_context(
            served(self._folder, database_url=self._database_url, log_level="error")
        )
        address = "127.0.0.1", urlsplit(self._server.url).port or 0
        proxy = self._running.enter_context(TcpProxy(address, self._is_cut).running())
        self.url = f"http://127.0.0.1:{proxy.port}/graphql"

    def kill(self) -> None:
        assert self._server is not None
        os.kill(self._server.process, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        self._running.close()

    def _is_cut(self) -> bool:
        self._parts += 1
        is_cut = self._parts % CUT == 0
        self.cut += is_cut
        return is_cut


@contextmanager
def gateways(folder: Path, url: str, count: int) -> Iterator[list[Gateway]]:
    result = []
    try:
        for place in range(count):
            (folder / str(place)).mkdir()
            gateway = Gateway(folder / str(place), url)
            gateway.start()
            result.append(gateway)
        yield result
    finally:
        for gateway in result:
            gateway.stop()


class Writers:
    """Create orders, and repeat each request until it is answered."""

    def __init__(self, gateways: list[Gateway], orders: int, seed: int) -> None:
        self._gateways = gateways
        self._seed = seed
        self._documents = iter([f"PO-{place}" for place in range(orders)])
        self._lock = threading.Lock()
        self.acknowledged: dict[str, bytes] = {}
        """The answers by external document number."""
        self.repeated = 0

    def run(self, number: int) -> None:
        choices = random.Random(f"{self._seed} writer {number}")
        with httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES) as http:
            while (document := self._next()) is not None:
                self.acknowledged[document] = self.create(http, document, choices).content

    def create(self, http: httpx2.Client, document: str, choices: random.Random) -> httpx2.Response:
        """The response, which may come from any of the gateways."""
        headers = {"idempotency-key": f"key of {document}"}
        body = {"query": CREATE, "variables": {"document": document}}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                url = choices.choice(self._gateways).url
                response = http.post(url, json=body, headers=headers)
                if response.status_code == 200 and "errors" not in response.json():
                    return response
            except httpx2.TransportError:
                pass
            assert time.monotonic() < deadline, "a request was never answered"
            self.repeated += 1
            time.sleep(choices.uniform(0, 0.05))

    def _next(self) -> str | None:
        with self._lock:
            return next(self._documents, None)


@pytest.mark.parametrize(
    ("orders", "kills"),
    [(24, 1), pytest.param(150, 10, marks=pytest.mark.full)],
    ids=["few", "many"],
)
def test_every_create_is_carried_out_once(
    templates: Templates, backend: str, tmp_path: Path, orders: int, kills: int
) -> None:
    """On PostgreSQL there are two gateways, of which one is killed at a time."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - repeats a failure
    url = templates.copy("world", load_world)
    moments = sorted(random.Random(seed).sample(range(2, orders - 2), kills))
    with (
        gateways(tmp_path, url, 1 if backend == "sqlite" else 2) as running,
        ThreadPoolExecutor(WRITERS) as pool,
    ):
        writers = Writers(running, orders, seed)
        working = [pool.submit(writers.run, number) for number in range(WRITERS)]
        for number, moment in enumerate(moments):
            wait_until(lambda moment=moment: len(writers.acknowledged) >= moment)
            victim = running[number % len(running)]
            victim.kill()
            victim.start()
        for each in working:
            each.result()
        again = repeated(writers, list(writers.acknowledged)[:: orders // 10])
    assert sum(each.cut for each in running) > 0
    assert writers.repeated > 0
    assert all(writers.acknowledged[document] == answer for document, answer in again.items())
    assert_once(url, writers.acknowledged, orders)


def repeated(writers: Writers, documents: list[str]) -> dict[str, bytes]:
    """The answers to requests that were answered before."""
    result = {}
    with httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES) as http:
        for document in documents:
            response = writers.create(http, document, random.Random(document))
            assert response.headers["idempotency-replayed"] == "true"
            result[document] = response.content
    return result


def assert_once(url: str, acknowledged: dict[str, bytes], orders: int) -> None:
    """Each acknowledged order is stored once, under the number in its answer, and nothing else is."""
    [rows] = execute(url, STORED)
    stored = [literal_eval(row) for row in rows]
    assert Counter(document for document, _ in stored) == Counter(list(acknowledged))
    assert len(acknowledged) == orders
    assert {number for _, number in stored} == {f"SO-{place:06}" for place in range(1, orders + 1)}
    for document, number in stored:
        assert f'"number":"{number}"'.encode() in acknowledged[document]
