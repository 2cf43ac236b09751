"""Builds the schema: makes and registers its types one after the other."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
)
from graphql import OperationType as OperationKind
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.graphql import OperationType

from gateway.access.quotas import RateLimited
from gateway.api.bulk_mutations import BulkMutation
from gateway.api.company_fields import CompanyMutation
from gateway.api.connections import complete_connections
from gateway.api.context import Context
from gateway.api.entities import DECLARATION
from gateway.api.enums import ENUMS, describe_enums
from gateway.api.errors import RequestError, argument_path, is_about_arguments
from gateway.api.filters import make_filters
from gateway.api.idempotency_keys import add_arguments, check_key
from gateway.api.if_match import check_header
from gateway.api.import_mutations import ImportMutation
from gateway.api.key_fields import KeyMutation
from gateway.api.mutations import OrderMutation
from gateway.api.queries import Query
from gateway.api.record_mutations import RecordMutation
from gateway.api.registration import register_types
from gateway.api.required_scopes import ForbiddenField, check_scopes
from gateway.api.scalars import SCALARS
from gateway.api.sorting import SORT_ENUMS
from gateway.api.yielding_executor import YieldingExecutor
from gateway.execution.argument_faults import Faults
from gateway.execution.argument_places import value_at
from gateway.execution.argument_validation import argument_rule, running_error, variable_errors
from gateway.execution.declarations import ComputedField
from gateway.execution.document_validation import ValidDocuments, validation_errors
from gateway.execution.limits import TooLarge, check_document
from gateway.execution.measurement import COST, Measured
from gateway.execution.selection import fields_by_name, fragments_of


def _refuses_null(member: GraphQLArgument | GraphQLInputField) -> bool:
    """Whether the field is declared as Maybe[T] rather than Maybe[T | None]."""
    kind = getattr(member.extensions.get("strawberry-definition"), "type", None)
    return isinstance(kind, StrawberryMaybe) and not isinstance(kind.of_type, StrawberryOptional)


FAULTS = Faults(_refuses_null)
Result = TypeVar("Result")

RULES = (argument_rule(FAULTS),)
"""The validation rule that is applied besides the other rules of the specification."""

VALID = ValidDocuments()
"""The documents that are valid in the schema."""


class OperationExtension(SchemaExtension):
    """Measures and validates the document before graphql-core runs its operation, and returns the
    reader's connection afterwards."""

    async def on_parse(self) -> AsyncIterator[None]:
        """Replaces Strawberry's parsing, which would block other requests."""
        text = self.execution_context.query or ""
        self.execution_context.graphql_document = await self._in_turn(lambda: parse(text))
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """Replaces Strawberry's validation, which does not measure documents first."""
        document = self.execution_context.graphql_document
        if document is not None:
            self.execution_context.pre_execution_errors = (
                await self._in_turn(lambda: self._errors(document))
                or await self._charged()
                or self._key_errors(document)
            )
        yield

    async def _in_turn(self, work: Callable[[], Result]) -> Result:
        """The result of work on the document, at one unit of work per character."""
        context: Context = self.execution_context.context
        return await context.turns.run(work, len(self.execution_context.query or ""))

    def _errors(self, document: DocumentNode) -> list[GraphQLError]:
        try:
            self._measure(document)
        except RequestError as refusal:
            return [refusal]
        except TooLarge as too_large:
            return [RequestError(str(too_large), "TOO_LARGE")]
        return (
            self._document_errors(document)
            or self._scope_errors(document)
            or self._header_errors(document)
            or self._variable_errors(document)
        )

    async def _charged(self) -> list[GraphQLError]:
        context: Context = self.execution_context.context
        try:
            await context.charge()
        except RateLimited as refusal:
            return [RequestError(str(refusal), "RATE_LIMITED")]
        return []

    def _document_errors(self, document: DocumentNode) -> list[GraphQLError]:
        text = self.execution_context.query or ""
        return VALID.errors(text, lambda: validation_errors(self._schema, document, RULES))

    def _variable_errors(self, document: DocumentNode) -> list[GraphQLError]:
        operation = get_operation_ast(document, self.execution_context.context.operation_name)
        if operation is None:
            return []
        return variable_errors(self._schema, document, operation, self._variables, FAULTS)

    @property
    def _variables(self) -> dict[str, Any]:
        return self.execution_context.variables or {}

    def _scope_errors(self, document: DocumentNode) -> list[GraphQLError]:
        context: Context = self.execution_context.context
        operation = get_operation_ast(document, context.operation_name)
        if operation is None:
            return []
        fields = fields_by_name([operation], fragments_of(document))
        try:
            check_scopes(self._schema, operation.operation, fields, context.caller)
        except ForbiddenField as forbidden:
            return [forbidden]
        return []

    def _header_errors(self, document: DocumentNode) -> list[GraphQLError]:
        context: Context = self.execution_context.context
        operation = get_operation_ast(document, context.operation_name)
        if context.if_match is None or operation is None or not _changes(operation):
            return []
        try:
            check_header(self._schema, document, operation)
        except RequestError as refusal:
            return [refusal]
        return []

    def _key_errors(self, document: DocumentNode) -> list[GraphQLError]:
        """Raises UnderKey."""
        context: Context = self.execution_context.context
        operation = get_operation_ast(document, context.operation_name)
        if operation is None or not _changes(operation):
            return []
        roots = fields_by_name([operation], fragments_of(document))
        try:
            check_key(operation, roots, self._variables, context)
        except RequestError as refusal:
            return [refusal]
        return []

    @property
    def _schema(self) -> GraphQLSchema:
        schema: GraphQLSchema = self.execution_context.schema._schema  # noqa: SLF001 - strawberry has no public way to it
        return schema

    def _measure(self, document: DocumentNode) -> None:
        """Raises RequestError if it is unclear which operation is meant, and TooLarge."""
        context: Context = self.execution_context.context
        operation = get_operation_ast(document, context.operation_name)
        if operation is None:
            raise RequestError("Name one of the document's operations.", "BAD_USER_INPUT")
        check_document(document, context.limits)
        context.measure(Measured(self._schema, document, operation, self._variables))

    def on_execute(self) -> Any:
        is_query = self.execution_context.operation_type is OperationType.QUERY
        self.execution_context.context.state.only_reads = is_query
        yield
        errors = getattr(self.execution_context.result, "errors", None) or []
        errors[:] = map(self._explained, errors)

    def _explained(self, error: GraphQLError) -> GraphQLError:
        """The error with the path and the location of its argument, and with our own message if
        graphql-core or Strawberry raised it."""
        document = self.execution_context.graphql_document
        if path := argument_path(error):
            return _placed(error, path)
        if document is None or not is_about_arguments(error):
            return error
        result = running_error(self._schema, document, self._variables, error, FAULTS)
        return error if result is None else result

    async def on_operation(self) -> Any:
        try:
            yield
        finally:
            await self.execution_context.context.reader.close()


def _placed(error: GraphQLError, path: list[str]) -> GraphQLError:
    """The error of a field, at the value of its argument."""
    nodes = [value_at(node, path) for node in error.nodes or () if isinstance(node, FieldNode)]
    extensions = {**(error.extensions or {}), "argumentPath": path}
    return GraphQLError(
        error.message,
        nodes,
        path=error.path,
        original_error=error.original_error,
        extensions=extensions,
    )


def _changes(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationKind.MUTATION


class GatewaySchema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Do not log: `present` logs crashes, and mistakes of clients need no log."""


@strawberry.type(description="Everything that can be changed in the company of the request.")
class Mutation(
    OrderMutation, RecordMutation, BulkMutation, ImportMutation, CompanyMutation, KeyMutation
): ...


def _mark_one_of(core: GraphQLSchema) -> None:
    """Mark the OneOf inputs in graphql-core's schema, because Strawberry does not."""
    for kind in core.type_map.values():
        definition = kind.extensions.get("strawberry-definition")
        if isinstance(kind, GraphQLInputObjectType) and definition is not None:
            kind.is_one_of = definition.is_one_of


def _mark_costs(core: GraphQLSchema) -> None:
    """Declare the cost of the fields that Python computes."""
    for kind in core.type_map.values():
        for field in kind.fields.values() if isinstance(kind, GraphQLObjectType) else ():
            definition = field.extensions.get("strawberry-definition")
            declaration = None if definition is None else definition.metadata.get(DECLARATION)
            if isinstance(declaration, ComputedField):
                field.extensions[COST] = declaration.cost


def _build() -> GatewaySchema:
    describe_enums(ENUMS + SORT_ENUMS)
    register_types()
    complete_connections(Query, make_filters())
    result = GatewaySchema(
        query=Query,
        mutation=Mutation,
        config=SCALARS,
        extensions=[OperationExtension],
        execution_context_class=YieldingExecutor,
    )
    core = result._schema  # noqa: SLF001 - strawberry has no public way to it
    add_arguments(core)
    _mark_one_of(core)
    _mark_costs(core)
    return result


schema = _build()


def sdl() -> str:
    """The text of the schema, which is committed as schema.graphql."""
    return schema.as_str() + "\n"
