"""Pages of rows as Relay connections."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from gateway.api.context import Info
from gateway.api.errors import RequestError
from gateway.api.fields import ENTITIES, wanted
from gateway.storage.paging import Page, Sort, SortKey, Window, encode_cursor

DEFAULT_PAGE = 50

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


async def _total_count(root: strawberry.Parent[Any], info: Info) -> int:
    return await info.context.reader.count(root.model)


@strawberry.type(description="A page of a list that keeps its place while rows come and go.")
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")

    total_count: int = strawberry.field(
        resolver=_total_count, description="Rows in the whole list; counted only when asked for."
    )


@dataclass(frozen=True)
class Listed:
    """What a Connection is resolved from."""

    model: Any
    window: Window
    page: Page

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
        return encode_cursor(self.window.sort, row)


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


def connection(target: str, description: str, *keys: str) -> Any:
    """A root field that pages through all objects of type `target`, sorted by `keys` ("-" for
    descending); the last must be unique in a company."""
    sort: Sort = tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in keys)

    async def resolve(
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Any:
        window = _window(sort, first, after, last, before, info.context.largest_page)
        names = wanted(target, info, "nodes") | wanted(target, info, "edges", "node")
        model = ENTITIES[target].model
        return Listed(model, window, await info.context.reader.page(model, window, names))

    return strawberry.field(resolver=resolve, description=description)


def _window(
    sort: Sort,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    largest: int,
) -> Window:
    """The window that the arguments name; reading starts from one end only."""
    backward = last is not None or before is not None
    if backward and (first is not None or after is not None):
        raise RequestError(
            "Read forward with `first` and `after`, or backward with `last` and `before`.",
            "BAD_USER_INPUT",
        )
    name, size = ("last", last) if backward else ("first", first)
    size = min(DEFAULT_PAGE, largest) if size is None else size
    if not 0 <= size <= largest:
        raise RequestError(f"`{name}` must be between 0 and {largest}.", "BAD_USER_INPUT")
    return Window(sort, size, before if backward else after, backward)
