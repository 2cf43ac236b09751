"""Pages that keep their place while rows come and go: keyset paging."""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from gateway.storage.tables.column_types import (
    Amount,
    Base,
    Guid,
    Instant,
    canonical_guid,
    is_storable,
    is_storable_text,
)


class BadCursor(ValueError):
    """A cursor that this list, sorted this way, has not given out."""


@dataclass(frozen=True)
class SortKey:
    column: str
    descending: bool = False


Sort = tuple[SortKey, ...]
"""Never empty; its last key is unique within a company."""


@dataclass(frozen=True)
class Window:
    """`size` rows after (or, `backward`, before) the row that `cursor` names, or from the end."""

    sort: Sort
    size: int
    cursor: str | None = None
    backward: bool = False


@dataclass(frozen=True)
class Page:
    """Rows in the order of the sort, and whether there are more beyond the far end."""

    rows: Sequence[Any]
    has_more: bool


def encode_cursor(model: type[Base], sort: Sort, row: Any) -> str:
    """An opaque name for the place of `row` in a list of `model`, good for this sort alone."""
    return cursor_of(model, sort, [getattr(row, key.column) for key in sort])


def cursor_of(model: type[Base], sort: Sort, values: Sequence[Any]) -> str:
    """The cursor of a row that has these values at the keys of the sort."""
    signed = [_signature(model, sort), *map(str, values)]
    text = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(model: type[Base], sort: Sort, cursor: str) -> list[Any]:
    """The values that a row of `model` has at the sort keys; raises BadCursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        signature, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not all(isinstance(value, str) and is_storable_text(value) for value in values):
            raise BadCursor("This is not a cursor.")
        if signature != _signature(model, sort) or len(values) != len(sort):
            raise BadCursor("This cursor belongs to another list or sort.")
        columns = model.__table__.c
        return [
            _parser(columns[key.column].type)(value)
            for key, value in zip(sort, values, strict=True)
        ]
    except (ValueError, TypeError, ArithmeticError, binascii.Error, RecursionError) as error:
        if isinstance(error, BadCursor):
            raise
        raise BadCursor("This is not a cursor.") from None


def page_statement(
    statement: sa.Select[Any],
    model: type[Base],
    window: Window,
    parent: sa.ColumnElement[Any] | None = None,
) -> sa.Select[Any]:
    """`statement` cut to the window, in reading direction, with one row more to see if there is one.

    With a `parent` column, a window for each of its values."""
    mark = None
    if window.cursor is not None:
        values = decode_cursor(model, window.sort, window.cursor)
        columns = [model.__table__.c[key.column] for key in window.sort]
        mark = [
            sa.literal(value, column.type) for value, column in zip(values, columns, strict=True)
        ]
    reading = reversed_sort(window.sort) if window.backward else window.sort
    return cut_statement(statement, model, reading, mark, sa.literal(window.size + 1), parent)


def cut_statement(
    statement: sa.Select[Any],
    model: type[Base],
    sort: Sort,
    mark: Sequence[sa.ColumnElement[Any]] | None,
    most: sa.ColumnElement[int],
    parent: sa.ColumnElement[Any] | None = None,
) -> sa.Select[Any]:
    """`statement` by `sort`, after the row that has the values `mark` there, cut to `most` rows.

    With a `parent` column, to so many rows for each of its values."""
    columns = [model.__table__.c[key.column] for key in sort]
    if mark is not None:
        statement = statement.where(_beyond(columns, sort, mark))
    order = [
        column.desc() if key.descending else column.asc()
        for column, key in zip(columns, sort, strict=True)
    ]
    if parent is None:
        return statement.order_by(*order).limit(most)
    place = sa.func.row_number().over(partition_by=parent, order_by=order).label("place")
    ranked = statement.add_columns(place).subquery()
    kept = [column for column in ranked.c if column.name != "place"]
    return sa.select(*kept).where(ranked.c.place <= most).order_by(ranked.c.place)


def page_of(rows: Sequence[Any], window: Window) -> Page:
    """The page that the rows of `page_statement` make."""
    page = rows[: window.size]
    return Page(page[::-1] if window.backward else page, len(rows) > window.size)


def _signature(model: type[Base], sort: Sort) -> str:
    return f"{model.__tablename__}:" + ",".join(
        ("-" if key.descending else "") + key.column for key in sort
    )


def reversed_sort(sort: Sort) -> Sort:
    return tuple(SortKey(key.column, not key.descending) for key in sort)


def _beyond(
    columns: Sequence[sa.ColumnElement[Any]], sort: Sort, typed: Sequence[sa.ColumnElement[Any]]
) -> sa.ColumnElement[bool]:
    """The rows after the values `typed`: a row comparison, which an index answers as one range; for mixed
    directions its OR form with a bound on the first key, without which no index would help."""
    if len({key.descending for key in sort}) == 1:
        row, mark = sa.tuple_(*columns), sa.tuple_(*typed)
        return row < mark if sort[0].descending else row > mark
    alternatives = []
    for place, key in enumerate(sort):
        equal = [ours == theirs for ours, theirs in zip(columns[:place], typed, strict=False)]
        ours, theirs = columns[place], typed[place]
        alternatives.append(sa.and_(*equal, ours < theirs if key.descending else ours > theirs))
    bound = columns[0] <= typed[0] if sort[0].descending else columns[0] >= typed[0]
    return sa.and_(bound, sa.or_(*alternatives))


def _guid(value: str) -> str:
    guid = canonical_guid(value)
    if guid is None:
        raise BadCursor("This is not a cursor.")
    return guid


def _amount(value: str) -> Decimal:
    number = Decimal(value)
    if not is_storable(number):
        raise BadCursor("This is not a cursor.")
    return number


def _whole(value: str) -> int:
    number = int(value)
    if abs(number) >= 2**31:
        raise BadCursor("This is not a cursor.")
    return number


def _instant(value: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise BadCursor("This is not a cursor.")
    return moment.astimezone(dt.UTC)


def _parser(column_type: Any) -> Callable[[str], Any]:
    if isinstance(column_type, sa.Enum):
        return column_type.enum_class  # type: ignore[return-value]
    parsers: dict[type, Callable[[str], Any]] = {
        Amount: _amount,
        Instant: _instant,
        sa.Integer: _whole,
        sa.Date: dt.date.fromisoformat,
        Guid: _guid,
    }
    return parsers.get(type(column_type), str)
