"""Introspection: its cost, and the documents that tools usually send."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_introspection_query,
    get_operation_ast,
    parse,
)
from graphql import strip_ignored_characters as stripped

from gateway.execution.selection import Fragments, fields_by_name, fragments_of

LONGEST_CHAIN = 15
"""Levels of `ofType` in a usual document."""

COMPLETE = parse(get_introspection_query(True, True, True, True, True, True, True, LONGEST_CHAIN))

MOST_STORED = 8
LONGEST_STORED = 20_000
"""Characters of a document."""

Paths = Mapping[str, "Paths"]
"""The selected fields, each with the fields below it."""


@dataclass(frozen=True)
class Lengths:
    """The lengths of the lists of introspection."""

    types: int
    average: Mapping[str, int]
    """The average length over all types by name of the list, rounded up."""
    most: Mapping[str, int]


@lru_cache(8)
def schema_lengths(schema: GraphQLSchema) -> Lengths:
    """The lengths of the lists that introspection of `schema` returns."""
    result = execute_sync(schema, COMPLETE)
    described = (result.data or {})["__schema"]
    lists: dict[str, list[int]] = {"directives": [len(described["directives"])]}
    for kind in described["types"]:
        _collect(kind, lists)
    for directive in described["directives"]:
        lists["args"].append(len(directive["args"]))
    return Lengths(
        len(described["types"]),
        {name: ceil(sum(lengths) / len(lengths)) for name, lengths in lists.items()},
        {name: max(lengths) for name, lengths in lists.items()},
    )


def _collect(kind: Mapping[str, Any], lists: dict[str, list[int]]) -> None:
    for name in ("fields", "inputFields", "enumValues", "interfaces", "possibleTypes"):
        lists.setdefault(name, []).append(len(kind[name] or ()))
    for field in kind["fields"] or ():
        lists.setdefault("args", []).append(len(field["args"]))


def is_usual(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether a query selects nothing but what the introspection query of graphql-js can select, with all
    of its options. Its answer depends on nothing but its text."""
    if operation.operation is not OperationType.QUERY or operation.variable_definitions:
        return False
    return _selects_at_most([operation], fragments_of(document), _usual_paths())


@lru_cache(1)
def _usual_paths() -> Paths:
    operation = get_operation_ast(COMPLETE)
    return _paths([operation] if operation is not None else [], fragments_of(COMPLETE))


def _paths(nodes: Iterable[FieldNode | OperationDefinitionNode], fragments: Fragments) -> Paths:
    fields = fields_by_name(nodes, fragments)
    return {name: _paths(below, fragments) for name, below in fields.items()}


def _selects_at_most(
    nodes: Sequence[FieldNode | OperationDefinitionNode], fragments: Fragments, paths: Paths
) -> bool:
    return all(
        name == "__typename"
        or (
            name in paths
            and all(each.alias is None for each in below)
            and _selects_at_most(below, fragments, paths[name])
        )
        for name, below in fields_by_name(nodes, fragments).items()
    )


@dataclass(frozen=True)
class StoredAnswer:
    data: bytes
    cost: int


class StoredIntrospection:
    """The answers to the usual documents that were sent last, by the name that the request gives and the
    text without blanks and comments."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str | None, str], StoredAnswer] = OrderedDict()

    def answer(self, text: str, name: str | None) -> StoredAnswer | None:
        key = _key(text, name)
        if key is None or key not in self._answers:
            return None
        self._answers.move_to_end(key)
        return self._answers[key]

    def store(self, text: str, name: str | None, answer: StoredAnswer) -> None:
        key = _key(text, name)
        if key is not None:
            self._answers[key] = answer
        while len(self._answers) > MOST_STORED:
            self._answers.popitem(last=False)


def _key(text: str, name: str | None) -> tuple[str | None, str] | None:
    """None for a text that does not look like one of the usual documents."""
    if "__schema" not in text or len(text) > LONGEST_STORED:
        return None
    try:
        return name, stripped(text)
    except GraphQLSyntaxError:
        return None
