"""Runs operations, from the text of a request to the answer; see gateway/execution/README.md."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from gateway.access.quotas import RateLimited
from gateway.api.context import Context, OperationState
from gateway.api.errors import TEMPORARY, RequestError, present
from gateway.api.idempotency_keys import REUSED, UnderKey, keyed_change
from gateway.api.schema import schema
from gateway.execution.document_validation import shortened
from gateway.execution.introspection import StoredAnswer, StoredIntrospection
from gateway.execution.limits import TooLarge, check_text
from gateway.storage.database import Database
from gateway.storage.deadline import Deadline
from gateway.storage.failures import TemporaryFailure
from gateway.storage.idempotency_records import AnsweredChange, KeyReused, change_once

RETRY_AFTER = 1
"""Seconds until a client should try again. Contention ends sooner, but clients should not add to it."""

NOTHING = b"null"
QUERIES = {OperationType.QUERY}
OPERATIONS = {OperationType.QUERY, OperationType.MUTATION}
INTROSPECTION = StoredIntrospection()
"""The answers to introspection, which are the same for all callers."""


@dataclass(frozen=True)
class Operation:
    """The contents of a request."""

    query: str
    variables: dict[str, Any] | None = None
    name: str | None = None
    may_change: bool = True
    """Whether it may be a mutation."""
    if_match: str | None = None
    """The header If-Match."""
    digest: str | None = None
    """The SHA-256 under which the document is to be persisted."""
    idempotency_key: Callable[[], str | None] = lambda: None
    """Reads the header Idempotency-Key."""


@dataclass(frozen=True)
class Answer:
    """The answer to a client. If the document could not be run at all, it has errors and no data."""

    body: bytes
    was_run: bool
    needs_post: bool = False
    retry_after: int | None = None
    """Seconds after which a client may try again, if the failure passes by itself or the caller's quota is used
    up."""
    is_empty: bool = False
    """Whether no field has data."""
    is_replayed: bool = False
    """Whether it is the stored answer to an earlier request with the same idempotency key."""
    codes: tuple[str, ...] = ()
    """Those of the errors, sorted."""
    engine: str = "graphql-core"
    """How the operation ran: this, "plan", "stored" or "replay"."""


async def run_operation(operation: Operation, context: Context) -> Answer:
    """Run one operation until it ends or its deadline passes. No request makes this raise."""
    try:
        async with Deadline(context.seconds) as deadline:
            return await _run(operation, _limited(context, operation, deadline))
    except TooLarge as too_large:
        return _refusal(RequestError(str(too_large), "TOO_LARGE"), context)
    except RateLimited as refusal:
        return _refusal(RequestError(str(refusal), "RATE_LIMITED"), context)
    except TemporaryFailure as failure:
        context.note_data(NOTHING)
        return _failure(GraphQLError(str(failure), original_error=failure), context)
    except TimeoutError:
        message = deadline.message(context.state.only_reads)
        stopped = RequestError(message, _code_of_stop(deadline, context))
        return await _finished(operation, context, stopped) or _failure(stopped, context)
    finally:
        context.settle()


async def _run(operation: Operation, context: Context) -> Answer:
    """Raises TooLarge, RateLimited, TimeoutError and the kinds of TemporaryFailure."""
    stored = INTROSPECTION.answer(operation.query, operation.name)
    if stored is not None:
        return await _answer_with(stored, context)
    try:
        return await _run_by_plan(operation, context) or await _run_by_core(operation, context)
    except UnderKey as under:
        return await _run_once(operation, context, under)


def _code_of_stop(deadline: Deadline, context: Context) -> str:
    """The code of an operation that was stopped at its deadline."""
    if context.database.is_doubtful:
        return "UNAVAILABLE"
    return "OVERLOADED" if deadline.is_contended else "DEADLINE_EXCEEDED"


def _limited(context: Context, operation: Operation, deadline: Deadline) -> Context:
    """The context for the operation, whose transactions are committed by its deadline or not at all."""
    return context.copy(
        operation_name=operation.name,
        if_match=operation.if_match,
        idempotency_key=operation.idempotency_key,
        database=context.database.within(deadline),
    )


async def _run_once(operation: Operation, context: Context, under: UnderKey) -> Answer:
    """The answer to a mutation with an idempotency key. It is completed and stored in the transaction of
    the change, or it is the one that is stored already."""
    change = keyed_change(
        under,
        context.caller,
        operation.query,
        operation.variables,
        operation.name,
        operation.if_match,
    )
    attempts = []

    async def work(database: Database) -> AnsweredChange[Answer]:
        state = OperationState(taken=context.state.taken)
        attempt = context.copy(database=database, state=state)
        attempts.append(attempt.state)
        answer = await _run_by_plan(operation, attempt) or await _run_by_core(operation, attempt)
        attempt.state.raise_conflict()
        stored = under.sealed(answer.body) if attempt.state.has_written else None
        return AnsweredChange(answer, stored)

    try:
        answer = await change_once(context.database, context.request, change, work)
    except KeyReused:
        message = (
            "The idempotency key was used for another operation, or with other variables or rights."
        )
        return _refusal(RequestError(message, REUSED), context)
    except Exception as error:  # noqa: BLE001 - masked, and logged
        crash = GraphQLError(str(error), original_error=error, path=[under.field])
        return _answer([present(crash)], context, was_run=True)
    if isinstance(answer, bytes):
        body = under.unsealed(answer)
        return Answer(body, was_run=True, engine="replay", is_replayed=True)
    context.state.payloads.update(attempts[-1].payloads)
    context.state.actual_cost = attempts[-1].actual_cost
    return answer


async def _finished(operation: Operation, context: Context, stopped: RequestError) -> Answer | None:
    """The answer to a mutation that was stopped after some of its changes had been made. Reading the
    selected fields of their payloads may take the same time again; None if that is not enough, or if
    nothing was changed."""
    if not context.state.payloads:
        return None
    context.state.stopped = stopped
    try:
        async with Deadline(context.seconds) as deadline:
            limited = _limited(context, operation, deadline)
            return await _run_by_core(operation, limited)
    except (TimeoutError, TemporaryFailure):
        return None


async def _answer_with(stored: StoredAnswer, context: Context) -> Answer:
    """Raises RateLimited."""
    context.state.cost = stored.cost
    context.state.only_reads = True
    await context.charge()
    if context.quota is not None:
        context.state.actual_cost = stored.cost
    body = b'{"data":' + stored.data + b"," + orjson.dumps(context.extensions)[1:]
    return Answer(body, was_run=True, engine="stored")


async def _run_by_plan(operation: Operation, context: Context) -> Answer | None:
    """None if no plan covers the operation, or if it has an If-Match header, which only graphql-core
    checks."""
    if context.plans is None or context.if_match is not None:
        return None
    body = await context.plans.answer(
        operation.query, operation.variables or {}, context, may_change=operation.may_change
    )
    return None if body is None else Answer(body, was_run=True, engine="plan")


async def _run_by_core(operation: Operation, context: Context) -> Answer:
    check_text(operation.query, context.limits)
    answer = await _executed(operation, context)
    if context.plans is not None and answer.was_run and not context.state.introspects:
        context.plans.remember(operation.query)
    return answer


async def _executed(operation: Operation, context: Context) -> Answer:
    try:
        result = await schema.execute(
            operation.query,
            operation.variables,
            context,
            operation_name=operation.name,
            allowed_operation_types=OPERATIONS if operation.may_change else QUERIES,
        )
    except InvalidOperationTypeError as error:
        if error.operation_type is OperationType.SUBSCRIPTION:
            message = "There are no subscriptions."
            return _refusal(RequestError(message, "GRAPHQL_VALIDATION_FAILED"), context)
        refusal = RequestError("Send a mutation by POST.", "METHOD_NOT_ALLOWED")
        return _answer([present(refusal)], context, needs_post=True)
    except CannotGetOperationTypeError:
        message = "Name one of the document's operations."
        return _refusal(RequestError(message, "BAD_USER_INPUT"), context)
    errors = result.errors or []
    for under in (each.original_error for each in errors):
        if isinstance(under, UnderKey):
            raise under
    if context.state.introspects and not errors:
        stored = StoredAnswer(orjson.dumps(result.data), context.state.cost or 0)
        INTROSPECTION.store(operation.query, operation.name, stored)
    was_run = result.data is not None or any(error.path for error in errors)
    if not was_run:
        context.note_refusal()
    elif context.quota is not None:
        context.note_data(orjson.dumps(result.data))
    return _answer([_presented(each) for each in errors], context, result.data, was_run=was_run)


def _presented(error: GraphQLError) -> GraphQLFormattedError:
    formatted = present(error)
    return {**formatted, "message": shortened(formatted["message"])}


def _refusal(error: RequestError, context: Context) -> Answer:
    """The answer to an operation that is not run."""
    context.note_refusal()
    return _answer([present(error)], context)


def _failure(error: GraphQLError, context: Context) -> Answer:
    """The answer to an operation that could not be finished."""
    return _answer([present(error)], context, was_run=True)


def _answer(
    errors: list[GraphQLFormattedError],
    context: Context,
    data: dict[str, Any] | None = None,
    *,
    was_run: bool = False,
    needs_post: bool = False,
) -> Answer:
    answer: dict[str, Any] = {"errors": errors} if errors else {}
    if was_run:
        answer["data"] = data
    codes = {error["extensions"]["code"] for error in errors}
    return Answer(
        orjson.dumps({**answer, **context.extensions}),
        was_run,
        needs_post,
        retry_after=_retry_after(codes, context),
        is_empty=all(value is None for value in (data or {}).values()),
        codes=tuple(sorted(codes)),
    )


def _retry_after(codes: set[str], context: Context) -> int | None:
    if "RATE_LIMITED" in codes and context.quota is not None:
        return max(1, context.quota.reset_seconds)
    return None if TEMPORARY.isdisjoint(codes) else RETRY_AFTER
