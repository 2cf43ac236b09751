"""The gateway as a process that serves."""

import socket

import uvicorn

from gateway.app import create_app
from gateway.settings import Settings
from gateway.web.address import in_url
from gateway.web.process import settle

LAST_ANSWERS_WITHIN = 10
"""Seconds that requests have to end when the gateway is told to stop."""


def run(settings: Settings, listener: socket.socket, host: str) -> None:
    """Serve on `listener`, which listens for `host`, until told to stop."""
    address = listener.getsockname()[0]
    config = uvicorn.Config(
        create_app(settings, listens_on=[in_url(host), in_url(address)]),
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=LAST_ANSWERS_WITHIN,
    )
    settle()
    uvicorn.Server(config).run(sockets=[listener])
