"""Points that several processes count together in a real Valkey server, which may be down."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from gateway.access.point_counters import RedisCounter
from gateway.access.quotas import Quota, RateLimited
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.served import Client, serving
from tests.support.valkey import Valkey
from tests.support.world import load_world

QUERY = "{ company { name } }"


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


async def used(quota: Quota, points: int) -> int:
    """How many times a quota has this number of points."""
    number = 0
    while True:
        try:
            await quota.take(points)
        except RateLimited:
            return number
        number += 1


@pytest.mark.anyio
async def test_processes_use_no_point_twice(valkey: Valkey) -> None:
    """At the same time, three of them use 1,000 points, except for a portion of ten each."""
    counters = [RedisCounter(1000, valkey.url) for _ in range(3)]
    numbers = await asyncio.gather(*(used(Quota(each, "a"), 3) for each in counters))
    assert 1000 - 3 * 10 <= 3 * sum(numbers) <= 1000
    assert await used(Quota(counters[0], "b"), 100) == 10
    for counter in counters:
        await counter.close()


@pytest.mark.anyio
async def test_a_process_that_starts_later_finds_the_window(valkey: Valkey) -> None:
    first, second = (RedisCounter(100, valkey.url) for _ in range(2))
    await Quota(first, "c").take(100)
    late = Quota(second, "c")
    with pytest.raises(RateLimited, match="0 of 100 a minute are left"):
        await late.take(1)
    assert 0 < late.reset_seconds <= 60
    await first.close()
    await second.close()


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_a_server_that_is_down_is_replaced_by_a_count_of_ones_own(
    scheme: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again after a pause, in which nothing is logged, and then used again."""
    with Valkey() as server:
        counter = RedisCounter(10, server.url.replace("redis", scheme))
        assert await used(Quota(counter, "a"), 1) == 10
        server.stop()
        monkeypatch.setattr("gateway.access.point_counters.PAUSE", 3600)
        with caplog.at_level(logging.WARNING, "gateway.access"):
            for key in "bcd":
                assert await used(Quota(counter, key), 1) == 10
        [record] = caplog.records
        assert record.getMessage() == (
            "Redis cannot be used, so this process counts points alone: ConnectionError"
        )
        server.start()
        counter._paused_until = 0
        assert await used(Quota(counter, "e"), 1) == 10
        other = RedisCounter(10, server.url)
        assert await used(Quota(other, "e"), 1) == 0
        await other.close()
        await counter.close()


def status(client: Client) -> int:
    return client.http.post(client.url + "/graphql", json={"query": QUERY}).status_code


def test_two_gateways_share_the_points_of_a_caller_and_serve_while_the_server_is_down(
    all_templates: dict[str, Templates],
) -> None:
    """The caller has three points. Each gateway then counts for itself, and has a portion left."""
    url = all_templates["sqlite"].copy("world", load_world)
    with Valkey() as server:
        settings = Settings(database_url=url, rate=3, redis_url=server.url)
        with serving(settings) as one, serving(settings) as two:
            assert [status(client) for client in (one, two, one, two, one)] == [
                *(200, 200, 200),
                *(429, 429),
            ]
        with serving(settings) as one:
            server.stop()
            assert [status(one) for _ in range(4)] == [200, 200, 200, 429]
