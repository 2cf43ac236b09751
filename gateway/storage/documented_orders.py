"""The orders with external document numbers of customers (RULES.md 1.8)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.scope import Scope, within
from gateway.storage.tables.column_types import is_storable_text
from gateway.storage.tables.reference_data import CompanyRow, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderRow, SalesOrderStatus

Document = tuple[str, str]
"""The id of a customer, and an external document number."""


@dataclass(frozen=True)
class Documented:
    """The number of an order with each document, and whether the company refuses a second order."""

    orders: Mapping[Document, str]
    are_unique: bool


class DocumentedOrders:
    """Reads the orders of `scope` by their external document numbers."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def find(self, documents: Collection[Document], without: Collection[str]) -> Documented:
        """The orders with these documents, except cancelled ones and those with the ids in `without`,
        in one statement.

        If the company refuses a second order, PostgreSQL then locks the customers and reads again, so
        that no other transaction can add one before this one ends. SQLite has only one writer."""
        result = await self._read(documents, without)
        if result.are_unique and self._session.get_bind().dialect.name == "postgresql":
            await self._lock({customer for customer, _ in documents})
            result = await self._read(documents, without)
        return result

    async def _read(self, documents: Collection[Document], without: Collection[str]) -> Documented:
        """An outer join, so that the setting is read even if there is no order."""
        document = SalesOrderRow.customer_id, SalesOrderRow.external_document_number
        texts = sorted({text for _, text in documents if is_storable_text(text)})
        is_wanted = (
            within(self._scope, SalesOrderRow),
            SalesOrderRow.customer_id.in_(sorted({customer for customer, _ in documents})),
            SalesOrderRow.external_document_number.in_(texts),
            SalesOrderRow.status != SalesOrderStatus.CANCELLED,
            SalesOrderRow.id.not_in(sorted(without)),
        )
        setting = CompanyRow.refuse_duplicate_external_document_numbers
        statement = (
            sa.select(setting, *document, sa.func.min(SalesOrderRow.number))
            .select_from(CompanyRow)
            .outerjoin(SalesOrderRow, sa.and_(*is_wanted))
            .where(within(self._scope, CompanyRow))
            .group_by(setting, *document)
        )
        rows = (await self._session.execute(statement)).all()
        orders = {(row[1], row[2]): row[3] for row in rows if row[2] is not None}
        return Documented(orders, rows[0][0])

    async def _lock(self, customers: Collection[str]) -> None:
        statement = sa.select(CustomerRow.id).where(
            within(self._scope, CustomerRow), CustomerRow.id.in_(sorted(customers))
        )
        await self._session.execute(
            statement.order_by(CustomerRow.id).with_for_update(key_share=True)
        )
