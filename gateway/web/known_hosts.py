"""The host names of the gateway. Requests for others are refused, so that a foreign page cannot reach
it through its own host name (DNS rebinding)."""

import re
from collections.abc import Awaitable, Sequence
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.error_responses import refusal
from gateway.web.health import HEALTH_PATHS

HOST_HEADER = re.compile(r"(\[[0-9a-f:.]+\]|[^:@/\[\]]+)(:[0-9]*)?", re.IGNORECASE)
ANY = "*"
BELOW = "*."
"""The prefix of a pattern for all names below a domain."""


MOST_CACHED = 100
"""Values of the header Host whose check is cached."""


class KnownHosts:
    """Middleware that refuses requests for a host name that matches no pattern in `allowed`. Health
    checks pass under every name, since probes use the address of a container."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._names = {pattern.lower() for pattern in allowed}
        self._suffixes = tuple(each[1:] for each in self._names if each.startswith(BELOW))
        self._is_known = lru_cache(MOST_CACHED)(self._matches)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["path"] in HEALTH_PATHS or self._is_known(_host(scope)):
            return self._app(scope, receive, send)
        message = "The gateway does not answer under this host name. GATEWAY_HOSTS adds names."
        return refusal(400, "UNKNOWN_HOST", message)(scope, receive, send)

    def _matches(self, sent: bytes) -> bool:
        if ANY in self._names:
            return True
        match = HOST_HEADER.fullmatch(sent.decode("latin-1"))
        host = match[1].lower() if match is not None else ""
        return host in self._names or host.endswith(self._suffixes)


def _host(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"host":
            host: bytes = value
            return host
    return b""
