"""Runs operations as compiled plans. graphql-core runs operations that no plan covers or whose plan
fails, so that a plan only ever answers without errors."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import orjson
from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    OperationType,
    get_argument_values,
    get_variable_values,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from gateway.access.quotas import RateLimited
from gateway.api.context import Context, Info
from gateway.api.entities import DECLARATION, ENTITIES
from gateway.api.idempotency_keys import UnderKey, check_key
from gateway.api.plan_arguments import SlotArguments
from gateway.api.required_scopes import check_scopes
from gateway.api.schema import schema
from gateway.execution.arguments import arguments_of
from gateway.execution.declarations import Declaration, MutationField
from gateway.execution.documents import Documents, PreparedOperation
from gateway.execution.limits import TooLarge
from gateway.execution.measurement import Measured
from gateway.execution.plan import MutationCall, NotPlanned, Plan
from gateway.execution.planning import plan_of
from gateway.execution.program import LONGEST_SOURCE, program_of
from gateway.execution.selection import Conditions
from gateway.storage.failures import TemporaryFailure
from gateway.storage.plans.row_store import PreparedProgram, RowsStore

log = logging.getLogger("gateway.plan")


def _definition(field: GraphQLField | GraphQLInputField) -> StrawberryField:
    definition: StrawberryField = field.extensions["strawberry-definition"]
    return definition


def _name(field: GraphQLField | GraphQLInputField) -> str:
    return _definition(field).python_name


class EntityDeclarations:
    """The declarations of the schema's fields."""

    @cached_property
    def sources(self) -> Mapping[str, Any]:
        return {name: entity.model for name, entity in ENTITIES.items()}

    def declaration(self, field: GraphQLField) -> Declaration | None:
        return _definition(field).metadata.get(DECLARATION)

    def name(self, field: GraphQLField) -> str:
        return _name(field)


@dataclass
class MutationInfo:
    """The part of `info` that the resolvers of mutations use."""

    context: Context
    path: Path


@dataclass
class CompiledOperation:
    """A plan with its programs: one for a query, or one for each field of a mutation."""

    plan: Plan
    programs: Sequence[PreparedProgram]
    arguments: Sequence[SlotArguments | None]
    """By slot; None for a mutation, whose arguments Strawberry converts."""

    @property
    def size(self) -> int:
        """Characters of source."""
        return sum(len(each.program.source) for each in self.programs)


class PlanRunner:
    """Runs operations as plans on the rows of one database."""

    def __init__(self, store: RowsStore) -> None:
        self.core = schema._schema  # noqa: SLF001 - strawberry has no public way to it
        self.store = store
        self.documents = Documents(self.core)

    async def answer(
        self,
        text: str,
        variables: dict[str, Any],
        context: Context,
        *,
        may_change: bool,
    ) -> bytes | None:
        """The answer as JSON, or None if graphql-core has to give it; raises RateLimited, UnderKey and the kinds
        of TemporaryFailure."""
        try:
            document = self.documents.known(text) if self.store.can_run else None
            operation = None if document is None else document.operation(context.operation_name)
            if operation is None:
                return None
            context.note_name(operation.node)
            changes = operation.node.operation is OperationType.MUTATION
            if changes and not may_change:
                return None
            kind = operation.node.operation
            check_scopes(self.core, kind, operation.root_fields, context.caller)
            context.state.only_reads = not changes
            self._measure(operation, variables, context)
            await context.charge()
            if changes:
                check_key(operation.node, operation.roots, variables, context)
            return await self._run(operation, variables, context)
        except (RateLimited, UnderKey):
            raise
        except (NotPlanned, TooLarge) as reason:
            log.debug("no plan: %s", reason)
        except (GraphQLError, ValueError, LookupError) as error:
            log.debug("the plan failed: %r", error)
        except TemporaryFailure:
            if not context.state.payloads:
                raise  # otherwise graphql-core answers with the remembered payloads
        except Exception:
            log.exception("a plan failed")
        return None

    def remember(self, text: str) -> None:
        """Note that the document is valid and within all limits."""
        self.documents.ran(text)

    def trust(self, text: str) -> None:
        """Compile a valid document and store it for good, so that no request waits for its plans."""
        for operation in self.documents.trust(text).operations():
            for values in operation.combinations():
                with suppress(NotPlanned):
                    self.compiled(operation, values)

    def compiled(self, operation: PreparedOperation, values: Conditions) -> CompiledOperation:
        """The plan for these values of the conditions. Raises NotPlanned."""
        result: CompiledOperation = operation.planned(
            values, lambda: self._compiled(operation, values)
        )
        return result

    def _measure(
        self, operation: PreparedOperation, variables: dict[str, Any], context: Context
    ) -> None:
        def measure() -> int:
            measured = Measured(self.core, operation.document, operation.node, variables)
            return context.measure(measured)

        context.state.cost = cost = operation.cost(variables, measure)
        if cost > context.limits.cost:
            raise TooLarge("graphql-core says by how much")  # measured under a higher limit

    async def _run(
        self, operation: PreparedOperation, variables: dict[str, Any], context: Context
    ) -> bytes:
        coerced = operation.coercion.coerced(variables)
        values = operation.condition_values(coerced)
        if not operation.is_planned(values):
            await self._compile(operation, values, context)
        compiled, arguments = self.prepared(operation, coerced, context)
        if operation.node.operation is OperationType.MUTATION:
            self._convert(operation, variables, compiled, arguments)
            return await self._change(compiled, arguments, context)
        [program] = compiled.programs
        return await self.store.run(
            program, arguments, context.scope, lambda data: _printed(data, context)
        )

    def prepared(
        self, operation: PreparedOperation, coerced: Mapping[str, Any], context: Context
    ) -> tuple[CompiledOperation, list[Any]]:
        """The plan for these coerced variables and its arguments by slot, which are None for mutations.

        Raises NotPlanned, RequestError, BadCursor and BadFilter."""
        compiled = self.compiled(operation, operation.condition_values(coerced))
        arguments = [
            None if each is None else each.of(coerced, context) for each in compiled.arguments
        ]
        return compiled, arguments

    async def _compile(
        self, operation: PreparedOperation, values: Conditions, context: Context
    ) -> None:
        """Compile a plan in a thread, because other requests should not wait that long."""

        def attempt() -> CompiledOperation | NotPlanned:
            try:
                return self._compiled(operation, values)
            except NotPlanned as reason:
                return reason

        output = await context.turns.run_apart(attempt)

        def result() -> CompiledOperation:
            if isinstance(output, NotPlanned):
                raise output
            return output

        operation.planned(values, result)

    def _compiled(self, operation: PreparedOperation, values: Any) -> CompiledOperation:
        plan = plan_of(self.core, operation.node, operation.fragments, values, EntityDeclarations())
        is_change = operation.node.operation is OperationType.MUTATION
        parts = [[member] for member in plan.members] if is_change else [plan.members]
        programs = [PreparedProgram(program_of(part, self.store)) for part in parts]
        arguments = [
            None
            if isinstance(slot.declaration, MutationField)
            else SlotArguments(slot, arguments_of(slot.field, slot.node, _name), self.store)
            for slot in plan.slots
        ]
        compiled = CompiledOperation(plan, programs, arguments)
        if compiled.size > LONGEST_SOURCE:
            raise NotPlanned("its source would be too long")
        return compiled

    def _convert(
        self,
        operation: PreparedOperation,
        variables: dict[str, Any],
        compiled: CompiledOperation,
        arguments: list[Any],
    ) -> None:
        """Fill in the arguments of mutations as Strawberry converts them."""
        definitions = operation.node.variable_definitions or ()
        coerced = get_variable_values(self.core, definitions, variables)
        if not isinstance(coerced, VariableValues):
            raise NotPlanned("variables are refused")
        converter = schema.schema_converter
        for number, slot in enumerate(compiled.plan.slots):
            if isinstance(slot.declaration, MutationField):
                arguments[number] = convert_arguments(
                    get_argument_values(slot.field, slot.node, coerced),
                    _definition(slot.field).arguments,
                    converter.scalar_registry,
                    converter.config,
                )

    async def _change(
        self, compiled: CompiledOperation, arguments: list[Any], context: Context
    ) -> bytes:
        data: dict[str, Any] = {}
        for member, program in zip(compiled.plan.members, compiled.programs, strict=True):
            if isinstance(member, MutationCall):
                field, values = compiled.plan.slots[member.slot].field, arguments[member.slot]
                arguments[member.slot] = await self._payload(field, member.key, values, context)
            data |= await self.store.run(
                program, arguments, context.scope, dict, context.database.joined
            )
        return _printed(data, context)

    async def _payload(
        self, field: GraphQLField, key: str, arguments: dict[str, Any], context: Context
    ) -> Any:
        """The payload of a mutation."""
        definition = _definition(field)
        resolve = cast(Callable[..., Awaitable[Any]], definition.base_resolver)
        info = cast(Info, MutationInfo(context, Path(None, key, None)))
        return await resolve(info=info, **arguments)


def _printed(data: Any, context: Context) -> bytes:
    if context.quota is None:
        return orjson.dumps({"data": data, **context.extensions}, option=orjson.OPT_UTC_Z)
    body = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    context.note_data(body)
    return b'{"data":' + body + b"," + orjson.dumps(context.extensions)[1:]
