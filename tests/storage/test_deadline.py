"""The deadline of an operation: its SQL is stopped, and the client learns which changes were made."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.deadline import Deadline
from gateway.storage.tables.reference_data import CompanyRow
from tests.support.requests import ENDLESS, execute, make_tax_codes_slow
from tests.support.served import PATIENCE, Client, serving

SECONDS = 2.0
SLOW = "{ taxCodes { nodes { code } } items { totalCount } }"
QUICK = 'createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { number } }'
STUCK = """createSalesOrder(input: {customer: {number: "C1"},
  lines: [{item: {number: "I0001"}, quantity: 1}]}) { salesOrder { number } }"""
COUNT = "{ salesOrders { totalCount } }"


@pytest.fixture
def impatient(world_url: str) -> Iterator[Client]:
    """The gateway with one connection and little time, in which reads of tax codes never end."""
    make_tax_codes_slow(world_url)
    settings = Settings(database_url=world_url, pool_size=1, deadline=SECONDS)
    with serving(settings) as client:
        client.ask(COUNT)
        yield client


def late(client: Client, document: str) -> httpx2.Response:
    """The response to an operation that would never end: it does not come before the deadline."""
    begin = time.monotonic()
    response = client.http.post(client.url + "/graphql", json={"query": document})
    assert time.monotonic() - begin >= SECONDS
    return response


def message_of(response: httpx2.Response) -> Any:
    assert response.status_code == 200
    answer = response.json()
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "DEADLINE_EXCEEDED"}
    assert answer["data"] is None
    return error["message"]


def test_a_query_is_stopped_at_its_deadline_and_returns_its_connection(
    impatient: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """This holds each time it is sent; from the second time on it may run as a plan."""
    for _ in range(3):
        message = message_of(late(impatient, SLOW))
        assert message == "The operation took longer than 2 seconds and was stopped."
        assert impatient.ask("{ items { totalCount } }") == {"items": {"totalCount": 507}}
    assert caplog.text == ""


def test_a_change_that_misses_its_deadline_is_rolled_back(
    impatient: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        message = message_of(late(impatient, f"mutation {{ {STUCK} }}"))
        assert message.endswith(" and was stopped; none of its changes were saved.")
        created = impatient.ask(f"mutation {{ {QUICK} }}")["createSalesOrder"]["salesOrder"]
        assert created["number"] == f"SO-{number + 1:06}"
        assert impatient.ask(COUNT) == {"salesOrders": {"totalCount": number + 1}}
    assert caplog.text == ""


def test_a_late_change_does_not_discard_the_results_of_those_before_it(impatient: Client) -> None:
    """This holds each time the document is sent; from the second time on it may run as a plan."""
    document = f"mutation {{ one: {QUICK} two: {QUICK} three: {STUCK} four: {QUICK} }}"
    for run in range(2):
        answer = late(impatient, document).json()
        numbers = [f"SO-{2 * run + place:06}" for place in (1, 2)]
        assert answer["data"] == {
            "one": {"salesOrder": {"number": numbers[0]}},
            "two": {"salesOrder": {"number": numbers[1]}},
            "three": None,
            "four": None,
        }
        assert [error["path"] for error in answer["errors"]] == [["three"], ["four"]]
        for error in answer["errors"]:
            assert error["extensions"] == {"code": "DEADLINE_EXCEEDED"}
            assert error["message"].endswith("; only its first 2 changes were saved.")
        assert impatient.ask(COUNT) == {"salesOrders": {"totalCount": 2 * run + 2}}


UNREADABLE = """createSalesOrder(input: {customer: {number: "C1"}, lines: [{description: "x"}]}) {
  salesOrder { customer { salesOrders(filter: {lines: {some: {taxCode: {code: {lt: "S"}}}}}) {
    totalCount } } } }"""


def test_the_error_names_a_change_with_a_payload_that_cannot_be_read_in_time(
    impatient: Client,
) -> None:
    message = message_of(late(impatient, f"mutation {{ one: {UNREADABLE} }}"))
    assert message.endswith("; only its first change was saved.")
    assert impatient.ask(COUNT) == {"salesOrders": {"totalCount": 1}}


SLOW_COMMIT = """CREATE FUNCTION wait() RETURNS trigger AS
  'BEGIN PERFORM pg_sleep(4); RETURN NULL; END' LANGUAGE plpgsql"""
AT_COMMIT = """CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON sales_orders
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()"""


def test_a_change_that_is_being_committed_at_its_deadline_is_answered(
    world_url: str, backend: str
) -> None:
    if backend == "sqlite":
        pytest.skip("nothing can make a commit of SQLite wait")
    execute(world_url, SLOW_COMMIT, AT_COMMIT)
    with serving(Settings(database_url=world_url, deadline=SECONDS)) as client:
        response = late(client, f"mutation {{ one: {QUICK} }}")
        assert response.json()["data"] == {"one": {"salesOrder": {"number": "SO-000001"}}}
        assert client.ask(COUNT) == {"salesOrders": {"totalCount": 1}}


async def read_twice(database: Database, statement: sa.Executable, seconds: float) -> list[Any]:
    """The results of a statement in two simultaneous reads of one operation with this deadline."""
    async with Deadline(seconds) as deadline:
        limited, both = database.within(deadline), asyncio.Barrier(2)

        async def result() -> Any:
            async with limited.read() as session:
                await both.wait()
                return await session.scalar(statement)

        return await asyncio.gather(result(), result())


@pytest.mark.anyio
async def test_simultaneous_reads_of_an_operation_share_its_deadline(database: Database) -> None:
    """They are not stopped before it, and each of them is stopped at it."""
    count = sa.select(sa.func.count()).select_from(CompanyRow)
    assert await read_twice(database, count, PATIENCE) == [1, 1]
    with pytest.raises(TimeoutError):
        await read_twice(database, sa.text(ENDLESS), 0.5)
    async with database.write() as session:
        assert await session.scalar(count) == 1
