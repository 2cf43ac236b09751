"""Batches: several operations in one request, each with its own outcome."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.api.context import Context, OperationState
from gateway.api.operations import Answer, Operation, run_operation
from gateway.execution.persisted_documents import DocumentRefused
from gateway.web.client_disconnect import cancel_on_disconnect, is_gone
from gateway.web.graphql_requests import HttpError
from gateway.web.graphql_responses import JSON, graphql_response, preferred
from gateway.web.request_log import note_batch

FOR_ONE = {"if-match": "ifMatch", "idempotency-key": "idempotencyKey"}
"""The headers that concern a single operation, and the argument that stands for each."""


@dataclass(frozen=True)
class OperationOutcome:
    """The answer to an operation, or the refusal of one that was not run."""

    body: bytes
    codes: Sequence[str]
    answer: Answer | None = None


def check_batch(request: Request, entries: Sequence[Any], most: int) -> None:
    """Raises HttpError for a batch that is not run at all."""
    if not most:
        message = "Batches are off (GATEWAY_MAX_BATCH). Send a single operation."
        raise HttpError(400, message, "BATCHES_OFF")
    if not entries:
        raise HttpError(400, "A batch has at least one operation.", "BAD_REQUEST")
    if len(entries) > most:
        message = f"The batch has {len(entries):,} operations, but the limit is {most}."
        raise HttpError(400, message, "TOO_LARGE")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            message = f"Operation {number} of the batch is not an object."
            raise HttpError(400, message, "BAD_REQUEST")
    _check_headers(request, len(entries))


def _check_headers(request: Request, number: int) -> None:
    """Raises HttpError for a header that does not suit a batch of so many operations."""
    for header, argument in FOR_ONE.items():
        if header in request.headers and number > 1:
            use = f"In a batch, use the argument `{argument}`."
            message = f"The header {header.title()} is for one operation. {use}"
            raise HttpError(400, message, "BAD_REQUEST")
    if preferred(request.headers.get("accept") or JSON, (JSON,)) is None:
        raise HttpError(406, f"A batch is answered as {JSON}: accept it.", "NOT_ACCEPTABLE")


class OperationBatch:
    """The operations of a request. They run in their order, since one may depend on another, and share
    the deadline and the highest cost of a single operation."""

    def __init__(
        self,
        request: Request,
        entries: Sequence[Any],
        read: Callable[[Any], Operation],
        make_context: Callable[[], Context],
    ) -> None:
        """`read` raises HttpError and DocumentRefused."""
        self._request = request
        self._entries = entries
        self._read = read
        self._make_context = make_context
        self._begun = asyncio.get_running_loop().time()
        self._states: list[OperationState] = []
        self._cost = 0

    async def response(
        self, ran: Callable[[Operation, Answer], None], *, shows_engine: bool
    ) -> Response:
        """The answers in a list; `ran` is called after each operation. Raises ClientDisconnect."""
        outcomes = await cancel_on_disconnect(self._request, self._run(ran), self._may_stop)
        answers = [each.answer for each in outcomes if each.answer is not None]
        self._note(outcomes, answers)
        headers = (
            {"X-Execution": ", ".join(each.engine for each in answers)} if shows_engine else {}
        )
        delays = [each.retry_after for each in answers if each.retry_after is not None]
        if delays:
            headers["Retry-After"] = str(max(delays))
        body = b"[" + b",".join(each.body for each in outcomes) + b"]"
        return graphql_response(body, JSON, 200, headers)

    async def _run(self, ran: Callable[[Operation, Answer], None]) -> list[OperationOutcome]:
        """Later operations do not begin once the client has disconnected."""
        outcomes = []
        for entry in self._entries:
            if is_gone(self._request):
                raise ClientDisconnect
            outcomes.append(await self._outcome(entry, ran))
        return outcomes

    async def _outcome(
        self, entry: Any, ran: Callable[[Operation, Answer], None]
    ) -> OperationOutcome:
        try:
            operation = self._read(entry)
        except (HttpError, DocumentRefused) as refused:
            return _refusal(refused.code, str(refused))
        context = self._make_context()
        elapsed = asyncio.get_running_loop().time() - self._begun
        if elapsed >= context.seconds:
            message = f"The batch took longer than {context.seconds:g} seconds. This operation was not run."
            return _refusal("DEADLINE_EXCEEDED", message)
        limits = replace(context.limits, cost=max(0, context.limits.cost - self._cost))
        self._states.append(context.state)
        answer = await run_operation(
            operation, context.copy(limits=limits, seconds=context.seconds - elapsed)
        )
        if answer.was_run:
            self._cost += context.state.cost or 0
        ran(operation, answer)
        codes = [*answer.codes, *context.state.refusal_codes]
        return OperationOutcome(answer.body, codes, answer)

    def _note(self, outcomes: Sequence[OperationOutcome], answers: Sequence[Answer]) -> None:
        """Add the batch to the line of its request in the log."""
        note_batch(
            self._request.scope,
            number=len(outcomes),
            cost=sum(state.cost or 0 for state in self._states),
            engines={answer.engine for answer in answers},
            codes={code for outcome in outcomes for code in outcome.codes},
        )

    def _may_stop(self) -> bool:
        """Whether the operation that is running may be cancelled."""
        return not self._states or self._states[-1].only_reads


def _refusal(code: str, message: str) -> OperationOutcome:
    error = {"message": message, "extensions": {"code": code}}
    return OperationOutcome(orjson.dumps({"errors": [error]}), [code])
