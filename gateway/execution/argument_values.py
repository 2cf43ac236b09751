"""A common interface for the values of arguments and variables, in JSON or as literals in a
document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from graphql import (
    GraphQLError,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    print_ast,
)
from graphql.utilities import validate_input_literal, validate_input_value

LONGEST_TEXT = 100

VariableValues = Mapping[str, "ArgumentValue"]
"""The variables of a request that have a value, by name."""


class ArgumentValue(Protocol):
    """A value that may have the wrong type."""

    @property
    def node(self) -> Node:
        """Its node in the document: the literal itself, or the variable."""
        ...

    @property
    def is_unknown(self) -> bool:
        """Whether it is a variable whose value is unknown."""
        ...

    @property
    def is_null(self) -> bool: ...

    @property
    def items(self) -> "list[ArgumentValue] | None":
        """The values of a list; None for another value."""
        ...

    @property
    def fields(self) -> "dict[str, ArgumentValue] | None":
        """The values of an object that are present; None for another value."""
        ...

    @property
    def text(self) -> str:
        """The value as it appears in messages, cut to LONGEST_TEXT characters."""
        ...

    def refusal(self, leaf: Any) -> str | None:
        """The reason why a scalar or an enum refuses the value; None if it accepts it."""
        ...


@dataclass(frozen=True)
class JsonValue:
    """A JSON value of the variable that is used or defined at `node`."""

    value: Any
    node: Node
    is_unknown: bool = False

    @property
    def is_null(self) -> bool:
        return self.value is None

    @property
    def items(self) -> "list[ArgumentValue] | None":
        if not isinstance(self.value, list):
            return None
        return [JsonValue(each, self.node) for each in self.value]

    @property
    def fields(self) -> "dict[str, ArgumentValue] | None":
        if not isinstance(self.value, dict):
            return None
        return {name: JsonValue(each, self.node) for name, each in self.value.items()}

    @property
    def text(self) -> str:
        match self.value:
            case dict():
                return "an object"
            case list():
                return "a list"
            case str() | bool() | None:
                return _cut(json.dumps(self.value, ensure_ascii=False))
        return _cut(str(self.value))

    def refusal(self, leaf: Any) -> str | None:
        result: list[GraphQLError] = []
        validate_input_value(self.value, leaf, lambda error, _: result.append(error))
        return result[0].message if result else None


class LiteralValue:
    """A literal in the document. Without `variables`, the values of its variables are unknown."""

    def __init__(self, node: ValueNode, variables: VariableValues | None = None) -> None:
        self._variables = variables
        self.literal = node

    @cached_property
    def _of_variable(self) -> "ArgumentValue | None":
        """The value of the variable, if the literal is a variable that has one."""
        if not isinstance(self.literal, VariableNode) or self._variables is None:
            return None
        return self._variables.get(self.literal.name.value)

    @property
    def node(self) -> Node:
        return self.literal

    @property
    def is_absent(self) -> bool:
        """Whether the literal is a variable without a value."""
        is_variable = isinstance(self.literal, VariableNode)
        return is_variable and self._variables is not None and self._of_variable is None

    @property
    def is_unknown(self) -> bool:
        is_variable = isinstance(self.literal, VariableNode)
        return is_variable and (self._variables is None or self._of_variable is None)

    @property
    def is_null(self) -> bool:
        if self._of_variable is not None:
            return self._of_variable.is_null
        return isinstance(self.literal, NullValueNode)

    @property
    def items(self) -> "list[ArgumentValue] | None":
        if self._of_variable is not None:
            return self._of_variable.items
        if not isinstance(self.literal, ListValueNode):
            return None
        return [LiteralValue(each, self._variables) for each in self.literal.values]

    @property
    def fields(self) -> "dict[str, ArgumentValue] | None":
        if self._of_variable is not None:
            return self._of_variable.fields
        if not isinstance(self.literal, ObjectValueNode):
            return None
        result = {
            each.name.value: LiteralValue(each.value, self._variables)
            for each in self.literal.fields
        }
        return {name: each for name, each in result.items() if not each.is_absent}

    @property
    def text(self) -> str:
        if self._of_variable is not None:
            return self._of_variable.text
        match self.literal:
            case ObjectValueNode():
                return "an object"
            case ListValueNode():
                return "a list"
        return _cut(print_ast(self.literal))

    def refusal(self, leaf: Any) -> str | None:
        if self._of_variable is not None:
            return self._of_variable.refusal(leaf)
        result: list[GraphQLError] = []
        validate_input_literal(self.literal, leaf, lambda error, _: result.append(error))
        return result[0].message if result else None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
