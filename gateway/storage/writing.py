"""Writing: one transaction of one caller, and what a change must look up in it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.columns import Base, canonical_guid, is_storable_text
from gateway.storage.database import Database
from gateway.storage.reference_data import Company, Currency, NumberSeries
from gateway.storage.sales_orders import SalesOrder
from gateway.storage.scope import Scope, find_scope, within

Model = TypeVar("Model", bound=Base)
SALES_ORDERS = "SALES_ORDERS"
"""The code of the number series of orders."""


class Writer:
    """Reads and writes rows of `scope` in the transaction of `session`."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self.scope = scope

    async def find(self, model: type[Model], wanted: Mapping[str, set[str]]) -> Sequence[Model]:
        """The rows of which a column has one of its wanted values; one statement, none for nothing."""
        columns = model.__table__.c
        conditions = [
            columns[column].in_(_possible(column, values))
            for column, values in wanted.items()
            if values
        ]
        if not conditions:
            return []
        statement = sa.select(model).where(within(self.scope, model), sa.or_(*conditions))
        return (await self._session.scalars(statement)).all()

    async def company_currency(self) -> Currency:
        """The currency in which the company keeps its books and its items their prices."""
        statement = sa.select(Currency).join(
            Company, (Company.id == Currency.company_id) & (Company.currency_code == Currency.code)
        )
        found = await self._session.scalars(statement.where(within(self.scope, Currency)))
        return found.one()

    async def next_numbers(self, count: int) -> list[str]:
        """The next free order numbers of the company.

        The series stays locked until the transaction ends, so numbers never repeat and a rollback
        gives them back. Numbers that imported orders already have are passed over."""
        numbers: list[str] = []
        while len(numbers) < count:
            drawn = await self._draw(count - len(numbers))
            taken = await self._session.scalars(
                sa.select(SalesOrder.number).where(
                    SalesOrder.company_id == self.scope.company, SalesOrder.number.in_(drawn)
                )
            )
            numbers += sorted(set(drawn) - set(taken), key=drawn.index)
        return numbers

    async def _draw(self, count: int) -> list[str]:
        statement = (
            sa.update(NumberSeries)
            .where(within(self.scope, NumberSeries), NumberSeries.code == SALES_ORDERS)
            .values(last_number=NumberSeries.last_number + count)
            .returning(NumberSeries.prefix, NumberSeries.digits, NumberSeries.last_number)
        )
        series = (await self._session.execute(statement)).one()
        first = series.last_number - count + 1
        return [
            f"{series.prefix}{number:0{series.digits}}"
            for number in range(first, series.last_number + 1)
        ]

    async def add(self, rows: Sequence[Any]) -> None:
        """Insert `rows`, and the lines of orders with them."""
        self._session.add_all(rows)
        await self._session.flush()


def _possible(column: str, values: set[str]) -> list[str]:
    """Sorted, for writers to take locks alike; without what no row can have."""
    if not column.endswith("id") or column == "contact_id":
        return sorted(filter(is_storable_text, values))
    return sorted({guid for value in values if (guid := canonical_guid(value))})


@asynccontextmanager
async def writing(
    database: Database, company: str | None, *, dry_run: bool = False
) -> AsyncIterator[Writer]:
    """A writer in a transaction of its own, kept at the end unless `dry_run`.

    Raises CompanyNotFound."""
    async with database.write(dry_run=dry_run) as session:

        async def rows(statement: sa.Executable) -> Sequence[sa.Row[Any]]:
            return (await session.execute(statement)).all()

        yield Writer(session, await find_scope(rows, company))
