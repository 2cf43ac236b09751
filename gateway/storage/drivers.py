"""Pooled PostgreSQL driver connections, for statements that bypass SQLAlchemy."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.storage.company_binding import CompanyBinding


class Overloaded(Exception):
    """No database connection became free in time."""


class Drivers:
    """Keeps pooled connections between uses, because checking one out and in again costs as much as a
    statement. Other users of the pool must check out within `wanted`."""

    def __init__(self, engine: AsyncEngine, binding: CompanyBinding) -> None:
        self._engine = engine
        self._binding = binding
        self._idle: list[PoolProxiedConnection] = []
        self._wanting = 0
        self._is_closed = False

    @asynccontextmanager
    async def one(self, company: str | None) -> AsyncIterator[Any]:
        """A connection outside any transaction, to be returned in the same state. It is bound to `company`.
        Raises Overloaded."""
        connection = self._at_hand() or await self._taken_out()
        try:
            await self._binding.bind_pooled(connection, company)
            yield connection.driver_connection
        except BaseException:
            connection.invalidate()  # its state is unknown
            raise
        if self._is_closed:
            connection.invalidate()
        elif self._wanting:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Return idle connections to the pool while a caller waits for one; raises Overloaded if the wait
        takes too long."""
        self._wanting += 1
        if self._idle:
            self._idle.pop().close()
        try:
            yield
        except PoolTimeout:
            raise Overloaded("The gateway is overloaded; try again in a moment.") from None
        finally:
            self._wanting -= 1

    def close(self) -> None:
        """Return the idle connections to the pool. Those in use are closed when their use ends."""
        self._is_closed = True
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
