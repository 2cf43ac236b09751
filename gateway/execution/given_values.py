"""Values as a client gives them, in a document or in variables, under one interface."""

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

Variables = Mapping[str, "Given"]
"""The variables of a request that have a value, by name."""


class Given(Protocol):
    """A value before it is known to be of the right type."""

    @property
    def node(self) -> Node:
        """Where it stands in the document."""
        ...

    @property
    def is_unknown(self) -> bool:
        """Whether it is a variable of which nothing is known."""
        ...

    @property
    def is_null(self) -> bool: ...

    @property
    def items(self) -> "list[Given] | None":
        """The values of a list; None for another value."""
        ...

    @property
    def fields(self) -> "dict[str, Given] | None":
        """The values of an object that are present; None for another value."""
        ...

    @property
    def text(self) -> str:
        """The value as people read it, cut short."""
        ...

    def refusal(self, leaf: Any) -> str | None:
        """Why a scalar or an enum refuses it; None if it does not."""
        ...


@dataclass(frozen=True)
class Value:
    """A value of JSON, in the variable that is used or defined at `node`."""

    value: Any
    node: Node
    is_unknown: bool = False

    @property
    def is_null(self) -> bool:
        return self.value is None

    @property
    def items(self) -> "list[Given] | None":
        if not isinstance(self.value, list):
            return None
        return [Value(each, self.node) for each in self.value]

    @property
    def fields(self) -> "dict[str, Given] | None":
        if not isinstance(self.value, dict):
            return None
        return {name: Value(each, self.node) for name, each in self.value.items()}

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
        found: list[GraphQLError] = []
        validate_input_value(self.value, leaf, lambda error, _: found.append(error))
        return found[0].message if found else None


class Literal:
    """A value in the document. Without `variables`, those that it has are unknown."""

    def __init__(self, node: ValueNode, variables: Variables | None = None) -> None:
        self._variables = variables
        self.written = node

    @cached_property
    def _of_variable(self) -> "Given | None":
        """The value of the variable that it is, if that has one."""
        if not isinstance(self.written, VariableNode) or self._variables is None:
            return None
        return self._variables.get(self.written.name.value)

    @property
    def node(self) -> Node:
        return self.written

    @property
    def is_absent(self) -> bool:
        """Whether it is a variable without a value."""
        is_variable = isinstance(self.written, VariableNode)
        return is_variable and self._variables is not None and self._of_variable is None

    @property
    def is_unknown(self) -> bool:
        is_variable = isinstance(self.written, VariableNode)
        return is_variable and (self._variables is None or self._of_variable is None)

    @property
    def is_null(self) -> bool:
        if self._of_variable is not None:
            return self._of_variable.is_null
        return isinstance(self.written, NullValueNode)

    @property
    def items(self) -> "list[Given] | None":
        if self._of_variable is not None:
            return self._of_variable.items
        if not isinstance(self.written, ListValueNode):
            return None
        return [Literal(each, self._variables) for each in self.written.values]

    @property
    def fields(self) -> "dict[str, Given] | None":
        if self._of_variable is not None:
            return self._of_variable.fields
        if not isinstance(self.written, ObjectValueNode):
            return None
        made = {
            each.name.value: Literal(each.value, self._variables) for each in self.written.fields
        }
        return {name: each for name, each in made.items() if not each.is_absent}

    @property
    def text(self) -> str:
        if self._of_variable is not None:
            return self._of_variable.text
        match self.written:
            case ObjectValueNode():
                return "an object"
            case ListValueNode():
                return "a list"
        return _cut(print_ast(self.written))

    def refusal(self, leaf: Any) -> str | None:
        if self._of_variable is not None:
            return self._of_variable.refusal(leaf)
        found: list[GraphQLError] = []
        validate_input_literal(self.written, leaf, lambda error, _: found.append(error))
        return found[0].message if found else None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
