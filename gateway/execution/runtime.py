"""The functions that generated programs call."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.execution import page_info
from gateway.execution.page_info import PageArguments, Row

Cut = tuple[Sequence[Row], bool]
"""The rows of a page, and whether more rows follow in reading direction."""


def cut_page(rows: Sequence[Row], window: PageArguments) -> Cut:
    """The rows read for a page, without the extra row that shows that there are more."""
    page = rows[: window.size]
    return (page[::-1] if window.backward else page), len(rows) > window.size


def cut_pages(rows: Iterable[Row], window: PageArguments) -> dict[Any, Cut]:
    """The rows read for several pages, by the key that is each row's first value."""
    by_key = groups()
    for row in rows:
        by_key[row[0]].append(row)
    return {key: cut_page(group, window) for key, group in by_key.items()}


def keys(rows: Iterable[Row], place: int) -> list[Any]:
    """The keys in one column of the rows, without repetitions."""
    values = dict.fromkeys([row[place] for row in rows])
    values.pop(None, None)
    return list(values)


def valid_keys(ids: Iterable[Any]) -> list[Any]:
    """The distinct keys among `ids`; None stands for a value that cannot be a key."""
    return [key for key in dict.fromkeys(ids) if key is not None]


def each_once(objects: Iterable[Any]) -> list[Any]:
    """The objects in memory without repetitions."""
    return list({id(each): each for each in objects}.values())


def groups() -> defaultdict[Any, list[Any]]:
    return defaultdict(list)


def ends(rows: Sequence[Row], width: int) -> list[Row]:
    """The values of the sort keys in the first and the last row, which follow `width` columns."""
    return [row[width:] for row in (*rows[:1], *rows[-1:])]


def only(objects: Any) -> Any:
    """The single object; raises ValueError for none or several."""
    [value] = objects.values() if isinstance(objects, dict) else objects
    return value


GLOBALS = {
    "__builtins__": {"dict": dict, "next": next},
    "EMPTY": ((), False),
    "cut_page": cut_page,
    "cut_pages": cut_pages,
    "keys": keys,
    "valid_keys": valid_keys,
    "each_once": each_once,
    "groups": groups,
    "ends": ends,
    "only": only,
    "hasNextPage": page_info.has_next_page,
    "hasPreviousPage": page_info.has_previous_page,
    "startCursor": page_info.start_cursor,
    "endCursor": page_info.end_cursor,
}
"""All names that a program can use, besides those that its store binds."""
