"""Connections of the pool: for SQLAlchemy, and of PostgreSQL's driver for what goes round it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine


class Overloaded(Exception):
    """No connection became free in time."""


class Drivers:
    """Keeps connections of the pool at hand from one use to the next, since to take one out and to put
    it back costs as much as a statement. Whoever else wants one of the pool says so by `wanted`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._idle: list[PoolProxiedConnection] = []
        self._wanting = 0
        self._is_closed = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Any]:
        """A connection in no transaction, to be left in none; raises Overloaded."""
        connection = self._at_hand() or await self._taken_out()
        try:
            yield connection.driver_connection
        except BaseException:
            connection.invalidate()  # nobody knows what it was left doing
            raise
        if self._is_closed:
            connection.invalidate()
        elif self._wanting:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """While somebody asks the pool, none is kept from it; raises Overloaded if that takes too
        long."""
        self._wanting += 1
        if self._idle:
            self._idle.pop().close()
        try:
            yield
        except PoolTimeout:
            raise Overloaded("Too much is asked at once; try again in a moment.") from None
        finally:
            self._wanting -= 1

    def close(self) -> None:
        """Give all back; those that are in use end when their use does."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _at_hand(self) -> PoolProxiedConnection | None:
        while self._idle:
            connection = self._idle.pop()
            driver: Any = connection.driver_connection
            if not driver.is_closed():
                return connection
            connection.invalidate()  # the database was stopped meanwhile
        return None

    async def _taken_out(self) -> PoolProxiedConnection:
        with self.wanted():
            return await self._engine.raw_connection()
