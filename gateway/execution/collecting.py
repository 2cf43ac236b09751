"""The fields that an operation selects, by their key in the answer: specification, 6.3.2."""

from collections.abc import Iterable, Mapping

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

Fragments = Mapping[str, FragmentDefinitionNode]
Truths = Mapping[str, bool | None]
"""The variables in @skip and @include; None for one that is not there."""


class NotPlanned(Exception):
    """No plan covers the operation, for the reason that the message gives."""


class Collector:
    """Collects the fields of one operation of a document."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, truths: Truths) -> None:
        self._schema = schema
        self._fragments = fragments
        self._truths = truths

    def fields(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
    ) -> dict[str, list[FieldNode]]:
        """What is selected of objects of type `kind`, in the order of the answer; fields of one key
        are merged."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selections in sets:
            self._collect(kind, selections, found, seen)
        return found

    def _collect(
        self,
        kind: GraphQLObjectType,
        selections: SelectionSetNode | None,
        found: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for node in selections.selections if selections else ():
            if not self._is_included(node):
                continue
            match node:
                case FieldNode():
                    key = node.alias.value if node.alias else node.name.value
                    found.setdefault(key, []).append(node)
                case InlineFragmentNode() if self._applies(node, kind):
                    self._collect(kind, node.selection_set, found, seen)
                case FragmentSpreadNode() if node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self._fragments[node.name.value]
                    if self._applies(fragment, kind):
                        self._collect(kind, fragment.selection_set, found, seen)

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
        if skip is not None and self._truth(skip):
            return False
        return include is None or self._truth(include)

    def _truth(self, directive: DirectiveNode) -> bool:
        [argument] = directive.arguments or ()
        value = argument.value
        truth = (
            self._truths.get(value.name.value)
            if isinstance(value, VariableNode)
            else getattr(value, "value", None)
        )
        if not isinstance(truth, bool):
            raise NotPlanned(f"@{directive.name.value} has no truth")
        return truth
