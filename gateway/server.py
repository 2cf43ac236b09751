"""The HTTP server."""

import socket
from types import FrameType

import uvicorn

from gateway.app import create_app, stop_reading
from gateway.settings import Settings
from gateway.web.address import in_url
from gateway.web.process import STOP_SIGNAL, tune_memory

GRACE_PERIOD = 10
"""Seconds that requests have to finish after the gateway receives a signal to stop."""


def run_server(settings: Settings, listener: socket.socket, host: str) -> None:
    """Serve on `listener`, which is bound to `host`, until a signal stops the process."""
    address = listener.getsockname()[0]
    config = uvicorn.Config(
        create_app(settings, listens_on=[in_url(host), in_url(address)]),
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_PERIOD,
    )
    tune_memory()
    _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that a signal before its start stops too, and that does not wait for files that are being
    read when it stops."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if STOP_SIGNAL.is_received:
            self.should_exit = True
        else:
            await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        stop_reading()
        super().handle_exit(sig, frame)
