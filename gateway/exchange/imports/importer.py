"""Import jobs: files are staged row by row, then applied unit by unit, a batch in each transaction.

The position of a job moves in the transaction that writes its batch, so a job that was killed goes on
where it was: nothing is done twice, nothing half."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gateway.exchange.formats.detection import sheets
from gateway.exchange.formats.sheets import Reading, Refused
from gateway.exchange.imports.batches import Batch, Outcome
from gateway.exchange.imports.findings import Findings, tell
from gateway.exchange.imports.staging import Holding, Rows, hold, kept
from gateway.orders.problems import encodable
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.import_rows import JobGone
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import COUNTS, ImportJobRow, ImportJobStatus, ImportPolicy
from gateway.storage.writing import Writer, looking, transact, writing

APPLYING, FAILED = ImportJobStatus.APPLYING, ImportJobStatus.FAILED
Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


@dataclass(frozen=True)
class Request:
    """What is asked of an import."""

    policy: ImportPolicy = ImportPolicy.PER_ORDER
    dry_run: bool = False


MANY = 1000
"""Rows after which a database is told to look at its tables anew."""


class Policy(StrEnum):
    """What a bad row takes with it, in the words of commands and URLs."""

    PER_ORDER = "per-order"
    ATOMIC = "atomic"

    @property
    def policy(self) -> ImportPolicy:
        return ImportPolicy[self.name]


@dataclass
class Importer:
    """Runs import jobs of one company."""

    database: Database
    company: str | None
    rules: Rules
    cancelled: set[str] = field(default_factory=set)
    """Jobs that are to stop though their one transaction cannot be told from outside."""

    async def begin(
        self, held: Sequence[Holding], fingerprint: str, request: Request
    ) -> ImportJobRow:
        """A new job for sheets, or the one that was begun and not ended for the same files."""
        files = ", ".join(dict.fromkeys(encodable(holding.sheet.file) for holding in held))

        async def change(writer: Writer) -> ImportJobRow:
            job = await writer.staging.unfinished(fingerprint)
            if job is not None:
                return job
            job = ImportJobRow(
                company_id=writer.scope.company,
                files=files,
                fingerprint=fingerprint,
                policy=request.policy,
                dry_run=request.dry_run,
            )
            await writer.staging.add(job)
            return job

        return await transact(self.database, self.company, change)

    async def stage(self, key: str, held: Sequence[Holding]) -> None:
        """Keep the rows of all sheets of a job, from the start if it was interrupted in it; nothing if
        they are kept already. Raises Refused for a file that breaks off, and JobGone, also if another
        process keeps them meanwhile."""
        job = await self.job(key)
        if job.status is not ImportJobStatus.STAGING:
            return
        async with self._staging(key) as writer:
            await writer.staging.begin_again(key, [kept(job, holding) for holding in held])
        job.rows_staged = job.warnings = 0
        for holding in held:
            await self._keep(job, holding)
        async with self._staging(key, job.rows_staged) as writer:
            await writer.staging.update(key, status=APPLYING)
        if job.rows_staged >= MANY:
            await self.database.analyze()

    async def fail(self, key: str, message: str) -> None:
        """End a job whose files cannot be read to their end; nothing if it has ended."""
        with suppress(JobGone):
            async with self._staging(key) as writer:
                await writer.staging.forget_all(key)
                await writer.staging.update(
                    key, status=FAILED, message=encodable(message), finished_date_time=now()
                )

    @asynccontextmanager
    async def _staging(self, key: str, staged: int | None = None) -> AsyncIterator[Writer]:
        """A transaction in which the job is being staged; raises JobGone once it is not, or if other
        rows than the `staged` ones are kept, which another process has done."""
        async with writing(self.database, self.company) as writer:
            job = await writer.staging.job(key, lock=True)
            if job is None or job.status is not ImportJobStatus.STAGING:
                raise JobGone(f"Import job {key} is not to be staged.")
            if staged is not None and job.rows_staged != staged:
                raise JobGone(f"Import job {key} is staged by another process.")
            yield writer

    async def _keep(self, job: ImportJobRow, holding: Holding) -> None:
        rows = Rows(job, holding)
        async for chunk in rows.chunks():
            async with self._staging(job.id, job.rows_staged) as writer:
                await writer.staging.keep(chunk)
                job.rows_staged += len(chunk)
                await writer.staging.update(job.id, rows_staged=job.rows_staged)
        async with self._staging(job.id, job.rows_staged) as writer:
            await tell(writer, job, [("", finding, None) for finding in rows.findings()])
            await writer.staging.update(job.id, warnings=job.warnings)

    async def run(self, key: str, progress: Progress | None = None) -> ImportJobRow:
        """Apply a staged job to its end, or to its cancellation; raises JobGone."""
        job = await self.job(key)
        if job.policy is ImportPolicy.ATOMIC or job.dry_run:
            await self._run_whole(key, progress)
        else:
            while await self._run_batch(key, progress):
                pass
        job = await self.job(key)
        if not job.dry_run and job.rows_done >= MANY:
            await self.database.analyze()
        return job

    async def job(self, key: str) -> ImportJobRow:
        """Raises JobGone."""
        async with looking(self.database, self.company) as writer:
            job = await writer.staging.job(key)
        if job is None:
            raise JobGone(f"There is no import job {key}.")
        return job

    async def _run_batch(self, key: str, progress: Progress | None) -> bool:
        """Apply one batch; whether there may be more."""

        async def change(writer: Writer) -> ImportJobRow | None:
            job = await writer.staging.job(key, lock=True)
            if job is None or job.status is not APPLYING:
                return None
            batch = await Batch.next(writer, job, self.rules)
            outcome = await batch.apply(writer)
            job = await self._same(writer, key)
            job.position = batch.last or job.position
            await self._record(writer, job, outcome)
            if batch.last is None:
                await self._finish(writer, job)
            return job

        job = await transact(self.database, self.company, change)
        if job is not None and progress is not None:
            progress(job.rows_done, job.rows_staged)
        return job is not None and job.status is APPLYING

    async def _run_whole(self, key: str, progress: Progress | None) -> None:
        """Apply every batch in one transaction, and tell in it what came of them; what they write stays
        only if all went well and it was not a dry run."""

        async def change(writer: Writer) -> None:
            with Findings() as findings:
                await self._apply_whole(writer, key, findings, progress)

        await transact(self.database, self.company, change)

    async def _apply_whole(
        self, writer: Writer, key: str, findings: Findings, progress: Progress | None
    ) -> None:
        whole = Outcome()
        job = await writer.staging.job(key, lock=not self.database.is_sqlite)
        if job is None or job.status is not APPLYING:
            raise JobGone(f"Import job {key} is not to be applied.")
        keep = not job.dry_run
        # Asked once: who stops it after the last batch must not keep orders of which nothing is told.
        is_stopped = False
        async with writer.savepoint(lambda: keep):
            position: str | None = ""
            while position is not None and not (is_stopped := key in self.cancelled):
                batch = await Batch.next(writer, job, self.rules, after=position)
                outcome = await batch.apply(writer)
                findings.keep(outcome.findings)
                whole.count(outcome)
                position = batch.last
                writer.forget()
                if progress is not None:
                    progress(whole.rows, job.rows_staged)
            keep = keep and not whole.has_failures and not is_stopped
        if not is_stopped:
            await self._tell_whole(writer, key, whole, findings)

    async def _tell_whole(
        self, writer: Writer, key: str, whole: Outcome, findings: Findings
    ) -> None:
        for found in findings.batches():
            await tell(writer, await self._same(writer, key), found)
            writer.forget()
        job = await self._same(writer, key)
        if job.policy is ImportPolicy.ATOMIC and whole.has_failures:
            whole.undo()
            job.message = "Nothing is imported: the policy is atomic, and some rows are refused."
        await self._record(writer, job, whole)
        await self._finish(writer, job)

    async def _same(self, writer: Writer, key: str) -> ImportJobRow:
        """The job, which is locked, after a batch that may have let go of all that was read."""
        job = await writer.staging.job(key)
        assert job is not None  # noqa: S101
        return job

    async def _record(self, writer: Writer, job: ImportJobRow, outcome: Outcome) -> None:
        await tell(writer, job, outcome.findings)
        job.rows_done += outcome.rows
        for name, count in outcome.counts.items():
            setattr(job, name, getattr(job, name) + count)

    async def _finish(self, writer: Writer, job: ImportJobRow) -> None:
        counts = Counter({name: getattr(job, name) for name in COUNTS})
        failed = sum(count for name, count in counts.items() if name.endswith("_failed"))
        job.finished_date_time = now()
        if not failed:
            job.status = ImportJobStatus.SUCCEEDED
        elif sum(counts.values()) > failed:
            job.status = ImportJobStatus.PARTIALLY_SUCCEEDED
        else:
            job.status = FAILED
        if not job.dry_run and job.message is None:
            await writer.staging.forget_done(job.id)


def fingerprint_of(paths: Sequence[Path], reading: Reading, request: Request) -> str:
    """What tells that the same files were asked for, by the same names, to be read in the same way and
    with the same wishes."""
    names = [path.name for path in paths]
    digest = hashlib.sha256(repr((names, reading, request)).encode())
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


async def import_files(
    importer: Importer,
    paths: Sequence[Path],
    reading: Reading,
    request: Request,
    progress: Progress | None = None,
) -> ImportJobRow:
    """Import files to the end, or until somebody cancels it, or go on where an import of the same
    files was interrupted.

    Raises Refused and CompanyNotFound."""
    held = hold(await asyncio.to_thread(sheets, paths, reading))
    fingerprint = await asyncio.to_thread(fingerprint_of, paths, reading, request)
    job = await importer.begin(held, fingerprint, request)
    try:
        await importer.stage(job.id, held)
        return await importer.run(job.id, progress)
    except Refused as refused:
        await importer.fail(job.id, str(refused))
        raise
    except JobGone:
        return await importer.job(job.id)
