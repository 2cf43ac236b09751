"""The schema, and how an operation on it is run."""

import logging
import time
from dataclasses import dataclass
from typing import Any

import orjson
import strawberry
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

import gateway.api.enums  # noqa: F401 - enums must be described before types refer to them
from gateway.api.context import Context, OneOperation
from gateway.api.errors import RequestError, present
from gateway.api.import_mutations import ImportMutation
from gateway.api.mutations import OrderMutation
from gateway.api.plan_runner import PlanRunner
from gateway.api.queries import Query
from gateway.api.scalars import SCALARS
from gateway.execution.document_validation import shortened
from gateway.execution.limits import TooLarge, check_text
from gateway.storage.deadline import Deadline
from gateway.storage.drivers import Overloaded
from gateway.storage.plans.row_store import RowsStore

log = logging.getLogger("gateway.operation")

QUERIES = {OperationType.QUERY}
OPERATIONS = {OperationType.QUERY, OperationType.MUTATION}


class GatewaySchema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here: `present` logs crashes, and a client's mistakes are not ours."""


@strawberry.type(
    description="Everything that can be changed, in the company that the request names."
)
class Mutation(OrderMutation, ImportMutation): ...


schema = GatewaySchema(query=Query, mutation=Mutation, config=SCALARS, extensions=[OneOperation])


@dataclass(frozen=True)
class Operation:
    """What a request asks for."""

    query: str
    variables: dict[str, Any] | None = None
    name: str | None = None
    may_change: bool = True


@dataclass(frozen=True)
class Answer:
    """What the client gets. A document that could not be run at all has errors and no data."""

    body: bytes
    was_run: bool
    needs_post: bool = False
    way: str = "graphql-core"
    """How it was run."""


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
    return Answer(orjson.dumps({**answer, **context.extensions}), was_run, needs_post)


async def run(operation: Operation, context: Context) -> Answer:
    """Run one operation to its end, or to its deadline; never raises for what a client can send."""
    context.operation_name = operation.name
    begun = time.perf_counter()
    answer = await _in_time(operation, context)
    if log.isEnabledFor(logging.INFO):
        way, name = answer.way, operation.name or "An operation"
        took = round((time.perf_counter() - begun) * 1000, 1)
        told = {"execution": way, "cost": context.cost, "milliseconds": took}
        log.info("%s ran by %s in %s ms, at cost %s", name, way, took, context.cost, extra=told)
    return answer


async def _in_time(operation: Operation, context: Context) -> Answer:
    try:
        async with Deadline(context.seconds) as deadline:
            context.database = context.database.within(deadline)
            return await _by_plan(operation, context) or await _by_core(operation, context)
    except TooLarge as too_large:
        return _refused(RequestError(str(too_large), "TOO_LARGE"), context)
    except Overloaded as overloaded:
        return _answer(
            [present(RequestError(str(overloaded), "OVERLOADED"))], context, was_run=True
        )
    except TimeoutError:
        late = RequestError(deadline.told(context.only_reads), "DEADLINE_EXCEEDED")
        return _answer([present(late)], context, was_run=True)


async def _by_core(operation: Operation, context: Context) -> Answer:
    check_text(operation.query, context.limits)
    answer = await _run(operation, context)
    if context.plans is not None and answer.was_run:
        context.plans.documents.ran(operation.query)
    return answer


async def _by_plan(operation: Operation, context: Context) -> Answer | None:
    if context.plans is None:
        return None
    body = await context.plans.answer(
        operation.query, operation.variables or {}, context, may_change=operation.may_change
    )
    return None if body is None else Answer(body, was_run=True, way="plan")


async def _run(operation: Operation, context: Context) -> Answer:
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
            refusal = RequestError("There are no subscriptions.", "GRAPHQL_VALIDATION_FAILED")
            return _refused(refusal, context)
        refusal = RequestError("Send a mutation by POST.", "METHOD_NOT_ALLOWED")
        return _answer([present(refusal)], context, needs_post=True)
    except CannotGetOperationTypeError:
        refusal = RequestError("Name one of the document's operations.", "BAD_USER_INPUT")
        return _refused(refusal, context)
    errors = result.errors or []
    was_run = result.data is not None or any(error.path for error in errors)
    return _answer([_told(error) for error in errors], context, result.data, was_run=was_run)


def _refused(refusal: RequestError, context: Context) -> Answer:
    return _answer([present(refusal)], context)


def _told(error: GraphQLError) -> GraphQLFormattedError:
    formatted = present(error)
    return {**formatted, "message": shortened(formatted["message"])}


def plans(store: RowsStore) -> PlanRunner:
    """The plans of the schema over the rows of `store`."""
    return PlanRunner(schema, store)


def sdl() -> str:
    """The schema as the text that is committed as schema.graphql."""
    return schema.as_str() + "\n"
