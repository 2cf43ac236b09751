"""A plan as indented text, for people."""

from collections.abc import Callable, Iterator
from typing import Any

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
    Plan,
    PlanNode,
    PlanPage,
    PlanPageInfo,
    ToMany,
    ToOne,
    Total,
    Typename,
    WrittenRow,
)


def outline(plan: Plan) -> str:
    """One line for each member of the answer, with its key and its origin."""
    return "\n".join(line for member in plan.members for line in _lines(member, 0))


def _lines(member: Any, depth: int) -> Iterator[str]:
    yield "  " * depth + f"{_key(member)}: {_origin(member)}"
    for below in _below(member):
        yield from _lines(below, depth + 1)


def _key(member: Any) -> str:
    return member[0] if isinstance(member, tuple) else str(member.key)


def _origin(member: Any) -> str:
    make = ORIGINS.get(type(member))
    return str(member[1]) if make is None else make(member)


def _page(page: PlanPage) -> str:
    whose = "" if page.by is None else f" whose {page.by} is our id"
    return f"a page, by {_arguments(page.slot)}, of the rows of {_table(page.source)}{whose}"


def _many(many: ToMany) -> str:
    return f"the rows of {_table(many.objects.source)} whose {many.by} is our id, by {many.order}"


def _same(_member: Any) -> str:
    return "of the same rows"


def _in_memory(member: Attribute | WrittenRow) -> str:
    return f"{member.name} in memory"


def _arguments(slot: int | None) -> str:
    return "the request's own" if slot is None else f"arguments {slot}"


def _table(source: Any) -> str:
    return str(getattr(source, "__tablename__", source))


ORIGINS: dict[type, Callable[[Any], str]] = {
    Typename: lambda typename: repr(typename.name),
    Leaf: lambda leaf: f"{leaf.column} as {leaf.kind}",
    Group: _same,
    Edges: _same,
    Nodes: _same,
    PlanPageInfo: _same,
    ToOne: lambda one: f"the row of {_table(one.objects.source)} whose {one.by} is our {one.own}",
    Find: lambda find: (
        f"the row of {_table(find.objects.source)} whose {find.by} is {_arguments(find.slot)}"
    ),
    ToMany: _many,
    PlanPage: _page,
    FindByIds: lambda resolve: (
        f"the rows with the ids in {_arguments(resolve.slot)}, of whatever type"
    ),
    MutationCall: lambda call: f"the payload of the mutation with {_arguments(call.slot)}",
    Cursor: lambda _: "place of the row in its list",
    Total: lambda _: "number of all rows of the list",
    PlanNode: lambda _: "the row",
    Attribute: _in_memory,
    WrittenRow: _in_memory,
}


def _below(member: Any) -> tuple[Any, ...]:
    if isinstance(member, FindByIds):
        return tuple(each for _, objects in member.types[:1] for each in objects.members)
    objects = getattr(member, "objects", None)
    members: tuple[Any, ...] | None = (
        getattr(member, "members", None) if objects is None else objects.members
    )
    return () if isinstance(member, tuple) else members or ()
