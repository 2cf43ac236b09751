"""Finds the faults in the arguments of a document and in their variables, with their paths.

A path starts at the name of the argument. Indexes are steps too, even if a list of one item is written
without brackets."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLNamedType,
    Node,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from graphql.pyutils import did_you_mean, suggestion_list

from gateway.execution.argument_values import ArgumentValue, LiteralValue, VariableValues

Path = tuple[str, ...]
RefusesNull = Callable[[GraphQLArgument | GraphQLInputField], bool]
"""Whether a field or an argument may be absent but not null."""

BUILT_IN = {
    "Int": "an Int, a whole number from -2147483648 to 2147483647",
    "Float": "a Float such as 1.5",
    "String": 'a String such as "text"',
    "ID": 'an ID such as "c0ffee00-0000-4000-8000-000000000000"',
    "Boolean": "true or false",
}
"""The values that the built-in scalars of GraphQL expect."""


@dataclass(frozen=True)
class Fault:
    """A fault of the value at `path`, and the node of that value."""

    path: Path
    message: str
    node: Node


@dataclass(frozen=True)
class Faults:
    """Finds the faults of arguments."""

    refuses_null: RefusesNull

    def of_arguments(
        self,
        definition: GraphQLField | GraphQLDirective,
        name: str,
        node: Any,
        variables: VariableValues | None = None,
    ) -> Iterator[Fault]:
        """The faults of the field or directive `node`, which is `name` in messages. Without
        `variables`, its variables are not checked."""
        present = {each.name.value: each for each in node.arguments or ()}
        for key, argument in present.items():
            if key in definition.args:
                value = LiteralValue(argument.value, variables)
                yield from self._member(value, definition.args[key], (key,))
            else:
                yield _unknown(key, argument, name, definition.args)
        for key, known in definition.args.items():
            if is_required_argument(known) and _is_absent(present.get(key), variables):
                yield Fault((key,), f"{key} is missing. {_expected(known.type)}", node)

    def of_value(self, value: ArgumentValue, kind: Any, path: Path) -> Iterator[Fault]:
        """The faults of a value that should have the type `kind`."""
        if value.is_unknown:
            return
        inner = get_nullable_type(kind)
        if value.is_null:
            if is_non_null_type(kind):
                yield Fault(path, f"{_dotted(path)} is null. {_expected(inner)}", value.node)
        elif is_list_type(inner):
            items = value.items
            for place, item in enumerate([value] if items is None else items):
                yield from self.of_value(item, inner.of_type, (*path, str(place)))
        elif is_input_object_type(inner):
            yield from self._of_object(value, inner, path)
        elif (refusal := value.refusal(inner)) is not None:
            yield Fault(path, _of_leaf(value, inner, path, refusal), value.node)

    def _of_object(self, value: ArgumentValue, kind: Any, path: Path) -> Iterator[Fault]:
        fields = value.fields
        if fields is None:
            message = f"{_dotted(path)} is {value.text}. {_expected(kind)}"
            yield Fault(path, message, value.node)
            return
        for name, member in fields.items():
            if name not in kind.fields:
                yield _unknown_field(name, member, kind, path)
            elif not kind.is_one_of or not member.is_null:
                yield from self._member(member, kind.fields[name], (*path, name))
        if kind.is_one_of:
            yield from _one_of(value, fields, kind, path)
        for name, field in kind.fields.items():
            if name not in fields and is_required_input_field(field):
                inner = (*path, name)
                message = f"{_dotted(inner)} is missing. {_expected(field.type)}"
                yield Fault(inner, message, value.node)

    def _member(
        self, value: ArgumentValue, definition: GraphQLArgument | GraphQLInputField, path: Path
    ) -> Iterator[Fault]:
        """The faults of a whole argument, or of a field of an object."""
        if (
            value.is_null
            and not is_non_null_type(definition.type)
            and self.refuses_null(definition)
        ):
            expected = _expected(definition.type).removesuffix(".")
            message = f"{_dotted(path)} is null. {expected}; leave it out for no value."
            yield Fault(path, message, value.node)
        else:
            yield from self.of_value(value, definition.type, path)


def _one_of(
    value: ArgumentValue, fields: Mapping[str, ArgumentValue], kind: Any, path: Path
) -> Iterator[Fault]:
    if len(fields) == 1 and not any(member.is_null for member in fields.values()):
        return
    names = [f"{name} (null)" if member.is_null else name for name, member in fields.items()]
    has = f"has {_joined(names, 'and')}" if names else "is empty"
    expected = f"Expected exactly one of {_joined(list(kind.fields), 'and')}, which is not null."
    yield Fault(path, f"{_dotted(path)} {has}. {expected}", value.node)


def _of_leaf(value: ArgumentValue, kind: GraphQLNamedType, path: Path, refusal: str) -> str:
    """The message of a refused scalar. Our own scalars already say what they expect."""
    is_own = not is_enum_type(kind) and kind.name not in BUILT_IN
    expected = refusal if is_own else _expected(kind)
    message = f"{_dotted(path)} is {value.text}. {expected}"
    if is_enum_type(kind):
        message += did_you_mean(suggestion_list(value.text.strip('"'), list(kind.values)))
    return message


def _expected(kind: Any) -> str:
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        return f"Expected a list of {get_nullable_type(kind.of_type)}."
    if is_enum_type(kind):
        return f"Expected a {kind.name}: {_joined(list(kind.values), 'or')}."
    if is_input_object_type(kind):
        return f"Expected an object {kind.name} with fields such as {_joined([*kind.fields][:3], 'and')}."
    return f"Expected {BUILT_IN.get(kind.name, f'a {kind.name}')}."


def _unknown_field(name: str, value: ArgumentValue, kind: Any, path: Path) -> Fault:
    hint = did_you_mean(suggestion_list(name, list(kind.fields)))
    inner = (*path, name)
    return Fault(inner, f"{_dotted(inner)} is not a field of {kind.name}.{hint}", value.node)


def _unknown(key: str, node: ArgumentNode, name: str, known: Mapping[str, Any]) -> Fault:
    hint = did_you_mean(suggestion_list(key, list(known)))
    return Fault((key,), f"{key} is not an argument of {name}.{hint}", node)


def _is_absent(argument: ArgumentNode | None, variables: VariableValues | None) -> bool:
    return argument is None or LiteralValue(argument.value, variables).is_absent


def _dotted(path: Path) -> str:
    return ".".join(path)


def _joined(names: list[str], last: str) -> str:
    """Names as a sentence lists them, such as "a, b and c"."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def as_error(fault: Fault) -> GraphQLError:
    """A fault as an error of the document."""
    return GraphQLError(fault.message, fault.node, extensions={"argumentPath": list(fault.path)})
