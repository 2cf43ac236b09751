"""Identifies callers. Every request needs a credential, unless access is open or the path has no
data."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.caller import (
    ANYONE,
    Caller,
    InvalidCredential,
    ProviderUnavailable,
    Unauthenticated,
)
from gateway.web.graphql_responses import (
    ENDPOINT,
    HTML,
    PAGE_TYPES,
    failure_at,
    preferred,
    refusal_at,
)

PUBLIC = ("/healthz", "/readyz", "/graphiql", "/favicon.ico")
"""Paths that need no credential, nor do the paths below them: health checks and GraphiQL's own
files."""

CHALLENGE = 'Bearer realm="sales orders"'
RETRY_AFTER = "5"
"""Seconds after which a client should try again when no token can be verified."""

Authenticate = Callable[[str | None], Awaitable[Caller]]
"""The caller with this value of the header Authorization; raises Unauthenticated."""


class Credentials:
    """Middleware that identifies the caller of each request and answers 401 to requests without a valid
    credential. Without `authenticate`, access is open."""

    def __init__(self, app: ASGIApp, authenticate: Authenticate | None) -> None:
        self._app = app
        self._authenticate = authenticate

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or _is_public(scope):
            return self._app(scope, receive, send)
        if self._authenticate is None:
            scope.setdefault("state", {})["caller"] = ANYONE
            return self._app(scope, receive, send)
        return self._authenticated(self._authenticate, scope, receive, send)

    async def _authenticated(
        self, authenticate: Authenticate, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            caller = await authenticate(Headers(scope=scope).get("authorization"))
        except Unauthenticated as error:
            await _challenge(scope, error)(scope, receive, send)
        except ProviderUnavailable as error:
            await _unavailable(scope, error)(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - masked, and logged
            await failure_at(scope, error)(scope, receive, send)
        else:
            scope.setdefault("state", {})["caller"] = caller
            await self._app(scope, receive, send)


def caller_of(request: Request) -> Caller:
    """The caller that the middleware identified; anyone while access is open."""
    caller: Caller = getattr(request.state, "caller", ANYONE)
    return caller


def company_of(request: Request) -> str | None:
    """The Company header, which is UTF-8 though headers are read as Latin-1."""
    name = request.headers.get("company")
    try:
        return None if name is None else name.encode("latin-1").decode()
    except UnicodeError:
        return name


def _is_public(scope: Scope) -> bool:
    path: str = scope["path"]
    if path == ENDPOINT:
        return _is_page(scope)
    return path == "/" or any(path == public or path.startswith(f"{public}/") for public in PUBLIC)


def _is_page(scope: Scope) -> bool:
    """Whether a browser asks for GraphiQL, which is the same for everyone and has no data."""
    is_read = scope["method"] in ("GET", "HEAD") and not scope["query_string"]
    return is_read and preferred(Headers(scope=scope).get("accept", ""), PAGE_TYPES) == HTML


def _challenge(scope: Scope, error: Unauthenticated) -> Response:
    """The refusal of a credential, as RFC 6750 describes it."""
    challenge = CHALLENGE
    if isinstance(error, InvalidCredential):
        challenge += f', error="invalid_token", error_description="{error}"'
    headers = {"WWW-Authenticate": challenge}
    return refusal_at(scope, 401, "UNAUTHENTICATED", str(error), headers)


def _unavailable(scope: Scope, error: ProviderUnavailable) -> Response:
    return refusal_at(scope, 503, "UNAVAILABLE", str(error), {"Retry-After": RETRY_AFTER})
