"""Which fields an operation asks for below a field, so that only their columns are read."""

from collections.abc import Iterable

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from gateway.execution.collecting import Fragments

Selections = dict[str, list[FieldNode]]


def selections(nodes: Iterable[FieldNode], fragments: Fragments) -> Selections:
    """The fields selected below `nodes` by name, through fragments, under whatever alias.

    Directives and type conditions are not looked at: a field that is skipped counts as asked for."""
    found: Selections = {}
    seen: set[str] = set()
    for node in nodes:
        _collect(node.selection_set, fragments, seen, found)
    return found


def selected(nodes: Iterable[FieldNode], fragments: Fragments, *path: str) -> list[FieldNode]:
    """The nodes of the fields reached from `nodes` by these names, one below the other."""
    current = list(nodes)
    for name in path:
        current = selections(current, fragments).get(name, [])
    return current


def _collect(
    selection_set: SelectionSetNode | None,
    fragments: Fragments,
    seen: set[str],
    found: Selections,
) -> None:
    for node in selection_set.selections if selection_set else ():
        match node:
            case FieldNode():
                found.setdefault(node.name.value, []).append(node)
            case InlineFragmentNode():
                _collect(node.selection_set, fragments, seen, found)
            case FragmentSpreadNode() if node.name.value not in seen:
                seen.add(node.name.value)
                _collect(fragments[node.name.value].selection_set, fragments, seen, found)
