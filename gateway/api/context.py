"""What every resolver finds in `info.context`, and what is done with it before and after an operation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import strawberry
from graphql import DocumentNode, GraphQLError, GraphQLSchema, get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from gateway.api.errors import RequestError
from gateway.execution.document_validation import validation_errors
from gateway.execution.limits import Limits, Measured, Pages, TooLarge, check_document
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.reading import Names, Reader

if TYPE_CHECKING:
    from gateway.api.plan_runner import PlanRunner

DEFAULT_PAGE = 50
"""Rows of a page whose size is not asked for."""

RULES = (MaybeNullValidationRule, OneOfInputValidationRule)
"""What strawberry validates besides the rules of the specification."""


class Jobs(Protocol):
    """What runs import jobs in the background."""

    def begin(self, company: str, key: str) -> None: ...

    def stop(self, key: str) -> None: ...


@dataclass
class Context:
    """One operation: the database, the company and the operation that its request names, what it may
    take, whether it only reads and what it may cost (known when it is parsed), and its reader."""

    database: Database
    rules: Rules
    largest_page: int
    jobs: Jobs
    company: str | None = None
    limits: Limits = field(default_factory=Limits)
    seconds: float = 30
    operation_name: str | None = None
    only_reads: bool = False
    cost: int | None = None
    plans: "PlanRunner | None" = None
    reader: Reader = field(init=False)
    wanted: dict[Any, Names] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict)
    """Payloads, or what was raised instead, by the key of their mutation: those that a plan made."""

    def __post_init__(self) -> None:
        self.reader = Reader(self.database, self.company)

    @property
    def pages(self) -> Pages:
        return Pages(min(DEFAULT_PAGE, self.largest_page), self.largest_page)

    def measure(self, measured: Measured) -> int:
        """What the operation may cost, which is noted; raises TooLarge."""
        size = measured.size(self.pages, self.limits)
        self.cost = size.cost
        measured.check(size, self.pages, self.limits)
        return size.cost

    @property
    def extensions(self) -> dict[str, Any]:
        """What an answer tells of its operation, once that is measured."""
        if self.cost is None:
            return {}
        return {"extensions": {"cost": {"requested": self.cost, "maximum": self.limits.cost}}}


Info = strawberry.Info[Context, None]


class OneOperation(SchemaExtension):
    """Runs one operation, which must be named if the document has several and must not be too large,
    and gives its connection back at its end."""

    def on_validate(self) -> Iterator[None]:
        """Validates, so that strawberry does not, which measures nothing first."""
        document = self.execution_context.graphql_document
        if document is not None:
            self.execution_context.pre_execution_errors = self._errors(document)
        yield

    def _errors(self, document: DocumentNode) -> list[GraphQLError]:
        try:
            self._measure(document)
        except RequestError as refusal:
            return [refusal]
        except TooLarge as too_large:
            return [RequestError(str(too_large), "TOO_LARGE")]
        return validation_errors(self._schema, document, RULES)

    @property
    def _schema(self) -> GraphQLSchema:
        schema: GraphQLSchema = self.execution_context.schema._schema  # noqa: SLF001 - strawberry has no public way to it
        return schema

    def _measure(self, document: DocumentNode) -> None:
        """Raises RequestError if it is not clear which operation is meant, and TooLarge."""
        context: Context = self.execution_context.context
        operation = get_operation_ast(document, context.operation_name)
        if operation is None:
            raise RequestError("Name one of the document's operations.", "BAD_USER_INPUT")
        check_document(document, context.limits)
        variables = self.execution_context.variables or {}
        context.measure(Measured(self._schema, document, operation, variables))

    def on_execute(self) -> Any:
        is_query = self.execution_context.operation_type is OperationType.QUERY
        self.execution_context.context.only_reads = is_query
        yield

    async def on_operation(self) -> Any:
        try:
            yield
        finally:
            await self.execution_context.context.reader.close()
