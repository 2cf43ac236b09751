"""Logs a line for each request."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from gateway.access.caller import Caller
from gateway.api.context import OperationState
from gateway.api.errors import TEMPORARY
from gateway.api.operations import Answer, Operation
from gateway.web.health import HEALTH_PATHS

LOGGED = "logged"
"""The key of the fields of the line in the state of a request."""

LOGGED_ID = "request_id"
"""The key of the id of a request in its state and in the line."""

LONGEST = 200
"""Characters of a text that a client sends."""

FAILURES = {"DEADLINE_EXCEEDED", "INTERNAL_ERROR", *TEMPORARY}
"""Codes of failures of the gateway."""

DISCONNECTED = "disconnected"


class Count(Protocol):
    """The number of SQL statements that a request has run so far."""

    total: int


class RequestLog:
    """Middleware that logs each request when its response is complete: at the level info, and health checks
    at the level debug. `count` begins to count the statements of a request."""

    def __init__(self, app: ASGIApp, log: FilteringBoundLogger, count: Callable[[], Count]) -> None:
        self._app = app
        self._log = log
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, count, status = time.perf_counter(), self._count(), None
        fields = scope.setdefault("state", {})[LOGGED] = {}

        def send_noted(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            fields["milliseconds"] = round((time.perf_counter() - begun) * 1000, 1)
            fields["statements"] = count.total
            self._write(scope, status, fields)

    def _write(self, scope: Scope, status: int | None, fields: dict[str, Any]) -> None:
        write = self._log.debug if scope["path"] in HEALTH_PATHS else self._log.info
        caller: Caller | None = scope["state"].get("caller")
        outcome = fields.setdefault("outcome", _outcome(status, fields.get("codes", ())))
        write(
            "request",
            request_id=scope["state"].get(LOGGED_ID),
            method=scope["method"],
            path=scope["path"][:LONGEST],
            status=None if outcome == DISCONNECTED else status,
            caller=None if caller is None else caller.name,
            company=_company(scope, caller),
            **fields,
        )


def note(scope: Scope, **fields: Any) -> None:
    """Add fields to the line of a request."""
    scope.get("state", {}).get(LOGGED, {}).update(fields)


def note_document(scope: Scope, operation: Operation) -> None:
    """Add what a client sends to the line of its request. The hash of the document is its SHA-256 in
    hexadecimal, as in persisted queries."""
    if LOGGED in scope.get("state", {}):
        digest = hashlib.sha256(operation.query.encode(errors="surrogatepass")).hexdigest()
        note(scope, operation=operation.name and operation.name[:LONGEST], document=digest)


def note_answer(scope: Scope, answer: Answer, state: OperationState) -> None:
    """Add how an operation was executed to the line of its request. The codes are those of the errors and
    of the refusals of mutations."""
    note(scope, cost=state.cost, execution=answer.engine)
    if state.name is not None:
        note(scope, operation=state.name[:LONGEST])
    if codes := {*answer.codes, *state.refusal_codes}:
        note(scope, codes=sorted(codes))


def note_batch(
    scope: Scope, *, number: int, cost: int, engines: Iterable[str], codes: Iterable[str]
) -> None:
    """Add how a number of operations was executed to the line of their request."""
    note(scope, batch=number, cost=cost, execution=", ".join(sorted(engines)))
    if codes := sorted(codes):
        note(scope, codes=codes)


def _company(scope: Scope, caller: Caller | None) -> str | None:
    """The company in the request, or the id of the only one that the caller may use."""
    for name, value in scope["headers"]:
        if name == b"company":
            named: bytes = value
            return named[:LONGEST].decode(errors="backslashreplace")
    allowed = () if caller is None else caller.companies or ()
    return next(iter(allowed)) if len(allowed) == 1 else None


def _outcome(status: int | None, codes: Any) -> str:
    if status is None:
        return DISCONNECTED
    if status >= 500 or not FAILURES.isdisjoint(codes):
        return "failed"
    return "refused" if codes or status >= 400 else "ok"
