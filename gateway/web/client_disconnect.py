"""Cancels work when the client disconnects."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from starlette.requests import ClientDisconnect, Request

Result = TypeVar("Result")

WATCH_DELAY = 0.05
"""Seconds before the connection is watched. Most work ends sooner, and watching it would cost more
than letting it finish."""

IS_CLOSED = "is_closed"
"""The key, in the state of a request, of the server's function that returns whether the client has closed
its connection."""


def is_gone(request: Request) -> bool:
    """Whether the client has disconnected before any work for it begins."""
    is_closed = request.scope.get("state", {}).get(IS_CLOSED)
    return is_closed is not None and is_closed()


async def cancel_on_disconnect(
    request: Request, work: Coroutine[Any, Any, Result], may_stop: Callable[[], bool]
) -> Result:
    """The result of `work`, which is cancelled if the client disconnects and `may_stop` agrees. Raises
    ClientDisconnect. A disconnect is noticed after `WATCH_DELAY` at the earliest."""
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
    """Cancels the task that created it when the client disconnects."""

    def __init__(self, request: Request, may_stop: Callable[[], bool]) -> None:
        self.has_stopped = False
        self._request = request
        self._may_stop = may_stop
        self._working = cast("asyncio.Task[Any]", asyncio.current_task())
        self._watching: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(WATCH_DELAY, self._begin)

    def end(self) -> None:
        """Stop watching, and let the task continue as if it had not been cancelled."""
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
