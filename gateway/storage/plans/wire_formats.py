"""Conversions of column values from a driver, or from memory, to an answer.

Answers contain text, integers, Booleans, dates, and times in UTC."""

import datetime as dt
from collections.abc import Callable
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from gateway.storage.tables.column_types import DECIMALS, Amount, Guid, Instant, plain_number

TEXT = {"String", "ID"}
"""Scalars of GraphQL that are text."""

STEPS = 10**DECIMALS
"""SQLite stores amounts as integers in units of one over this number."""

Convert = Callable[[Any], Any]


def wire_column(
    column: sa.ColumnElement[Any], kind: str, *, is_sqlite: bool
) -> sa.ColumnElement[Any]:
    """The column in SQL in the required form. PostgreSQL converts it to text where Python would be
    slower."""
    if is_sqlite:
        return column
    if isinstance(column.type, Guid) or (isinstance(column.type, sa.Integer) and kind in TEXT):
        return sa.cast(column, sa.Text)
    if isinstance(column.type, Amount):
        return sa.cast(sa.func.trim_scale(column), sa.Text)
    return column


def wire_converter(column: sa.Column[Any], kind: str, *, is_sqlite: bool) -> Convert | None:
    """From the driver's value for a `wire_column`; raises for a value that no row should have."""
    if isinstance(column.type, sa.Enum):
        return {name: name for name in column.type.enums}.__getitem__
    return _of_sqlite(column.type, kind) if is_sqlite else None


def _of_sqlite(kind: Any, wanted: str) -> Convert | None:
    if isinstance(kind, sa.Integer) and wanted in TEXT:
        return str
    result: dict[type, Convert] = {
        Amount: _scaled,
        Instant: _instant,
        sa.Date: dt.date.fromisoformat,
        sa.Boolean: bool,
    }
    return result.get(type(kind))


def _scaled(value: int) -> str:
    """A whole number of hundred-thousandths as a plain number; raises ValueError if it is not whole."""
    if value < 0:
        return "-" + _scaled(-value)
    whole, part = divmod(value, STEPS)
    return f"{whole:d}.{part:05d}".rstrip("0") if part else f"{whole:d}"


def _instant(value: str) -> dt.datetime:
    return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)


def result_converter(column: sa.ColumnElement[Any], dialect: Dialect) -> Convert | None:
    """From the driver's value for the column itself to its Python value, or to one with the same text,
    which PostgreSQL's driver already returns."""
    if dialect.name != "sqlite":
        return None
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def memory_converter(column: sa.Column[Any], kind: str) -> Convert | None:
    """The conversion of a value from a row in memory."""
    if isinstance(column.type, Amount):
        return plain_number
    if isinstance(column.type, Instant):
        return _in_utc
    if isinstance(column.type, sa.Enum):
        return _name
    return str if isinstance(column.type, sa.Integer) and kind in TEXT else None


def _in_utc(value: dt.datetime) -> dt.datetime:
    return value.astimezone(dt.UTC)


def _name(value: Enum) -> str:
    return value.name
