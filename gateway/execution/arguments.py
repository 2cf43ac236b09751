"""The arguments of a plan.

Literals in the document are read once, and variables are filled in later. An input object becomes a
dict by the Python names of its fields. Values that coercion refuses, and null within an argument, raise
NotPlanned; graphql-core then reports the error."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
    visit,
)
from graphql.execution.values import input_is_nested_too_deeply
from graphql.utilities.coerce_input_value import coerce_input_literal, coerce_input_value

from gateway.execution.plan import NotPlanned

Variables = Mapping[str, Any]
Make = Callable[[Variables], Any]
"""Makes a value from the coerced variables; ABSENT for a missing variable."""

NameOf = Callable[[GraphQLInputField], str]

ABSENT: Any = object()


class Coercion:
    """Coerces the variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._kinds: dict[str, tuple[Any, Any]] = {}
        for node in operation.variable_definitions or ():
            kind: Any = type_from_ast(schema, node.type)
            default = ABSENT
            if node.default_value is not None:
                default = _valid(coerce_input_literal(node.default_value, kind))
            self._kinds[node.variable.name.value] = kind, default

    def coerced(self, variables: Variables) -> dict[str, Any]:
        """The variables that have a value, by name; raises NotPlanned if one is refused."""
        values = {}
        for name, (kind, default) in self._kinds.items():
            value = variables.get(name, ABSENT)
            if value is not ABSENT:
                if input_is_nested_too_deeply(value, kind):
                    raise NotPlanned(f"${name} is nested too deeply")
                values[name] = _valid(coerce_input_value(value, kind))
            elif default is not ABSENT:
                values[name] = default
            elif is_non_null_type(kind):
                raise NotPlanned(f"${name} is missing")
        return values


def arguments_of(field: GraphQLField, node: FieldNode, name_of: NameOf) -> dict[str, Make]:
    """The functions that make the arguments of `field` in `node`, by name."""
    return {
        argument.name.value: _whole(argument.value, field.args[argument.name.value].type, name_of)
        for argument in node.arguments or ()
    }


def has_variables(node: FieldNode | ValueNode) -> bool:
    """Whether the arguments, or a value in them, depend on variables."""
    result = _Variables()
    for value in (
        [each.value for each in node.arguments or ()] if isinstance(node, FieldNode) else [node]
    ):
        visit(value, result)
    return result.any


class _Variables(Visitor):
    any = False

    def enter_variable(self, _node: VariableNode, *_: Any) -> None:
        self.any = True


def _whole(node: ValueNode, kind: GraphQLInputType, name_of: NameOf) -> Make:
    """A whole argument, which may be null."""
    if isinstance(node, VariableNode) and not is_non_null_type(kind):
        make = _variable(node, kind, name_of)
        name = node.name.value
        return lambda variables: None if variables.get(name) is None else make(variables)
    if has_variables(node):
        return _part(node, kind, name_of)
    value = _valid(coerce_input_literal(node, kind))
    constant = None if value is None else _plain(value, kind, name_of)
    return lambda _: constant


def _part(node: ValueNode, kind: GraphQLInputType, name_of: NameOf) -> Make:
    if not has_variables(node):
        constant = _plain(_valid(coerce_input_literal(node, kind)), kind, name_of)
        return lambda _: constant
    inner: Any = get_nullable_type(kind)
    if is_list_type(inner) and not isinstance(node, ListValueNode | VariableNode):
        only = _part(node, inner.of_type, name_of)
        return lambda variables: [_present(only(variables))]
    match node:
        case VariableNode():
            return _variable(node, kind, name_of)
        case ObjectValueNode():
            return _object(node, inner, name_of)
        case ListValueNode() if is_list_type(inner):
            items = [_part(item, inner.of_type, name_of) for item in node.values]
            return lambda variables: [_present(item(variables)) for item in items]
    raise NotPlanned("it has a value in an unusual place")


def _variable(node: VariableNode, kind: GraphQLInputType, name_of: NameOf) -> Make:
    name = node.name.value

    def take(variables: Variables) -> Any:
        value = variables.get(name, ABSENT)
        return value if value is ABSENT else _plain(value, kind, name_of)

    return take


def _object(node: ObjectValueNode, kind: Any, name_of: NameOf) -> Make:
    fields = [
        (
            name_of(kind.fields[each.name.value]),
            _part(each.value, kind.fields[each.name.value].type, name_of),
        )
        for each in node.fields
    ]

    def make(variables: Variables) -> dict[str, Any]:
        result = ((name, part(variables)) for name, part in fields)
        return {name: value for name, value in result if value is not ABSENT}

    return make


def _plain(value: Any, kind: GraphQLInputType, name_of: NameOf) -> Any:
    """A coerced value with Python names."""
    if value is None:
        raise NotPlanned("it has null in an argument")
    inner: Any = get_nullable_type(kind)
    if is_list_type(inner):
        return [_plain(item, inner.of_type, name_of) for item in value]
    if is_input_object_type(inner):
        fields = inner.fields
        return {
            name_of(fields[name]): _plain(part, fields[name].type, name_of)
            for name, part in value.items()
        }
    return value


def _present(value: Any) -> Any:
    if value is ABSENT:
        raise NotPlanned("a variable is missing in a list")
    return value


def _valid(value: Any) -> Any:
    if value is Undefined:
        raise NotPlanned("a value is refused")
    return value
