"""The HTTP server."""

import socket

import uvicorn

from gateway.app import create_app
from gateway.settings import Settings
from gateway.web.address import in_url
from gateway.web.process import tune_memory

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
    uvicorn.Server(config).run(sockets=[listener])
