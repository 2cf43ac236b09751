"""Makes the plan of an operation in one walk over its selections."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from gateway.execution import declarations as declared
from gateway.execution.declarations import SchemaDeclarations
from gateway.execution.plan import (
    Attribute,
    Cursor,
    Edges,
    Find,
    FindByIds,
    Group,
    Leaf,
    MutationCall,
    Nodes,
    NotPlanned,
    Objects,
    Plan,
    PlanNode,
    PlanPage,
    PlanPageInfo,
    Slot,
    ToMany,
    ToOne,
    Total,
    Typename,
    WrittenRow,
)
from gateway.execution.selection import Conditions, Fragments, Selection

FieldNodes = Sequence[FieldNode]


def plan_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Fragments,
    conditions: Conditions,
    declarations: SchemaDeclarations,
) -> Plan:
    """The plan of a valid operation; raises NotPlanned."""
    return _Planner(schema, Selection(schema, fragments, conditions), declarations).plan(operation)


class _Planner:
    def __init__(
        self, schema: GraphQLSchema, selection: Selection, declarations: SchemaDeclarations
    ) -> None:
        self._schema = schema
        self._selection = selection
        self._declarations = declarations
        self._slots: list[Slot] = []

    def plan(self, operation: OperationDefinitionNode) -> Plan:
        root = self._schema.get_root_type(operation.operation)
        if root is None or operation.operation is OperationType.SUBSCRIPTION:
            raise NotPlanned("subscriptions")
        members = self._members(root, [operation], self._root)
        return Plan(members, tuple(self._slots))

    def _members(
        self,
        kind: GraphQLObjectType,
        parents: Sequence[FieldNode | OperationDefinitionNode],
        make: Callable[[str, GraphQLField, FieldNodes], Any],
    ) -> tuple[Any, ...]:
        """The members selected on `kind` below `parents`, in the order of the answer; `make` makes each
        from its key, its field and its nodes."""
        members = []
        sets = [parent.selection_set for parent in parents]
        for key, nodes in self._selection.fields(kind, sets).items():
            name = nodes[0].name.value
            if name == "__typename":
                members.append(Typename(key, kind.name))
            elif name not in kind.fields:
                raise NotPlanned(f"{name} is answered by the schema itself")
            else:
                members.append(make(key, kind.fields[name], nodes))
        return tuple(members)

    def _root(self, key: str, field: GraphQLField, nodes: FieldNodes) -> Any:
        match self._declaration(field, nodes):
            case declared.ByKeyField(_, by) as declaration:
                slot = self._slot(field, nodes, declaration)
                return Find(key, slot, by, self._objects(field, nodes), _is_nullable(field))
            case declared.CompanyField():
                return Find(key, None, "id", self._objects(field, nodes), _is_nullable(field))
            case declared.PagedField() as declaration:
                return self._page(key, field, nodes, declaration)
            case declared.ByIdsField(is_list) as declaration:
                slot = self._slot(field, nodes, declaration)
                return FindByIds(key, slot, is_list, self._of_each_type(nodes))
            case declared.MutationField() as declaration:
                slot = self._slot(field, nodes, declaration)
                return MutationCall(key, slot, self._payload(field, nodes))
        raise NotPlanned(f"{nodes[0].name.value} has a resolver of its own")

    def _declaration(self, field: GraphQLField, nodes: FieldNodes) -> declared.Declaration:
        result = self._declarations.declaration(field)
        if result is None:
            raise NotPlanned(f"{nodes[0].name.value} has a resolver of its own")
        return result

    def _name(self, field: GraphQLField) -> str:
        return self._declarations.name(field)

    def _slot(
        self, field: GraphQLField, nodes: FieldNodes, declaration: declared.Declaration
    ) -> int:
        self._slots.append(Slot(field, nodes[0], declaration))
        return len(self._slots) - 1

    def _objects(self, field: GraphQLField, nodes: FieldNodes) -> Objects:
        return self._objects_of(_object_type(field), nodes)

    def _objects_of(self, kind: GraphQLObjectType, nodes: FieldNodes) -> Objects:
        members = self._members(kind, nodes, self._member)
        return Objects(self._declarations.sources[kind.name], members)

    def _of_each_type(self, nodes: FieldNodes) -> tuple[tuple[str, Objects], ...]:
        kinds = (self._schema.type_map[name] for name in self._declarations.sources)
        return tuple(
            (kind.name, self._objects_of(cast(GraphQLObjectType, kind), nodes)) for kind in kinds
        )

    def _member(self, key: str, field: GraphQLField, nodes: FieldNodes) -> Any:
        match self._declaration(field, nodes):
            case declared.ColumnField():
                return self._leaf(key, field, "")
            case declared.GroupField(prefix):
                return self._group(key, field, nodes, prefix)
            case declared.ToOneField(_, own, by):
                objects = self._objects(field, nodes)
                return ToOne(key, self._name(field), own, by, objects, _is_nullable(field))
            case declared.ToManyField(_, by, order):
                return ToMany(key, self._name(field), by, order, self._objects(field, nodes))
            case declared.PagedField() as declaration:
                return self._page(key, field, nodes, declaration)
        raise NotPlanned(f"{nodes[0].name.value} is computed by Python")

    def _leaf(self, key: str, field: GraphQLField, prefix: str) -> Leaf:
        kind = get_named_type(field.type)
        if not is_leaf_type(kind):
            raise NotPlanned(f"{key} is a column of objects")
        column = prefix + self._name(field)
        return Leaf(key, column, kind.name, _is_nullable(field))

    def _group(self, key: str, field: GraphQLField, nodes: FieldNodes, prefix: str) -> Group:
        def leaf(key: str, field: GraphQLField, _nodes: FieldNodes) -> Leaf:
            return self._leaf(key, field, prefix)

        return Group(key, self._members(_object_type(field), nodes, leaf))

    def _page(
        self, key: str, field: GraphQLField, nodes: FieldNodes, declaration: declared.PagedField
    ) -> PlanPage:
        slot = self._slot(field, nodes, declaration)
        members = self._members(_object_type(field), nodes, self._page_member)
        source = self._declarations.sources[declaration.target]
        return PlanPage(key, slot, source, declaration.key, members)

    def _page_member(self, key: str, field: GraphQLField, nodes: FieldNodes) -> Any:
        match nodes[0].name.value:
            case "nodes":
                return Nodes(key, self._objects(field, nodes))
            case "edges":
                return Edges(key, self._members(_object_type(field), nodes, self._edge_member))
            case "pageInfo":
                return PlanPageInfo(key, self._members(_object_type(field), nodes, _place))
            case "totalCount":
                return Total(key)
        raise NotPlanned(f"{nodes[0].name.value} is not a part of a connection")

    def _edge_member(self, key: str, field: GraphQLField, nodes: FieldNodes) -> Cursor | PlanNode:
        if nodes[0].name.value == "cursor":
            return Cursor(key)
        return PlanNode(key, self._objects(field, nodes))

    def _payload(self, field: GraphQLField, nodes: FieldNodes) -> tuple[Any, ...]:
        return self._members(_object_type(field), nodes, self._attribute)

    def _attribute(
        self, key: str, field: GraphQLField, nodes: FieldNodes
    ) -> Attribute | WrittenRow:
        name, kind = self._name(field), get_named_type(field.type)
        if kind.name in self._declarations.sources:
            return WrittenRow(key, name, self._objects(field, nodes))
        members = self._payload(field, nodes) if is_object_type(kind) else None
        return Attribute(key, name, members, _is_list(field), is_enum_type(kind))


def _place(key: str, _field: GraphQLField, nodes: FieldNodes) -> tuple[str, str]:
    return key, nodes[0].name.value


def _object_type(field: GraphQLField) -> GraphQLObjectType:
    kind = get_named_type(field.type)
    if not is_object_type(kind):
        raise NotPlanned(f"{kind.name} is abstract")
    return kind


def _is_list(field: GraphQLField) -> bool:
    kind = field.type
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)


def _is_nullable(field: GraphQLField) -> bool:
    return not is_non_null_type(field.type)
