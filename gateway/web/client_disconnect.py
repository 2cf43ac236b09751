"""Clients that hang up before they have their answer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from starlette.requests import ClientDisconnect, Request

Result = TypeVar("Result")

UNWATCHED = 0.05
"""Most work is done within, and to watch it would cost more than to let it end."""


async def unless_gone(
    request: Request, work: Coroutine[Any, Any, Result], may_stop: Callable[[], bool]
) -> Result:
    """What `work` gives. It is stopped when the client hangs up and `may_stop` then; raises
    ClientDisconnect. Whoever hangs up at once is noticed after `UNWATCHED` seconds."""
    watch = _Watch(request, may_stop)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_stopped:
            raise ClientDisconnect from None
        raise
    finally:
        watch.end()


class _Watch:
    """Stops the task in which it is made when the client hangs up."""

    def __init__(self, request: Request, may_stop: Callable[[], bool]) -> None:
        self.has_stopped = False
        self._request = request
        self._may_stop = may_stop
        self._working = cast("asyncio.Task[Any]", asyncio.current_task())
        self._watching: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(UNWATCHED, self._begin)

    def end(self) -> None:
        """The task goes on, as one that nobody has cancelled."""
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self.has_stopped:
            self._working.uncancel()

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        if self._may_stop():
            self.has_stopped = self._working.cancel()
