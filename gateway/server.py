"""The HTTP server."""

import asyncio
import os
import signal
import socket
import time
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import uvicorn
from structlog.typing import FilteringBoundLogger

from gateway.app import create_app, stop_reading
from gateway.settings import Settings
from gateway.web.address import in_url
from gateway.web.connection_limits import ConnectionLimits
from gateway.web.health import Readiness
from gateway.web.http_connection import ServerConfig
from gateway.web.open_files import most_connections
from gateway.web.process import ignore_abandoned_coroutines, tune_memory
from gateway.web.stop_signal import STOP_SIGNAL

NOTICE = 0.2
"""The part of the time for a stop in which a load balancer may learn that the gateway is not ready."""

REQUESTS_SHARE = 0.8
"""The part of the remaining time that running requests have. The rest is for import jobs to stop and for
connections to be closed."""


def run_server(
    settings: Settings,
    listener: socket.socket,
    host: str,
    log: FilteringBoundLogger,
    parent: int | None = None,
) -> None:
    """Serve on `listener`, which is bound to `host`, until a signal stops the process. Requests go to `log`.
    The server also stops when its `parent` has ended."""
    address = listener.getsockname()[0]
    limits = ConnectionLimits(most_connections(settings.max_connections))
    app = create_app(settings, listens_on=[in_url(host), in_url(address)], log=log)
    config = server_config(app, settings, limits)
    tune_memory()
    ignore_abandoned_coroutines()
    _Server(config, app.state.readiness, settings.stop_seconds, parent).run(sockets=[listener])


def server_config(app: Any, settings: Settings, limits: ConnectionLimits) -> ServerConfig:
    """The configuration of the server for an ASGI application. It accepts forwarded headers only from
    trusted proxies."""
    return ServerConfig(
        app,
        limits,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_keep_alive=settings.keep_alive,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
    )


class _Server(uvicorn.Server):
    """A server that also obeys a signal received before its start. When it stops, it first reports that it is
    not ready, while it still accepts requests. It does not wait for files that are being read."""

    def __init__(
        self, config: ServerConfig, readiness: Readiness, stop_seconds: float, parent: int | None
    ) -> None:
        """`parent` is the id of the process that supervises this one, if any."""
        super().__init__(config)
        self._readiness = readiness
        self._stop_seconds = stop_seconds
        self._signal: int | None = None
        self._parent = parent
        self._end = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if STOP_SIGNAL.is_received:
            self.should_exit = True
        else:
            await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal stops at once."""
        if self._signal is None:
            self._signal, self._end = sig, time.monotonic() + self._stop_seconds
            self._readiness.stop()
        else:
            stop_reading()
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        is_orphan = self._parent is not None and os.getppid() != self._parent
        if self._signal is None and is_orphan:
            self.handle_exit(signal.SIGTERM, None)
        if self._signal is not None and not self.should_exit:
            longest = self._stop_seconds * NOTICE
            if self._signal == signal.SIGINT or not self._readiness.is_awaited(longest):
                self.handle_exit(self._signal, None)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Raises no error: whatever is not finished in time is abandoned."""
        left = max(0.0, self._end - time.monotonic())
        self.config.timeout_graceful_shutdown = cast(int, left * REQUESTS_SHARE)
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await super().shutdown(sockets)
