"""Measures the cost and the size of an operation in time proportional to the document: a fragment is
measured once, however often it is spread."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
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
    is_introspection_type,
    is_leaf_type,
    is_list_type,
)

from gateway.execution.introspection import is_usual, schema_lengths
from gateway.execution.limits import MOST_COUNTED, Limits, TooLarge, check_numbers
from gateway.execution.selection import fragments_of

DIGITS = 10
"""A number with more digits is not an Int, and one with thousands would be slow to parse."""

SIZES = ("first", "last")
ROWS = ("nodes", "edges")
"""The lists of a connection, which have the length of its page."""

UNPAGED = 25
"""The assumed length of a list without pages."""

COST = "cost"
"""The extension of a field with its own cost, besides that of its objects."""


class Size(NamedTuple):
    """The size of an operation or of a part of one. The contents of a fragment count wherever it is
    spread."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    cost: int = 0
    each_row: int = 0
    """The cost of each row of a page, for a part that is selected on a connection; in introspection,
    the average cost over all types of the schema."""
    schemas: int = 0
    types: int = 0


@dataclass(frozen=True)
class Pages:
    """The default and the largest number of rows of a page."""

    default: int
    largest: int

    def at_most(self, rows: int) -> "Pages":
        return Pages(min(self.default, rows), min(self.largest, rows))


@dataclass(frozen=True)
class Measured:
    """An operation and everything that its size depends on.

    A field that returns an object costs 1; the cost of a list is multiplied by its length. That length
    is the requested size of a page, the number of `ids`, the length in the schema for introspection,
    and otherwise `UNPAGED`. Scalars are free, except those that declare a cost. A skipped field counts
    like any other."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]

    def size(self, pages: Pages, limits: Limits) -> Size:
        """Raises TooLarge if the operation is too deep to be measured."""
        root = self.schema.get_root_type(self.operation.operation)
        walk = _Walk(self.schema, fragments_of(self.document), self._values(), pages)
        try:
            return walk.set(self.operation.selection_set, root)
        except RecursionError:
            message = f"The operation is nested too deeply: the limit is {limits.depth} levels."
            raise TooLarge(message) from None

    def check(self, size: Size, pages: Pages, limits: Limits) -> None:
        """Raises TooLarge for the first limit that `size` breaks."""
        check_numbers(limits, fields=size.fields, aliases=size.aliases)
        check_numbers(limits, schemas=size.schemas, types=size.types)
        if self.introspects(size):
            return  # tools can read the schema, whatever limits a deployment sets
        check_numbers(limits, depth=size.depth)
        if size.cost > limits.cost:
            fitting = self._fitting(pages, limits)
            advice = f": ask for pages of at most {fitting}" if fitting else ""
            check_numbers(limits, advice, cost=size.cost)

    def introspects(self, size: Size) -> bool:
        """Whether the document is one of the usual introspection queries."""
        return size.schemas == 1 and is_usual(self.document, self.operation)

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
        """An unknown or cyclic fragment does not count, because validation refuses it."""
        if name not in self._known:
            self._known[name] = Size()
            fragment = self.fragments.get(name)
            if fragment is not None:
                self._known[name] = self._on(fragment.type_condition, fragment.selection_set)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        name = node.name.value
        field = self.schema.get_field(parent, name) if is_composite_type(parent) else None
        below = self.set(node.selection_set, None if field is None else get_named_type(field.type))
        cost, each_row = (0, 0) if field is None else self._costs(node, parent, field, below)
        return Size(
            below.depth + 1,
            below.fields + 1,
            below.aliases + (node.alias is not None),
            cost,
            each_row,
            below.schemas + (name == "__schema"),
            below.types + (name == "__type"),
        )

    def _costs(
        self, node: FieldNode, parent: GraphQLNamedType | None, field: GraphQLField, below: Size
    ) -> tuple[int, int]:
        """`cost` and `each_row` of a field."""
        kind, own = get_named_type(field.type), field.extensions.get(COST, 0)
        if is_leaf_type(kind):
            return own, 0
        if is_introspection_type(kind):
            return self._introspection_costs(node.name.value, below)
        cost = 1 + below.cost + self._page(node) * below.each_row
        if node.name.value in ROWS and _is_connection(parent):
            return 0, cost
        if is_list_type(get_nullable_type(field.type)):
            cost *= self._length(node)
        return own + cost, 0

    def _introspection_costs(self, name: str, below: Size) -> tuple[int, int]:
        """A chain of `ofType` costs as much as its first link, since few types are wrapped twice."""
        lengths = schema_lengths(self.schema)
        if name == "types":
            return lengths.types * (1 + below.each_row), 0
        if name in lengths.most:
            most, average = lengths.most[name], lengths.average[name]
            return most * (1 + below.cost), average * (1 + below.each_row)
        cost = below.cost + (name != "ofType")
        return cost, cost

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
    """As the Relay specification requires: https://relay.dev/graphql/connections.htm."""
    return kind is not None and kind.name.endswith("Connection")
