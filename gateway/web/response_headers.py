"""Required and forbidden headers of requests and responses."""

import re
from collections import Counter
from collections.abc import Awaitable, Iterable
from random import Random

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from gateway.web.error_responses import error_response, refusal
from gateway.web.request_log import LOGGED_ID

REQUEST_ID = b"x-request-id"
TRACE_PARENT = b"traceparent"
VALID_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
VALID_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""See https://www.w3.org/TR/trace-context/."""

SINGLE = {
    b"authorization",
    b"company",
    b"content-type",
    b"host",
    b"idempotency-key",
    b"if-match",
    b"origin",
}
"""Headers that a request may only have once: of two, a proxy and the gateway might use different
ones."""

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""The default headers of a response. Caches must not store it, since nearly all responses are data."""

IDS = Random()  # noqa: S311 - nothing is protected by an id
"""The source of request ids. They are unique but not secret, so the operating system is not called for each."""

Header = tuple[bytes, bytes]


def new_request_id() -> bytes:
    return b"%032x" % IDS.getrandbits(128)


class ResponseHeaders:
    """Middleware that adds security headers and the id of the request to each response, and answers a
    request that repeats one of `SINGLE` with 400 and a crash with 500.

    The id is that of the header X-Request-Id, if it is safe to log, or else a new one. Whatever is logged
    during the request has it as `request_id`. The header traceparent is returned as it came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        repeated, added = _headers_of(scope)
        begun = False

        def send_with_headers(message: Message) -> Awaitable[None]:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = _completed(message.get("headers", ()), added)
            return send(message)

        try:
            if repeated is not None:
                message = f"The header {repeated.decode().title()} is sent more than once."
                await refusal(400, "BAD_REQUEST", message)(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if begun:
                raise
            await error_response(error)(scope, receive, send_with_headers)


def _headers_of(scope: Scope) -> tuple[bytes | None, list[Header]]:
    """A header that the request must not repeat but does, and the headers to add to the response."""
    sent = dict(scope["headers"])
    repeated = None if len(sent) == len(scope["headers"]) else _repeated(scope["headers"])
    added = list(SECURITY_HEADERS)
    if VALID_TRACE_PARENT.fullmatch(sent.get(TRACE_PARENT, b"")):
        added.append((TRACE_PARENT, sent[TRACE_PARENT]))
    request_id = sent.get(REQUEST_ID, b"")
    if not VALID_REQUEST_ID.fullmatch(request_id):
        request_id = new_request_id()
    added.append((REQUEST_ID, request_id))
    scope.setdefault("state", {})[LOGGED_ID] = request_id.decode()
    bind_contextvars(request_id=scope["state"][LOGGED_ID])
    return repeated, added


def _repeated(headers: Iterable[Header]) -> bytes | None:
    """One of the headers in `SINGLE` that is sent more than once."""
    counts = Counter(name for name, _ in headers if name in SINGLE)
    return next((name for name, count in counts.items() if count > 1), None)


def _completed(headers: Iterable[Header], added: Iterable[Header]) -> list[Header]:
    own = list(headers)
    names = {name for name, _ in own}
    return own + [header for header in added if header[0] not in names]
