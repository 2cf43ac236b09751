"""The HTTP server."""

import socket
from types import FrameType
from typing import Any

import uvicorn
from structlog.typing import FilteringBoundLogger

from gateway.app import create_app, stop_reading
from gateway.settings import Settings
from gateway.web.address import in_url
from gateway.web.connection_limits import ConnectionLimits
from gateway.web.http_connection import ServerConfig
from gateway.web.open_files import most_connections
from gateway.web.process import ignore_abandoned_coroutines, tune_memory
from gateway.web.stop_signal import STOP_SIGNAL

GRACE_PERIOD = 10
"""Seconds that running requests have after the gateway receives a signal to stop."""


def run_server(
    settings: Settings, listener: socket.socket, host: str, log: FilteringBoundLogger
) -> None:
    """Serve on `listener`, which is bound to `host`, until a signal stops the process. Requests go to `log`."""
    address = listener.getsockname()[0]
    limits = ConnectionLimits(most_connections(settings.max_connections))
    app = create_app(settings, listens_on=[in_url(host), in_url(address)], log=log)
    config = server_config(app, settings, limits)
    tune_memory()
    ignore_abandoned_coroutines()
    _Server(config).run(sockets=[listener])


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
        timeout_graceful_shutdown=GRACE_PERIOD,
        timeout_keep_alive=settings.keep_alive,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
    )


class _Server(uvicorn.Server):
    """A server that also obeys a signal received before its start, and that does not wait for files
    that are being read when it stops."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if STOP_SIGNAL.is_received:
            self.should_exit = True
        else:
            await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        stop_reading()
        super().handle_exit(sig, frame)
