"""The host names of the gateway. Requests for others are refused, so that a foreign page cannot reach
it through its own host name (DNS rebinding)."""

import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.error_responses import refusal
from gateway.web.health import HEALTH_PATHS

HOST_HEADER = re.compile(r"(\[[0-9a-f:.]+\]|[^:@/\[\]]+)(:[0-9]*)?", re.IGNORECASE)
ANY = "*"
BELOW = "*."
"""The prefix of a pattern for all names below a domain."""


class KnownHosts:
    """Middleware that refuses requests for a host name that matches no pattern in `allowed`. Health
    checks pass under every name, since probes use the address of a container."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._names = {pattern.lower() for pattern in allowed}
        self._suffixes = tuple(each[1:] for each in self._names if each.startswith(BELOW))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH_PATHS or self._is_known(scope):
            await self._app(scope, receive, send)
        else:
            message = "The gateway does not answer under this host name. GATEWAY_HOSTS adds names."
            await refusal(400, "UNKNOWN_HOST", message)(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        if ANY in self._names:
            return True
        sent: bytes = next((value for name, value in scope["headers"] if name == b"host"), b"")
        match = HOST_HEADER.fullmatch(sent.decode("latin-1"))
        host = match[1].lower() if match is not None else ""
        return host in self._names or host.endswith(self._suffixes)
