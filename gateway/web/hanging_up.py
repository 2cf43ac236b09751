"""Clients that hang up before they have their answer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

Result = TypeVar("Result")

UNWATCHED = 0.05
"""Most work is done within, and to watch it would cost more than to let it end."""


async def unless_gone(
    request: Request, work: Coroutine[Any, Any, Result], may_stop: Callable[[], bool]
) -> Result:
    """What `work` gives. It is stopped when the client hangs up and `may_stop` then; raises
    ClientDisconnect. Whoever hangs up at once is noticed after `UNWATCHED` seconds."""
    working = asyncio.create_task(work)
    try:
        await asyncio.wait({working}, timeout=UNWATCHED)
    except asyncio.CancelledError:
        working.cancel()
        await asyncio.wait({working})
        raise
    if working.done() and not working.cancelled():
        return working.result()
    hanging_up = asyncio.create_task(_hang_up(request))
    try:
        await asyncio.wait({working, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done() and not may_stop():
            await asyncio.wait({working})
    finally:
        for task in (working, hanging_up):
            task.cancel()
        await asyncio.wait({working, hanging_up})
    if working.cancelled():
        raise ClientDisconnect
    return working.result()


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
