"""Interruption of running SQLite statements."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

AGAIN = 0.05
"""Seconds between interrupts: the first may come before the statement has started."""


async def interrupt(running: asyncio.Future[Any], tell: Callable[[], Awaitable[None]]) -> None:
    """Call `tell`, which interrupts the connection, until `running` has ended in any way."""
    while not running.done():
        await tell()
        await asyncio.wait([running], timeout=AGAIN)
