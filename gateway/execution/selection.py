"""The fields that an operation selects.

A plan needs exactly the fields of the answer, by their key in it (specification, 6.3.2); a resolver
needs every field that may be selected, by name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from gateway.execution.plan import NotPlanned

Fragments = Mapping[str, FragmentDefinitionNode]
Fields = dict[str, list[FieldNode]]
"""The nodes of each field; several if the document selects it more than once."""

Conditions = Mapping[str, bool | None]
"""The values of the variables in @skip and @include; None for one that is missing."""


def fragments_of(document: DocumentNode) -> Fragments:
    """The fragments of a document by name."""
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def fields_by_name(
    nodes: Iterable[FieldNode | OperationDefinitionNode], fragments: Fragments
) -> Fields:
    """The fields selected below `nodes` by name, through fragments, under whatever alias.

    Directives and type conditions are ignored: a field that is skipped counts as selected."""
    return _Walk(fragments, _name).fields(node.selection_set for node in nodes)


def fields_at(nodes: Iterable[FieldNode], fragments: Fragments, *path: str) -> list[FieldNode]:
    """The nodes of the fields reached from `nodes` by these names, one below the other."""
    current = list(nodes)
    for name in path:
        current = fields_by_name(current, fragments).get(name, [])
    return current


class Selection:
    """The selections of one operation of a document, with these values of its conditions."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, conditions: Conditions) -> None:
        self._schema = schema
        self._fragments = fragments
        self._conditions = conditions

    def fields(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> Fields:
        """The fields selected on objects of type `kind` by their key in the answer, in the order of
        the answer; fields of one key are merged. Raises NotPlanned."""

        def applies(fragment: InlineFragmentNode | FragmentDefinitionNode) -> bool:
            return self._applies(fragment, kind)

        return _Walk(self._fragments, _response_key, self._is_included, applies).fields(sets)

    def _applies(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, kind: GraphQLObjectType
    ) -> bool:
        if fragment.type_condition is None:
            return True
        condition = self._schema.get_type(fragment.type_condition.name.value)
        if condition is kind:
            return True
        return is_abstract_type(condition) and self._schema.is_sub_type(condition, kind)

    def _is_included(self, node: SelectionNode) -> bool:
        directives = {each.name.value: each for each in node.directives or ()}
        skip, include = directives.get("skip"), directives.get("include")
        if skip is not None and self._condition(skip):
            return False
        return include is None or self._condition(include)

    def _condition(self, directive: DirectiveNode) -> bool:
        [argument] = directive.arguments or ()
        value = argument.value
        condition = (
            self._conditions.get(value.name.value)
            if isinstance(value, VariableNode)
            else getattr(value, "value", None)
        )
        if not isinstance(condition, bool):
            raise NotPlanned(f"@{directive.name.value} has no Boolean value")
        return condition


def _name(node: FieldNode) -> str:
    return node.name.value


def _response_key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


@dataclass(frozen=True)
class _Walk:
    """Walks selection sets, and enters each fragment once. By default, all is included."""

    fragments: Fragments
    key: Callable[[FieldNode], str]
    is_included: Callable[[SelectionNode], bool] = lambda _node: True
    applies: Callable[[InlineFragmentNode | FragmentDefinitionNode], bool] = lambda _fragment: True

    def fields(self, sets: Iterable[SelectionSetNode | None]) -> Fields:
        fields: Fields = {}
        entered: set[str] = set()
        for selections in sets:
            self._collect(selections, fields, entered)
        return fields

    def _collect(
        self, selections: SelectionSetNode | None, fields: Fields, entered: set[str]
    ) -> None:
        for node in selections.selections if selections else ():
            if not self.is_included(node):
                continue
            match node:
                case FieldNode():
                    fields.setdefault(self.key(node), []).append(node)
                case InlineFragmentNode() if self.applies(node):
                    self._collect(node.selection_set, fields, entered)
                case FragmentSpreadNode() if node.name.value not in entered:
                    entered.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    if self.applies(fragment):
                        self._collect(fragment.selection_set, fields, entered)
