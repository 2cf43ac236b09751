"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/.

execution/README.md describes how an operation gets from here to its SQL and back."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.api.context import Context
from gateway.api.operations import Answer, Operation, run_operation
from gateway.web.client_disconnect import cancel_on_disconnect, is_gone
from gateway.web.credentials import caller_of, company_of
from gateway.web.graphiql_page import graphiql
from gateway.web.graphql_responses import (
    ANSWER_TYPES,
    GRAPHQL,
    HTML,
    JSON,
    PAGE_TYPES,
    graphql_refusal,
    graphql_response,
    preferred,
)
from gateway.web.request_log import DISCONNECTED, note, note_answer, note_document


class JsonNumber(Decimal):
    """A number in a request, which messages quote as it was sent."""

    def __inspect__(self) -> str:
        return str(self)


class HttpError(Exception):
    """A request whose operation is not run. The response has this status."""

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
        offered = PAGE_TYPES if is_page else ANSWER_TYPES
        media_type = preferred(request.headers.get("accept") or JSON, offered)
        if media_type == HTML:
            return graphiql()
        if media_type is None:
            return graphql_refusal(406, "NOT_ACCEPTABLE", f"Accept {GRAPHQL} or {JSON}.", JSON)
        try:
            return await self._run(request, media_type)
        except HttpError as error:
            return graphql_refusal(error.status, error.code, str(error), media_type)
        except ClientDisconnect:
            note(request.scope, outcome=DISCONNECTED)
            return Response(status_code=400)
        except asyncio.CancelledError:
            return graphql_refusal(503, "STOPPING", "The gateway is shutting down.", media_type)

    async def _run(self, request: Request, media_type: str) -> Response:
        """Raises HttpError, and ClientDisconnect if the client disconnects."""
        operation = await _operation(request, self._largest)
        note_document(request.scope, operation)
        if await is_gone(request):
            raise ClientDisconnect
        context = self._context(company_of(request), caller_of(request))
        answer = await cancel_on_disconnect(
            request, run_operation(operation, context), lambda: context.state.only_reads
        )
        note_answer(request.scope, answer, context.state)
        if answer.needs_post:
            return graphql_response(answer.body, media_type, 405, {"Allow": "POST"})
        headers = {"X-Execution": answer.engine} if self._shows_engine else {}
        if answer.retry_after is not None:
            headers["Retry-After"] = str(answer.retry_after)
        return graphql_response(answer.body, media_type, _status(answer, media_type), headers)


def _status(answer: Answer, media_type: str) -> int:
    """According to the draft, application/json always has status 200 for a GraphQL request."""
    if media_type == JSON:
        return 200
    if answer.retry_after is not None and answer.is_empty:
        return 503
    if answer.was_run:
        return 200
    return 403 if answer.is_forbidden else 400


async def _operation(request: Request, largest: int) -> Operation:
    if request.method != "POST":
        parameters: Any = dict(request.query_params)
        for name in ("variables", "extensions"):
            if name in parameters:
                parameters[name] = _json(parameters[name], name)
        return _checked(request, parameters)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpError(415, "Send the operation uncompressed.", "UNSUPPORTED_MEDIA_TYPE")
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON:
        raise HttpError(415, f"Send the operation as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
    return _checked(request, _json(await _body(request, largest), "body"))


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


def _checked(request: Request, parameters: Any) -> Operation:
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
    is_post, if_match = request.method == "POST", request.headers.get("if-match")
    return Operation(query, variables, name or None, may_change=is_post, if_match=if_match)
