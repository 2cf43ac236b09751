"""Applies the staged rows of an import job, in one transaction per batch or all in one."""

from collections import Counter
from collections.abc import Callable, Set
from dataclasses import dataclass

from gateway.exchange.imports.batches import Batch
from gateway.exchange.imports.findings import record_findings
from gateway.exchange.imports.outcomes import Outcome, OutcomeFile
from gateway.exchange.imports.row_results import record_results
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.import_rows import JobGone
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import COUNTS, ImportJobRow, ImportJobStatus, ImportPolicy
from gateway.storage.transactions import transact
from gateway.storage.writing import Writer

ProgressCallback = Callable[[int, int], None]
"""Called with the number of rows done and the total."""


@dataclass(frozen=True)
class JobRun:
    """Applies one staged job."""

    key: str
    database: Database
    scope: ScopeRequest
    rules: Rules
    cancelled: Set[str]
    """Jobs that should stop, but cannot see a change of their status in their single transaction."""
    progress: ProgressCallback | None = None

    async def apply_batch(self) -> bool:
        """Apply the next batch in its own transaction; returns whether there may be another."""

        async def change(writer: Writer) -> ImportJobRow | None:
            job = await writer.staging.job(self.key, lock=True)
            if job is None or job.status is not ImportJobStatus.APPLYING:
                return None
            batch = await Batch.next(writer, job, self.rules)
            outcome = await batch.apply(writer)
            job = await self._reload(writer)
            job.position = batch.last or job.position
            await self._record(writer, job, outcome)
            if batch.last is None:
                await self._finish(writer, job)
            return job

        job = await transact(self.database, self.scope, change)
        if job is not None and self.progress is not None:
            self.progress(job.rows_done, job.rows_staged)
        return job is not None and job.status is ImportJobStatus.APPLYING

    async def apply_whole(self) -> None:
        """Apply all batches in one transaction, and record their findings and results in it. The orders
        are stored only if every row was imported and this is not a dry run."""

        async def change(writer: Writer) -> None:
            with OutcomeFile() as outcomes:
                await self._apply_all(writer, outcomes)

        await transact(self.database, self.scope, change)

    async def _apply_all(self, writer: Writer, outcomes: OutcomeFile) -> None:
        whole = Outcome()
        job = await writer.staging.job(self.key, lock=not self.database.is_sqlite)
        if job is None or job.status is not ImportJobStatus.APPLYING:
            raise JobGone(f"Import job {self.key} is not being applied.")
        keep = not job.dry_run
        # Read once per batch: a stop after the last batch must not store orders without their counts.
        is_stopped = False
        async with writer.savepoint(lambda: keep):
            position: str | None = ""
            while position is not None and not (is_stopped := self.key in self.cancelled):
                batch = await Batch.next(writer, job, self.rules, after=position)
                outcome = await batch.apply(writer)
                outcomes.append(outcome)
                whole.count(outcome)
                position = batch.last
                writer.forget()
                if self.progress is not None:
                    self.progress(whole.rows, job.rows_staged)
            keep = keep and not whole.has_failures and not is_stopped
        if not is_stopped:
            await self._record_all(writer, whole, outcomes)

    async def _record_all(self, writer: Writer, whole: Outcome, outcomes: OutcomeFile) -> None:
        job = await self._reload(writer)
        is_undone = job.policy is ImportPolicy.ATOMIC and whole.has_failures
        for outcome in outcomes.outcomes():
            job = await self._reload(writer)
            await record_findings(writer, job, outcome.findings)
            await record_results(writer, job, outcome.results, is_undone=is_undone)
            writer.forget()
        job = await self._reload(writer)
        if is_undone:
            whole.undo()
            job.message = "Nothing was imported: the policy is atomic, and some rows were refused."
        await self._record(writer, job, whole)
        await self._finish(writer, job)

    async def _reload(self, writer: Writer) -> ImportJobRow:
        """The locked job, read again, since a batch may have cleared the session."""
        job = await writer.staging.job(self.key)
        assert job is not None  # noqa: S101
        return job

    async def _record(self, writer: Writer, job: ImportJobRow, outcome: Outcome) -> None:
        await record_findings(writer, job, outcome.findings)
        await record_results(writer, job, outcome.results)
        job.rows_done += outcome.rows
        for name, count in outcome.counts.items():
            setattr(job, name, getattr(job, name) + count)

    async def _finish(self, writer: Writer, job: ImportJobRow) -> None:
        counts = Counter({name: getattr(job, name) for name in COUNTS})
        failed = sum(count for name, count in counts.items() if name.endswith("_failed"))
        job.finished_date_time = now()
        if not failed and not job.problems:
            job.status = ImportJobStatus.SUCCEEDED
        elif sum(counts.values()) > failed:
            job.status = ImportJobStatus.PARTIALLY_SUCCEEDED
        else:
            job.status = ImportJobStatus.FAILED
        if not job.dry_run and job.message is None:
            await writer.staging.delete_done_rows(job.id)
