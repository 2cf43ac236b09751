"""The time that an operation has."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSessionTransaction

from gateway.storage.interrupting import interrupt

KEPT = {0: "no change of it is kept", 1: "only its first change is kept"}


class Deadline:
    """When it is over, TimeoutError is raised and what was begun is rolled back. Time stands still
    while a transaction is being kept, and begins anew to tell of it, so that nobody is left in doubt
    whether it was."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.kept = 0
        self._timeout = asyncio.timeout(seconds)
        self._interrupted: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, traceback)

    async def keep(self, transaction: AsyncSessionTransaction) -> None:
        self._timeout.reschedule(None)
        try:
            await transaction.commit()
            self.kept += 1
        finally:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self.seconds)

    @asynccontextmanager
    async def interrupting(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """A transaction of SQLite ends when the time is over: its driver would wait for the end of the
        statement, and keep its lock until somebody collects garbage."""
        driver: Any = (await connection.get_raw_connection()).driver_connection
        when = self._timeout.when()
        self._timeout.reschedule(None)
        timer = asyncio.get_running_loop().call_at(when or 0, self._interrupt, driver)
        try:
            yield
        finally:
            timer.cancel()
            if self._interrupted is None:
                self._timeout.reschedule(when)

    def _interrupt(self, driver: Any) -> None:
        """Cancels the operation before the statement fails, and rolls back before the driver closes."""
        self._timeout.reschedule(0)
        rollback = asyncio.create_task(driver.rollback())
        self._interrupted = asyncio.create_task(_interrupt_until(rollback, driver))

    def told(self, only_reads: bool) -> str:
        """What happened, in a sentence."""
        message = f"The operation took longer than {self.seconds:g} seconds and was stopped"
        if only_reads:
            return f"{message}."
        return f"{message}; {KEPT.get(self.kept, f'only its first {self.kept} changes are kept')}."


async def _interrupt_until(rollback: asyncio.Task[None], driver: Any) -> None:
    with suppress(ValueError, sqlite3.Error):  # it is closed, which rolls back too
        await interrupt(rollback, driver.interrupt)
        await rollback
