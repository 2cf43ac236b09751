"""Pooled PostgreSQL driver connections, for statements that bypass SQLAlchemy."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import PoolProxiedConnection, PoolResetState, event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from gateway.storage.company_binding import CompanyBinding
from gateway.storage.contention import temporary_failure_of
from gateway.storage.failures import Overloaded, Unavailable
from gateway.storage.outages import Connect, Outages
from gateway.storage.postgresql_connections import keep_alive, lock_limit

VETTED = "gateway_vetted"
"""The time of the last vetting of a connection, in its `info`."""

ANSWERS_WITHIN = 1
"""Seconds that a connection may take to answer after others were lost, or to roll back."""


class Drivers:
    """Keeps pooled connections between uses, because checking one out and in again costs as much as a
    statement. Other users of the pool must check out within `wanted`."""

    def __init__(self, engine: AsyncEngine, binding: CompanyBinding) -> None:
        self._engine = engine
        self._binding = binding
        self.outages = Outages(self._distrust)
        self._idle: list[PoolProxiedConnection] = []
        self._wanting = 0
        self._is_closed = False
        self._distrusted_at = 0.0
        self._lock_limit: str | None = None

    @asynccontextmanager
    async def one(self, company: str | None) -> AsyncIterator[Any]:
        """A connection outside any transaction, to be returned in the same state. It is bound to `company`.
        Raises the kinds of TemporaryFailure."""
        connection = self._at_hand() or await self._taken_out()
        driver = connection.driver_connection
        self.outages.begin(driver)
        try:
            await self._binding.bind_pooled(connection, company)
            yield driver
        except Exception as error:
            connection.invalidate()  # its state is unknown
            failure = temporary_failure_of(error)
            if failure is None:
                raise
            if isinstance(failure, Unavailable):
                self.outages.note_lost(error)
            raise failure from error
        except BaseException:
            connection.invalidate()  # its state is unknown
            raise
        finally:
            self.outages.end(driver)
        if self._is_closed:
            connection.invalidate()
        elif self._wanting:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Return idle connections to the pool while a caller waits for one; raises Overloaded if the wait
        takes too long, and Unavailable if none can be opened."""
        self.outages.refuse()
        self._wanting += 1
        if self._idle:
            self._idle.pop().close()
        try:
            with self.outages.connecting():
                yield
        except PoolTimeout:
            raise Overloaded("The gateway is overloaded; try again in a moment.") from None
        finally:
            self._wanting -= 1

    def close(self) -> None:
        """Return the idle connections to the pool. Those in use are closed when their use ends."""
        self._is_closed = True
        self.outages.close()
        self._release()

    def listen(self) -> None:
        """Take part in the events of the pool."""
        events: dict[str, Callable[..., Any]] = {
            "connect": self._opened,
            "checkout": self._taken,
            "checkin": self._returned,
            "reset": self._reset,
            "invalidate": self._invalidated,
        }
        for name, listener in events.items():
            event.listen(self._engine.sync_engine, name, listener)

    def serve(self, connect: Connect | None, deadline: float) -> None:
        """Watch for outages, with connections outside the pool that `connect` opens, and limit the wait for
        locks by the deadline of the operations, in seconds. SQLite has nothing to connect to."""
        self.outages.watch(connect, is_pooled=self._binding.is_pooled)
        if not self._binding.is_pooled:
            self._lock_limit = lock_limit(deadline)

    def _opened(self, connection: Any, record: Any) -> None:
        keep_alive(connection)
        if self._lock_limit is not None:
            await_only(connection.driver_connection.execute(self._lock_limit))
        record.info[VETTED] = time.monotonic()

    def _taken(self, connection: Any, record: Any, _proxy: Any) -> None:
        """Have the pool replace a connection that is closed or, if others were lost, does not answer.
        Otherwise the check needs no round trip."""
        driver = connection.driver_connection
        if driver.is_closed():
            raise DisconnectionError
        if record.info.get(VETTED, 0) < self._distrusted_at:
            try:
                await_only(driver.execute("SELECT 1", timeout=ANSWERS_WITHIN))
            except Exception as error:
                raise InvalidatePoolError from error
            record.info[VETTED] = time.monotonic()
        self.outages.begin(driver)

    def _returned(self, connection: Any, _record: Any) -> None:
        if connection is not None:
            self.outages.end(connection.driver_connection)

    def _reset(self, connection: Any, _record: Any, state: PoolResetState) -> None:
        """Roll back, or drop a connection on which that fails or takes too long."""
        driver = connection.driver_connection
        if state.transaction_was_reset or state.terminate_only or not state.asyncio_safe:
            return
        timer = asyncio.get_running_loop().call_later(ANSWERS_WITHIN, driver.terminate)
        try:
            connection.rollback()
        except Exception as error:  # noqa: BLE001 - whatever the reason is
            driver.terminate()
            self.outages.note_lost(error)
        finally:
            timer.cancel()

    def _invalidated(self, connection: Any, _record: Any, _error: Any) -> None:
        """Drop a connection at once: SQLAlchemy would wait two seconds for its end."""
        connection.driver_connection.terminate()
        self.outages.end(connection.driver_connection)
        self._distrust()

    def _distrust(self) -> None:
        """Vet all connections before they are used again."""
        self._distrusted_at = time.monotonic()
        self._release()

    def _release(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _at_hand(self) -> PoolProxiedConnection | None:
        while self._idle:
            connection = self._idle.pop()
            driver: Any = connection.driver_connection
            if not driver.is_closed():
                return connection
            connection.invalidate()  # the server closed it in the meantime
        return None

    async def _taken_out(self) -> PoolProxiedConnection:
        with self.wanted():
            return await self._engine.raw_connection()
