"""A transaction that stays open while an operation reads and changes in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


@dataclass
class OpenTransaction:
    """The transaction of `session`, which others join."""

    session: AsyncSession
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by each reader, since a connection runs one statement at a time."""
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    """Called once the transaction is committed."""

    async def connection(self) -> AsyncConnection:
        return await self.session.connection()

    async def driver(self) -> Any:
        """The driver's own connection."""
        connection = await self.connection()
        return (await connection.get_raw_connection()).driver_connection
