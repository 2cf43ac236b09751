"""Checks of arguments before an operation runs, and the faults that appear only while it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLDirective,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    ListValueNode,
    Node,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    ValidationRule,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    print_ast,
    specified_rules,
    type_from_ast,
    visit,
)
from graphql.execution.values import input_is_nested_too_deeply
from graphql.validation.rules.known_argument_names import KnownArgumentNamesRule
from graphql.validation.rules.provided_required_arguments import ProvidedRequiredArgumentsRule
from graphql.validation.rules.values_of_correct_type import ValuesOfCorrectTypeRule

from gateway.execution.argument_faults import Fault, Faults, Path, as_error
from gateway.execution.argument_values import ArgumentValue, JsonValue, LiteralValue

REPLACED = {KnownArgumentNamesRule, ProvidedRequiredArgumentsRule, ValuesOfCorrectTypeRule}
"""Rules of graphql-core that `argument_rule` takes the place of."""

OTHER_RULES = tuple(rule for rule in specified_rules if rule not in REPLACED)

MOST_FAULTS = 20


def argument_rule(faults: Faults) -> type[ValidationRule]:
    """The rule of GraphQL that arguments are known, complete and of the right type."""
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

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        kind = type_from_ast(self.context.schema, node.type)
        if node.default_value is not None and kind is not None:
            path = (node.variable.name.value,)
            self._report(self.faults.of_value(LiteralValue(node.default_value), kind, path))

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        for error in _nullable_in_one_of(self.context, node):
            self.report_error(error)

    def _report(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            self.report_error(as_error(fault))


def _nullable_in_one_of(
    context: ValidationContext, operation: OperationDefinitionNode
) -> Iterator[GraphQLError]:
    """The errors that graphql-core overlooks where an input of exactly one field is required."""
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


@dataclass(frozen=True)
class Arguments:
    """The arguments of one node of a document."""

    definition: GraphQLField | GraphQLDirective
    name: str
    node: FieldNode | DirectiveNode


class _Collector(Visitor):
    """Collects the nodes with arguments, in the order of the document."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.found: list[Arguments] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self._note(self._info.get_field_def(), node)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self._note(self._info.get_directive(), node)

    def _note(self, definition: Any, node: FieldNode | DirectiveNode) -> None:
        if definition is not None and node.arguments:
            self.found.append(Arguments(definition, node.name.value, node))


def arguments_in(schema: GraphQLSchema, document: DocumentNode) -> list[Arguments]:
    """Every node of a document that has arguments and is known to the schema."""
    info = TypeInfo(schema)
    collector = _Collector(info)
    visit(document, TypeInfoVisitor(info, collector))
    return collector.found


def variable_places(
    schema: GraphQLSchema, document: DocumentNode
) -> list[tuple[VariableNode, Path]]:
    """Each use of a variable in an argument, with its path."""
    return [
        place
        for arguments in arguments_in(schema, document)
        for each in arguments.node.arguments or ()
        if each.name.value in arguments.definition.args
        for place in _places(
            each.value, arguments.definition.args[each.name.value].type, (each.name.value,)
        )
    ]


def _places(node: ValueNode, kind: Any, path: Path) -> Iterator[tuple[VariableNode, Path]]:
    inner = get_nullable_type(kind)
    if isinstance(node, VariableNode):
        yield node, path
    elif is_list_type(inner):
        items = node.values if isinstance(node, ListValueNode) else [node]
        for place, item in enumerate(items):
            yield from _places(item, inner.of_type, (*path, str(place)))
    elif isinstance(node, ObjectValueNode) and is_input_object_type(inner):
        for field in node.fields:
            name = field.name.value
            if name in inner.fields:
                yield from _places(field.value, inner.fields[name].type, (*path, name))


def with_path(schema: GraphQLSchema, document: DocumentNode, error: GraphQLError) -> GraphQLError:
    """An error of another rule about the use of a variable, with the path of that use."""
    used = [node for node in error.nodes or () if isinstance(node, VariableNode)]
    for node, path in variable_places(schema, document) if used else ():
        if node is used[-1]:
            error.extensions = {**(error.extensions or {}), "argumentPath": list(path)}
    return error


def variable_errors(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    faults: Faults,
) -> list[GraphQLError]:
    """What is wrong with the variables of a valid operation, at the path of their first use."""

    def faults_at(places: Mapping[str, Path]) -> Iterator[Fault]:
        for node in operation.variable_definitions or ():
            name = node.variable.name.value
            kind = type_from_ast(schema, node.type)
            yield from _of_variable(node, kind, variables, places.get(name, (name,)), faults)

    if next(faults_at({}), None) is None:
        return []
    places: dict[str, Path] = {}
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    reached = DocumentNode(definitions=(operation, *fragments))
    for node, path in variable_places(schema, reached):
        places.setdefault(node.name.value, path)
    return [as_error(each) for each in islice(faults_at(places), MOST_FAULTS)]


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
    """What is wrong with the arguments of the field at which `error` was raised while it ran, which
    only their variables show; None if nothing is."""
    for arguments in arguments_in(schema, document):
        if any(_is_within(node, arguments.node) for node in error.nodes or ()):
            values = _values_of_variables(document, variables)
            found = faults.of_arguments(
                arguments.definition, arguments.name, arguments.node, values
            )
            if (fault := next(found, None)) is not None:
                return _at(error, fault)
    return None


def _at(error: GraphQLError, fault: Fault) -> GraphQLError:
    """A fault as an error of the field at which `error` was raised."""
    made, message = as_error(fault), fault.message
    node = fault.node.variable if isinstance(fault.node, VariableDefinitionNode) else fault.node
    if isinstance(node, VariableNode):
        message += f" The value is that of ${node.name.value}."
    return GraphQLError(message, made.nodes, path=error.path, extensions=made.extensions)


def _is_within(node: Node, field: Node) -> bool:
    """Whether a node is a field, or a value in its arguments."""
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
