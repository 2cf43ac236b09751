"""Random operations, generated from the schema and the stored data.

Hypothesis-graphql selects the fields. This module adds arguments that match something, variables,
directives, aliases and fragments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
    parse_type,
    print_ast,
)
from hypothesis import strategies as st
from hypothesis_graphql import queries

from tests.support.operation_arguments import Arguments, Stored, literal
from tests.support.paths import SCHEMA_FILE
from tests.support.varied import SCHEMA

ROOTS = (
    *(("salesOrders",), ("salesOrders",), ("salesOrderLines",), ("customers",), ("items",)),
    *(("salesOrder", "salesOrderByNumber"), ("customer", "item"), ("node",), ("nodes",)),
    *(("accounts", "account"), ("lineObjects", "taxCodes"), ("currencies", "unitsOfMeasure")),
    *(("paymentTerms", "shipmentMethods"), ("importJobs", "importJob"), ("company",)),
    *(("customerByNumber", "itemByNumber", "accountByNumber"), ("currencyByCode", "taxCodeByCode")),
    ("paymentTermsByCode", "shipmentMethodByCode", "unitOfMeasureByCode"),
)
"""The root fields of generated documents; duplicates are twice as likely."""

UNCOVERED = (
    "statusLabel",
    "totalsExplanation",
    "suggestions",
    "availableTransitions",
    "files",
)
"""Fields that Python computes."""
TRUTH = GraphQLNonNull(GraphQLBoolean)
ABSENT: Any = object()
"""The value of a variable that a client does not send."""


class Request(NamedTuple):
    """An operation with two sets of variables, whether one of its arguments should be refused, and
    whether it selects a field that Python computes."""

    query: str
    variables: dict[str, Any]
    others: dict[str, Any]
    is_wrong: bool
    is_computed: bool


def _selecting() -> Callable[[Sequence[str]], st.SearchStrategy[DocumentNode]]:
    """A strategy for documents with some root fields, without optional arguments."""
    text = SCHEMA_FILE.read_text("utf-8")
    plain: Any = build_schema(text)
    for kind in filter(is_object_type, plain.type_map.values()):
        if is_introspection_type(kind):
            continue  # all schemas of the process share these
        for field in kind.fields.values():
            required = {n: each for n, each in field.args.items() if is_required_argument(each)}
            field.args = required
    kinds = [kind for kind in plain.type_map.values() if kind is not plain.query_type]

    def documents(roots: Sequence[str]) -> st.SearchStrategy[DocumentNode]:
        query = GraphQLObjectType("Query", {name: plain.query_type.fields[name] for name in roots})
        schema = GraphQLSchema(query, types=kinds)
        return queries(schema, print_ast=lambda tree: tree, allow_null=False)

    return documents


@cache
def _selections() -> st.SearchStrategy[DocumentNode]:
    return st.sampled_from([_selecting()(roots) for roots in ROOTS]).flatmap(lambda each: each)


@st.composite
def requests(draw: st.DrawFn, stored: Stored) -> Request:
    """Operations, most of which match something."""
    [operation] = draw(_selections()).definitions
    return _Author(draw, Arguments(draw, stored)).request(operation)


def _name(text: str) -> NameNode:
    return NameNode(value=text)


@dataclass
class _Author:
    """Generates one operation."""

    draw: st.DrawFn
    arguments: Arguments

    def __post_init__(self) -> None:
        self._names = 0
        self._variables: list[VariableDefinitionNode] = []
        self._given: dict[str, Any] = {}
        self._others: dict[str, Any] = {}
        self._fragments: list[FragmentDefinitionNode] = []
        self._depth = 0
        self._is_computed = False

    def request(self, operation: OperationDefinitionNode) -> Request:
        selected = self._set(SCHEMA.query_type, operation.selection_set)
        written = OperationDefinitionNode(
            operation=operation.operation,
            variable_definitions=tuple(self._variables),
            directives=(),
            selection_set=selected,
        )
        document = DocumentNode(definitions=(written, *self._fragments))
        variables, others = _sent(self._given), _sent(self._others)
        return Request(
            print_ast(document), variables, others, self.arguments.is_wrong, self._is_computed
        )

    def _new(self, letter: str) -> NameNode:
        self._names += 1
        return _name(f"{letter}{self._names}")

    def _set(self, kind: Any, node: SelectionSetNode) -> SelectionSetNode:
        self._depth += 1
        result = self._selections(kind, node, set())
        if self.arguments.sometimes(12):
            result.append(FieldNode(name=_name("__typename"), alias=self._alias(50)))
        if len(result) > 1 and self.arguments.sometimes(20):
            place = self.draw(st.integers(0, len(result) - 1))
            result[place:] = self._part(kind, result[place:])
        self._depth -= 1
        return SelectionSetNode(selections=tuple(result))

    def _alias(self, percent: int) -> NameNode | None:
        return self._new("a") if self.arguments.sometimes(percent) else None

    def _part(self, kind: Any, selected: list[SelectionNode]) -> list[SelectionNode]:
        """A part of a selection as a fragment, which may be spread twice."""
        inner = SelectionSetNode(selections=tuple(selected))
        if self.arguments.sometimes(40):
            on = NamedTypeNode(name=_name(kind.name)) if self.arguments.sometimes(50) else None
            return [
                InlineFragmentNode(
                    type_condition=on, directives=self._directives(), selection_set=inner
                )
            ]
        name, on = self._new("F"), NamedTypeNode(name=_name(kind.name))
        self._fragments.append(
            FragmentDefinitionNode(name=name, type_condition=on, directives=(), selection_set=inner)
        )
        times = 1 + self.arguments.sometimes(30)
        return [FragmentSpreadNode(name=name, directives=self._directives()) for _ in range(times)]

    def _selections(self, kind: Any, node: SelectionSetNode, used: set[str]) -> list[SelectionNode]:
        result: list[SelectionNode] = []
        for each in node.selections:
            if isinstance(each, FieldNode):
                result += self._field(kind, each, used)
            else:
                result.append(self._inline(each, used))
        return result

    def _inline(self, node: Any, used: set[str]) -> SelectionNode:
        kind = SCHEMA.type_map[node.type_condition.name.value]
        inner = self._selections(kind, node.selection_set, used)
        return InlineFragmentNode(
            type_condition=node.type_condition,
            directives=self._directives(),
            selection_set=SelectionSetNode(selections=tuple(inner)),
        )

    def _field(self, kind: Any, node: FieldNode, used: set[str]) -> list[SelectionNode]:
        """The field, or two copies of it that will be merged."""
        name, alias = node.name, node.alias
        if name.value in UNCOVERED and not self.arguments.sometimes(5):
            return [FieldNode(name=_name("__typename"))]
        self._is_computed |= name.value in UNCOVERED
        if name.value == "__typename":
            return [node]
        field = kind.fields[name.value]
        arguments = self._arguments(name.value, field)
        is_taken = bool(arguments) and (alias or name).value in used
        alias = self._new("a") if is_taken else self._alias(10) or alias
        used.add((alias or name).value)
        below = node.selection_set and self._set(get_named_type(field.type), node.selection_set)
        parts = [below]
        if below is not None and len(below.selections) > 1 and self.arguments.sometimes(8):
            parts = [SelectionSetNode(selections=part) for part in _halves(below.selections)]
        return [
            FieldNode(
                name=name,
                alias=alias,
                arguments=arguments,
                directives=self._directives(),
                selection_set=part,
            )
            for part in parts
        ]

    def _directives(self) -> tuple[DirectiveNode, ...]:
        names = [name for name in ("skip", "include") if self.arguments.sometimes(5)]
        return tuple(
            DirectiveNode(name=_name(name), arguments=(self._condition(name),)) for name in names
        )

    def _condition(self, name: str) -> ArgumentNode:
        """The condition of a directive, which usually includes the selection."""
        truth = (name == "include") != self.arguments.sometimes(25)
        value = self._value(truth, TRUTH, 60, lambda: not truth)
        return ArgumentNode(name=_name("if"), value=value)

    def _arguments(self, name: str, field: GraphQLField) -> tuple[ArgumentNode, ...]:
        target = get_named_type(field.type).name.removesuffix("Connection")
        names = self.arguments.names(field, target) if "first" in field.args else list(field.args)
        result = []
        for each in names:
            kind = field.args[each].type

            def made(each: str = each, kind: Any = kind) -> Any:
                is_null = not is_non_null_type(kind) and self.arguments.sometimes(4)
                return (
                    None if is_null else self.arguments.value(each, target, at_root=self._depth < 2)
                )

            result.append(ArgumentNode(name=_name(each), value=self._value(made(), kind, 35, made)))
        return tuple(result)

    def _value(
        self, inputs: Any, kind: Any, percent: int, other: Callable[[], Any] | None = None
    ) -> ValueNode:
        """A value as a literal or, in so many percent, as a variable; so are those inside."""
        if self.arguments.sometimes(percent):
            return self._variable(inputs, kind, other)
        inner: Any = get_nullable_type(kind)
        if is_list_type(inner) and inputs is not None:
            if len(inputs) == 1 and self.arguments.sometimes(15):
                return literal(inputs[0], inner.of_type)
            return ListValueNode(
                values=tuple(self._value(each, inner.of_type, 8) for each in inputs)
            )
        if is_input_object_type(inner) and inputs is not None:
            parts = [
                (name, self._value(each, inner.fields[name].type, 8))
                for name, each in inputs.items()
            ]
            fields = (ObjectFieldNode(name=_name(name), value=value) for name, value in parts)
            return ObjectValueNode(fields=tuple(fields))
        return literal(inputs, kind)

    def _variable(self, inputs: Any, kind: Any, other: Callable[[], Any] | None) -> VariableNode:
        """A variable with the value as its default or from the client; other requests may omit it if it
        is a whole argument."""
        name, has_default = self._new("v"), self.arguments.sometimes(30)
        variable = VariableNode(name=name)
        self._variables.append(
            VariableDefinitionNode(
                variable=variable,
                type=parse_type(str(kind)),
                default_value=literal(inputs, kind) if has_default else None,
                directives=(),
            )
        )
        is_optional = other is not None and not is_non_null_type(kind)
        self._given[name.value] = ABSENT if has_default and self.arguments.sometimes(60) else inputs
        another = inputs if other is None else other()
        self._others[name.value] = (
            ABSENT if is_optional and self.arguments.sometimes(20) else another
        )
        return variable


def _halves(selected: Sequence[SelectionNode]) -> tuple[Any, Any]:
    """The selections in two parts with one selection in common."""
    middle = len(selected) // 2
    return tuple(selected[: middle + 1]), tuple(selected[middle:])


def _sent(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if value is not ABSENT}
