"""The time limit of an operation."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSessionTransaction

from gateway.storage.failures import OutcomeUnknown, Unavailable, failure_of
from gateway.storage.interruption import interrupt

COMMIT_WITHIN = 5
"""Seconds that a commit may take even if less time is left. Afterwards its outcome is unknown."""

SAVED = {0: "none of its changes were saved", 1: "only its first change was saved"}


class Deadline:
    """A context that raises TimeoutError after `seconds`, and rolls back the open transaction.

    The clock stops during a commit and starts again from zero after it, so that the client always
    learns whether the transaction was committed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.committed = 0
        self.is_contended = False
        """Whether the change in progress conflicted with other transactions."""
        self._timeout = asyncio.timeout(seconds)
        self._drivers: list[Any] = []
        """The connections of SQLite that are to be interrupted."""
        self._timer: asyncio.TimerHandle | None = None
        self._interrupted: list[asyncio.Task[None]] = []

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

    @property
    def seconds_left(self) -> float:
        """The time until the operation is stopped."""
        when = self._timeout.when()
        return self.seconds if when is None else when - asyncio.get_running_loop().time()

    async def commit(self, transaction: AsyncSessionTransaction, *, is_limited: bool) -> None:
        """Commit, even after the time is up, but for no longer than COMMIT_WITHIN if `is_limited`. Raises
        OutcomeUnknown."""
        limit = max(self.seconds_left, COMMIT_WITHIN) if is_limited else None
        self._timeout.reschedule(None)
        try:
            async with asyncio.timeout(limit):
                await transaction.commit()
            self.committed += 1
            self.is_contended = False
        except Exception as error:
            if isinstance(failure_of(error), Unavailable):
                raise OutcomeUnknown from error
            raise
        finally:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self.seconds)

    @asynccontextmanager
    async def interrupting(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """End a SQLite transaction when the time is up. Otherwise the driver would wait for the running
        statement to finish, and hold the lock until the connection is garbage-collected. Several
        transactions may run at the same time."""
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if (when := self._timeout.when()) is not None:
            self._timeout.reschedule(None)
            self._timer = asyncio.get_running_loop().call_at(when, self._interrupt)
        self._drivers.append(driver)
        try:
            yield
        finally:
            self._drivers.remove(driver)
            if not self._drivers and self._timer is not None:
                self._timer.cancel()
                if not self._interrupted:
                    self._timeout.reschedule(self._timer.when())
                self._timer = None

    def _interrupt(self) -> None:
        """Cancel the operation before its statements fail, and roll back before the drivers close."""
        self._timeout.reschedule(0)
        for driver in self._drivers:
            rollback = asyncio.create_task(driver.rollback())
            self._interrupted.append(asyncio.create_task(_interrupt_until(rollback, driver)))

    def message(self, only_reads: bool) -> str:
        """The error message for the client. For a mutation it says which changes were committed."""
        message = f"The operation took longer than {self.seconds:g} seconds and was stopped"
        if only_reads:
            return f"{message}."
        return f"{message}; {SAVED.get(self.committed, f'only its first {self.committed} changes were saved')}."


async def _interrupt_until(rollback: asyncio.Task[None], driver: Any) -> None:
    with suppress(ValueError, sqlite3.Error):  # a closed connection has rolled back already
        await interrupt(rollback, driver.interrupt)
        await rollback
