"""Refuses requests that a page of another origin makes through the browser of someone who can reach the
gateway.

A browser sends simple requests, such as those of forms, without asking first (CORS), whatever page they
come from. `/graphql` takes no such request, since its content type is always JSON."""

from collections.abc import Awaitable, Container

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.error_responses import refusal

GUARDED = ("/imports", "/exports")
OWN_SITES = ("same-origin", "none")
"""Values of Sec-Fetch-Site for our own pages, and for addresses that the user opened."""

SIMPLE_TYPES = (
    "",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
)
UNSAFE_HEADERS = ("company", "x-requested-with")
"""Headers that a page of another origin can send only after a preflight request."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class ForeignOrigins:
    """Middleware that lets pages of other origins use uploads and downloads only if the origin is allowed
    and the browser has asked first."""

    def __init__(self, app: ASGIApp, allowed: Container[str]) -> None:
        self._app = app
        self._allowed = allowed

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        message = self._why_refused(scope) if _is_guarded(scope) else None
        if message is None:
            return self._app(scope, receive, send)
        return refusal(403, "FOREIGN_ORIGIN", message)(scope, receive, send)

    def _why_refused(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if _is_own(headers, origin):
            return None
        if origin is None or not ("*" in self._allowed or origin in self._allowed):
            return "Pages of another origin may not use this address. GATEWAY_CORS_ORIGINS allows origins."
        if scope["method"] == "POST" and not _asks_first(headers):
            return (
                "A page of another origin must send a header or content type that a form cannot send,"
                " such as the header X-Requested-With."
            )
        return None


def _is_guarded(scope: Scope) -> bool:
    path: str = scope.get("path", "")
    return scope["type"] == "http" and path.startswith(GUARDED)


def _is_own(headers: Headers, origin: str | None) -> bool:
    """Whether the request comes from our own page, from the user, or from a program other than a
    browser."""
    if headers.get("sec-fetch-site", "none") not in OWN_SITES:
        return False
    if origin is None:
        return True
    scheme, _, address = origin.lower().partition("://")
    port = DEFAULT_PORTS.get(scheme, "")
    return address.removesuffix(port) == headers.get("host", "").lower().removesuffix(port)


def _asks_first(headers: Headers) -> bool:
    """Whether a browser sends a preflight request before this one."""
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    return content_type not in SIMPLE_TYPES or any(name in headers for name in UNSAFE_HEADERS)
