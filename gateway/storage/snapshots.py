"""Read snapshots of the database."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage.company_binding import binding_to
from gateway.storage.contention import temporary_failures
from gateway.storage.interruption import interrupt
from gateway.storage.postgresql_connections import give_back

if TYPE_CHECKING:
    from gateway.storage.database import Database

ROWS_AT_ONCE = 500
"""Rows that are converted before other requests get a turn."""


async def _all_rows(result: sa.Result[Any]) -> Sequence[sa.Row[Any]]:
    rows: list[sa.Row[Any]] = []
    for part in result.partitions(ROWS_AT_ONCE):
        if rows:
            await asyncio.sleep(0)
        rows += part
    return rows


class Snapshot:
    """Reads from one snapshot, taken at the first read.

    One connection in one read-only transaction, opened by the first read. Concurrent readers wait
    for each other, since a connection runs one statement at a time. Each statement runs in a task of
    its own, which is not cancelled with its caller: a cancelled SQLite driver would block until its
    thread is done, and for ever if it is cancelled twice. `close` ends the task.

    A database in an open transaction has no snapshot: each statement also sees what was committed or
    changed before it."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._company: str | None = None
        self._turn = database.joined.turn if database.joined is not None else asyncio.Lock()
        self._reading: asyncio.Task[Any] | None = None
        self._is_over = False
        self._closing: asyncio.Future[None] | None = None

    def bind(self, company: str) -> None:
        """Let later reads see rows of the company with this id, as `Database.bound_to` does."""
        self._database = self._database.bound_to(company)

    async def rows(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        """All rows of a statement; raises RuntimeError once the snapshot is closed, and the kinds of
        TemporaryFailure."""
        reading = asyncio.create_task(self._read(statement))
        reading.add_done_callback(forget)
        return await asyncio.shield(reading)

    async def _read(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        async with self._turn:
            if self._is_over:
                raise RuntimeError("the operation that reads is over")
            self._reading = asyncio.current_task()
            try:
                with temporary_failures(self._database.note_lost):
                    connection = await self._bound()
                    with self._database.used(self._driver):
                        return await _all_rows(await connection.execute(statement))
            except sa.exc.DBAPIError:
                if self._is_over:
                    raise asyncio.CancelledError from None
                raise
            finally:
                self._reading = None

    async def _bound(self) -> AsyncConnection:
        """The connection, bound to the company of the database."""
        company = self._database.company
        if self._connection is None:
            self._connection = await self._open()
        elif company != self._company:
            await self._connection.exec_driver_sql(binding_to(company, in_transaction=True))
        self._company = company
        return self._connection

    async def _open(self) -> AsyncConnection:
        joined = self._database.joined
        connection = await (self._database.connect() if joined is None else joined.connection())
        self._driver = (await connection.get_raw_connection()).driver_connection
        if joined is None and not self._database.is_sqlite:
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        return connection

    async def close(self) -> None:
        """Return the connection, even if the caller is cancelled meanwhile. A running statement is stopped."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._is_over = True
        if self._reading is not None:
            await self._stop(self._reading)
        async with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None and not self._database.is_joined:
                await give_back(connection)

    async def _stop(self, reading: asyncio.Task[Any]) -> None:
        if self._connection is None or not self._database.is_sqlite:
            reading.cancel()
            await asyncio.wait([reading])
            return
        await interrupt(reading, self._driver.interrupt)


def forget(reading: asyncio.Future[Any]) -> None:
    """Retrieve the error even if the caller was cancelled; otherwise asyncio would log it."""
    if not reading.cancelled():
        reading.exception()
