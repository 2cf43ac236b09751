"""Pages of rows as Relay connections, at the root and below an object."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import UNSET

from gateway.api.context import Info
from gateway.api.errors import RequestError
from gateway.api.fields import declared_field, place_of, wanted
from gateway.api.inputs import change_from
from gateway.api.sorting import Given, SalesOrderLineSort, SalesOrderSort, sort_of
from gateway.execution.declarations import PagedField
from gateway.execution.limits import Pages
from gateway.storage.conditions import Tree
from gateway.storage.paging import Page, Sort, SortKey, Window, encode_cursor
from gateway.storage.reading import Names
from gateway.storage.tables.column_types import Base

NodeType = TypeVar("NodeType")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow the page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before the page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row of the page.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last row; pass it as `after` to read on."
    )


@strawberry.type(description="A row of a page with its place.")
class Edge(Generic[NodeType]):
    node: NodeType = strawberry.field(description="The row itself.")
    cursor: str = strawberry.field(description="Place of the row, for `after` and `before`.")


async def _total_count(root: strawberry.Parent[Any]) -> int:
    total: int = await root.count()
    return total


@strawberry.type(description="A page of a list that keeps its place while rows come and go.")
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")
    total_count: int = strawberry.field(
        resolver=_total_count,
        description="Rows that match in the whole list; counted only when asked for.",
    )


@dataclass(frozen=True)
class Listed:
    """What a Connection is resolved from."""

    model: type[Base]
    window: Window
    page: Page
    count: Callable[[], Awaitable[int]]

    @property
    def nodes(self) -> list[Any]:
        return list(self.page.rows)

    @property
    def edges(self) -> list[Any]:
        return [Edge(node=row, cursor=self._cursor(row)) for row in self.page.rows]

    @property
    def page_info(self) -> PageInfo:
        rows, before = self.page.rows, self.window.cursor is not None
        more = self.page.has_more
        return PageInfo(
            has_next_page=before if self.window.backward else more,
            has_previous_page=more if self.window.backward else before,
            start_cursor=self._cursor(rows[0]) if rows else None,
            end_cursor=self._cursor(rows[-1]) if rows else None,
        )

    def _cursor(self, row: Any) -> str:
        return encode_cursor(self.model, self.window.sort, row)


First = Annotated[
    int | None,
    strawberry.argument(description="At most so many rows from the front; 50 if nothing is given."),
]
After = Annotated[
    str | None, strawberry.argument(description="Only rows after the one with this cursor.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="At most so many rows from the end, instead of `first`."),
]
Before = Annotated[
    str | None, strawberry.argument(description="Only rows before the one with this cursor.")
]
SORTS: dict[str, Any] = {"SalesOrder": SalesOrderSort, "SalesOrderLine": SalesOrderLineSort}
"""The lists that can be sorted otherwise than by default."""


@dataclass(frozen=True)
class Asked:
    """The arguments of a connection."""

    filter: Tree
    sort: Given
    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


Resolve = Callable[[Any, Info, Asked], Awaitable[Listed]]


def connection(target: str, description: str, *keys: str) -> Any:
    """A root field that pages through all objects of type `target`.

    Sorted by `keys`, "-" for descending, if nothing else is asked; the last is unique."""

    async def resolve(_root: Any, info: Info, asked: Asked) -> Listed:
        window = window_of(keys, asked, info.context.pages)
        listed, reader = _filter(target, asked), info.context.reader
        page = await reader.page(listed, window, _names(target, info))
        return Listed(listed.fields.model, window, page, lambda: reader.count(listed))

    return declared_field(
        _with_arguments(target, resolve), description, PagedField(target, None, keys)
    )


def paged(target: str, key: str, description: str, *keys: str) -> Any:
    """A field that pages through the objects of type `target` whose column `key` has our id.

    One statement serves all objects that the field is asked of."""

    async def resolve(root: Any, info: Info, asked: Asked) -> Listed:
        window = window_of(keys, asked, info.context.pages)
        listed, reader, parent = _filter(target, asked), info.context.reader, root.id
        slot = (target, key, place_of(info))
        page = await reader.pages(slot, listed, window, key, parent, _names(target, info))
        return Listed(
            listed.fields.model,
            window,
            page,
            lambda: reader.counts(("count", slot), listed, key, parent),
        )

    return declared_field(
        _with_arguments(target, resolve), description, PagedField(target, key, keys)
    )


def _with_arguments(target: str, resolve: Resolve) -> Any:
    """`resolve` as a resolver with the arguments of a connection of `target`."""

    async def sorted_otherwise(
        root: strawberry.Parent[Any],
        info: Info,
        filter: Any = UNSET,
        sort: Any = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Any:
        return await resolve(root, info, _asked(filter, sort, first, after, last, before))

    async def sorted_by_default(
        root: strawberry.Parent[Any],
        info: Info,
        filter: Any = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Any:
        return await resolve(root, info, _asked(filter, None, first, after, last, before))

    resolver = sorted_otherwise if target in SORTS else sorted_by_default
    kind: Any = Annotated[f"{target}Filter", strawberry.lazy("gateway.api.filters")]
    only = strawberry.argument(description="Only rows that match this.")
    resolver.__annotations__["filter"] = Annotated[kind | None, only]
    if target in SORTS:
        by = strawberry.argument(description="Keys to sort by, the weightiest first.")
        keys: Any = list[SORTS[target]]  # type: ignore[valid-type]
        resolver.__annotations__["sort"] = Annotated[keys | None, by]
    return resolver


def _asked(filter: Any, sort: Any, *places: Any) -> Asked:
    """The arguments of a resolver, of which null is the same as none."""
    tree = None if filter is UNSET or filter is None else change_from(filter)
    keys = [(key.field, key.direction) for key in sort] if sort else ()
    return Asked(tree or {}, keys, *(None if place is UNSET else place for place in places))


def _filter(target: str, asked: Asked) -> Any:
    from gateway.api.filters import filter_of  # noqa: PLC0415 - filters are made from all entities

    return filter_of(target, asked.filter)


def _names(target: str, info: Info) -> Names:
    return wanted(target, info, "nodes") | wanted(target, info, "edges", "node")


def _sort(keys: tuple[str, ...]) -> Sort:
    return tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in keys)


def window_of(keys: tuple[str, ...], asked: Asked, pages: Pages) -> Window:
    """The window that the arguments name, sorted by `keys` if they name no sort; reading starts from
    one end only. Raises RequestError."""
    backward = asked.last is not None or asked.before is not None
    if backward and (asked.first is not None or asked.after is not None):
        raise RequestError(
            "Read forward with `first` and `after`, or backward with `last` and `before`.",
            "BAD_USER_INPUT",
        )
    name, size = ("last", asked.last) if backward else ("first", asked.first)
    size = pages.default if size is None else size
    if not 0 <= size <= pages.largest:
        raise RequestError(f"`{name}` must be between 0 and {pages.largest}.", "BAD_USER_INPUT")
    cursor = asked.before if backward else asked.after
    return Window(sort_of(_sort(keys), asked.sort), size, cursor, backward)
