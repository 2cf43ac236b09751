"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/.

execution/README.md describes how an operation gets from here to its SQL and back."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.access.quotas import Quota
from gateway.api.context import Context
from gateway.api.operations import Answer, Operation, run_operation
from gateway.execution.persisted_documents import DocumentRefused, PersistedDocuments
from gateway.web.caller_limits import CallerLimits
from gateway.web.client_disconnect import cancel_on_disconnect, is_gone
from gateway.web.credentials import caller_of, company_of
from gateway.web.graphiql_page import graphiql
from gateway.web.graphql_requests import HttpError, has_operation, read_members, read_operation
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
from gateway.web.operation_batches import OperationBatch, check_batch
from gateway.web.request_log import DISCONNECTED, note, note_answer, note_document

STATUSES = {
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "DOCUMENT_NOT_TRUSTED": 403,
    "DOCUMENT_NOT_FOUND": 404,
    "FORBIDDEN": 403,
    "IDEMPOTENCY_KEY_REUSED": 422,
}
"""Those of documents that are not run; 400 for all other codes. Apollo and urql send an unknown document
again only after 200."""


class Endpoint:
    """POST with a JSON body, GET for queries, and GraphiQL for browsers. `most_in_batch` is the most
    operations of a batch."""

    def __init__(
        self,
        context: Callable[[str | None, Caller, Quota | None], Context],
        largest: int,
        documents: PersistedDocuments,
        limits: CallerLimits,
        *,
        most_in_batch: int = 0,
        shows_engine: bool = False,
    ) -> None:
        self._context = context
        self._largest = largest
        self._documents = documents
        self._most_in_batch = most_in_batch
        self._limits = None if limits.is_empty else limits
        self._shows_engine = shows_engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        offered = ANSWER_TYPES if has_operation(request) else PAGE_TYPES
        media_type = preferred(request.headers.get("accept") or JSON, offered)
        if media_type == HTML:
            return graphiql()
        if media_type is None:
            return graphql_refusal(406, "NOT_ACCEPTABLE", f"Accept {GRAPHQL} or {JSON}.", JSON)
        try:
            return await self._run(request, media_type)
        except (HttpError, DocumentRefused) as refused:
            status = _refusal_status(refused, media_type)
            return graphql_refusal(status, refused.code, str(refused), media_type)
        except ClientDisconnect:
            note(request.scope, outcome=DISCONNECTED)
            return Response(status_code=400)
        except asyncio.CancelledError:
            return graphql_refusal(503, "STOPPING", "The gateway is shutting down.", media_type)

    async def _run(self, request: Request, media_type: str) -> Response:
        """Raises HttpError and DocumentRefused, and ClientDisconnect if the client disconnects."""
        members = await read_members(request, self._largest)
        if self._limits is None:
            return await self._run_members(request, members, media_type)
        work = self._run_members(request, members, media_type)
        return await self._limits.response(request, media_type, work)

    async def _run_members(self, request: Request, members: Any, media_type: str) -> Response:
        """Raises HttpError and DocumentRefused, and ClientDisconnect if the client disconnects."""
        if isinstance(members, list):
            return await self._run_batch(request, members)
        operation = read_operation(request, members, self._documents)
        note_document(request.scope, operation)
        if is_gone(request):
            raise ClientDisconnect
        context = self._context_of(request)
        answer = await cancel_on_disconnect(
            request, run_operation(operation, context), lambda: context.state.only_reads
        )
        note_answer(request.scope, answer, context.state)
        self._persist(operation, answer)
        if answer.needs_post:
            return graphql_response(answer.body, media_type, 405, {"Allow": "POST"})
        headers = {"X-Execution": answer.engine} if self._shows_engine else {}
        if answer.is_replayed:
            headers["Idempotency-Replayed"] = "true"
        if answer.retry_after is not None:
            headers["Retry-After"] = str(answer.retry_after)
        return graphql_response(answer.body, media_type, _status(answer, media_type), headers)

    async def _run_batch(self, request: Request, entries: list[Any]) -> Response:
        """Raises HttpError, and ClientDisconnect if the client disconnects."""
        check_batch(request, entries, self._most_in_batch)
        batch = OperationBatch(
            request,
            entries,
            lambda entry: read_operation(request, entry, self._documents),
            lambda: self._context_of(request),
        )
        return await batch.response(self._persist, shows_engine=self._shows_engine)

    def _context_of(self, request: Request) -> Context:
        quota = None if self._limits is None else self._limits.quota_of(request)
        return self._context(company_of(request), caller_of(request), quota)

    def _persist(self, operation: Operation, answer: Answer) -> None:
        """Keep the document of an operation that has run, if the client wants that."""
        if operation.digest is not None and answer.was_run:
            self._documents.persist(operation.digest, operation.query)


def _status(answer: Answer, media_type: str) -> int:
    """According to the draft, application/json always has status 200 for a GraphQL request. One that the
    caller's quota does not allow is refused like one without a credential."""
    if "RATE_LIMITED" in answer.codes:
        return 429
    if media_type == JSON:
        return 200
    if answer.retry_after is not None and answer.is_empty:
        return 503
    if answer.was_run:
        return 200
    return next((STATUSES[code] for code in answer.codes if code in STATUSES), 400)


def _refusal_status(refused: HttpError | DocumentRefused, media_type: str) -> int:
    if isinstance(refused, HttpError):
        return refused.status
    if refused.code not in STATUSES:
        return 400
    return 200 if media_type == JSON else STATUSES[refused.code]
