"""The results of the rows of import jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.scope import Scope, within
from gateway.storage.tables.import_jobs import ImportedRow, ImportResultRow

NAMES = ("company_id", "job_id", "sheet", "row", "unit")


class ImportResults:
    """The results of the jobs of `scope`, in the transaction of `session`."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def add(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to import_results, each a mapping by column."""
        if results:
            await self._session.execute(sa.insert(ImportResultRow.__table__), results)  # type: ignore[arg-type]

    async def add_same(self, job: str, unit: str, entries: str) -> None:
        """Add the same result for every row of a unit, which may have too many rows to read."""
        columns = ImportedRow.__table__.c
        rows = sa.select(*(columns[name] for name in NAMES), sa.literal(entries)).where(
            within(self._scope, ImportedRow), columns.job_id == job, columns.unit == unit
        )
        statement = sa.insert(ImportResultRow.__table__)  # type: ignore[arg-type]
        await self._session.execute(statement.from_select([*NAMES, "entries"], rows))

    async def of_sheet(self, job: str, sheet: int, after: int, limit: int) -> Sequence[Any]:
        """The row numbers and entries of the next results of a sheet after row `after`, in order."""
        result = ImportResultRow.__table__.c
        statement = (
            sa.select(result.row, result.entries)
            .where(
                within(self._scope, ImportResultRow),
                result.job_id == job,
                result.sheet == sheet,
                result.row > after,
            )
            .order_by(result.row)
            .limit(limit)
        )
        return (await self._session.execute(statement)).all()
