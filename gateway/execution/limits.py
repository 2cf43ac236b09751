"""How large an operation may be, which is checked before it is validated and run.

Everything here is O(document): the tokens are counted before they are parsed, and a fragment is measured
once, however often it is spread."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)


@dataclass(frozen=True)
class Limits:
    """The most that an operation may have."""

    bytes: int = 100_000
    tokens: int = 20_000
    directives: int = 200
    operations: int = 50
    fragments: int = 100
    depth: int = 20
    fields: int = 5_000
    aliases: int = 500
    cost: int = 20_000


WORDS = {
    "bytes": "The document has {} bytes",
    "tokens": "The document has {} tokens",
    "directives": "The document has {} directives",
    "operations": "The document has {} operations",
    "fragments": "The document has {} fragments",
    "depth": "The operation is nested {} levels deep",
    "fields": "The operation selects {} fields",
    "aliases": "The operation has {} aliases",
    "cost": "The operation may cost {}",
}

MOST_COUNTED = 10**12
"""Costs are counted up to this number, which fits 64 bits."""

DIGITS = 10
"""A number with more digits is not an Int, and one with thousands would be slow to parse."""

SIZES = ("first", "last")
ROWS = ("nodes", "edges")
"""The lists of a connection, which are as long as its page."""

UNPAGED = 25
"""The assumed length of a list without pages."""

TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\(?:""")?|"(?!""))*+(?:""")?'
    r'|"(?:[^"\\\n\r]++|\\.)*+"?'
    r"|#[^\n\r]*+"
    r"|[_A-Za-z]\w*+"
    r"|-?\d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+"
    r"|\.\.\.|[!$&():=@\[\]{}|]",
    re.ASCII,
)
"""One token of GraphQL, or a comment. Each character is looked at once, so no text is slow to count."""


class TooLarge(Exception):
    """The operation is not run; the message says what would fit."""


def check_text(document: str, limits: Limits) -> None:
    """Raises TooLarge for a text that is too large to parse."""
    _check(limits, bytes=len(document.encode("utf-8", "replace")))
    tokens = TOKEN.findall(document)
    _check(limits, tokens=len(tokens), directives=tokens.count("@"))


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raises TooLarge for a document that is too large to measure."""
    kinds = [type(node) for node in document.definitions]
    operations, fragments = map(kinds.count, (OperationDefinitionNode, FragmentDefinitionNode))
    _check(limits, operations=operations, fragments=fragments)


class Size(NamedTuple):
    """How large an operation or a part of one is; what is in a fragment counts where it is spread."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    cost: int = 0
    each_row: int = 0
    """What each row of a page costs, for a part that is selected on a connection."""


@dataclass(frozen=True)
class Pages:
    """The default and the largest number of rows of a page."""

    default: int
    largest: int

    def at_most(self, rows: int) -> "Pages":
        return Pages(min(self.default, rows), min(self.largest, rows))


@dataclass(frozen=True)
class Measured:
    """An operation with what its size depends on.

    A field that gives an object costs 1, or what its list may hold; below a list everything costs as
    often. A page counts with the size that is requested, another list with its `ids` or else as
    `UNPAGED`. Scalars and introspection are free. A skipped field counts like any other."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]

    def size(self, pages: Pages, limits: Limits) -> Size:
        """Raises TooLarge if it is so deep that it cannot be measured."""
        root = self.schema.get_root_type(self.operation.operation)
        walk = _Walk(self.schema, _fragments(self.document), self._values(), pages)
        try:
            return walk.set(self.operation.selection_set, root)
        except RecursionError:
            message = f"The operation is nested too deeply: the limit is {limits.depth} levels."
            raise TooLarge(message) from None

    def check(self, size: Size, pages: Pages, limits: Limits) -> None:
        """Raises TooLarge for the first limit that `size` breaks."""
        _check(limits, depth=size.depth, fields=size.fields, aliases=size.aliases)
        if size.cost > limits.cost:
            fitting = self._fitting(pages, limits)
            advice = f": ask for pages of at most {fitting}" if fitting else ""
            _check(limits, advice, cost=size.cost)

    def _fitting(self, pages: Pages, limits: Limits) -> int:
        """The largest page for which the operation would fit, 0 if none does."""

        def cost(rows: int) -> int:
            return self.size(pages.at_most(rows), limits).cost

        return max(0, bisect_right(range(pages.largest), limits.cost, key=cost) - 1)

    def _values(self) -> dict[str, Any]:
        """The values of the variables; defaults are literals."""
        definitions = self.operation.variable_definitions or ()
        defaults = {each.variable.name.value: each.default_value for each in definitions}
        return {**defaults, **self.variables}


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    values: Mapping[str, Any]
    pages: Pages

    def __post_init__(self) -> None:
        self._known: dict[str, Size] = {}

    def set(self, node: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Size:
        """The size of a selection set on a type; None stands for an unknown type, which validation refuses."""
        selections = node.selections if node is not None else ()
        sizes = [Size(), *(self._selection(each, parent) for each in selections)]
        depths, *sums = zip(*sizes, strict=True)
        return Size(max(depths), *(min(sum(numbers), MOST_COUNTED) for numbers in sums))

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType | None) -> Size:
        match node:
            case FieldNode():
                return self._field(node, parent)
            case InlineFragmentNode(type_condition=None):
                return self.set(node.selection_set, parent)
            case InlineFragmentNode(type_condition=NamedTypeNode() as on):
                return self._on(on, node.selection_set)
            case FragmentSpreadNode():
                return self._spread(node.name.value)
        raise TypeError(node)

    def _on(self, on: NamedTypeNode, node: SelectionSetNode) -> Size:
        return self.set(node, self.schema.get_type(on.name.value))

    def _spread(self, name: str) -> Size:
        """An unknown or cyclic fragment counts nothing: validation refuses it."""
        if name not in self._known:
            self._known[name] = Size()
            fragment = self.fragments.get(name)
            if fragment is not None:
                self._known[name] = self._on(fragment.type_condition, fragment.selection_set)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        field = getattr(parent, "fields", {}).get(node.name.value)
        kind = None if field is None else get_named_type(field.type)
        below = self.set(node.selection_set, kind)
        cost = each_row = 0
        if field is not None and is_composite_type(kind):
            cost = 1 + below.cost + self._page(node) * below.each_row
            if node.name.value in ROWS and _is_connection(parent):
                cost, each_row = 0, cost
            elif is_list_type(get_nullable_type(field.type)):
                cost *= self._length(node)
        aliases = below.aliases + (node.alias is not None)
        return Size(below.depth + 1, below.fields + 1, aliases, cost, each_row)

    def _page(self, node: FieldNode) -> int:
        """The rows of the page that a field requests; at most the largest page, since no resolver reads
        more."""
        requested = [self._argument(node, name) for name in SIZES]
        rows = max((size for size in requested if type(size) is int), default=self.pages.default)
        return min(max(rows, 0), self.pages.largest)

    def _length(self, node: FieldNode) -> int:
        ids = self._argument(node, "ids")
        return len(ids) if isinstance(ids, Sequence) and not isinstance(ids, str) else UNPAGED

    def _argument(self, node: FieldNode, name: str) -> Any:
        """The value of an argument, if it is a number that may be the size of a page or a list."""
        for argument in node.arguments or ():
            if argument.name.value == name:
                return self._value(argument.value)
        return None

    def _value(self, node: Any) -> Any:
        match node:
            case VariableNode():
                return self._value(self.values.get(node.name.value))
            case IntValueNode():
                return int(node.value) if len(node.value) <= DIGITS else None
            case ListValueNode():
                return node.values
            case ValueNode():
                return None
        return node


def _is_connection(kind: GraphQLNamedType | None) -> bool:
    """According to the Relay specification: https://relay.dev/graphql/connections.htm."""
    return kind is not None and kind.name.endswith("Connection")


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def _check(limits: Limits, advice: str = "", **numbers: int) -> None:
    for name, number in numbers.items():
        most = getattr(limits, name)
        if number > most:
            count = f"{number:,}" if number < MOST_COUNTED else f"more than {MOST_COUNTED:,}"
            raise TooLarge(f"{WORDS[name].format(count)}, but the limit is {most:,}{advice}.")
