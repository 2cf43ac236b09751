"""Orders that are not stored yet. They are like rows, except that SQLAlchemy does not track their
attributes, which would cost more than all rules and totals together. They are inserted in bulk."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.bulk_inserts import insert_rows
from gateway.storage.tables.column_types import FOLDED, Base
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow


def _columns(model: type[Base]) -> tuple[str, ...]:
    """All columns except those that are derived on insertion."""
    names = (column.name for column in model.__table__.columns)
    return tuple(name for name in names if not name.endswith(FOLDED))


def _defaults(model: type[Base]) -> Callable[[], dict[str, Any]]:
    """Makes the default of each column that has one."""
    factories = {
        each.name: each.default_factory
        for each in dataclasses.fields(cast(Any, model))
        if each.default_factory is not dataclasses.MISSING and each.name in _columns(model)
    }
    values = {
        column.name: None if column.default is None else cast(Any, column.default).arg
        for column in model.__table__.columns
        if column.name in _columns(model)
    }
    return lambda: values | {name: make() for name, make in factories.items()}


class UnsavedLine(SalesOrderLineRow):
    """A line of an unsaved order. The slots hide the attributes that SQLAlchemy would track."""

    __abstract__ = True
    __slots__ = (*_columns(SalesOrderLineRow), "sales_order")

    def __init__(self, **values: Any) -> None:
        for name, value in (_LINE_DEFAULTS() | values).items():
            setattr(self, name, value)

    def related_in_memory(self, relation: str) -> Any:
        return getattr(self, relation, None)


class UnsavedOrder(SalesOrderRow):
    """An unsaved order, at first without lines. The slots hide the attributes that SQLAlchemy would
    track."""

    __abstract__ = True
    __slots__ = (*_columns(SalesOrderRow), "lines")

    def __init__(self, **values: Any) -> None:
        for name, value in (_ORDER_DEFAULTS() | values).items():
            setattr(self, name, value)
        self.lines = []

    def new_line(self, **values: Any) -> UnsavedLine:
        return UnsavedLine(**values)

    def related_in_memory(self, relation: str) -> Any:
        return getattr(self, relation, None)


_ORDER_DEFAULTS, _LINE_DEFAULTS = _defaults(SalesOrderRow), _defaults(SalesOrderLineRow)


_ORDERS = cast(sa.Table, SalesOrderRow.__table__)
_LINES = cast(sa.Table, SalesOrderLineRow.__table__)


async def insert(session: AsyncSession, orders: Sequence[SalesOrderRow]) -> None:
    """Store unsaved orders with their lines, in two statements."""
    for order in orders:
        for line in order.lines:
            line.sales_order_id, line.sales_order = order.id, order
    lines = [line for order in orders for line in order.lines]
    await insert_rows(session, _ORDERS, orders)
    await insert_rows(session, _LINES, lines)
