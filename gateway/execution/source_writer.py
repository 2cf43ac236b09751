"""Writes source that builds the objects of one level from its rows, and requests the rows of the next."""

from typing import Any

from gateway.execution.plan import (
    Cursor,
    Edges,
    Group,
    Leaf,
    Nodes,
    NotPlanned,
    Objects,
    PlanNode,
    PlanPage,
    PlanPageInfo,
    ToMany,
    ToOne,
    Total,
    Typename,
)
from gateway.execution.projection import (
    Level,
    columns_read,
    has_cursors,
    has_rows,
    objects_in,
    read_as,
)
from gateway.execution.store import KEY, CountRead, PageRead, Read, RowsRead, Store

CURSORS = {"startCursor", "endCursor"}
"""The fields of PageInfo that are made of the first and the last row."""


class SourceWriter:
    """Collects lines of source, the reads that they request by number, and the names that are bound.

    Each method first writes the lines that its part needs, and returns an expression for the rest. The
    columns of a row are c0, c1... in it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = 0
        self.lines: list[str] = []
        self.reads: list[Read] = []
        self.bound: dict[str, Any] = {}

    def keyed(
        self,
        several: list[Objects],
        by: str,
        order: str | None,
        number: int,
        *,
        is_related: bool = True,
    ) -> Level:
        """Write the read of the rows whose `by` is among the keys; returns their level."""
        columns = columns_read(several, by)
        read = self.read(RowsRead(several[0].source, columns, by, order, is_related))
        self.line(f"r{number} = (yield {read}, k{number}) if k{number} else ()")
        return Level(f"r{number}", columns, several)

    def by_key(self, objects: Objects, level: Level) -> str:
        """Write the code that makes an object of each row; returns the variable with the objects by
        key."""
        result, name = self.object(objects, level), f"m{self.next()}"
        self.line(f"{name} = {{c0: {result} for {level.names}in {level.rows}}}")
        return name

    def _grouped(self, objects: Objects, level: Level) -> str:
        result, name = self.object(objects, level), f"m{self.next()}"
        self.line(f"{name} = groups()")
        self.line(f"for {level.names}in {level.rows}: {name}[c0].append({result})")
        return name

    def object(self, objects: Objects, level: Level) -> str:
        """Write the code for the relations of `objects`; returns the expression for the object of one
        row."""
        entries = (
            f"{member.key!r}: {self._value(member, objects, level)}" for member in objects.members
        )
        return f"{{{', '.join(entries)}}}"

    def _value(self, member: Any, objects: Objects, level: Level) -> str:
        match member:
            case Typename():
                return repr(member.name)
            case Leaf():
                return self._leaf(member, objects, level)
            case Group():
                return self.object(Objects(objects.source, member.members), level)
            case ToOne():
                return self._one(member, objects, level)
            case ToMany():
                return self._many(member, objects, level)
        return self._page(member, level)

    def _leaf(self, leaf: Leaf, objects: Objects, level: Level) -> str:
        value = f"c{level.at(leaf.column, read_as(leaf))}"
        nullable = self._store.is_nullable(objects.source, leaf.column)
        if nullable and not leaf.nullable:
            raise NotPlanned(f"{leaf.key} may be null")
        convert = self._store.convert(objects.source, leaf.column, leaf.kind)
        if level.in_memory is not None or convert is None:
            return value
        name = f"{leaf.kind}_of"
        while self.bound.setdefault(name, convert) is not convert:
            name += "_"
        converted = f"{name}({value})"
        return f"None if {value} is None else {converted}" if nullable else converted

    def _one(self, one: ToOne, objects: Objects, level: Level) -> str:
        def make(several: list[Objects]) -> Level:
            if self._is_in_memory(objects, one.name, level):
                children = f"each_once(related(o, {one.name!r}) for o in {level.in_memory})"
                return self.from_memory(children, several, one.by)
            number = self.next()
            self.line(f"k{number} = keys({level.rows}, {own})")
            return self.keyed(several, one.by, None, number)

        own = level.at(one.own)
        by_key = self.by_key(one.objects, level.related(one, make))
        return f"{by_key}.get(c{own})" if one.nullable else f"{by_key}[c{own}]"

    def _many(self, many: ToMany, objects: Objects, level: Level) -> str:
        def make(several: list[Objects]) -> Level:
            if self._is_in_memory(objects, many.name, level):
                children = (
                    f"[child for o in {level.in_memory} for child in related(o, {many.name!r})]"
                )
                return self.from_memory(children, several, many.by)
            number = self.next()
            self.line(f"k{number} = keys({level.rows}, {own})")
            return self.keyed(several, many.by, many.order, number)

        own = level.at("id")
        return f"{self._grouped(many.objects, level.related(many, make))}.get(c{own}, ())"

    def _is_in_memory(self, objects: Objects, relation: str, level: Level) -> bool:
        return level.in_memory is not None and self._store.is_in_memory(objects.source, relation)

    def from_memory(self, expression: str, several: list[Objects], by: str) -> Level:
        """Write the code that makes rows of the objects in memory in `expression`; returns their
        level."""
        number, columns = self.next(), columns_read(several, by)
        self.bound.setdefault("related", self._store.related)
        self.bound[f"values{number}"] = self._store.values_in_memory(several[0].source, columns)
        self.line(f"o{number} = {expression}")
        self.line(f"r{number} = [values{number}(o) for o in o{number}]")
        return Level(f"r{number}", columns, several, f"o{number}")

    def _page(self, page: PlanPage, level: Level) -> str:
        """A connection below the objects of a level: one read for all of them."""
        number, own = self.next(), level.at("id")
        below = objects_in(page)
        columns = ((str(page.by), KEY), *columns_read(below))
        keys, pages, totals = f"k{number}", f"p{number}", f"t{number}"
        self.line(f"{keys} = keys({level.rows}, {own})")
        self.line(f"{pages}, {totals} = {{}}, {{}}")
        if has_rows(page):
            read = PageRead(page.slot, page.source, columns, page.by, has_cursors(page))
            rows = f"(yield {self.read(read)}, {keys}) if {keys} else ()"
            self.line(f"{pages} = cut_pages({rows}, a[{page.slot}])")
        if any(isinstance(member, Total) for member in page.members):
            count = self.read(CountRead(page.slot, page.source, page.by))
            self.line(f"if {keys}: {totals} = dict((yield {count}, {keys}))")
        self.line(f"r{number} = [row for page, more in {pages}.values() for row in page]")
        inner = Level(f"r{number}", columns, below)
        result = self.connection(page, inner, "page", "more", f"{totals}.get(key, 0)")
        self.line(f"m{number} = {{}}")
        self.line(f"for key in {keys}:")
        self.line(f"    page, more = {pages}.get(key, EMPTY)")
        self.line(f"    m{number}[key] = {result}")
        return f"m{number}[c{own}]"

    def connection(self, page: PlanPage, level: Level, rows: str, more: str, total: str) -> str:
        window = f"a[{page.slot}]"
        tail = "*c, " if has_cursors(page) else ""
        each = f"for {level.names}{tail}in {rows}"
        entries = []
        for member in page.members:
            match member:
                case Typename():
                    value = repr(member.name)
                case Total():
                    value = total
                case Nodes():
                    value = f"[{self.object(member.objects, level)} {each}]"
                case Edges():
                    value = f"[{self._edge(member, level, window)} {each}]"
                case PlanPageInfo():
                    ends = f"ends({rows}, {len(level.columns)})"
                    value = _page_info(member, window, more, ends)
            entries.append(f"{member.key!r}: {value}")
        return f"{{{', '.join(entries)}}}"

    def _edge(self, edges: Edges, level: Level, window: str) -> str:
        entries = []
        for member in edges.members:
            match member:
                case Typename():
                    value = repr(member.name)
                case Cursor():
                    value = f"{window}.cursor_of(c)"
                case PlanNode():
                    value = self.object(member.objects, level)
            entries.append(f"{member.key!r}: {value}")
        return f"{{{', '.join(entries)}}}"

    def read(self, read: Read) -> int:
        self.reads.append(read)
        return len(self.reads) - 1

    def next(self) -> int:
        self._last += 1
        return self._last

    def line(self, text: str) -> None:
        self.lines.append("    " + text)


def _page_info(info: PlanPageInfo, window: str, more: str, ends: str) -> str:
    entries = []
    for member in info.members:
        if isinstance(member, Typename):
            entries.append(f"{member.key!r}: {member.name!r}")
        else:
            key, name = member
            argument = ends if name in CURSORS else more
            entries.append(f"{key!r}: {name}({window}, {argument})")
    return f"{{{', '.join(entries)}}}"
