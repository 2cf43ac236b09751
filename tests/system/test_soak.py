"""Two gateways on one PostgreSQL under mixed load: they do not get slower or larger with time, and what they
have stored in the end is what they acknowledged."""

import json
import os
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx2
import pytest

from tests.support.audit import audit
from tests.support.callers import FIELDS
from tests.support.change_history import History
from tests.support.databases import Postgres, Templates
from tests.support.importing import ended, head, line, orders, post
from tests.support.life_cycle_walk import READ
from tests.support.processes import Server, served
from tests.support.requests import execute
from tests.support.served import NO_CERTIFICATES, PATIENCE, Client
from tests.support.world import load_world

SECONDS = float(os.environ.get("TEST_SOAK_SECONDS", "600"))
"""How long the load is measured. A shorter run shows whether the test works, but its windows have too few
requests for a comparison of their slowest."""

WINDOWS = 10
"""The windows of the measurement, each a minute of the ten. One more comes first: in it, documents are
compiled and connections opened."""

WINDOW = SECONDS / WINDOWS
GATEWAYS = 2
CLIENTS = 6
PAUSE = 0.1
"""Seconds between two steps of a client, on average: the gateways are busy but not overloaded, so that
requests seldom wait for others."""

IMPORT_EVERY = 5
"""Seconds between two imports, and two exports."""

IMPORTED = 5
"""Orders in an imported file."""

MOST_SLOWER = 1.2
"""The 99th percentile of the last window, compared with the first one."""

MOST_MEMORY = 5 * 2**20
"""Bytes that a gateway may grow in the second half; caches and the allocator's arenas grow in the first two
minutes. It answers about 10,000 requests in that half, so a leak of 600 bytes a request is detected."""

MOST_DESCRIPTORS = 10
"""Descriptors that a gateway may gain: its pool of 10 connections may become full at any time. There are more
than 100 imports and exports, so a leak of one descriptor by either is detected."""

PAGE = f"""{{ salesOrders(first: 50, sort: [{{field: NUMBER, direction: DESC}}]) {{
  nodes {{ {FIELDS} }} }} }}"""
ROOT_FIELD = re.compile(r"{\s*(\w+)")


@dataclass
class Window:
    """The measurements of one window."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """The seconds that requests took, by their root field or path."""

    memory: list[list[int]] = field(default_factory=list)
    descriptors: list[list[int]] = field(default_factory=list)
    """Samples, each with the value of every gateway."""

    @property
    def slowest(self) -> float:
        return percentile([each for times in self.times.values() for each in times])

    def __str__(self) -> str:
        sizes = [size // 2**20 for size in lowest(self.memory)]
        kinds = {kind: times for kind, times in sorted(self.times.items()) if len(times) > 9}
        shown = (
            f"{kind} {len(times)} x {median(times) * 1000:.1f}/{percentile(times) * 1000:.1f}"
            for kind, times in kinds.items()
        )
        return (
            f"p99 {self.slowest * 1000:.1f} ms, {sizes} MiB, {lowest(self.descriptors)} descriptors;"
            f" requests x median/p99: {', '.join(shown)}"
        )


def percentile(times: list[float]) -> float:
    """The 99th percentile."""
    return sorted(times)[int(len(times) * 0.99)]


def lowest(samples: list[list[int]]) -> list[int]:
    """The lowest sample of each gateway: what it needs between imports."""
    return [min(each) for each in zip(*samples, strict=True)]


@dataclass(frozen=True)
class TimedClient(Client):
    """A client that records the time of each request."""

    record: Callable[[str, float], None]

    def send(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        match = ROOT_FIELD.search(query)
        assert match is not None
        with self.timed(match[1]):
            return super().send(query, headers, **variables)

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.record(kind, time.perf_counter() - begun)


class Soak:
    """Clients of several gateways, and what is measured meanwhile."""

    def __init__(self, servers: list[Server], seed: int) -> None:
        self._servers = servers
        self._begun = time.monotonic()
        self._over = threading.Event()
        self.windows = [Window() for _ in range(1 + WINDOWS)]
        self.history = History(seed)
        self.imported: list[str] = []

    def run(self, between: Callable[[], None]) -> None:
        """Keep all clients busy until the time is over or one of them fails. `between` is called after each
        window."""
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            working = [pool.submit(self._work, number) for number in range(CLIENTS)]
            working.append(pool.submit(self._exchange))
            try:
                self._watch(working, between)
            finally:
                self._over.set()
            for each in working:
                each.result()

    def _watch(self, working: list[Future[None]], between: Callable[[], None]) -> None:
        place = 0
        while (now := self._place()) <= WINDOWS and not any(each.done() for each in working):
            if now != place:
                place = now
                between()
            self._window().memory.append([each.resident() for each in self._servers])
            self._window().descriptors.append([each.descriptors() for each in self._servers])
            self._over.wait(0.5)

    def _place(self) -> int:
        return int((time.monotonic() - self._begun) / WINDOW)

    def _window(self) -> Window:
        return self.windows[min(self._place(), WINDOWS)]

    def _record(self, kind: str, seconds: float) -> None:
        self._window().times[kind].append(seconds)

    @contextmanager
    def _clients(self) -> Iterator[list[TimedClient]]:
        """A client of each gateway for one thread."""
        with httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES) as http:
            yield [TimedClient(each.url, http, self._record) for each in self._servers]

    def _work(self, number: int) -> None:
        """Read and change orders."""
        chance = random.Random(f"{self.history.seed} {number}")
        with self._clients() as clients:
            while not self._over.wait(chance.uniform(0, 2 * PAUSE)):
                step = chance.random()
                if step < 0.25:
                    page = chance.choice(clients).ask(PAGE)["salesOrders"]["nodes"]
                    assert all(order["lines"] for order in page)
                elif step < 0.5 and (created := list(self.history.created)):
                    chance.choice(clients).ask(READ, id=chance.choice(created))
                else:
                    self.history.act(chance, *clients)

    def _exchange(self) -> None:
        """Import files, and export the orders that were in them."""
        with self._clients() as clients:
            for place in count():
                if self._over.wait(IMPORT_EVERY):
                    return
                numbers = [f"IM-{place:04}-{each}" for each in range(IMPORTED)]
                self._import(clients[place % GATEWAYS], numbers)
                assert exported(clients[(place + 1) % GATEWAYS], numbers) == numbers
                self.imported += numbers

    def _import(self, client: TimedClient, numbers: list[str]) -> None:
        files = orders([head(each) for each in numbers], [line(each) for each in numbers])
        with client.timed("/imports"):
            response = post(client, files)
        assert response.status_code == 202, response.text
        job = ended(client, response.json()["id"])
        assert (job.status, job.refused) == ("SUCCEEDED", [])


def exported(client: TimedClient, numbers: list[str]) -> list[str]:
    """The numbers in an export of the orders with these numbers."""
    chosen = json.dumps({"number": {"in": numbers}})
    with client.timed("/exports"):
        response = client.http.get(client.url + "/exports", params={"filter": chosen})
    assert response.status_code == 200, response.text
    return [json.loads(each)["number"] for each in response.content.splitlines()]


def assert_stored(soak: Soak, url: str, client: Client) -> None:
    """No order is lost, doubled or changed since it was acknowledged, and numbers have no gaps."""
    created = soak.history.created.values()
    assert sorted(each["number"] for each in created) == [
        f"SO-{number:06}" for number in range(1, len(created) + 1)
    ]
    expected = [*soak.history.stored(client), *soak.imported]
    [rows] = execute(url, "SELECT number FROM sales_orders")
    assert Counter(rows) == Counter(f"({number!r},)" for number in expected)
    assert audit(url) == {}


@pytest.mark.full
@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="only Linux shows the descriptors of a process"
)
def test_gateways_under_mixed_load_stay_fast_and_small_and_right(
    all_templates: dict[str, Templates], postgres: Postgres, tmp_path: Path
) -> None:
    """Other work on the machine changes the times, so this test runs best on two idle cores."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - repeats a failure
    url = all_templates["postgresql"].copy("world", load_world)
    with ExitStack() as running:
        servers = []
        for place in range(GATEWAYS):
            (folder := tmp_path / str(place)).mkdir()
            uploads = str(tmp_path / "uploads")
            gateway = served(folder, database_url=url, import_folder=uploads, log_level="error")
            servers.append(running.enter_context(gateway))
        soak = Soak(servers, seed)
        soak.run(between=lambda: postgres.vacuum(url))
        for window in soak.windows:
            print(window)  # noqa: T201 - see -s
        assert_stored(soak, url, servers[0])
    assert_steady(soak.windows)
    assert [(tmp_path / str(place) / "err").read_text() for place in range(GATEWAYS)] == ["", ""]


def assert_steady(windows: list[Window]) -> None:
    first, middle, last = windows[1], windows[WINDOWS // 2], windows[-1]
    assert last.slowest <= MOST_SLOWER * first.slowest
    for before, after in zip(lowest(middle.memory), lowest(last.memory), strict=True):
        assert after - before <= MOST_MEMORY
    for before, after in zip(lowest(first.descriptors), lowest(last.descriptors), strict=True):
        assert after - before <= MOST_DESCRIPTORS
