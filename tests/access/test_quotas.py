"""The points of a caller: how they are used, given back and refused, and what happens at the end of a
window."""

import asyncio
import time

import pytest

from gateway.access.caller import ANYONE, Caller
from gateway.access.point_counters import MemoryCounter
from gateway.access.quotas import Draw, Quota, Quotas, RateLimited, payer_of

pytestmark = pytest.mark.anyio


async def test_a_quota_is_used_up_exactly() -> None:
    quota = Quota(MemoryCounter(1000), "a")
    assert quota.available == 1000
    for left in (990, 980, 970):
        await quota.take(10)
        assert quota.available == left
    await quota.take(970)
    with pytest.raises(RateLimited, match="needs 1 points, and 0 of 1,000 a minute are left"):
        await quota.take(1)
    assert 0 < quota.reset_seconds <= 60


async def test_a_refused_operation_uses_no_points() -> None:
    quota = Quota(MemoryCounter(1000), "a")
    await quota.take(995)
    for _ in range(3):
        with pytest.raises(RateLimited):
            await quota.take(6)
    assert quota.available == 5
    await quota.take(5)


async def test_points_that_are_given_back_can_be_used_again() -> None:
    quota = Quota(MemoryCounter(100), "a")
    taken = await quota.take(100)
    quota.give_back(60, taken)
    assert quota.available == 60
    await quota.take(60)
    with pytest.raises(RateLimited):
        await quota.take(1)


async def test_callers_have_points_of_their_own() -> None:
    quotas = Quotas(MemoryCounter(10))
    await quotas.of("a").take(10)
    await quotas.of("b").take(10)
    with pytest.raises(RateLimited):
        await quotas.of("a").take(1)


async def test_operations_of_one_caller_at_the_same_time_use_no_point_twice() -> None:
    quota = Quota(MemoryCounter(1000), "a")
    results = await asyncio.gather(*(quota.take(7) for _ in range(200)), return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in results) == 1000 // 7


async def test_two_processes_use_no_point_twice() -> None:
    """Each takes points in portions of a hundredth, and the last of them may be unused."""
    counter = MemoryCounter(1000)
    used = 0
    for quota in (Quota(counter, "a"), Quota(counter, "a")) * 600:
        try:
            await quota.take(3)
            used += 3
        except RateLimited:
            pass
    assert 1000 - 2 * 10 <= used <= 1000


async def test_a_window_ends_although_the_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter, real = MemoryCounter(10), time.time
    assert (await counter.draw("a", 10, 10)).points == 10
    assert (await counter.draw("a", 1, 10)).points == 0
    monkeypatch.setattr(time, "time", lambda: real() - 7200)
    assert (await counter.draw("a", 10, 10)).points == 10
    points, left, seconds = await counter.draw("a", 1, 10)
    assert (points, left) == (0, 0)
    assert 0 < seconds <= 60


class ShortWindows:
    """A counter whose windows end when the test says so."""

    most = 100

    def __init__(self) -> None:
        self.used = 0
        self.seconds = 60.0

    async def draw(self, _key: str, least: int, most: int) -> Draw:
        points = min(most, self.most - self.used)
        points = 0 if points < least else points
        self.used += points
        return Draw(points, self.most - self.used, self.seconds)

    async def close(self) -> None: ...


async def test_a_new_window_has_all_points_and_none_of_the_old_one() -> None:
    counter = ShortWindows()
    quota = Quota(counter, "a")
    counter.seconds = 0
    taken = await quota.take(50)
    assert (quota.available, quota.reset_seconds) == (100, 0)
    counter.used, counter.seconds = 0, 60.0
    await quota.take(1)
    quota.give_back(50, taken)
    assert quota.available == 99


@pytest.mark.parametrize(
    ("host", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("", "", True),
    ],
)
async def test_callers_without_a_credential_are_told_apart_by_address(
    host: str, other: str, is_same: bool
) -> None:
    """The addresses of an IPv6 network are those of one client."""
    assert (payer_of(ANYONE, host) == payer_of(ANYONE, other)) is is_same


async def test_a_credential_counts_whatever_the_address() -> None:
    caller = Caller("Shop", frozenset(), credential="7")
    assert payer_of(caller, "203.0.113.7") == payer_of(caller, "203.0.113.8") == "7"
