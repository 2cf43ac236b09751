"""The rules of `pageInfo`, shared by plans and resolvers."""

from collections.abc import Sequence
from typing import Any, Protocol

Row = Sequence[Any]


class PageArguments(Protocol):
    """The arguments of a page."""

    @property
    def size(self) -> int: ...

    @property
    def backward(self) -> bool: ...

    @property
    def continues(self) -> bool:
        """Whether the page begins at a cursor."""
        ...

    def cursor_of(self, values: Row) -> str:
        """The cursor of the row that has these values at the keys of the sort."""
        ...


def has_next_page(page: PageArguments, has_more: bool) -> bool:
    """`has_more` says whether there are rows beyond the end that the page was read towards."""
    return page.continues if page.backward else has_more


def has_previous_page(page: PageArguments, has_more: bool) -> bool:
    return has_more if page.backward else page.continues


def start_cursor(page: PageArguments, keys: Sequence[Row]) -> str | None:
    """`keys` are the values of each row at the keys of the sort."""
    return page.cursor_of(keys[0]) if keys else None


def end_cursor(page: PageArguments, keys: Sequence[Row]) -> str | None:
    return page.cursor_of(keys[-1]) if keys else None
