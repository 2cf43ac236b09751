"""The responses of GraphQL over HTTP and their media types."""

import re
from functools import lru_cache

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from gateway.api.errors import TEMPORARY, code_of
from gateway.web.error_responses import RETRY, RefusalResponse, error_response, refusal

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"
ANSWER_TYPES = (JSON, GRAPHQL)
PAGE_TYPES = (JSON, GRAPHQL, HTML)
"""The media types of answers, and of an address that also has a page."""

ENDPOINT = "/graphql"
WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")


def graphql_response(
    body: bytes, media_type: str, status: int, headers: dict[str, str] | None = None
) -> Response:
    return Response(body, status, headers, _with_charset(media_type))


def graphql_refusal(
    status: int,
    code: str,
    message: str,
    media_type: str,
    headers: dict[str, str] | None = None,
) -> Response:
    """The response to a request whose operation is not run."""
    error = {"message": message, "extensions": {"code": code}}
    content = orjson.dumps({"errors": [error]})
    return RefusalResponse(code, content, status, headers, _with_charset(media_type))


def refusal_at(
    scope: Scope, status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> Response:
    """The response to a request that reaches no endpoint, in the format of the endpoint at its path."""
    if scope["path"] != ENDPOINT:
        return refusal(status, code, message, headers)
    accept = Headers(scope=scope).get("accept") or JSON
    return graphql_refusal(status, code, message, preferred(accept, ANSWER_TYPES) or JSON, headers)


def failure_at(scope: Scope, error: Exception) -> Response:
    """The response to an error before the request reaches an endpoint."""
    code = code_of(error)
    if code in TEMPORARY:
        return refusal_at(scope, 503, code, str(error), RETRY)
    return error_response(error)


@lru_cache(64)
def preferred(header: str, offered: tuple[str, ...]) -> str | None:
    """The offered media type that the client prefers; among equals, the one that it names first or that
    is offered first. The most exact range decides the weight of a type (RFC 9110, 12.5.1)."""
    ranges: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(header.lower().split(",")):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        weights = [match[1] for match in map(WEIGHT.fullmatch, parameters) if match is not None]
        ranges[media_range] = float(weights[0] if weights else 1), -place
    weighed = []
    for place, media_type in enumerate(offered):
        candidates = (media_type, media_type.split("/")[0] + "/*", "*/*")
        result = next((ranges[name] for name in candidates if name in ranges), (0.0, 0))
        weighed.append((*result, -place, media_type))
    best = max(weighed)
    return best[-1] if best[0] > 0 else None


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8"
