"""Callers of one gateway at the same time: a greedy one that sends as fast as it can, and modest ones that
send a request now and then."""

import asyncio
import json
import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.storage.database import Database
from tests.support.processes import FORKS

MODEST = 5
CONNECTIONS = 32
"""Connections of the greedy caller, each of which sends its next request when it has an answer."""

PAUSE = 0.05
"""Seconds between two requests of a modest caller, on average."""

FIELDS = """number orderDate status customer { displayName } totalAmountIncludingTax
  lines { quantity unitPrice netAmount item { displayName } }"""
ORDER = f'{{ salesOrderByNumber(number: "NW-10248") {{ {FIELDS} }} }}'
PAGE = f"{{ salesOrders(first: 50) {{ nodes {{ {FIELDS} }} }} }}"

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def add_callers(database: Database) -> list[str]:
    """The keys of a greedy caller and the modest ones, in this order."""
    keys = []
    for number in range(1 + MODEST):
        request = KeyRequest(f"Caller {number}", frozenset({AccessScope.ORDERS_READ}))
        keys.append((await create_key(database, request))[1])
    return keys


@dataclass(frozen=True)
class Slowdown:
    """The 99th percentiles of modest callers in seconds, without a greedy one and beside it."""

    alone: float
    beside: float

    @property
    def factor(self) -> float:
        return self.beside / self.alone


def slowdown(url: str, keys: Sequence[str], query: str, rounds: int, seconds: float) -> Slowdown:
    """In each round, modest callers send `query` for this long without a greedy caller, and then beside one
    that sends the same. The best of all rounds counts, since whatever else the machine does only adds to
    it."""
    greedy, modest = keys[0], keys[1:]
    _percentile(url, modest, query, 1)  # compiles the query
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(_percentile(url, modest, query, seconds))
        with _greedy(url, greedy, query):
            beside.append(_percentile(url, modest, query, seconds))
    return Slowdown(min(alone), min(beside))


def _percentile(url: str, keys: Sequence[str], query: str, seconds: float) -> float:
    times = sorted(asyncio.run(_modest(url, keys, query, seconds)))
    return times[int(len(times) * 0.99)]


async def _modest(url: str, keys: Sequence[str], query: str, seconds: float) -> list[float]:
    """The seconds that each of their requests took."""
    times, end = [], time.monotonic() + seconds

    async def send(key: str) -> None:
        connection = await _Connection.opened(url, key, query)
        while time.monotonic() < end:
            await asyncio.sleep(PAUSE * random.uniform(0, 2))
            begun = time.perf_counter()
            status = await connection.send()
            times.append(time.perf_counter() - begun)
            assert status == 200
        connection.writer.close()

    await asyncio.gather(*map(send, keys))
    return times


@contextmanager
def _greedy(url: str, key: str, query: str) -> Iterator[None]:
    process = FORKS.Process(target=_flood, args=(url, key, query), daemon=True)
    process.start()
    try:
        time.sleep(1)
        yield
        assert process.is_alive()
    finally:
        process.kill()
        process.join()


def _flood(url: str, key: str, query: str) -> None:
    os.nice(10)  # the modest callers on the same core should not wait for it

    async def send() -> None:
        connection = await _Connection.opened(url, key, query)
        while await connection.send() in (200, 429):
            pass

    async def send_all() -> None:
        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))

    asyncio.run(send_all())


@dataclass(frozen=True)
class _Connection:
    """Sends the same request again and again. An HTTP client would take more time than the gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes

    @classmethod
    async def opened(cls, url: str, key: str, query: str) -> "_Connection":
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        body = json.dumps({"query": query})
        lines = [
            "POST /graphql HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: Bearer {key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        return cls(reader, writer, "\r\n".join([*lines, "", body]).encode())

    async def send(self) -> int:
        """The status of the response."""
        self.writer.write(self.request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        assert length is not None
        await self.reader.readexactly(int(length[1]))
        return int(head.split(b" ", 2)[1])
