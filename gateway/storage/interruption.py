"""Interrupts running SQLite statements."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

AGAIN = 0.05
"""Seconds between interrupts: the first may come before the statement has started."""


async def interrupt(running: asyncio.Future[Any], send: Callable[[], Awaitable[None]]) -> None:
    """Call `send`, which interrupts the connection, again and again until `running` is done."""
    while not running.done():
        await send()
        await asyncio.wait([running], timeout=AGAIN)
