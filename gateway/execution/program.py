"""Compiles a plan to Python source that builds the answer from rows, level by level.

A program is a generator: it yields its requests for rows by key, and is sent the rows. Each level
requests all keys of a relation at once, and builds the objects of a relation before those that refer to
them. Only integers and validated GraphQL names reach the source; everything else is bound in its
globals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.execution.plan import (
    Attribute,
    Find,
    FindByIds,
    MutationCall,
    NotPlanned,
    PlanPage,
    Total,
    Typename,
    WrittenRow,
)
from gateway.execution.projection import Level, columns_read, has_cursors, has_rows, objects_in
from gateway.execution.runtime import GLOBALS
from gateway.execution.source_writer import SourceWriter
from gateway.execution.store import (
    CountRead,
    PageRead,
    Read,
    RowsRead,
    Steps,
    Store,
    TypesRead,
)

LONGEST_SOURCE = 60_000
"""Characters of a plan's source. Python compiles it without letting other threads run, and takes some
60 milliseconds for this length."""


@dataclass(frozen=True)
class Program:
    """`run` takes the arguments by slot; `reads` lists its possible requests by number."""

    source: str
    reads: tuple[Read, ...]
    run: Callable[[Sequence[Any]], Steps]


def program_of(
    members: Sequence[Find | PlanPage | FindByIds | MutationCall | Typename], store: Store
) -> Program:
    """The program for these members of an operation's root; raises NotPlanned."""
    writer = _RootWriter(store)
    entries = ", ".join(f"{member.key!r}: {writer.root(member)}" for member in members)
    lines = ["def run(a):", *writer.lines, f"    return {{{entries}}}", "    yield"]
    source = "\n".join(lines) + "\n"
    if len(source) > LONGEST_SOURCE:
        raise NotPlanned("its source would be too long")
    names: dict[str, Any] = {**GLOBALS, **writer.bound}
    try:
        exec(compile(source, "<plan>", "exec"), names)  # noqa: S102 - the source has only integers and validated names
    except (SyntaxError, RecursionError, MemoryError):
        raise NotPlanned("it is nested deeper than Python can compile") from None
    # a function in its own globals would be a cycle, which waits for the garbage collector
    return Program(source, tuple(writer.reads), names.pop("run"))


class _RootWriter(SourceWriter):
    def root(self, member: Find | PlanPage | FindByIds | MutationCall | Typename) -> str:
        """Write the code that finds a root member; returns the expression for its value."""
        match member:
            case Typename():
                return repr(member.name)
            case Find():
                return self._find(member)
            case PlanPage():
                return self._root_page(member)
            case FindByIds():
                return self._resolve(member)
            case MutationCall():
                return self._call(member)

    def _find(self, find: Find) -> str:
        number, several = self.next(), [find.objects]
        if find.slot is None:
            columns = columns_read(several, find.by)
            read = self.read(RowsRead(find.objects.source, columns))
            self.line(f"r{number} = yield {read}, None")
            return f"only({self.by_key(find.objects, Level(f'r{number}', columns, several))})"
        key = f"a[{find.slot}]"
        self.line(f"k{number} = valid_keys([{key}])")
        level = self.keyed(several, find.by, None, number, is_related=False)
        result = self.by_key(find.objects, level)
        return f"{result}.get({key})" if find.nullable else f"{result}[{key}]"

    def _root_page(self, page: PlanPage) -> str:
        number = self.next()
        several = objects_in(page)
        columns = columns_read(several)
        window, total = f"a[{page.slot}]", "0"
        rows, more = f"r{number}", f"more{number}"
        if has_rows(page):
            read = PageRead(page.slot, page.source, columns, None, has_cursors(page))
            self.line(f"{rows}, {more} = cut_page((yield {self.read(read)}, None), {window})")
        if any(isinstance(member, Total) for member in page.members):
            total = f"t{number}"
            count = self.read(CountRead(page.slot, page.source, None))
            self.line(f"{total} = (yield {count}, None)[0][0]")
        return self.connection(page, Level(rows, columns, several), rows, more, total)

    def _resolve(self, resolve: FindByIds) -> str:
        number = self.next()
        ids, result, output = f"k{number}", f"f{number}", f"m{number}"
        kinds = tuple((name, objects.source) for name, objects in resolve.types)
        self.line(f"{ids} = valid_keys(a[{resolve.slot}])")
        self.line(f"{output} = {{}}")
        self.line(
            f"{result} = dict((yield {self.read(TypesRead(kinds))}, {ids})) if {ids} else {{}}"
        )
        for name, objects in resolve.types:
            inner = self.next()
            self.line(f"k{inner} = [k for k, kind in {result}.items() if kind == {name!r}]")
            level = self.keyed([objects], "id", None, inner, is_related=False)
            self.line(f"{output}.update({self.by_key(objects, level)})")
        values = f"[{output}.get(k) for k in a[{resolve.slot}]]"
        return values if resolve.is_list else f"{values}[0]"

    def _call(self, call: MutationCall) -> str:
        number = self.next()
        self.line(f"payload{number} = a[{call.slot}]")
        return self._attributes(call.members, f"payload{number}")

    def _attributes(self, members: Sequence[Attribute | WrittenRow | Typename], owner: str) -> str:
        return (
            f"{{{', '.join(f'{each.key!r}: {self._attribute(each, owner)}' for each in members)}}}"
        )

    def _attribute(self, member: Attribute | WrittenRow | Typename, owner: str) -> str:
        match member:
            case Typename():
                return repr(member.name)
            case WrittenRow():
                result = f"[o for o in [{owner}.{member.name}] if o is not None]"
                level = self.from_memory(result, [member.objects], "id")
                output = self.object(member.objects, level)
                return f"next(({output} for {level.names}in {level.rows}), None)"
        value = f"{owner}.{member.name}"
        if member.is_enum:
            return f"{value}.name"
        if member.members is None:
            return value
        inner = f"o{self.next()}"
        output = self._attributes(member.members, inner)
        return (
            f"[{output} for {inner} in {value}]"
            if member.is_list
            else self._attributes(member.members, value)
        )
