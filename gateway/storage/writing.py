"""Writes rows in one transaction of one caller, and reads what a change needs in it."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attributes, selectinload

from gateway.storage import number_series, unsaved_orders
from gateway.storage.contention import is_contention
from gateway.storage.documented_orders import DocumentedOrders
from gateway.storage.hidden_records import HiddenRecords
from gateway.storage.import_results import ImportResults
from gateway.storage.import_rows import Staging
from gateway.storage.scope import Scope, within, within_company
from gateway.storage.tables.column_types import (
    Base,
    canonical_guid,
    case_folded,
    is_storable_text,
    now,
)
from gateway.storage.tables.model_columns import lookup_column
from gateway.storage.tables.reference_data import (
    CompanyRow,
    CurrencyRow,
    CustomerRow,
    MaintainedRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

Model = TypeVar("Model", bound=Base)
Result = TypeVar("Result")
NEIGHBOURS = 100


class RefusedByDatabase(Exception):
    """The database refused a row that the rules allow."""


class Writer:
    """Reads and writes rows of `scope` in the transaction of `session`."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self.scope = scope
        self.staging = Staging(session, scope)
        self.import_results = ImportResults(session, scope)
        self.documented_orders = DocumentedOrders(session, scope)
        self.hidden = HiddenRecords(session, scope)

    async def find(self, model: type[Model], wanted: Mapping[str, set[str]]) -> Sequence[Model]:
        """The rows with one of the `wanted` values in any of the columns, ignoring case in numbers and
        codes. One statement, or none if nothing is wanted."""
        conditions = _any_of(model, wanted)
        if not conditions:
            return []
        statement = sa.select(model).where(within(self.scope, model), sa.or_(*conditions))
        return (await self._session.scalars(statement)).all()

    async def payers(self, ids: Collection[str]) -> Sequence[CustomerRow]:
        """The customers with these ids, whether in the scope or not. The ids must come from orders and
        customers in the scope."""
        if not ids:
            return []
        company = within_company(self.scope, CustomerRow)
        statement = sa.select(CustomerRow).where(company, CustomerRow.id.in_(sorted(ids)))
        return (await self._session.scalars(statement)).all()

    async def records(self, model: type[Model], wanted: Mapping[str, set[str]]) -> Sequence[Model]:
        """The rows that `find` returns, with their parts, locked until the transaction ends."""
        conditions = _any_of(model, wanted)
        if not conditions:
            return []
        parts = [
            selectinload(each.class_attribute.and_(within_company(self.scope, each.mapper.class_)))
            for each in sa.inspect(model).relationships
        ]
        statement = sa.select(model).where(within(self.scope, model), sa.or_(*conditions))
        statement = statement.options(*parts).with_for_update(of=model)
        return (await self._session.scalars(statement)).all()

    async def company_currency(self) -> CurrencyRow:
        """The currency of the company's books and of the prices of its items."""
        is_own = CompanyRow.id == CurrencyRow.company_id
        is_own &= CompanyRow.currency_code == CurrencyRow.code
        statement = sa.select(CurrencyRow).join(CompanyRow, is_own)
        rows = await self._session.scalars(statement.where(within(self.scope, CurrencyRow)))
        return rows.one()

    async def next_numbers(self, count: int) -> list[str]:
        """The next free order numbers of the company."""
        return await number_series.draw(self._session, self.scope, count)

    async def sales_order(self, key: str) -> SalesOrderRow | None:
        """The order with this id and its lines, locked until the transaction ends."""
        orders = await self.sales_orders_of([key])
        return orders[0] if orders else None

    async def sales_orders_of(self, keys: Collection[str]) -> list[SalesOrderRow]:
        """The orders with these ids, with their lines, locked until the transaction ends."""
        possible = _possible(SalesOrderRow, "id", set(keys))
        return await self._orders(SalesOrderRow.id.in_(possible)) if possible else []

    async def sales_orders_numbered(self, numbers: Collection[str]) -> list[SalesOrderRow]:
        """The orders with these numbers, with their lines, locked until the transaction ends."""
        possible = _possible(SalesOrderRow, "number", set(numbers))
        return await self._orders(SalesOrderRow.number_folded.in_(possible)) if possible else []

    async def sales_orders_imported(self, keys: Collection[str]) -> list[SalesOrderRow]:
        """The orders that were imported without a number under these keys."""
        return await self._orders(SalesOrderRow.import_key.in_(sorted(keys))) if keys else []

    async def sales_orders_documented(self, documents: Collection[str]) -> list[SalesOrderRow]:
        """The orders with these external document numbers, of any customer."""
        possible = _possible(SalesOrderRow, "external_document_number", set(documents))
        condition = SalesOrderRow.external_document_number.in_(possible)
        return await self._orders(condition) if possible else []

    async def _orders(self, condition: sa.ColumnElement[bool]) -> list[SalesOrderRow]:
        ours = within_company(self.scope, SalesOrderLineRow)
        statement = (
            sa.select(SalesOrderRow)
            .where(within(self.scope, SalesOrderRow), condition)
            .order_by(SalesOrderRow.number)
            .options(selectinload(SalesOrderRow.lines.and_(ours)))
            .with_for_update(of=SalesOrderRow)
        )
        orders = (await self._session.scalars(statement)).all()
        for order in orders:
            for line in order.lines:
                attributes.set_committed_value(line, "sales_order", order)
        return list(orders)

    @asynccontextmanager
    async def savepoint(self, keep: Callable[[], bool] = lambda: True) -> AsyncIterator[None]:
        """A savepoint that is rolled back on an error, and also unless `keep` returns True at the end.
        Raises RefusedByDatabase if a constraint is violated."""
        try:
            async with self._session.begin_nested() as nested:
                yield
                await self._session.flush()
                if not keep():
                    await nested.rollback()
                    self._session.expunge_all()
        except DBAPIError as error:
            if is_contention(error):
                raise
            raise RefusedByDatabase(str(error.orig)) from error

    def forget(self) -> None:
        """Release the memory of all rows that were read or written."""
        self._session.expunge_all()

    async def remove_lines(
        self, removed: Sequence[tuple[SalesOrderRow, Sequence[SalesOrderLineRow]]]
    ) -> None:
        """Delete lines of orders at once, so that other lines can take their sequence."""
        for order, lines in removed:
            for line in lines:
                order.lines.remove(line)
        if any(lines for _, lines in removed):
            await self._session.flush()

    async def save(self, orders: Sequence[tuple[SalesOrderRow, bool]]) -> None:
        """Write the changes of orders and their lines, and increase the etags of changed ones. Each
        order comes with a flag whether lines were removed."""
        for order, has_lost_lines in orders:
            changed = self._changed_lines(order)
            if changed or has_lost_lines or self._session.is_modified(order):
                rows: list[SalesOrderRow | SalesOrderLineRow] = [*changed, order]
                for row in rows:
                    row.etag += 1
                    if row is not order or len(orders) > 1:
                        _write_whole(row)
                order.last_modified_date_time = now()
                order.last_modified_by = self.scope.actor
        await self._flush()
        for order, _ in orders:
            order.lines.sort(key=lambda line: line.sequence)

    def _changed_lines(self, order: SalesOrderRow) -> list[SalesOrderLineRow]:
        """The stored lines of an order that have changed; new lines count as a change of the order."""
        new, is_modified = self._session.new, self._session.is_modified
        return [line for line in order.lines if line not in new and is_modified(line)]

    async def delete(self, row: SalesOrderRow | MaintainedRow) -> None:
        """Delete an order with its lines, or a record with its parts."""
        await self._session.delete(row)
        await self._session.flush()

    async def save_records(
        self, new: Sequence[MaintainedRow], changed: Sequence[MaintainedRow]
    ) -> None:
        """Insert new records and write changed ones, whose etags increase."""
        for row in changed:
            row.etag += 1
            row.last_modified_date_time = now()
            row.last_modified_by = self.scope.actor
            _write_whole(row)
        for row in new:
            row.created_by = row.last_modified_by = self.scope.actor
        await self.add(new)

    async def users_of(self, row: MaintainedRow) -> dict[str, int]:
        """The number of rows that refer to a record, by table, in one statement. Its own parts do not
        count, because they are deleted with it."""
        counts = [
            sa.select(sa.literal(table.name).label("table"), sa.func.count().label("rows"))
            .select_from(table)
            .where(table.c.company_id == row.company_id, sa.or_(*(key == row.id for key in keys)))
            for table, keys in _references_to(sa.inspect(type(row)).local_table)
        ]
        if isinstance(row, CurrencyRow):
            company = within(self.scope, CompanyRow), CompanyRow.currency_code == row.code
            name, count = sa.literal("companies").label("table"), sa.func.count().label("rows")
            counts.append(sa.select(name, count).select_from(CompanyRow).where(*company))
        result = (await self._session.execute(sa.union_all(*counts))).all()
        return {each.table: each.rows for each in result if each.rows}

    async def insert(self, orders: Sequence[SalesOrderRow]) -> None:
        """Insert new orders with their lines."""
        for order in orders:
            order.created_by = order.last_modified_by = self.scope.actor
        await unsaved_orders.insert(self._session, orders)

    async def add(self, rows: Sequence[Any]) -> None:
        """Insert `rows`, and the lines of orders with them."""
        self._session.add_all(rows)
        await self._flush()

    async def _flush(self) -> None:
        """Set all defaults, because rows of one table are inserted in one statement if they have values
        for the same columns."""
        for row in self._session.new:
            for name in row.__table__.columns.keys() - attributes.instance_dict(row).keys():
                if (default := getattr(row, name)) is not None:
                    setattr(row, name, default)
        await self._session.flush()

    async def near(self, model: type[Model], column: str, value: str) -> Sequence[Model]:
        """The rows whose `column` is nearest to `value` by code point, on either side; all rows of a small
        table."""
        if not is_storable_text(value):
            return []
        key = model.__table__.c[lookup_column(model, column)]
        value = value if key.name == column else case_folded(value)
        mine = sa.select(model.__table__).where(within(self.scope, model))
        after = mine.where(key >= value).order_by(key).limit(NEIGHBOURS)
        before = mine.where(key < value).order_by(key.desc()).limit(NEIGHBOURS)
        both = sa.union_all(sa.select(after.subquery()), sa.select(before.subquery()))
        return (await self._session.scalars(sa.select(model).from_statement(both))).all()


def _references_to(table: sa.FromClause) -> list[tuple[sa.Table, list[sa.Column[Any]]]]:
    """The tables that refer to `table`, each with the referring columns, except those whose rows are
    deleted along with it."""
    result = {
        other: [
            column
            for constraint in other.foreign_key_constraints
            if constraint.referred_table is table and constraint.ondelete != "CASCADE"
            for column in constraint.columns
            if column.name != "company_id"
        ]
        for other in Base.metadata.sorted_tables
    }
    return [(other, columns) for other, columns in result.items() if columns]


def _any_of(model: type[Base], wanted: Mapping[str, set[str]]) -> list[sa.ColumnElement[bool]]:
    columns = model.__table__.c
    return [
        columns[lookup_column(model, column)].in_(_possible(model, column, values))
        for column, values in wanted.items()
        if values
    ]


def _write_whole(row: SalesOrderRow | SalesOrderLineRow | MaintainedRow) -> None:
    """Mark all columns as changed, so that all changed rows of a table are written in one statement."""
    keys = row.__table__.primary_key.columns.keys()  # type: ignore[union-attr]
    for name in row.__table__.columns.keys():  # type: ignore[union-attr] # noqa: SIM118 - a collection of columns, no dict
        if name not in keys:
            attributes.flag_modified(row, name)


def _possible(model: type[Base], column: str, values: set[str]) -> list[str]:
    """The values that a row can have, sorted so that all writers acquire locks in the same order."""
    if not column.endswith("id") or column == "contact_id":
        possible = set(filter(is_storable_text, values))
        is_folded = lookup_column(model, column) != column
        return sorted(set(map(case_folded, possible)) if is_folded else possible)
    return sorted({guid for value in values if (guid := canonical_guid(value))})
