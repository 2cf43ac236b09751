"""The schema, and how an operation on it is run."""

from dataclasses import dataclass
from typing import Any

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
from gateway.api.queries import Query
from gateway.api.scalars import SCALARS

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

    data: dict[str, Any] | None
    errors: list[GraphQLFormattedError]
    was_run: bool
    needs_post: bool = False

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        return {**answer, "data": self.data} if self.was_run else answer


async def run(operation: Operation, context: Context) -> Answer:
    """Run one operation to its end; never raises for what a client can send."""
    context.operation_name = operation.name
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
            return Answer(None, [present(refusal)], was_run=False)
        refusal = RequestError("Send a mutation by POST.", "METHOD_NOT_ALLOWED")
        return Answer(None, [present(refusal)], was_run=False, needs_post=True)
    except CannotGetOperationTypeError:
        refusal = RequestError("Name one of the document's operations.", "BAD_USER_INPUT")
        return Answer(None, [present(refusal)], was_run=False)
    errors = result.errors or []
    was_run = result.data is not None or any(error.path for error in errors)
    return Answer(result.data, [present(error) for error in errors], was_run)


def sdl() -> str:
    """The schema as the text that is committed as schema.graphql."""
    return schema.as_str() + "\n"
