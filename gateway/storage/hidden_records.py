"""What records outside a limited scope have that must be unique in their company. Nothing else of them is
read."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.number_series import taken_numbers
from gateway.storage.scope import Scope, within, within_company
from gateway.storage.tables.column_types import Base, case_folded, is_storable_text


class HiddenRecords:
    """The records of the company of `scope` that are outside it: none if it is not limited."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def order_numbers(self, numbers: Collection[str]) -> set[str]:
        """Those of these numbers that orders outside have, case-folded. Orders in the scope must not have
        them."""
        folded = {case_folded(number) for number in numbers if is_storable_text(number)}
        if not self._scope.is_limited or not folded:
            return set()
        return await taken_numbers(self._session, self._scope, folded)

    async def owners(
        self, model: type[Base], wanted: Mapping[str, Collection[str]]
    ) -> dict[tuple[str, Any], str]:
        """The ids of the records outside that have one of the `wanted` values, by column and value."""
        result: dict[tuple[str, Any], str] = {}
        for name, values in wanted.items():
            possible = sorted(filter(is_storable_text, values))
            if not self._scope.is_limited or not possible:
                continue
            column = model.__table__.c[name]
            statement = sa.select(column, model.__table__.c.id).where(
                within_company(self._scope, model),
                sa.not_(within(self._scope, model)),
                column.in_(possible),
            )
            rows = await self._session.execute(statement)
            result |= {(name, value): key for value, key in rows}
        return result
