"""Import jobs and their staged rows, which are stored as imported, applied unit by unit, and deleted when
they are done."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.scope import Scope, ScopeRequest, within
from gateway.storage.tables.column_types import canonical_guid, now
from gateway.storage.tables.import_jobs import (
    COUNTS,
    UNFINISHED,
    ImportedRow,
    ImportJobRow,
    ImportJobStatus,
    ImportPolicy,
    ImportProblemRow,
    ImportResultRow,
    ImportSheetRow,
)

UNWATCHED = {"synchronize_session": False}
"""Options of statements on many rows, none of which the session has loaded."""


@dataclass(frozen=True)
class Unit:
    """Rows that are imported or refused together; `size` is their number of characters."""

    name: str
    rows: int
    size: int


class JobGone(LookupError):
    """The job does not exist, or is no longer in the state that the operation needs."""


class JobUnready(JobGone):
    """The job exists, but its status does not allow the operation."""


def request_of(job: Any) -> ScopeRequest:
    """The rights of a job, which are those of the caller who began it."""
    customers = None if job.customers is None else frozenset(orjson.loads(job.customers))
    return ScopeRequest(
        job.company_id,
        customers=customers,
        actor=job.created_by,
        writes_references=job.writes_references,
    )


class Staging:
    """The import jobs of `scope`, in the transaction of `session`."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def job(self, key: str, *, lock: bool = False) -> ImportJobRow | None:
        """The job with this id, or None; `lock` locks it until the transaction ends."""
        guid = canonical_guid(key)
        statement = sa.select(ImportJobRow).where(
            within(self._scope, ImportJobRow), ImportJobRow.id == guid
        )
        statement = statement.execution_options(populate_existing=True)
        return await self._session.scalar(statement.with_for_update() if lock else statement)

    async def cancel(self, key: str) -> ImportJobRow:
        """Stop a job after the current batch. Raises JobGone and JobUnready."""
        job = await self._existing(key)
        if job.status not in UNFINISHED:
            raise JobUnready("Only an unfinished job can be cancelled.")
        if job.status is ImportJobStatus.STAGING:
            await self.delete_rows(job.id)
        job.status, job.finished_date_time, job.message = ImportJobStatus.CANCELLED, now(), None
        return job

    async def retry(self, key: str) -> ImportJobRow:
        """Make a finished job ready to apply its refused rows, or a cancelled one its remaining rows. It may
        then do no more than the caller.

        Raises JobGone and JobUnready."""
        job = await self._existing(key)
        if job.status in (*UNFINISHED, ImportJobStatus.SUCCEEDED):
            raise JobUnready("Only a finished job with refused or remaining rows can be retried.")
        waiting = await self._waiting(job.id)
        if not waiting:
            raise JobUnready("The job has no rows left: import the files again.")
        if job.status is not ImportJobStatus.CANCELLED:
            problems = sa.delete(ImportProblemRow).where(*self._of(ImportProblemRow, job.id))
            await self._session.execute(problems, execution_options=UNWATCHED)
            await self._delete_waiting_results(job.id)
            job.position, job.problems, job.warnings, job.message = "", 0, 0, None
            job.rows_staged = waiting
            job.rows_done = 0
            for name in COUNTS:
                if job.dry_run or name.endswith("_failed"):
                    setattr(job, name, 0)
        job.status, job.finished_date_time = ImportJobStatus.APPLYING, None
        job.writes_references = job.writes_references and self._scope.writes_references
        return job

    async def _delete_waiting_results(self, job: str) -> None:
        """Delete the results of the units whose rows are applied again."""
        waiting = sa.select(ImportedRow.unit).where(*self._of(ImportedRow, job))
        results = sa.delete(ImportResultRow).where(
            *self._of(ImportResultRow, job), ImportResultRow.unit.in_(waiting)
        )
        await self._session.execute(results, execution_options=UNWATCHED)

    async def _existing(self, key: str) -> ImportJobRow:
        job = await self.job(key, lock=True)
        if job is None:
            raise JobGone("No import job has this id.")
        return job

    async def _waiting(self, job: str) -> int:
        statement = sa.select(sa.func.count()).select_from(ImportedRow)
        return await self._session.scalar(statement.where(*self._of(ImportedRow, job))) or 0

    async def unfinished(self, fingerprint: str) -> ImportJobRow | None:
        """The unfinished job for the same files. Other transactions with the same files wait until this
        one ends, so that only one of them begins a job."""
        if self._session.get_bind().dialect.name == "postgresql":
            key = int(fingerprint[:15], 16)
            await self._session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
        statement = sa.select(ImportJobRow).where(
            within(self._scope, ImportJobRow),
            ImportJobRow.fingerprint == fingerprint,
            ImportJobRow.status.in_(UNFINISHED),
        )
        result = await self._session.scalars(statement.order_by(ImportJobRow.id).limit(1))
        return result.first()

    async def all_unfinished(self) -> Sequence[ImportJobRow]:
        """The unfinished jobs, oldest first."""
        statement = sa.select(ImportJobRow).where(
            within(self._scope, ImportJobRow), ImportJobRow.status.in_(UNFINISHED)
        )
        return (
            await self._session.scalars(statement.order_by(ImportJobRow.created_date_time))
        ).all()

    async def add(self, job: ImportJobRow) -> None:
        self._session.add(job)
        await self._session.flush()

    async def restart(self, job: str, sheets: Sequence[ImportSheetRow]) -> None:
        """Delete the stored rows of a job, and add its sheets."""
        for table in (ImportedRow, ImportProblemRow, ImportSheetRow):
            rows = sa.delete(table).where(*self._of(table, job))
            await self._session.execute(rows, execution_options=UNWATCHED)
        await self.update(job, rows_staged=0, warnings=0, problems=0)
        self._session.add_all(sheets)
        await self._session.flush()

    async def sheets(self, job: str) -> Sequence[ImportSheetRow]:
        statement = sa.select(ImportSheetRow).where(*self._of(ImportSheetRow, job))
        return (await self._session.scalars(statement.order_by(ImportSheetRow.place))).all()

    async def add_reading(self, job: str, place: int, values: Mapping[str, Any]) -> None:
        """Add to what is stored about the reading of a sheet."""
        own = (*self._of(ImportSheetRow, job), ImportSheetRow.place == place)
        [sheet] = await self._session.scalars(sa.select(ImportSheetRow).where(*own))
        sheet.reading = orjson.dumps(orjson.loads(sheet.reading) | dict(values)).decode()
        await self._session.flush()

    async def add_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to import_rows, each a mapping by column."""
        await self._session.execute(sa.insert(ImportedRow.__table__), rows)  # type: ignore[arg-type]

    async def units(self, job: str, after: str, limit: int) -> list[Unit]:
        """The next units after `after`."""
        statement = (
            sa.select(
                ImportedRow.unit, sa.func.count(), sa.func.sum(sa.func.length(ImportedRow.cells))
            )
            .where(*self._of(ImportedRow, job), ImportedRow.unit > after)
            .group_by(ImportedRow.unit)
            .order_by(ImportedRow.unit)
            .limit(limit)
        )
        return [Unit(*row) for row in (await self._session.execute(statement)).all()]

    async def rows(
        self, job: str, first: str, last: str, limit: int | None = None
    ) -> Sequence[Any]:
        """unit, sheet, row and cells of the rows of the units from `first` to `last`."""
        row = ImportedRow.__table__.c
        statement = (
            sa.select(row.unit, row.sheet, row.row, row.cells)
            .where(*self._of(ImportedRow, job), row.unit >= first, row.unit <= last)
            .order_by(row.unit, row.sheet, row.row)
            .limit(limit)
        )
        return (await self._session.execute(statement)).all()

    async def has_refused(self, job: str, sheet: int) -> bool:
        """Whether a sheet has rows of refused units. An atomic job with a problem refuses all."""
        some = sa.select(ImportedRow.row).where(*self._refused(job, sheet)).limit(1)
        return await self._session.scalar(some) is not None

    async def refused_rows(
        self, job: str, sheet: int, after: int, limit: int, size: int
    ) -> Sequence[Any]:
        """unit, row and cells of the refused rows of a sheet after row number `after`, in order: at most
        `limit` rows and `size` characters, but at least one row."""
        row = ImportedRow.__table__.c
        refused = (*self._refused(job, sheet), row.row > after)
        sizes = sa.select(row.row, sa.func.length(row.cells)).where(*refused)
        result = (await self._session.execute(sizes.order_by(row.row).limit(limit))).all()
        sums = accumulate(length for _, length in result)
        some = [number for (number, _), total in zip(result, sums, strict=True) if total <= size]
        if not result:
            return []
        last = some[-1] if some else result[0].row
        statement = sa.select(row.unit, row.row, row.cells).where(*refused, row.row <= last)
        return (await self._session.execute(statement.order_by(row.row))).all()

    async def problems(
        self, job: str, sheet: int, units: Collection[str]
    ) -> Sequence[ImportProblemRow]:
        """The problems of the rows of a sheet that belong to these units, without warnings."""
        statement = sa.select(ImportProblemRow).where(
            *self._of(ImportProblemRow, job),
            ImportProblemRow.sheet == sheet,
            ImportProblemRow.unit.in_(sorted(units)),
            ~ImportProblemRow.is_warning,
        )
        return (await self._session.scalars(statement.order_by(ImportProblemRow.sequence))).all()

    async def first_problems(
        self, job: str, limit: int, is_warning: bool
    ) -> tuple[Sequence[ImportProblemRow], int]:
        """The first problems of a job, or its first warnings, and their total number."""
        conditions = (*self._of(ImportProblemRow, job), ImportProblemRow.is_warning == is_warning)
        count = sa.select(sa.func.count()).select_from(ImportProblemRow).where(*conditions)
        first = sa.select(ImportProblemRow).where(*conditions).order_by(ImportProblemRow.sequence)
        rows = (await self._session.scalars(first.limit(limit))).all()
        return rows, await self._session.scalar(count) or 0

    async def add_problems(self, problems: Iterable[ImportProblemRow]) -> None:
        self._session.add_all(problems)
        await self._session.flush()

    async def update(self, job: str, **values: Any) -> None:
        """Set columns of a job."""
        statement = sa.update(ImportJobRow).where(
            within(self._scope, ImportJobRow), ImportJobRow.id == job
        )
        await self._session.execute(statement.values(**values), execution_options=UNWATCHED)

    async def delete_rows(self, job: str) -> None:
        """Delete the rows of a job that will not be applied, because staging did not complete."""
        rows = sa.delete(ImportedRow).where(*self._of(ImportedRow, job))
        await self._session.execute(rows, execution_options=UNWATCHED)

    async def delete_done_rows(self, job: str) -> None:
        """Delete the rows of all units that were not refused."""
        done = sa.delete(ImportedRow).where(*self._of(ImportedRow, job), ~self._is_refused)
        await self._session.execute(done, execution_options=UNWATCHED)

    def _refused(self, job: str, sheet: int) -> tuple[sa.ColumnElement[bool], ...]:
        is_in_report = sa.or_(self._is_refused, self._is_refused_whole(job))
        return (*self._of(ImportedRow, job), ImportedRow.sheet == sheet, is_in_report)

    def _is_refused_whole(self, job: str) -> sa.ColumnElement[bool]:
        """Whether the policy refuses all rows of a job with a problem."""
        return sa.exists().where(
            within(self._scope, ImportJobRow),
            ImportJobRow.id == job,
            ImportJobRow.policy == ImportPolicy.ATOMIC,
            ImportJobRow.problems > 0,
        )

    @property
    def _is_refused(self) -> sa.ColumnElement[bool]:
        """Whether the unit of a row has a problem that is not a warning."""
        return sa.exists().where(
            ImportProblemRow.company_id == ImportedRow.company_id,
            ImportProblemRow.job_id == ImportedRow.job_id,
            ImportProblemRow.unit == ImportedRow.unit,
            ~ImportProblemRow.is_warning,
        )

    def _of(
        self,
        table: type[ImportedRow | ImportProblemRow | ImportResultRow | ImportSheetRow],
        job: str,
    ) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return within(self._scope, table), table.job_id == job
