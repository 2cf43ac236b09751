"""Threads that read a SQLite file, each through its own connection."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from gateway.storage.contention import ignore, temporary_failures
from gateway.storage.interruption import interrupt

THREADS = 4
"""More threads would only wait for Python's lock."""

PRAGMAS = ("query_only=ON", "mmap_size=268435456", "cache_size=-16000")

Result = TypeVar("Result")


class SqliteReaders:
    """Runs work on connections to the file at `path`; `prepare` sets up each new connection. It waits
    at most `patience` seconds for another process's lock. `note_lost` gets the errors that mean that the file
    cannot be read."""

    def __init__(
        self,
        path: str,
        patience: float,
        prepare: Callable[[sqlite3.Connection], None],
        note_lost: Callable[[Exception], None] = ignore,
    ) -> None:
        self._address = f"file:{quote(path)}?mode=rw"
        self._patience = patience
        self._prepare = prepare
        self._note_lost = note_lost
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sqlite-reader")
        self._own = threading.local()
        self._open: list[sqlite3.Connection] = []

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """The result of `work` in a read transaction, which is one snapshot. A caller that is cancelled
        interrupts the running statement and waits for it to end. Raises DatabaseBusy."""
        begun: list[sqlite3.Connection] = []
        submitted = self._threads.submit(self._read, work, begun)
        running = asyncio.wrap_future(submitted)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            submitted.cancel()  # only has an effect before a thread has begun the work
            await interrupt(running, partial(_interrupt_all, begun))
            running.cancelled() or running.exception()
            raise

    def close(self) -> None:
        self._threads.shutdown()
        for connection in self._open:
            connection.close()

    def _read(
        self, work: Callable[[sqlite3.Connection], Result], begun: list[sqlite3.Connection]
    ) -> Result:
        with temporary_failures(self._note_lost):
            connection = self._connection()
            connection.rollback()  # in case the end of the last transaction was interrupted
            begun.append(connection)
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                begun.clear()
                connection.rollback()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._address,
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
                timeout=self._patience,
            )
            self._prepare(connection)
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            self._own.connection = connection
            self._open.append(connection)
        return connection


async def _interrupt_all(connections: list[sqlite3.Connection]) -> None:
    for connection in connections:
        connection.interrupt()
