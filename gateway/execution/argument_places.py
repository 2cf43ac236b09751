"""Locates the arguments of a document and the values in them by path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLDirective,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    ListValueNode,
    NameNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    visit,
)

from gateway.execution.argument_faults import Path


@dataclass(frozen=True)
class Arguments:
    """The arguments of one node of a document."""

    definition: GraphQLField | GraphQLDirective
    name: str
    node: FieldNode | DirectiveNode


class _Collector(Visitor):
    """Collects the nodes with arguments, in the order of the document."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.found: list[Arguments] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self._note(self._info.get_field_def(), node)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self._note(self._info.get_directive(), node)

    def _note(self, definition: Any, node: FieldNode | DirectiveNode) -> None:
        if definition is not None and node.arguments:
            self.found.append(Arguments(definition, node.name.value, node))


def arguments_in(schema: GraphQLSchema, document: DocumentNode) -> list[Arguments]:
    """All nodes of a document that have arguments and exist in the schema."""
    info = TypeInfo(schema)
    collector = _Collector(info)
    visit(document, TypeInfoVisitor(info, collector))
    return collector.found


def _places(schema: GraphQLSchema, document: DocumentNode) -> Iterator[tuple[Node, Path]]:
    """The path of each argument, and of each variable and each field name in its value."""
    for arguments in arguments_in(schema, document):
        for each in arguments.node.arguments or ():
            path = (each.name.value,)
            yield each.name, path
            known = arguments.definition.args.get(each.name.value)
            if known is not None:
                yield from _places_within(each.value, known.type, path)


def _places_within(node: ValueNode, kind: Any, path: Path) -> Iterator[tuple[Node, Path]]:
    inner = get_nullable_type(kind)
    if isinstance(node, VariableNode):
        yield node, path
    elif is_list_type(inner):
        items = node.values if isinstance(node, ListValueNode) else [node]
        for place, item in enumerate(items):
            yield from _places_within(item, inner.of_type, (*path, str(place)))
    elif isinstance(node, ObjectValueNode) and is_input_object_type(inner):
        for field in node.fields:
            name = field.name.value
            yield field.name, (*path, name)
            if name in inner.fields:
                yield from _places_within(field.value, inner.fields[name].type, (*path, name))


def first_uses(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> dict[str, Path]:
    """The path of the first use of each variable of an operation."""
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    reached = DocumentNode(definitions=(operation, *fragments))
    uses: dict[str, Path] = {}
    for node, path in _places(schema, reached):
        if isinstance(node, VariableNode):
            uses.setdefault(node.name.value, path)
    return uses


def with_path(schema: GraphQLSchema, document: DocumentNode, error: GraphQLError) -> GraphQLError:
    """An error of another rule, with the path of the argument, the field in an argument or the variable
    that it concerns."""
    named = [node for node in error.nodes or () if isinstance(node, VariableNode | NameNode)]
    for node, path in _places(schema, document) if named else ():
        if node is named[-1]:
            error.extensions = {**(error.extensions or {}), "argumentPath": list(path)}
    return error


def value_at(field: FieldNode, path: Sequence[str]) -> Node:
    """The node of the value at `path` in the arguments of `field`, or of the innermost value around it
    in the document; the field itself if it has no such argument."""
    named = {each.name.value: each.value for each in field.arguments or ()}
    result: Node | None = named.get(path[0])
    for step in path[1:]:
        if not isinstance(result, ListValueNode | ObjectValueNode):
            break
        inner = _member(result, step)
        if inner is None:
            break
        result = inner
    return field if result is None else result


def _member(node: ListValueNode | ObjectValueNode, step: str) -> Node | None:
    if isinstance(node, ListValueNode):
        return node.values[int(step)] if step.isdecimal() else None
    return next((each.value for each in node.fields if each.name.value == step), None)
