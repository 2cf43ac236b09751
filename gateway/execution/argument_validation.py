"""Checks arguments before an operation runs, and explains the faults that only appear while it runs."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    VariableDefinitionNode,
    VariableNode,
    is_input_object_type,
    is_non_null_type,
    print_ast,
    specified_rules,
    type_from_ast,
)
from graphql.execution.values import input_is_nested_too_deeply
from graphql.validation.rules.known_argument_names import KnownArgumentNamesRule
from graphql.validation.rules.provided_required_arguments import ProvidedRequiredArgumentsRule
from graphql.validation.rules.values_of_correct_type import ValuesOfCorrectTypeRule

from gateway.execution.argument_faults import Fault, Faults, Path, as_error
from gateway.execution.argument_places import arguments_in, first_uses
from gateway.execution.argument_values import ArgumentValue, JsonValue, LiteralValue

REPLACED = {KnownArgumentNamesRule, ProvidedRequiredArgumentsRule, ValuesOfCorrectTypeRule}
"""The rules of graphql-core that `argument_rule` replaces."""

OTHER_RULES = tuple(rule for rule in specified_rules if rule not in REPLACED)

MOST_FAULTS = 20


def argument_rule(faults: Faults) -> type[ValidationRule]:
    """The validation rule that arguments are known, complete and of the right type."""
    return type("ArgumentRule", (_ArgumentRule,), {"faults": faults})


class _ArgumentRule(ValidationRule):
    context: ValidationContext
    faults: Faults

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, field = self.context.get_parent_type(), self.context.get_field_def()
        if parent is not None and field is not None:
            name = f"{parent.name}.{node.name.value}"
            self._report(self.faults.of_arguments(field, name, node))

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        directive = self.context.get_directive()
        if directive is not None:
            self._report(self.faults.of_arguments(directive, f"@{node.name.value}", node))

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        schema, document = self.context.schema, self.context.document
        self._report(iter(_of_defaults(schema, document, node, self.faults)))
        for error in _nullable_in_one_of(self.context, node):
            self.report_error(error)

    def _report(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            self.report_error(as_error(fault))


def _of_defaults(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    faults: Faults,
) -> list[Fault]:
    """The faults in the defaults of variables, at the path of their first use."""

    def faults_at(places: Mapping[str, Path]) -> Iterator[Fault]:
        for node in operation.variable_definitions or ():
            name, kind = node.variable.name.value, type_from_ast(schema, node.type)
            if node.default_value is not None and kind is not None:
                value = LiteralValue(node.default_value)
                yield from faults.of_value(value, kind, places.get(name, (name,)))

    return _placed(schema, document, operation, faults_at)


def _placed(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    faults_at: Callable[[Mapping[str, Path]], Iterator[Fault]],
) -> list[Fault]:
    """At most MOST_FAULTS faults of variables. The variables are only located in the document if there
    is a fault."""
    if next(faults_at({}), None) is None:
        return []
    return list(islice(faults_at(first_uses(schema, document, operation)), MOST_FAULTS))


def _nullable_in_one_of(
    context: ValidationContext, operation: OperationDefinitionNode
) -> Iterator[GraphQLError]:
    """The errors in OneOf inputs that graphql-core overlooks."""
    definitions = {node.variable.name.value: node for node in operation.variable_definitions or ()}
    for usage in context.get_recursive_variable_usages(operation):
        definition = definitions.get(usage.node.name.value)
        parent: Any = usage.parent_type
        if definition is None or not is_non_null_type(parent):
            continue
        kind = parent.of_type
        is_nullable = not isinstance(definition.type, NonNullTypeNode)
        if is_nullable and is_input_object_type(kind) and kind.is_one_of:
            name, declared = usage.node.name.value, print_ast(definition.type)
            message = f"Variable '${name}' is of type '{declared}' but must be non-nullable to be used for"
            yield GraphQLError(f"{message} OneOf Input Object '{kind}'.", [definition, usage.node])


def variable_errors(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    faults: Faults,
) -> list[GraphQLError]:
    """The faults in the variables of a valid operation, at the path of their first use."""

    def faults_at(places: Mapping[str, Path]) -> Iterator[Fault]:
        for node in operation.variable_definitions or ():
            name = node.variable.name.value
            kind = type_from_ast(schema, node.type)
            yield from _of_variable(node, kind, variables, places.get(name, (name,)), faults)

    return [as_error(each) for each in _placed(schema, document, operation, faults_at)]


def _of_variable(
    node: VariableDefinitionNode,
    kind: Any,
    variables: Mapping[str, Any],
    path: Path,
    faults: Faults,
) -> Iterator[Fault]:
    name = node.variable.name.value
    if name not in variables:
        if node.default_value is None and is_non_null_type(kind):
            message = (
                f"{'.'.join(path)} is missing: the variable ${name} of type {kind} has no value."
            )
            yield Fault(path, message, node)
    elif input_is_nested_too_deeply(variables[name], kind):
        yield Fault(path, f"{'.'.join(path)} is nested too deeply.", node)
    else:
        yield from faults.of_value(JsonValue(variables[name], node), kind, path)


def running_error(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: Mapping[str, Any],
    error: GraphQLError,
    faults: Faults,
) -> GraphQLError | None:
    """The fault in the arguments of the field that raised `error` while it ran, which only the values
    of variables can show; None if there is none."""
    for arguments in arguments_in(schema, document):
        if any(_is_within(node, arguments.node) for node in error.nodes or ()):
            values = _values_of_variables(document, variables)
            result = faults.of_arguments(
                arguments.definition, arguments.name, arguments.node, values
            )
            if (fault := next(result, None)) is not None:
                return _at(error, fault)
    return None


def _at(error: GraphQLError, fault: Fault) -> GraphQLError:
    """A fault as an error of the field that raised `error`."""
    result, message = as_error(fault), fault.message
    node = fault.node.variable if isinstance(fault.node, VariableDefinitionNode) else fault.node
    if isinstance(node, VariableNode):
        message += f" The value is that of ${node.name.value}."
    return GraphQLError(message, result.nodes, path=error.path, extensions=result.extensions)


def _is_within(node: Node, field: Node) -> bool:
    """Whether a node is a field or a value in its arguments."""
    if node is field:
        return True
    values = [each.value for each in getattr(field, "arguments", ())]
    return node.loc is not None and any(
        value.loc is not None and value.loc.start <= node.loc.start < value.loc.end
        for value in values
    )


def _values_of_variables(
    document: DocumentNode, variables: Mapping[str, Any]
) -> dict[str, ArgumentValue]:
    """The variables that have a value, or a default."""
    values: dict[str, ArgumentValue] = {}
    for operation in document.definitions:
        for node in getattr(operation, "variable_definitions", None) or ():
            name = node.variable.name.value
            if name in variables:
                values[name] = JsonValue(variables[name], node)
            elif node.default_value is not None:
                values[name] = LiteralValue(node.default_value)
    return values
