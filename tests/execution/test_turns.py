"""The event loop is shared: other requests get their turn, whatever an operation within the limits
selects."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from gateway.api.operations import Operation, run_operation
from gateway.demo.northwind import load_demo
from gateway.execution.limits import Limits
from gateway.execution.turns import TURN, Turns
from gateway.storage.database import Database
from tests.support.contexts import context_of
from tests.support.databases import Templates
from tests.support.expensive import EXPENSIVE, STEPS, WORD, longest_stretch, of_orders, unit


@pytest.fixture(scope="module")
def demo_url(all_templates: dict[str, Templates]) -> str:
    """On one database, since turns do not depend on it."""
    return all_templates["sqlite"].copy("demo", load_demo)


@pytest.fixture
async def demo_database(demo_url: str) -> AsyncIterator[Database]:
    database = Database(demo_url)
    yield database
    await database.dispose()


Run = Callable[[str, Turns], Awaitable[bytes]]


@pytest.fixture
def run(demo_database: Database) -> Run:
    async def run(document: str, turns: Turns) -> bytes:
        context = replace(context_of(demo_database, Limits()), turns=turns)
        return (await run_operation(Operation(document), context)).body

    return run


@pytest.mark.anyio
@pytest.mark.parametrize("name", [*EXPENSIVE])
async def test_no_round_of_the_event_loop_does_much_more_than_a_turn(run: Run, name: str) -> None:
    """Five items of a list, with up to 490 fields each, are completed at once."""
    turns = Turns()
    answer = json.loads(await run(EXPENSIVE[name], turns))
    assert "TOO_LARGE" not in str(answer.get("errors"))
    assert turns.longest < TURN + 5 * 500


SAME = [
    of_orders(60, "number lines { sequence item { number taxCode { code } } } customer { number }"),
    of_orders(25, f"{WORD} {STEPS}"),
    of_orders(3, "availableTransitions { mutation possible reasons { code } }"),
    '{ nodes(ids: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]) { id } }',
    "{ customers { edges { cursor node { number salesOrders(first: 12) { totalCount } } } } }",
    "{ __schema { types { name fields { name args { name } } } } }",
]


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(SAME)))
async def test_an_answer_does_not_depend_on_the_number_of_turns(run: Run, number: int) -> None:
    """A turn of one unit ends after each object."""
    many, one = Turns(1), Turns(10**9)
    assert await run(SAME[number], many) == await run(SAME[number], one)


@pytest.mark.anyio
async def test_a_failure_in_a_later_part_of_a_list_has_the_right_path(run: Run) -> None:
    document = '{ customers { nodes { salesOrders(first: 5, after: "x") { totalCount } } } }'
    [few, many] = [json.loads(await run(document, Turns(units))) for units in (10**9, 1)]
    assert few["errors"] == many["errors"]


@pytest.mark.anyio
async def test_all_waiters_get_a_turn_and_no_round_is_longer() -> None:
    """A thousand parts of 30 units: each round has time for some of them."""
    turns, done = Turns(100), []

    async def part(number: int) -> None:
        await turns.wait()
        turns.spend(30)
        done.append(number)

    await asyncio.gather(*map(part, range(1_000)))
    assert sorted(done) == list(range(1_000))
    assert turns.longest < 130


@pytest.mark.anyio
async def test_a_part_that_is_cancelled_while_it_waits_takes_no_turn() -> None:
    turns = Turns(1)
    turns.spend(1)
    waiting = [asyncio.ensure_future(turns.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    with suppress(asyncio.CancelledError):
        await waiting[0]
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 10)


@pytest.mark.full
@pytest.mark.anyio
@pytest.mark.parametrize("name", [*EXPENSIVE])
async def test_no_expensive_document_blocks_the_event_loop(run: Run, name: str) -> None:
    """At most four times as long as a workload of 25 milliseconds on the same machine."""
    await run("{ company { id } }", Turns())
    stretch = await longest_stretch(run(EXPENSIVE[name], Turns()))
    assert stretch < 4 * unit()
