"""Cross-origin resource sharing (CORS): what pages of other origins may send and read."""

from collections.abc import Awaitable, Iterable, Sequence
from fnmatch import fnmatchcase

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSED = (
    "Content-Disposition",
    "Export-Losses",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Upload-Complete",
    "Upload-Limit",
    "Upload-Offset",
    "X-Request-Id",
)
"""Headers of responses that scripts may read."""

REQUESTED = "access-control-request-headers"
ALLOWED = "access-control-allow-headers"


class CrossOrigin(CORSMiddleware):
    """Middleware that lets pages of `origins` use the methods and send the headers; a header may end with
    `*`, such as `apollographql-*`."""

    def __init__(
        self, app: ASGIApp, origins: Sequence[str], methods: Sequence[str], headers: Sequence[str]
    ) -> None:
        patterns = [name for name in headers if name != "*" and "*" in name]
        names = [name for name in headers if name not in patterns]
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=methods,
            allow_headers=names,
            expose_headers=EXPOSED,
        )
        self._patterns = [pattern.lower() for pattern in patterns]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests without an origin, such as those of programs, need only the header Vary."""
        if scope["type"] != "http" or b"origin" in dict(scope["headers"]):
            await super().__call__(scope, receive, send)
            return

        def send_varying(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = _varying(message.get("headers", ()))
            return send(message)

        await self.app(scope, receive, send_varying)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a preflight request; it repeats the requested headers that match a pattern."""
        requested = _names(request_headers.get(REQUESTED, ""))
        matching = [name for name in requested if self._matches(name)]
        others = [name for name in requested if name not in matching]
        fields = {name: value for name, value in request_headers.items() if name != REQUESTED}
        if others:
            fields[REQUESTED] = ", ".join(others)
        response = super().preflight_response(Headers(fields))
        if matching:
            allowed = [response.headers[ALLOWED], *matching]
            response.headers[ALLOWED] = ", ".join(allowed)
        return response

    def _matches(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._patterns)


def _varying(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a response that depends on the origin of the request."""
    others, vary = [], [b"Origin"]
    for name, value in headers:
        if name == b"vary":
            vary.insert(-1, value)
        else:
            others.append((name, value))
    return [*others, (b"vary", b", ".join(vary))]


def _names(header: str) -> list[str]:
    return [name.strip().lower() for name in header.split(",") if name.strip()]
