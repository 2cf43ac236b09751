"""Write transactions. Each makes one change, and is retried when it conflicts with another."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from gateway.storage.company_directory import find_scope
from gateway.storage.contention import DatabaseBusy, RaceLost, is_race
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.writing import Writer

Result = TypeVar("Result")


@asynccontextmanager
async def writing(
    database: Database, request: ScopeRequest, *, dry_run: bool = False
) -> AsyncIterator[Writer]:
    """A writer in its own transaction, which is rolled back after a `dry_run`.

    Raises CompanyNotFound."""
    scope = await find_scope(database, request)
    async with database.bound_to(scope.company).write(dry_run=dry_run) as session:
        yield Writer(session, scope)


@asynccontextmanager
async def read_only(database: Database, request: ScopeRequest) -> AsyncIterator[Writer]:
    """A writer that only reads.

    It neither waits for other writers nor blocks them. Raises CompanyNotFound."""
    scope = await find_scope(database, request)
    async with database.bound_to(scope.company).read() as session:
        yield Writer(session, scope)


PAUSE = 0.02
"""Seconds before the second attempt, doubled for each later one."""

DOUBLINGS = 5
"""The number of attempts after which the pause no longer grows."""

MOST_RACES = 5


async def transact(
    database: Database,
    request: ScopeRequest,
    change: Callable[[Writer], Awaitable[Result]],
    *,
    dry_run: bool = False,
) -> Result:
    """The result of `change` in its own transaction, which is `retried`. Raises DatabaseBusy,
    CompanyNotFound and the errors of `change`."""

    async def attempt() -> Result:
        async with writing(database, request, dry_run=dry_run) as writer:
            return await change(writer)

    return await retried(database, attempt)


async def retried(database: Database, work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `work`, which is one transaction. When it conflicts with another, it is retried
    after a random pause, as long as the time of the operation allows another attempt. Raises
    DatabaseBusy if every attempt fails, and the errors of `work`.

    Within an open transaction there is only one attempt, since it can only be retried as a whole."""
    if database.is_joined:
        return await work()
    end = time.monotonic() + database.seconds_left
    for attempt in count():
        begun = time.monotonic()
        try:
            return await work()
        except DatabaseBusy as busy:
            database.note_contention()
            if isinstance(busy, RaceLost) and attempt >= MOST_RACES:
                raise
            pause = PAUSE * 2 ** min(attempt, DOUBLINGS) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            lost = time.monotonic()
            if lost + pause + (lost - begun) >= end:
                raise
        except DBAPIError as error:
            if attempt >= MOST_RACES or not is_race(error):
                raise
            pause = PAUSE
        await asyncio.sleep(pause)
    raise AssertionError("the last attempt returns or raises")
