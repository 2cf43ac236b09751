"""Orders that are being made: they have the attributes of rows, and none of what watches a row, which
costs more than all rules and totals together. They are inserted as they are, many at a time."""

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.tables.column_types import FOLDED, Base
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow


def _own_columns(model: type[Base]) -> list[sa.ColumnElement[Any]]:
    """The columns of `model` but those that are derived on insertion."""
    return [column for column in model.__table__.columns if not column.name.endswith(FOLDED)]


def _like(model: type[Base], **more: Any) -> type[Any]:
    """A plain class with the columns of `model` and their defaults, and with the attributes `more`."""
    members: list[tuple[str, Any, Any]] = []
    factories = {
        each.name: each.default_factory
        for each in dataclasses.fields(cast(Any, model))
        if each.default_factory is not dataclasses.MISSING
    }
    for column in _own_columns(model):
        if column.name in factories:
            default = dataclasses.field(default_factory=factories[column.name])
        else:
            known: Any = column.default
            default = dataclasses.field(default=None if known is None else known.arg)
        members.append((column.name, Any, default))
    members += [(name, Any, default) for name, default in more.items()]
    name = f"Draft{model.__name__}"
    return dataclasses.make_dataclass(name, members, kw_only=True, eq=False, repr=False, slots=True)


_Order = _like(SalesOrderRow, lines=dataclasses.field(default_factory=list))
_Line = _like(SalesOrderLineRow, sales_order=dataclasses.field(default=None))

draft_order = cast(type[SalesOrderRow], _Order)
"""Makes an order without lines; it takes the arguments of SalesOrder."""

_draft_line = cast(type[SalesOrderLineRow], _Line)


def line_class(order: SalesOrderRow) -> type[SalesOrderLineRow]:
    """What the lines of `order` are made of: drafts like itself, or rows."""
    return _draft_line if isinstance(order, _Order) else SalesOrderLineRow


def is_draft(row: Any) -> bool:
    return isinstance(row, (_Order, _Line))


def _values(model: type[Base]) -> Callable[[Any], dict[str, Any]]:
    names = [column.name for column in _own_columns(model)]
    get = attrgetter(*names)
    return lambda row: dict(zip(names, get(row), strict=True))


_order_values, _line_values = _values(SalesOrderRow), _values(SalesOrderLineRow)


INTO_ORDERS = sa.insert(cast(sa.Table, SalesOrderRow.__table__))
INTO_LINES = sa.insert(cast(sa.Table, SalesOrderLineRow.__table__))


async def insert(session: AsyncSession, orders: Sequence[SalesOrderRow]) -> None:
    """Keep drafts with their lines, in two statements."""
    for order in orders:
        for line in order.lines:
            line.sales_order_id, line.sales_order = order.id, order
    lines = [line for order in orders for line in order.lines]
    if orders:
        await session.execute(INTO_ORDERS, list(map(_order_values, orders)))
    if lines:
        await session.execute(INTO_LINES, list(map(_line_values, lines)))
