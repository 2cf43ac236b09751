"""Determines the columns and the parts of pages that a level of a plan needs."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.execution.plan import (
    Cursor,
    Edges,
    Group,
    Leaf,
    Nodes,
    Objects,
    PlanNode,
    PlanPage,
    PlanPageInfo,
    ToMany,
    ToOne,
)
from gateway.execution.store import KEY, Columns


class Level:
    """The rows of one level: `rows` is the name of their variable, `columns` are in order, and all
    `objects` are built from them.

    `in_memory` is the name of the variable whose objects in memory the rows were made from, if any."""

    def __init__(
        self,
        rows: str,
        columns: Columns,
        objects: Sequence[Objects],
        in_memory: str | None = None,
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.in_memory = in_memory
        self._objects = objects
        self._related: dict[Any, Level] = {}

    def related(
        self, relation: ToOne | ToMany, make: Callable[[list[Objects]], "Level"]
    ) -> "Level":
        """The level of a relation. `make` is called once for all keys of the answer that select it."""
        mark = _mark(relation)
        if mark not in self._related:
            members = (member for objects in self._objects for member in objects.members)
            same = [each for each in members if isinstance(each, ToOne | ToMany)]
            wanted = [each.objects for each in same if _mark(each) == mark]
            self._related[mark] = make(wanted)
        return self._related[mark]

    def at(self, column: str, kind: str = KEY) -> int:
        return self.columns.index((column, kind))

    @property
    def names(self) -> str:
        return "".join(f"c{place}, " for place in range(len(self.columns)))


def _mark(relation: ToOne | ToMany) -> tuple[Any, ...]:
    own = relation.own if isinstance(relation, ToOne) else relation.order
    return type(relation), relation.name, own, relation.by


def columns_read(several: Sequence[Objects], by: str | None = None) -> Columns:
    """The columns needed to build `several`, without repetitions, `by` first; the id if none is needed."""
    columns: dict[tuple[str, str], None] = {} if by is None else {(by, KEY): None}
    for objects in several:
        for member in objects.members:
            match member:
                case Leaf():
                    columns[member.column, read_as(member)] = None
                case Group():
                    inner = columns_read([Objects(objects.source, member.members)])
                    columns.update(dict.fromkeys(inner))
                case ToOne():
                    columns[member.own, KEY] = None
                case ToMany() | PlanPage():
                    columns["id", KEY] = None
    return tuple(columns) or (("id", KEY),)


def read_as(leaf: Leaf) -> str:
    """Add an id, which is read only once, like any other key."""
    return KEY if leaf.kind == "ID" else leaf.kind


def objects_in(page: PlanPage) -> list[Objects]:
    edges = [
        each for member in page.members if isinstance(member, Edges) for each in member.members
    ]
    return [each.objects for each in (*page.members, *edges) if isinstance(each, Nodes | PlanNode)]


def has_rows(page: PlanPage) -> bool:
    """Whether anything but the number of all rows is selected."""
    return any(isinstance(member, Nodes | Edges | PlanPageInfo) for member in page.members)


def has_cursors(page: PlanPage) -> bool:
    return any(
        (isinstance(member, Edges) and any(isinstance(each, Cursor) for each in member.members))
        or (
            isinstance(member, PlanPageInfo)
            and any(
                each[1].endswith("Cursor") for each in member.members if isinstance(each, tuple)
            )
        )
        for member in page.members
    )
