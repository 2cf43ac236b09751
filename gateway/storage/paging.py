"""Keyset paging: pages stay stable while rows are added and deleted."""

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

DEFAULT_PAGE = 50
"""The size of a page, in rows, if the client does not choose one."""


class BadCursor(ValueError):
    """The cursor does not belong to this list and sort. `argument` is `after` or `before`."""

    argument = "after"


@dataclass(frozen=True)
class SortKey:
    column: str
    descending: bool = False


Sort = tuple[SortKey, ...]
"""At least one key. The last one is unique within a company."""


Mark = Sequence[sa.ColumnElement[Any] | None]
"""The values of the sort keys of a row; None for null."""


@dataclass(frozen=True)
class Window:
    """`size` rows after the row of `cursor`, or before it if `backward`. Without a cursor, the first
    rows, or the last if `backward`."""

    sort: Sort
    size: int
    cursor: str | None = None
    backward: bool = False

    def mark(self, model: type[Base]) -> list[Any]:
        """The values of the sort keys in the cursor of a window on `model`, none without a cursor. Raises
        BadCursor."""
        if self.cursor is None:
            return []
        try:
            return decode_cursor(model, self.sort, self.cursor)
        except BadCursor as error:
            error.argument = "before" if self.backward else "after"
            raise


@dataclass(frozen=True)
class Page:
    """Rows in the order of the sort, and whether more rows follow in the direction of reading."""

    rows: Sequence[Any]
    has_more: bool


def encode_cursor(model: type[Base], sort: Sort, row: Any) -> str:
    """An opaque cursor for the position of `row` in a list of `model`, valid only for this sort."""
    return cursor_of(model, sort, [getattr(row, key.column) for key in sort])


def cursor_of(model: type[Base], sort: Sort, values: Sequence[Any]) -> str:
    """The cursor of the row with these values of the sort keys."""
    signed = [_signature(model, sort), *(None if each is None else str(each) for each in values)]
    text = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(model: type[Base], sort: Sort, cursor: str) -> list[Any]:
    """The values of the sort keys in a cursor of `model`. Raises BadCursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        signature, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if signature != _signature(model, sort) or len(values) != len(sort):
            raise BadCursor("This cursor belongs to a different list or sort.")
        columns = model.__table__.c
        return [
            _decoded(columns[key.column], value) for key, value in zip(sort, values, strict=True)
        ]
    except (ValueError, TypeError, ArithmeticError, binascii.Error, RecursionError) as error:
        if isinstance(error, BadCursor):
            raise
        raise BadCursor("This is not a cursor.") from None


def _decoded(column: Any, value: Any) -> Any:
    if value is None and column.nullable:
        return None
    if not isinstance(value, str) or not is_storable_text(value):
        raise BadCursor("This is not a cursor.")
    return _parser(column.type)(value)


def page_statement(
    statement: sa.Select[Any],
    model: type[Base],
    window: Window,
    parent: sa.ColumnElement[Any] | None = None,
) -> sa.Select[Any]:
    """`statement` limited to the window, in the direction of reading. One extra row shows whether there
    are more. With a `parent` column, there is a window for each of its values."""
    mark = None
    if window.cursor is not None:
        values = window.mark(model)
        columns = [model.__table__.c[key.column] for key in window.sort]
        mark = [
            None if value is None else sa.literal(value, column.type)
            for value, column in zip(values, columns, strict=True)
        ]
    reading = reversed_sort(window.sort) if window.backward else window.sort
    return cut_statement(statement, model, reading, mark, sa.literal(window.size + 1), parent)


def cut_statement(
    statement: sa.Select[Any],
    model: type[Base],
    sort: Sort,
    mark: Mark | None,
    limit: sa.ColumnElement[int],
    parent: sa.ColumnElement[Any] | None = None,
) -> sa.Select[Any]:
    """`statement` sorted by `sort`, from after the row with the values `mark`, limited to `limit` rows.
    Nulls come last when ascending and first when descending. With a `parent` column, the limit applies to each of its values."""
    columns = [model.__table__.c[key.column] for key in sort]
    if mark is not None:
        statement = statement.where(_beyond(columns, sort, mark))
    order = [_ordered(column, key) for column, key in zip(columns, sort, strict=True)]
    if parent is None:
        return statement.order_by(*order).limit(limit)
    position = sa.func.row_number().over(partition_by=parent, order_by=order).label("position")
    ranked = statement.add_columns(position).subquery()
    columns = [column for column in ranked.c if column.name != "position"]
    return sa.select(*columns).where(ranked.c.position <= limit).order_by(ranked.c.position)


def page_of(rows: Sequence[Any], window: Window) -> Page:
    """The page made of the rows that `page_statement` returns."""
    page = rows[: window.size]
    return Page(page[::-1] if window.backward else page, len(rows) > window.size)


def _signature(model: type[Base], sort: Sort) -> str:
    return f"{model.__tablename__}:" + ",".join(
        ("-" if key.descending else "") + key.column for key in sort
    )


def reversed_sort(sort: Sort) -> Sort:
    return tuple(SortKey(key.column, not key.descending) for key in sort)


def _ordered(column: Any, key: SortKey) -> sa.ColumnElement[Any]:
    ordered: sa.UnaryExpression[Any] = column.desc() if key.descending else column.asc()
    if not column.nullable:
        return ordered
    return ordered.nulls_first() if key.descending else ordered.nulls_last()


def _beyond(columns: Sequence[Any], sort: Sort, mark: Mark) -> sa.ColumnElement[bool]:
    """The rows after the values `mark`. With one direction and no nulls this is a row comparison, which
    an index answers as one range. Otherwise it is spelled out with OR, plus a bound on the first key so
    that an index still helps."""
    if len({key.descending for key in sort}) == 1 and not any(each.nullable for each in columns):
        row, values = sa.tuple_(*columns), sa.tuple_(*mark)
        return row < values if sort[0].descending else row > values
    alternatives = []
    for index, key in enumerate(sort):
        equal = [_equals(*each) for each in zip(columns[:index], mark, strict=False)]
        alternatives.append(sa.and_(*equal, _follows(columns[index], mark[index], key)))
    return sa.and_(_bound(columns[0], mark[0], sort[0]), sa.or_(*alternatives))


def _bound(column: Any, value: Any, key: SortKey) -> sa.ColumnElement[bool]:
    """The rows whose key equals `value` or comes after it."""
    if value is None:
        return sa.true() if key.descending else sa.and_(column.is_(None))
    reached: sa.ColumnElement[bool] = column <= value if key.descending else column >= value
    return sa.or_(reached, column.is_(None)) if column.nullable and not key.descending else reached


def _equals(column: Any, value: Any) -> sa.ColumnElement[bool]:
    equal: sa.ColumnElement[bool] = column.is_(None) if value is None else column == value
    return equal


def _follows(column: Any, value: Any, key: SortKey) -> sa.ColumnElement[bool]:
    """The rows whose key comes after `value` in the direction of the key."""
    if value is None:
        return sa.and_(column.is_not(None)) if key.descending else sa.false()
    if key.descending:
        return sa.and_(column < value)
    return sa.or_(column > value, *([column.is_(None)] if column.nullable else []))


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
