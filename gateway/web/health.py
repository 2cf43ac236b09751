"""The liveness and readiness checks."""

import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

HEALTH_PATHS = ("/healthz", "/readyz")

PATIENCE = 1
"""Seconds within which a load balancer that asks often is expected to ask again."""

STOPPING = "The gateway is shutting down."


async def live(request: Request) -> Response:
    """Answers whenever the process runs, whatever the state of the database."""
    return PlainTextResponse("ok\n")


class Readiness:
    """The readiness check: 503 with the reason as long as `why_not` returns one, and once the gateway
    stops. A gateway that can only read is ready, so that no load balancer takes the readers away."""

    def __init__(
        self,
        why_not: Callable[[], Awaitable[str | None]],
        is_writable: Callable[[], Awaitable[bool]],
    ) -> None:
        self._why_not = why_not
        self._is_writable = is_writable
        self._asked: float | None = None
        self._interval = 0.0
        self._stopping: float | None = None
        self._has_told = False

    async def answer(self, request: Request) -> Response:
        moment = time.monotonic()
        self._interval = moment - (moment if self._asked is None else self._asked)
        self._asked = moment
        if self._stopping is not None:
            self._has_told = True
            return PlainTextResponse(f"{STOPPING}\n", status_code=503)
        reason = await self._why_not()
        if reason is not None:
            return PlainTextResponse(f"{reason}\n", status_code=503)
        return PlainTextResponse("ok\n" if await self._is_writable() else "ok\nwrites: false\n")

    def stop(self) -> None:
        """Answer 503 from now on."""
        if self._stopping is None:
            self._stopping = time.monotonic()

    def is_awaited(self, longest: float) -> bool:
        """Whether a load balancer that asks at regular intervals has not yet learnt that the gateway stops.
        It is given `longest` seconds at most."""
        if self._stopping is None or self._asked is None or not self._interval or self._has_told:
            return False
        patience = min(longest, max(PATIENCE, 2 * self._interval))
        return time.monotonic() < min(self._asked + patience, self._stopping + longest)
