"""Connections to PostgreSQL end what is cancelled."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.storage.database import Database
from tests.support.served import PATIENCE

PARAMETERS = [("x" * 1000,)] * 1000
"""Parameters that the driver sends in several parts."""


def interrupted(stop: Callable[[], object]) -> Iterator[tuple[str]]:
    """Parameters during which something stops their task."""
    yield from PARAMETERS
    stop()
    yield from PARAMETERS


@pytest.mark.anyio
@pytest.mark.own_statements
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_command_ends_when_it_is_cancelled_between_its_parameters(
    database: Database,
) -> None:
    """asyncpg itself waits for a minute."""
    async with database.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute("CREATE TEMPORARY TABLE texts (text text)")
        command = "INSERT INTO texts VALUES ($1)"
        inserting: asyncio.Task[None] = asyncio.create_task(
            driver.executemany(command, interrupted(lambda: inserting.cancel()))  # noqa: PLW0108 - it is being made
        )
        ended, _ = await asyncio.wait([inserting], timeout=PATIENCE / 2)
        driver.terminate()
        await connection.invalidate()
        assert ended == {inserting}
        assert inserting.cancelled()
