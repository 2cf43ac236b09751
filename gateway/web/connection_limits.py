"""The limits of connections, and the log of those that are refused."""

import logging
from dataclasses import dataclass

log = logging.getLogger("gateway.connections")

LOG_INTERVAL = 60
"""Seconds between two lines in the log about refused connections."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Times are in seconds."""

    connections: int = 1000
    head: float = 10
    """For a complete head, and for the first request of a connection to begin."""
    body_progress: float = 10
    """Between two parts of a body, and for the rest of a body after its response."""
    body: float = 30
    """For a whole body."""
    unread: float = 60
    """Between two reads of a long response by the client."""
    uploads: str = "/imports"
    """The path prefixes of uploads, whose bodies may take any time."""


def log_refusal(status: int, code: str, request_id: bytes) -> None:
    """Log a request that ended before the application could see it, because it was malformed, too large or
    too slow."""
    fields = {"status": status, "codes": [code], "request_id": request_id.decode()}
    log.info("request", extra={**fields, "outcome": "refused"})


class RefusalLog:
    """Logs that connections are refused, once a minute at most."""

    def __init__(self) -> None:
        self._count = 0
        self._logged: float | None = None

    def note(self, limit: int, moment: float) -> None:
        self._count += 1
        if self._logged is None or moment - self._logged >= LOG_INTERVAL:
            self._logged = moment
            log.warning(
                "refusing connections: %d are open, as many as GATEWAY_MAX_CONNECTIONS allows; %d refused so far",
                limit,
                self._count,
            )
