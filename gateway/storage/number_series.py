"""The number series of a company, from which new orders get their numbers."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.scope import Scope, within, within_company
from gateway.storage.tables.column_types import case_folded
from gateway.storage.tables.reference_data import NumberSeries
from gateway.storage.tables.sales_orders import SalesOrderRow

SALES_ORDERS = "SALES_ORDERS"
"""The code of the number series of orders."""


async def draw(session: AsyncSession, scope: Scope, count: int) -> list[str]:
    """The next free order numbers of the company.

    The series stays locked until the transaction ends, so numbers never repeat and a rollback
    returns them. Numbers that imported orders already have are skipped."""
    numbers: list[str] = []
    while len(numbers) < count:
        next_numbers = await _advance(session, scope, count - len(numbers))
        drawn = {case_folded(number): number for number in next_numbers}
        existing = await taken_numbers(session, scope, drawn)
        numbers += [drawn[key] for key in sorted(set(drawn) - existing, key=[*drawn].index)]
    return numbers


async def taken_numbers(session: AsyncSession, scope: Scope, folded: Collection[str]) -> set[str]:
    """Those of these case-folded numbers that orders of the company have, whether in the scope or not."""
    statement = sa.select(SalesOrderRow.number_folded).where(
        within_company(scope, SalesOrderRow), SalesOrderRow.number_folded.in_(sorted(folded))
    )
    return set(await session.scalars(statement))


async def _advance(session: AsyncSession, scope: Scope, count: int) -> list[str]:
    """The next `count` numbers of the series, whether free or not."""
    statement = (
        sa.update(NumberSeries)
        .where(within(scope, NumberSeries), NumberSeries.code == SALES_ORDERS)
        .values(last_number=NumberSeries.last_number + count)
        .returning(NumberSeries.prefix, NumberSeries.digits, NumberSeries.last_number)
    )
    series = (await session.execute(statement)).one()
    first = series.last_number - count + 1
    return [
        f"{series.prefix}{number:0{series.digits}}"
        for number in range(first, series.last_number + 1)
    ]
