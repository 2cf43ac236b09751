"""Redirects, and the responses to requests that no endpoint handles."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.web.graphql_responses import ENDPOINT, refusal_at

PATHS = (ENDPOINT, "/imports", "/exports", "/schema.graphql", "/healthz", "/readyz")


async def _to_page(request: Request) -> Response:
    return RedirectResponse(ENDPOINT)


async def _to_icon(request: Request) -> Response:
    return RedirectResponse("/graphiql/favicon.svg")


REDIRECTS = (
    Route("/", _to_page),
    Route("/graphiql", _to_page),
    Route("/graphiql/", _to_page),
    Route("/favicon.ico", _to_icon),
)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """The response if no endpoint has this path or method. OPTIONS returns the methods. A path that
    ends with a slash is redirected to the endpoint without it."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    path, query = request.url.path, request.url.query
    methods = sorted((error.headers or {}).get("Allow", "").split(", "))
    headers = {"Allow": ", ".join([*methods, "OPTIONS"])}
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
        message = f"Use {' or '.join(methods)}."
        return refusal_at(request.scope, 405, "METHOD_NOT_ALLOWED", message, headers)
    if path.endswith("/") and path[:-1] in PATHS:
        return RedirectResponse(path[:-1] + (f"?{query}" if query else ""), 308)
    return refusal_at(
        request.scope, error.status_code, "NOT_FOUND", "There is nothing at this path."
    )
