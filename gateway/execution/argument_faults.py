"""What is wrong with the arguments of a document and with the variables in them, by its path.

A path starts at the name of the argument. An index is a step of its own, also where a list of one is
written without brackets."""

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

from gateway.execution.given_values import Given, Literal, Variables

Path = tuple[str, ...]
RefusesNull = Callable[[GraphQLArgument | GraphQLInputField], bool]
"""Whether a field or an argument that may be absent must not be null."""

BUILT_IN = {
    "Int": "an Int, a whole number from -2147483648 to 2147483647",
    "Float": "a Float such as 1.5",
    "String": 'a String such as "text"',
    "ID": 'an ID such as "c0ffee00-0000-4000-8000-000000000000"',
    "Boolean": "true or false",
}
"""What is expected for the scalars of GraphQL itself."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with the value at `path`, and the node where it stands."""

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
        variables: Variables | None = None,
    ) -> Iterator[Fault]:
        """The faults of a field or a directive `node`, which is called `name` in messages. Without
        `variables`, nothing is said about the variables in them."""
        given = {each.name.value: each for each in node.arguments or ()}
        for key, argument in given.items():
            if key in definition.args:
                value = Literal(argument.value, variables)
                yield from self._member(value, definition.args[key], (key,))
            else:
                yield _unknown(key, argument, name, definition.args)
        for key, known in definition.args.items():
            if is_required_argument(known) and _is_absent(given.get(key), variables):
                yield Fault((key,), f"{key} is missing. {_expected(known.type)}", node)

    def of_value(self, given: Given, kind: Any, path: Path) -> Iterator[Fault]:
        """The faults of a value that is to be of the type `kind`."""
        if given.is_unknown:
            return
        inner = get_nullable_type(kind)
        if given.is_null:
            if is_non_null_type(kind):
                yield Fault(path, f"{_dotted(path)} is null. {_expected(inner)}", given.node)
        elif is_list_type(inner):
            items = given.items
            for place, item in enumerate([given] if items is None else items):
                yield from self.of_value(item, inner.of_type, (*path, str(place)))
        elif is_input_object_type(inner):
            yield from self._of_object(given, inner, path)
        elif (refusal := given.refusal(inner)) is not None:
            yield Fault(path, _of_leaf(given, inner, path, refusal), given.node)

    def _of_object(self, given: Given, kind: Any, path: Path) -> Iterator[Fault]:
        fields = given.fields
        if fields is None:
            message = f"{_dotted(path)} is {given.text}. {_expected(kind)}"
            yield Fault(path, message, given.node)
            return
        for name, value in fields.items():
            if name not in kind.fields:
                yield _unknown_field(name, value, kind, path)
            elif not kind.is_one_of or not value.is_null:
                yield from self._member(value, kind.fields[name], (*path, name))
        if kind.is_one_of:
            yield from _one_of(given, fields, kind, path)
        for name, field in kind.fields.items():
            if name not in fields and is_required_input_field(field):
                inner = (*path, name)
                message = f"{_dotted(inner)} is missing. {_expected(field.type)}"
                yield Fault(inner, message, given.node)

    def _member(
        self, given: Given, definition: GraphQLArgument | GraphQLInputField, path: Path
    ) -> Iterator[Fault]:
        """The faults of a whole argument, or of a field of an object."""
        if (
            given.is_null
            and not is_non_null_type(definition.type)
            and self.refuses_null(definition)
        ):
            expected = _expected(definition.type).removesuffix(".")
            message = f"{_dotted(path)} is null. {expected}; leave it out for no value."
            yield Fault(path, message, given.node)
        else:
            yield from self.of_value(given, definition.type, path)


def _one_of(given: Given, fields: Mapping[str, Given], kind: Any, path: Path) -> Iterator[Fault]:
    if len(fields) == 1 and not any(value.is_null for value in fields.values()):
        return
    names = [f"{name} (null)" if value.is_null else name for name, value in fields.items()]
    has = f"has {_joined(names, 'and')}" if names else "is empty"
    expected = f"Expected exactly one of {_joined(list(kind.fields), 'and')}, which is not null."
    yield Fault(path, f"{_dotted(path)} {has}. {expected}", given.node)


def _of_leaf(given: Given, kind: GraphQLNamedType, path: Path, refusal: str) -> str:
    """A scalar of our own says itself what it expects."""
    is_own = not is_enum_type(kind) and kind.name not in BUILT_IN
    expected = refusal if is_own else _expected(kind)
    message = f"{_dotted(path)} is {given.text}. {expected}"
    if is_enum_type(kind):
        message += did_you_mean(suggestion_list(given.text.strip('"'), list(kind.values)))
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


def _unknown_field(name: str, given: Given, kind: Any, path: Path) -> Fault:
    hint = did_you_mean(suggestion_list(name, list(kind.fields)))
    inner = (*path, name)
    return Fault(inner, f"{_dotted(inner)} is not a field of {kind.name}.{hint}", given.node)


def _unknown(key: str, node: ArgumentNode, name: str, known: Mapping[str, Any]) -> Fault:
    hint = did_you_mean(suggestion_list(key, list(known)))
    return Fault((key,), f"{key} is not an argument of {name}.{hint}", node)


def _is_absent(argument: ArgumentNode | None, variables: Variables | None) -> bool:
    return argument is None or Literal(argument.value, variables).is_absent


def _dotted(path: Path) -> str:
    return ".".join(path)


def _joined(names: list[str], last: str) -> str:
    """Names as a sentence lists them, for instance "a, b and c"."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def as_error(fault: Fault) -> GraphQLError:
    """A fault as an error of the document."""
    return GraphQLError(fault.message, fault.node, extensions={"argumentPath": list(fault.path)})
