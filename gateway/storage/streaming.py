"""Reads whole tables, and orders with their lines, page by page from one snapshot."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.storage.company_directory import find_scope
from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.outdated_copies import count_outdated_copies
from gateway.storage.reading import Names, among
from gateway.storage.scope import Scope, ScopeRequest, within
from gateway.storage.snapshots import Snapshot
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

ROWS_AT_ONCE = 500
LINES_AT_ONCE = 2000
"""The maximum number of lines in a page, unless a single order has more."""


@dataclass(frozen=True)
class WholeOrder:
    """An order and its lines by sequence."""

    header: Any
    lines: Sequence[Any]


class Stream:
    """Reads the rows of `scope` in one snapshot. The caller closes it.

    Names are columns of the row, or a relation and a column of the related row, such as
    `customer.number`; the rows have the latter as `customer__number`."""

    def __init__(self, database: Database, snapshot: Snapshot, scope: Scope) -> None:
        self._is_sqlite = database.is_sqlite
        self._snapshot = snapshot
        self._scope = scope

    @classmethod
    async def begin(cls, database: Database, request: ScopeRequest) -> "Stream":
        """Raises CompanyNotFound."""
        scope = await find_scope(database, request)
        return cls(database, database.bound_to(scope.company).snapshot(), scope)

    async def close(self) -> None:
        await self._snapshot.close()

    def check(self, listed: Filter) -> None:
        """Raises BadFilter for an invalid filter."""
        listed.condition(self._scope)

    async def outdated_copies(self, listed: Filter | None) -> dict[str, int]:
        """The number of matching orders, or of their lines, with an outdated copy, by column."""
        return await count_outdated_copies(self._snapshot, self._scope, listed)

    async def records(
        self, model: type[Base], names: Names, sort: Sequence[str]
    ) -> AsyncIterator[Sequence[Any]]:
        """Pages of the rows of `model`, sorted by the unique columns `sort`. One statement per page."""
        statement = _selection(model, names | {*sort}).where(within(self._scope, model))
        columns = [model.__table__.c[name] for name in sort]
        after: Sequence[Any] | None = None
        while True:
            rows = await self._snapshot.rows(_page(statement, columns, after))
            if rows:
                yield rows
            if len(rows) < ROWS_AT_ONCE:
                return
            after = [getattr(rows[-1], name) for name in sort]

    async def orders(
        self, headers: Names, lines: Names, listed: Filter | None
    ) -> AsyncIterator[list[WholeOrder]]:
        """Pages of the matching orders, sorted by number. Two statements per page, or one if `lines` is
        empty."""
        statement = _selection(SalesOrderRow, headers | {"id", "number"})
        statement = statement.where(within(self._scope, SalesOrderRow))
        if listed is not None:
            statement = statement.where(listed.condition(self._scope))
        if lines:
            statement = statement.add_columns(_line_count())
        after: Sequence[Any] | None = None
        while True:
            result = await self._snapshot.rows(_page(statement, [SalesOrderRow.number], after))
            rows = list(_some(result)) if lines else result
            if rows:
                by_order = await self._lines([row.id for row in rows], lines) if lines else {}
                yield [WholeOrder(row, by_order.get(row.id, ())) for row in rows]
            if len(rows) == len(result) < ROWS_AT_ONCE:
                return
            after = [rows[-1].number]

    async def _lines(self, orders: Sequence[str], names: Names) -> dict[str, list[Any]]:
        line = SalesOrderLineRow.__table__.c
        statement = (
            _selection(SalesOrderLineRow, names | {"sales_order_id", "sequence"})
            .where(
                within(self._scope, SalesOrderLineRow),
                among(line.sales_order_id, orders, is_sqlite=self._is_sqlite),
            )
            .order_by(line.sales_order_id, line.sequence)
        )
        by_order: dict[str, list[Any]] = defaultdict(list)
        for row in await self._snapshot.rows(statement):
            by_order[row.sales_order_id].append(row)
        return by_order


def _selection(model: type[Base], names: Names) -> sa.Select[Any]:
    """A statement that reads `names` of `model`, with a join for each relation among them."""
    table: Any = model.__table__
    columns = [table.c[name] for name in sorted(names) if "." not in name]
    joined = table
    for relation, wanted in _by_relation(names).items():
        target = _target(table, relation)
        key = (target.c.company_id == table.c.company_id) & (
            target.c.id == table.c[f"{relation}_id"]
        )
        joined = joined.outerjoin(target, key)
        columns += [target.c[name].label(f"{relation}__{name}") for name in wanted]
    return sa.select(*columns).select_from(joined)


def _by_relation(names: Iterable[str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        relation, dot, column = name.partition(".")
        if dot:
            result[relation].append(column)
    return result


def _target(table: sa.Table, relation: str) -> sa.FromClause:
    """The table that a relation's foreign key refers to."""
    [target] = [
        key.referred_table
        for key in table.foreign_key_constraints
        if f"{relation}_id" in key.column_keys
    ]
    return target.alias(relation)


def _page(
    statement: sa.Select[Any], columns: Sequence[Any], after: Sequence[Any] | None
) -> sa.Select[Any]:
    if after is not None:
        values = [
            sa.literal(value, column.type) for column, value in zip(columns, after, strict=True)
        ]
        statement = statement.where(sa.tuple_(*columns) > sa.tuple_(*values))
    return statement.order_by(*columns).limit(ROWS_AT_ONCE)


def _line_count() -> sa.Label[int]:
    counted = sa.select(sa.func.count()).where(
        SalesOrderLineRow.company_id == SalesOrderRow.company_id,
        SalesOrderLineRow.sales_order_id == SalesOrderRow.id,
    )
    return counted.correlate(SalesOrderRow).scalar_subquery().label("line_count")


def _some(rows: Sequence[Any]) -> Iterator[Any]:
    """The first orders that fit into a page with their lines, but at least one."""
    lines = 0
    for place, row in enumerate(rows):
        lines += row.line_count
        if place and lines > LINES_AT_ONCE:
            return
        yield row
