"""What generated programs call."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

Row = Sequence[Any]
Cut = tuple[Sequence[Row], bool]
"""The rows of a page, and whether there are more beyond its far end."""


class Window(Protocol):
    """The arguments of a page, as a program needs them."""

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


def cut(rows: Sequence[Row], window: Window) -> Cut:
    """What was read for a page, without the row that only tells that there are more."""
    page = rows[: window.size]
    return (page[::-1] if window.backward else page), len(rows) > window.size


def pages(rows: Iterable[Row], window: Window) -> dict[Any, Cut]:
    """What was read for pages, by the key that is each row's first value."""
    found = groups()
    for row in rows:
        found[row[0]].append(row)
    return {key: cut(group, window) for key, group in found.items()}


def keys(rows: Iterable[Row], place: int) -> list[Any]:
    """The keys at a place in the rows, each once."""
    found = dict.fromkeys([row[place] for row in rows])
    found.pop(None, None)
    return list(found)


def known(given: Iterable[Any]) -> list[Any]:
    """The keys among those given, None for what can be no key, each once."""
    return [key for key in dict.fromkeys(given) if key is not None]


def each_once(objects: Iterable[Any]) -> list[Any]:
    """The objects in memory, of which several may be one."""
    return list({id(each): each for each in objects}.values())


def groups() -> defaultdict[Any, list[Any]]:
    return defaultdict(list)


def only(found: Any) -> Any:
    """The one that must be there; raises ValueError for none or several."""
    [value] = found.values() if isinstance(found, dict) else found
    return value


def has_next(rows: Sequence[Row], window: Window, more: bool, _width: int) -> bool:
    return window.continues if window.backward else more


def has_previous(rows: Sequence[Row], window: Window, more: bool, _width: int) -> bool:
    return more if window.backward else window.continues


def start_cursor(rows: Sequence[Row], window: Window, _more: bool, width: int) -> str | None:
    return window.cursor_of(rows[0][width:]) if rows else None


def end_cursor(rows: Sequence[Row], window: Window, _more: bool, width: int) -> str | None:
    return window.cursor_of(rows[-1][width:]) if rows else None


GLOBALS = {
    "__builtins__": {"dict": dict, "next": next},
    "EMPTY": ((), False),
    "cut": cut,
    "pages": pages,
    "keys": keys,
    "known": known,
    "each_once": each_once,
    "groups": groups,
    "only": only,
    "hasNextPage": has_next,
    "hasPreviousPage": has_previous,
    "startCursor": start_cursor,
    "endCursor": end_cursor,
}
"""All names that a program can use beside what its store binds."""
