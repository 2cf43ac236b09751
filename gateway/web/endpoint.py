"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.api.context import Context
from gateway.api.operations import Answer, Operation, run_operation
from gateway.web.client_disconnect import cancel_on_disconnect
from gateway.web.credentials import caller_of
from gateway.web.graphiql_page import graphiql

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"


class JsonNumber(Decimal):
    """A number in a request, which messages show as it was sent."""

    def __inspect__(self) -> str:
        return str(self)


class HttpError(Exception):
    """A request whose operation is not run; it is answered with this status."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Endpoint:
    """POST with a JSON body, GET for queries, and GraphiQL for browsers."""

    def __init__(
        self,
        context: Callable[[str | None, Caller], Context],
        largest: int,
        *,
        shows_engine: bool = False,
    ) -> None:
        self._context = context
        self._largest = largest
        self._shows_engine = shows_engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        is_page = request.method != "POST" and "query" not in request.query_params
        offered = (JSON, GRAPHQL, HTML) if is_page else (JSON, GRAPHQL)
        media_type = _preferred(request.headers.get("accept") or JSON, offered)
        if media_type == HTML:
            return graphiql()
        if media_type is None:
            return _refusal(HttpError(406, f"Accept {GRAPHQL} or {JSON}.", "NOT_ACCEPTABLE"), JSON)
        try:
            return await self._run(request, media_type)
        except HttpError as error:
            return _refusal(error, media_type)
        except ClientDisconnect:
            return Response(status_code=400)  # the client is gone
        except asyncio.CancelledError:
            return _refusal(HttpError(503, "The gateway is shutting down.", "STOPPING"), media_type)

    async def _run(self, request: Request, media_type: str) -> Response:
        """Raises HttpError, and ClientDisconnect if the client disconnects."""
        operation = replace(
            await _operation(request, self._largest), if_match=request.headers.get("if-match")
        )
        context = self._context(company_of(request), caller_of(request))
        answer = await cancel_on_disconnect(
            request, run_operation(operation, context), lambda: context.state.only_reads
        )
        if answer.needs_post:
            return _response(answer.body, media_type, 405, {"Allow": "POST"})
        headers = {"X-Execution": answer.engine} if self._shows_engine else {}
        if answer.retry_after is not None:
            headers["Retry-After"] = str(answer.retry_after)
        return _response(answer.body, media_type, _status(answer, media_type), headers)


def _status(answer: Answer, media_type: str) -> int:
    """As the draft says, application/json always has 200 for a request that is GraphQL."""
    if media_type == JSON:
        return 200
    if answer.retry_after is not None and answer.is_empty:
        return 503
    return 200 if answer.was_run else 400


def _refusal(error: HttpError, media_type: str) -> Response:
    formatted = {"message": str(error), "extensions": {"code": error.code}}
    return _response(orjson.dumps({"errors": [formatted]}), media_type, error.status)


def _response(
    body: bytes, media_type: str, status: int, headers: dict[str, str] | None = None
) -> Response:
    return Response(body, status, headers, media_type=f"{media_type}; charset=utf-8")


def company_of(request: Request) -> str | None:
    """The Company header, which is UTF-8 though headers are read as Latin-1."""
    name = request.headers.get("company")
    try:
        return None if name is None else name.encode("latin-1").decode()
    except UnicodeError:
        return name


@lru_cache(64)
def _preferred(header: str, offered: tuple[str, ...]) -> str | None:
    """The offered media type that the client prefers; among equals, the one that it names first or that
    is offered first. The most exact range decides the weight of a type (RFC 9110, 12.5.1)."""
    ranges: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(header.lower().split(",")):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            ranges[media_range] = (float(weight), -place)
        except ValueError:
            continue
    weighed = []
    for place, media_type in enumerate(offered):
        candidates = (media_type, media_type.split("/")[0] + "/*", "*/*")
        found = next((ranges[name] for name in candidates if name in ranges), (0.0, 0))
        weighed.append((*found, -place, media_type))
    best = max(weighed)
    return best[-1] if best[0] > 0 else None


async def _operation(request: Request, largest: int) -> Operation:
    if request.method != "POST":
        parameters: Any = dict(request.query_params)
        for name in ("variables", "extensions"):
            if name in parameters:
                parameters[name] = _json(parameters[name], name)
        return _checked(parameters, may_change=False)
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON:
        raise HttpError(415, f"Send the operation as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
    return _checked(_json(await _body(request, largest), "body"), may_change=True)


async def _body(request: Request, largest: int) -> bytes:
    """The whole body; raises HttpError as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HttpError(413, f"A request has at most {largest:,} bytes.", "TOO_LARGE")
    return bytes(body)


def _json(text: str | bytes, name: str) -> Any:
    """Numbers are read exactly, digit by digit."""
    try:
        return json.loads(text, parse_float=JsonNumber, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise HttpError(400, f"The {name} is not JSON.", "BAD_REQUEST") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _checked(parameters: Any, *, may_change: bool) -> Operation:
    if not isinstance(parameters, dict):
        raise HttpError(400, "The body is an object with `query` and `variables`.", "BAD_REQUEST")
    query, name = parameters.get("query"), parameters.get("operationName")
    variables = parameters.get("variables")
    if not isinstance(query, str) or not query:
        raise HttpError(400, "Give the operation as text in `query`.", "BAD_REQUEST")
    if variables is not None and not isinstance(variables, dict):
        raise HttpError(400, "`variables` is an object.", "BAD_REQUEST")
    if name is not None and not isinstance(name, str):
        raise HttpError(400, "`operationName` is text.", "BAD_REQUEST")
    extensions = parameters.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise HttpError(400, "`extensions` is an object.", "BAD_REQUEST")
    return Operation(query, variables, name or None, may_change)
