"""Concurrent writers: no change is lost, and a writer notices others only by a stale etag."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.audit import audit
from tests.support.life_cycle import (
    CANCEL,
    CREATE,
    HOLD,
    RELEASE,
    SHIP,
    SHIP_AND_INVOICE,
    SUBMIT,
    UPDATE,
    change,
    done,
    drafted,
    problems,
    released,
)
from tests.support.requests import Fields, line, order
from tests.support.served import Client, serving

ETAG = "query ($id: ID!) { salesOrder(id: $id) { etag } }"
STATE = "etag salesperson totalAmountIncludingTax lines { sequence description quantity }"
COUNT = "query ($id: ID!) { salesOrder(id: $id) { etag externalDocumentNumber } }"


@pytest.fixture
def clients(client: Client, world_url: str) -> Iterator[list[Client]]:
    """Two gateways over one database."""
    with serving(Settings(database_url=world_url)) as other:
        yield [client, other]


def concurrently(count: int, work: Callable[[int], Any]) -> list[Any]:
    """The results of `work` for 0, 1 and so on, begun by one thread each at the same moment."""
    ready = threading.Barrier(count)

    def begin(place: int) -> Any:
        ready.wait()
        return work(place)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


@pytest.mark.parametrize(
    "mutations", [[UPDATE], [UPDATE, HOLD, SUBMIT, RELEASE, CANCEL, SHIP_AND_INVOICE]]
)
def test_one_of_twenty_mutations_with_the_same_etag_succeeds_and_the_others_get_the_new_etag(
    clients: list[Client], mutations: list[str]
) -> None:
    key, _ = drafted(clients[0], line())
    etag = clients[0].ask(ETAG, id=key)["salesOrder"]["etag"]

    def work(place: int) -> Fields:
        mutation = mutations[place % len(mutations)]
        fields = {"input": {"salesperson": f"SP-{place}"}} if mutation == UPDATE else {}
        return change(clients[place % 2], mutation, "etag", id=key, ifMatch=etag, **fields)

    answers = concurrently(20, work)
    [created] = [answer["salesOrder"] for answer in answers if answer["salesOrder"]]
    late = [answer for answer in answers if not answer["salesOrder"]]
    assert all(problems(answer) == [("STALE", "ifMatch")] for answer in late)
    assert all(answer["userErrors"][0]["suggestions"] == [created["etag"]] for answer in late)
    assert clients[0].ask(ETAG, id=key)["salesOrder"] == created


class Replay:
    """An order with a line of I0010 for each writer, as it is after each patch."""

    def __init__(self, writers: int) -> None:
        self.salesperson: str | None = "SP1"
        self.quantities = ["1"] * writers
        self.comments: list[str] = []

    def apply(self, writer: int, patch: Fields) -> None:
        self.salesperson = patch.get("salesperson", self.salesperson)
        lines = patch.get("lines", {})
        for update in lines.get("update", []):
            self.quantities[writer] = str(update["quantity"])
        self.comments += [added["description"] for added in lines.get("add", [])]

    def is_like(self, result: Fields) -> bool:
        writers = len(self.quantities)
        sold, comments = result["lines"][:writers], result["lines"][writers:]
        total = sum(12 * int(quantity) for quantity in self.quantities)
        return (
            result["salesperson"] == self.salesperson
            and [each["quantity"] for each in sold] == self.quantities
            and [each["description"] for each in comments] == self.comments
            and result["totalAmountIncludingTax"] == str(total)
        )


@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.full)])
def test_sixteen_concurrent_writers_of_one_order_have_the_effect_of_sequential_ones(
    clients: list[Client], world_url: str, rounds: int
) -> None:
    key, ids = drafted(clients[0], *[line()] * 16)
    acknowledged: list[tuple[int, Fields, Fields]] = []

    def work(writer: int) -> None:
        draw = random.Random(writer)
        for place in range(rounds):
            text = f"{writer}-{place}"
            update = {"id": ids[writer], "quantity": place + 2}
            patches: tuple[Fields, ...] = (
                {"salesperson": text},
                {"lines": {"update": [update]}},
                {"lines": {"add": [{"description": text}]}},
            )
            patch = draw.choice(patches)
            created = done(clients[writer % 2], UPDATE, key, STATE, input=patch)
            acknowledged.append((writer, patch, created))

    concurrently(16, work)
    acknowledged.sort(key=lambda each: int(each[2]["etag"]))
    assert [int(created["etag"]) for _, _, created in acknowledged] == [
        *range(2, 16 * rounds + 2)
    ], "each patch sees the one before"
    replay = Replay(16)
    for writer, patch, created in acknowledged:
        replay.apply(writer, patch)
        assert replay.is_like(created), f"after {patch}"
    query = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {STATE} }} }}"
    assert clients[0].ask(query, id=key)["salesOrder"] == acknowledged[-1][2]
    assert audit(world_url) == {}


@pytest.mark.parametrize(
    ("writers", "rounds"), [(5, 3), pytest.param(16, 20, marks=pytest.mark.full)]
)
def test_writers_who_increment_under_the_etag_count_correctly(
    clients: list[Client], writers: int, rounds: int
) -> None:
    key, _ = drafted(clients[0], externalDocumentNumber="0")

    def work(writer: int) -> None:
        left = rounds
        while left:
            result = clients[writer % 2].ask(COUNT, id=key)["salesOrder"]
            count = int(result["externalDocumentNumber"]) + 1
            patch = {"externalDocumentNumber": str(count)}
            answer = change(
                clients[writer % 2], UPDATE, id=key, input=patch, ifMatch=result["etag"]
            )
            assert problems(answer) in ([], [("STALE", "ifMatch")])
            left -= not answer["userErrors"]

    concurrently(writers, work)
    result = clients[0].ask(COUNT, id=key)["salesOrder"]
    assert result["externalDocumentNumber"] == str(writers * rounds)


@contextmanager
def locked(url: str, seconds: float) -> Iterator[None]:
    """Another transaction has written to every order and the number series, and commits after `seconds`."""
    holds = threading.Event()

    async def hold() -> None:
        database = Database(url)
        async with database.write() as session:
            await session.execute(sa.text("UPDATE sales_orders SET on_hold = on_hold"))
            await session.execute(sa.text("UPDATE number_series SET digits = digits"))
            holds.set()
            await asyncio.sleep(seconds)
        await database.dispose()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(asyncio.run, hold())
        assert holds.wait(10)
        yield
        holder.result()


def test_requests_wait_for_the_lock_of_another_process(
    clients: list[Client], world_url: str
) -> None:
    keys = [released(clients[0], line())[0] for _ in range(3)]
    fields: list[tuple[str, Fields]] = [
        (CREATE, {"input": order(line())}),
        (CREATE, {"input": order(line()), "dryRun": True}),
        (UPDATE, {"id": keys[0], "input": {"lines": {"add": [{"description": "text"}]}}}),
        (SHIP, {"id": keys[1]}),
        (HOLD, {"id": keys[2]}),
        (HOLD, {"id": keys[2], "dryRun": True}),
    ]

    def work(place: int) -> tuple[Fields, float]:
        mutation, arguments = fields[place]
        start = time.monotonic()
        return change(clients[place % 2], mutation, **arguments), time.monotonic() - start

    with locked(world_url, 1.5):
        outcomes = concurrently(len(fields), work)
    assert [answer["userErrors"] for answer, _ in outcomes] == [[]] * len(fields)
    assert min(seconds for _, seconds in outcomes) > 0.7, "nobody met the lock"


UNTIL_AWAITED = """DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted
  AND pg_backend_pid() = ANY(pg_blocking_pids(pid))) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$"""
"""Ends when another transaction waits for a lock of this one."""


def test_a_deadlock_is_retried_without_an_error(
    client: Client, world_url: str, backend: str
) -> None:
    """The gateway has locked the order and waits for the customer; another client has locked the
    customer and waits for the order. The other one is more patient, so the server stops the gateway."""
    if backend == "sqlite":
        pytest.skip("SQLite has one writer at a time, so none waits for another in a ring")
    key, _ = drafted(client, line())
    is_held = threading.Event()

    async def other() -> str:
        connection = await asyncpg.connect(world_url)
        async with connection.transaction():
            await connection.execute("SET LOCAL deadlock_timeout = '30s'")
            await connection.execute("SELECT id FROM customers WHERE number = 'PAYER' FOR UPDATE")
            is_held.set()
            await connection.execute(UNTIL_AWAITED)
            done_to = await connection.execute(
                "UPDATE sales_orders SET phone_number = '1234' WHERE id = $1", key
            )
        await connection.close()
        return str(done_to)

    with ThreadPoolExecutor(1) as pool:
        ring = pool.submit(asyncio.run, other())
        assert is_held.wait(10)
        patch = {"billToCustomer": {"number": "PAYER"}}
        result = done(client, UPDATE, key, "phoneNumber billToName", input=patch)
        assert ring.result() == "UPDATE 1", "the gateway has let go of the order"
    assert result == {"phoneNumber": "1234", "billToName": "Payer Ltd"}
