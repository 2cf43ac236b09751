"""Caches documents that clients send repeatedly.

They are parsed once, and compiled the second time. After its first run, only the hash of a document is
stored, so that a flood of unique documents neither costs compilations nor evicts documents in use."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, product
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    visit,
)

from gateway.execution.arguments import ABSENT, Coercion
from gateway.execution.limits import MOST_COUNTED
from gateway.execution.plan import NotPlanned
from gateway.execution.selection import Conditions, Fields, fields_by_name, fragments_of

MOST_SEEN = 10_000
CONDITIONS = frozenset({"if"})
SIZES = frozenset({"first", "last", "ids"})
MOST_SIZES = 64
"""Combinations of page sizes for which the cost of an operation is cached."""
MOST_KEPT = 500
LONGEST_KEPT = 20_000
"""Characters of a document; the syntax tree takes some thirty times as much memory."""
HEAVIEST = 1_000_000
"""Weight of all stored documents: the characters of their plans' sources, and TREE times their own. A
unit takes some 17 bytes of memory."""
TREE = 2
MOST_PLANS = 16
"""Plans of one operation, for different values of its conditions."""


@dataclass
class PreparedOperation:
    """One operation of a document, with the variables that decide what is included and how much."""

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    coercion: Coercion
    conditions: tuple[str, ...]
    sizes: tuple[str, ...]
    grew: Callable[[int], None]
    """Called for each new plan with the weight that it adds."""
    _plans: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _costs: dict[tuple[Any, ...], int] = field(default_factory=dict)

    @cached_property
    def roots(self) -> Fields:
        """The root fields by name, those in fragments and skipped ones included."""
        return fields_by_name([self.node], self.fragments)

    @cached_property
    def root_fields(self) -> tuple[str, ...]:
        """The names of the root fields."""
        return tuple(self.roots)

    def condition_values(self, variables: Mapping[str, Any]) -> Conditions:
        return {name: variables.get(name) for name in self.conditions}

    def combinations(self) -> Iterator[Conditions]:
        """The possible values of the conditions, as many as there may be plans."""
        own = {each.variable.name.value for each in self.node.variable_definitions or ()}
        truths = [(True, False) if name in own else (None,) for name in self.conditions]
        for values in islice(product(*truths), MOST_PLANS):
            yield dict(zip(self.conditions, values, strict=True))

    def is_planned(self, values: Conditions) -> bool:
        """Whether `planned` can answer without calling `make`."""
        return tuple(values.values()) in self._plans or len(self._plans) >= MOST_PLANS

    def planned(self, values: Conditions, make: Callable[[], Any]) -> Any:
        """The result of `make` for these values of the conditions. It is called once for each, and the
        NotPlanned that it raises is raised again."""
        key = tuple(values.values())
        if key not in self._plans:
            if len(self._plans) >= MOST_PLANS:
                raise NotPlanned("it has too many conditions")
            try:
                self._plans[key] = output = make()
                self.grew(output.size)
            except NotPlanned as reason:
                self._plans[key] = str(reason)
        result = self._plans[key]
        if isinstance(result, str):
            raise NotPlanned(result)
        return result

    def cost(self, variables: Mapping[str, Any], measure: Callable[[], int]) -> int:
        """The result of `measure`, which is called once for the same sizes of pages and lists."""
        key = tuple(_size(variables.get(name, ABSENT)) for name in self.sizes)
        if key not in self._costs:
            if len(self._costs) >= MOST_SIZES:
                self._costs.clear()
            self._costs[key] = measure()
        return self._costs[key]


class Document:
    """A valid document."""

    def __init__(
        self, schema: GraphQLSchema, tree: DocumentNode, grew: Callable[[int], None]
    ) -> None:
        self._schema = schema
        self._grew = grew
        self.tree = tree
        self._fragments = fragments_of(tree)
        uses = _Uses()
        visit(tree, uses)
        self._conditions, self._sizes = tuple(uses.conditions), tuple(uses.sizes)
        self._operations: dict[str | None, PreparedOperation] = {}

    def operation(self, name: str | None) -> PreparedOperation | None:
        """The operation with this name, or the only one; None if it is ambiguous."""
        if name not in self._operations:
            node = get_operation_ast(self.tree, name)
            if node is None:
                return None
            own = node.name.value if node.name is not None else None
            if own not in self._operations:
                self._operations[own] = self._prepared(node)
            self._operations[name] = self._operations[own]
        return self._operations[name]

    def operations(self) -> list[PreparedOperation]:
        """All operations."""
        nodes = [
            each for each in self.tree.definitions if isinstance(each, OperationDefinitionNode)
        ]
        names = [None if node.name is None else node.name.value for node in nodes]
        return [each for each in map(self.operation, names) if each is not None]

    def _prepared(self, node: OperationDefinitionNode) -> PreparedOperation:
        return PreparedOperation(
            self.tree,
            node,
            self._fragments,
            Coercion(self._schema, node),
            self._conditions,
            self._sizes,
            self._grew,
        )


class Documents:
    """The stored documents of one schema, by their text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._ran: OrderedDict[int, None] = OrderedDict()
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._trusted: dict[str, Document] = {}
        self._weights: dict[str, int] = {}

    def known(self, text: str) -> Document | None:
        """The document with this text, if it has run before or is trusted."""
        if text in self._documents:
            self._documents.move_to_end(text)
        elif text in self._trusted:
            return self._trusted[text]
        elif len(text) <= LONGEST_KEPT and self._ran.pop(hash(text), ABSENT) is not ABSENT:
            # locations would keep all tokens in memory; only errors need them, and plans report none
            self._documents[text] = Document(
                self._schema, parse(text, no_location=True), lambda size: self._grow(text, size)
            )
            self._grow(text, TREE * len(text))
        return self._documents.get(text)

    def trust(self, text: str) -> Document:
        """Store a valid document, however long it is, and never evict it."""
        self._trusted[text] = Document(
            self._schema, parse(text, no_location=True), lambda _size: None
        )
        return self._trusted[text]

    def ran(self, text: str) -> None:
        """Remember that the text is a valid document within all limits."""
        if text not in self._documents:
            self._ran[hash(text)] = None
        if len(self._ran) > MOST_SEEN:
            self._ran.popitem(last=False)

    def _grow(self, text: str, weight: int) -> None:
        """Add to the weight of a document, and evict the least recently used ones until all of them
        fit."""
        if text in self._documents:
            self._weights[text] = self._weights.get(text, 0) + weight
        while len(self._documents) > MOST_KEPT or sum(self._weights.values()) > HEAVIEST:
            dropped, _ = self._documents.popitem(last=False)
            del self._weights[dropped]


def _size(value: Any) -> Any:
    """The size of a page or a list in a variable; None for any other value."""
    if isinstance(value, list):
        return (len(value),)
    if value is ABSENT:
        return ABSENT
    return min(value, MOST_COUNTED) if type(value) is int else None


class _Uses(Visitor):
    """Finds the variables in directives, and those that set the size of a page or a list."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: dict[str, None] = {}
        self.sizes: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self._note(node, self.conditions, CONDITIONS)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self._note(node, self.sizes, SIZES)

    def _note(
        self, node: DirectiveNode | FieldNode, result: dict[str, None], names: frozenset[str]
    ) -> None:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode) and argument.name.value in names:
                result[argument.value.name.value] = None
