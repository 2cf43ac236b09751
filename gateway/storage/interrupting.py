"""Stopping what SQLite does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

AGAIN = 0.05
"""Seconds after which a statement is told again to stop: it may not have begun the first time."""


async def interrupt(running: asyncio.Future[Any], tell: Callable[[], Awaitable[None]]) -> None:
    """Have `tell` interrupt the connection until what is running on it has ended, in whatever way."""
    while not running.done():
        await tell()
        await asyncio.wait([running], timeout=AGAIN)
