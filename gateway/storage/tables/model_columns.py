"""Describes the columns of a model: their types, lengths, defaults and keys."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from gateway.storage.tables.column_types import FOLDED, Amount, Base, Guid, Instant


def text_lengths(model: type[Base]) -> dict[str, int]:
    """The text columns of `model`, with their maximum number of code points."""
    return {
        column.name: column.type.length
        for column in model.__table__.columns
        if type(column.type) is sa.String and column.type.length
    }


def value_type(model: type[Base], name: str) -> tuple[type, bool]:
    """The Python type of a column's values, and whether it may be null."""
    column = model.__table__.c[name]
    own = {Amount: Decimal, Instant: dt.datetime, Guid: str}
    kind: type = own.get(type(column.type)) or column.type.python_type
    return kind, bool(column.nullable)


def column_default(model: type[Base], name: str) -> Any:
    """The default of a column; None if it has no constant default."""
    default: Any = model.__table__.c[name].default
    return None if default is None else default.arg


def table_columns(model: type[Base]) -> tuple[str, ...]:
    """The names of the columns of `model`, in the order of the table."""
    return tuple(column.name for column in model.__table__.columns)


def referenced_models(model: type[Base]) -> dict[str, type[Base]]:
    """The foreign keys of `model`, each with the model that it leads to."""
    models = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    return {
        column.name: models[key.column.table]
        for column in model.__table__.columns
        if column.name != "company_id"
        for key in column.foreign_keys
    }


def lookup_column(model: type[Base], name: str) -> str:
    """The column by which rows with a value of the column `name` are found."""
    return name + FOLDED if name + FOLDED in model.__table__.columns else name


def unique_keys(model: type[Base]) -> list[set[str]]:
    """The sets of columns that are unique in `model`."""
    table: Any = model.__table__
    constraints = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    indexes = [each for each in table.indexes if each.unique]
    return [set(each.columns.keys()) for each in (*constraints, *indexes)]
