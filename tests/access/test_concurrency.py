"""How many operations of a caller run at the same time, alone and beside other callers."""

import asyncio

import pytest

from gateway.access import concurrency
from gateway.access.concurrency import Concurrency, Running
from gateway.access.quotas import RateLimited

pytestmark = pytest.mark.anyio


async def entered(bound: Concurrency, key: str, number: int) -> list[Running]:
    return [await bound.enter(key) for _ in range(number)]


async def test_a_caller_on_its_own_runs_as_many_as_the_bound() -> None:
    bound = Concurrency(5)
    *_, last = await entered(bound, "a", 5)
    waiting = asyncio.create_task(bound.enter("a"))
    await asyncio.sleep(0)
    assert not waiting.done()
    bound.leave(last)
    assert (await waiting).number == 5


async def test_an_operation_that_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "PATIENCE", 0.01)
    bound = Concurrency(1)
    [running] = await entered(bound, "a", 1)
    with pytest.raises(RateLimited, match="at most 1 operations at a time"):
        await bound.enter("a")
    bound.leave(running)
    assert (await bound.enter("a")).number == 1


async def test_callers_share_half_of_the_bound_while_several_are_active() -> None:
    """Of 16, each of four callers has 2, and each of more than eight has 1."""
    bound = Concurrency(16)
    for key in "bcd":
        bound.leave(await bound.enter(key))
    await entered(bound, "a", 2)
    waiting = asyncio.create_task(bound.enter("a"))
    await asyncio.sleep(0)
    assert not waiting.done()
    for key in "bcdefghijk":
        await asyncio.wait_for(bound.enter(key), 30)
    waiting.cancel()


async def test_an_operation_within_the_bound_waits_for_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not refused, however little patience there is, and begins once the others are idle."""
    monkeypatch.setattr(concurrency, "PATIENCE", 0.0)
    bound = Concurrency(16)
    for key in "bcde":
        bound.leave(await bound.enter(key))
    [first] = await entered(bound, "a", 1)
    waiting = asyncio.create_task(bound.enter("a"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await asyncio.wait_for(waiting, 30)
    assert first.number == 2


async def test_an_operation_waits_for_its_share_only_for_the_time_that_it_may_take() -> None:
    bound = Concurrency(16, 0.01)
    for key in "bcde":
        bound.leave(await bound.enter(key))
    await entered(bound, "a", 1)
    with pytest.raises(RateLimited):
        await bound.enter("a")


async def test_a_caller_has_the_whole_bound_again_once_the_others_have_been_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bound = Concurrency(16)
    for key in "bcd":
        bound.leave(await bound.enter(key))
    first, second = await entered(bound, "a", 2)
    waiting = [asyncio.create_task(bound.enter("a")) for _ in range(14)]
    await asyncio.sleep(0)
    monkeypatch.setattr(concurrency, "RECENT", 0.0)
    bound.leave(first)
    await asyncio.wait_for(asyncio.gather(*waiting), 30)
    assert second.number == 15


async def test_a_cancelled_wait_leaves_no_trace() -> None:
    bound = Concurrency(1)
    [running] = await entered(bound, "a", 1)
    for is_granted in (False, True):
        waiting = asyncio.create_task(bound.enter("a"))
        await asyncio.sleep(0)
        if is_granted:
            bound.leave(running)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (running.number, len(running.waiting)) == (0 if is_granted else 1, 0)
