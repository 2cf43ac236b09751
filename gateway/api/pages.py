"""Pages of rows as Relay connections, at the root and below an object.

connections.py adds the arguments, whose filters are made from all types. storage/paging.py has the
default size of a page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry

from gateway.api.context import Info
from gateway.api.declared_fields import declared_field, position_of, wanted
from gateway.api.entities import filter_of
from gateway.api.errors import RequestError
from gateway.api.inputs import change_from
from gateway.api.sorting import SortKeys, sort_of
from gateway.execution.declarations import PagedField
from gateway.execution.measurement import Pages
from gateway.execution.page_info import (
    end_cursor,
    has_next_page,
    has_previous_page,
    start_cursor,
)
from gateway.storage.filterable import Tree
from gateway.storage.paging import Page, Sort, SortKey, Window, cursor_of
from gateway.storage.reading import Names
from gateway.storage.tables.column_types import Base

NodeType = TypeVar("NodeType")


@strawberry.type(description="The position of a page in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow the page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before the page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row of the page.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last row of the page; pass it as `after` to read on."
    )


@strawberry.type(description="A row of a page with its cursor.")
class Edge(Generic[NodeType]):
    node: NodeType = strawberry.field(description="The row.")
    cursor: str = strawberry.field(
        description="Position of the row in the list, for `after` and `before`."
    )


async def _total_count(root: strawberry.Parent[Any]) -> int:
    total: int = await root.count()
    return total


@strawberry.type(
    description="A page of a list. Cursors stay valid while rows are added and removed."
)
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows without their cursors.")
    page_info: PageInfo = strawberry.field(description="The position of the page in the list.")
    total_count: int = strawberry.field(
        resolver=_total_count,
        description="Number of matching rows in the whole list; counted only if selected.",
    )


@dataclass(frozen=True)
class RowsPage:
    """The rows of a page, which resolve the fields of a Connection."""

    model: type[Base]
    window: Window
    page: Page
    count: Callable[[], Awaitable[int]]

    @property
    def nodes(self) -> list[Any]:
        return list(self.page.rows)

    @property
    def edges(self) -> list[Any]:
        return [Edge(node=row, cursor=self.cursor_of(self._keys(row))) for row in self.page.rows]

    @property
    def page_info(self) -> PageInfo:
        keys, more = [self._keys(row) for row in self.page.rows], self.page.has_more
        return PageInfo(
            has_next_page=has_next_page(self, more),
            has_previous_page=has_previous_page(self, more),
            start_cursor=start_cursor(self, keys),
            end_cursor=end_cursor(self, keys),
        )

    @property
    def size(self) -> int:
        return self.window.size

    @property
    def backward(self) -> bool:
        return self.window.backward

    @property
    def continues(self) -> bool:
        return self.window.cursor is not None

    def cursor_of(self, values: Sequence[Any]) -> str:
        return cursor_of(self.model, self.window.sort, values)

    def _keys(self, row: Any) -> list[Any]:
        return [getattr(row, key.column) for key in self.window.sort]


@dataclass(frozen=True)
class ConnectionArguments:
    """The arguments of a connection; null counts as absent."""

    filter: Tree
    sort: SortKeys
    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


def connection(target: str, description: str, *keys: str) -> Any:
    """A root field that pages through all objects of type `target`.

    They are sorted by `keys` unless the client sends `sort`; "-" means descending, and the last key is
    unique."""

    async def resolve(info: Info, **arguments: Any) -> RowsPage:
        options = _arguments(arguments)
        window = window_of(keys, options, info.context.pages)
        listed, reader = filter_of(target, options.filter), info.context.reader
        page = await reader.page(listed, window, _names(target, info))
        return RowsPage(listed.fields.model, window, page, lambda: reader.count(listed))

    return declared_field(resolve, description, PagedField(target, None, keys))


def paged(target: str, key: str, description: str, *keys: str) -> Any:
    """A field that pages through the objects of type `target` whose column `key` has our id.

    One statement reads the pages of all objects."""

    async def resolve(root: strawberry.Parent[Any], info: Info, **arguments: Any) -> RowsPage:
        options = _arguments(arguments)
        window = window_of(keys, options, info.context.pages)
        listed, reader, parent = filter_of(target, options.filter), info.context.reader, root.id
        slot = (target, key, position_of(info))
        page = await reader.pages(slot, listed, window, key, parent, _names(target, info))
        return RowsPage(
            listed.fields.model,
            window,
            page,
            lambda: reader.counts(("count", slot), listed, key, parent),
        )

    return declared_field(resolve, description, PagedField(target, key, keys))


def window_of(keys: tuple[str, ...], options: ConnectionArguments, pages: Pages) -> Window:
    """The window that the arguments describe, sorted by `keys` if they have no sort. Raises RequestError,
    for instance if a page is read from both ends."""
    backward = options.last is not None or options.before is not None
    if backward and (options.first is not None or options.after is not None):
        raise RequestError(
            "Read forward with `first` and `after`, or backward with `last` and `before`.",
            "BAD_USER_INPUT",
            ("before" if options.last is None else "last",),
        )
    name, size = ("last", options.last) if backward else ("first", options.first)
    size = pages.default if size is None else size
    if not 0 <= size <= pages.largest:
        message = f"`{name}` must be between 0 and {pages.largest}."
        raise RequestError(message, "BAD_USER_INPUT", (name,))
    cursor = options.before if backward else options.after
    return Window(sort_of(_sort(keys), options.sort), size, cursor, backward)


def _arguments(arguments: dict[str, Any]) -> ConnectionArguments:
    present = {
        name: value
        for name, value in arguments.items()
        if value is not None and value is not strawberry.UNSET
    }
    tree = change_from(present.pop("filter")) if "filter" in present else {}
    keys = [(key.field, key.direction) for key in present.pop("sort", ())]
    return ConnectionArguments(tree, keys, **present)


def _names(target: str, info: Info) -> Names:
    return wanted(target, info, "nodes") | wanted(target, info, "edges", "node")


def _sort(keys: tuple[str, ...]) -> Sort:
    return tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in keys)
