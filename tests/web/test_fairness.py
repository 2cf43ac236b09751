"""A caller at full speed does not make others wait long."""

import asyncio
from pathlib import Path

import pytest

from gateway.demo.northwind import load_demo
from gateway.storage.database import Database
from tests.support.callers import ORDER, PAGE, add_callers, slowdown
from tests.support.databases import Templates
from tests.support.processes import served


@pytest.mark.full
@pytest.mark.parametrize("query", [ORDER, PAGE], ids=["order", "page"])
def test_a_greedy_caller_raises_the_p99_of_modest_ones_at_most_threefold(
    templates: Templates, tmp_path: Path, query: str
) -> None:
    url = templates.copy("demo", load_demo)
    keys = asyncio.run(_add_callers(url))
    limits = {"auth": "required", "rate": str(10**9)}
    with served(tmp_path, database_url=url, **limits) as server:
        result = slowdown(server.url, keys, query, rounds=6, seconds=3)
    assert result.factor <= 3, result


async def _add_callers(url: str) -> list[str]:
    database = Database(url)
    keys = await add_callers(database)
    await database.dispose()
    return keys
