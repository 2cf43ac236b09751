"""Import jobs: files are staged row by row, then applied unit by unit, one batch per transaction.

The transaction of a batch also advances the position of the job. A killed job therefore resumes where
it stopped, and no order is imported twice or partly."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import FileRefused
from gateway.exchange.imports.document_ids import DOCUMENT_LINES, DocumentUnits, document_units
from gateway.exchange.imports.findings import record_findings
from gateway.exchange.imports.import_request import ImportRequest, fingerprint_files
from gateway.exchange.imports.job_run import JobRun, ProgressCallback
from gateway.exchange.imports.recognised_files import (
    RecognisedFiles,
    RecognisedSheet,
    file_findings,
    file_rows,
    recognise_files,
)
from gateway.exchange.imports.row_reader import Finding
from gateway.exchange.imports.staging import SheetStager
from gateway.exchange.mappings.mapped_sheets import read_mapped_sheets
from gateway.exchange.mappings.mapping_file import MappingFile
from gateway.orders.problems import encodable
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.import_rows import JobGone
from gateway.storage.scope import ScopeRequest, listed_ids
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import ImportJobRow, ImportJobStatus, ImportPolicy
from gateway.storage.transactions import read_only, transact, writing
from gateway.storage.writing import Writer

MANY = 1000
"""Rows after which the statistics of the database are updated."""


@dataclass
class Importer:
    """Runs import jobs in one scope."""

    database: Database
    scope: ScopeRequest
    rules: Rules
    cancelled: set[str] = field(default_factory=set)
    """Jobs that should stop, but cannot see a change of their status in their single transaction."""

    async def begin(
        self,
        recognised: RecognisedFiles,
        fingerprint: str,
        options: ImportOptions,
        request: ImportRequest,
        folder: str | None = None,
    ) -> ImportJobRow:
        """A new job for these files, or the unfinished one for the same files. `folder` is the identity of
        the import folder that receives them, if any."""
        fingerprint = self._own(fingerprint)
        files = ", ".join(dict.fromkeys(encodable(each.file) for each in recognised.decisions))

        async def change(writer: Writer) -> ImportJobRow:
            job = await writer.staging.unfinished(fingerprint)
            if job is not None:
                job.folder = folder or job.folder
                return job
            job = ImportJobRow(
                company_id=writer.scope.company,
                files=files,
                fingerprint=fingerprint,
                policy=request.policy,
                dry_run=request.dry_run,
                options=orjson.dumps(options.stored()).decode(),
                folder=folder,
                created_by=writer.scope.actor,
                customers=listed_ids(writer.scope.customers),
                writes_references=writer.scope.writes_references,
            )
            await writer.staging.add(job)
            return job

        return await transact(self.database, self.scope, change)

    def _own(self, fingerprint: str) -> str:
        """The fingerprint of the same files from a caller with the same limits."""
        if self.scope.customers is None and self.scope.writes_references:
            return fingerprint
        limits = listed_ids(self.scope.customers), self.scope.writes_references
        return hashlib.sha256(f"{fingerprint} {limits}".encode()).hexdigest()

    async def stage(self, key: str, files: RecognisedFiles) -> None:
        """Stage the rows of all files of a job, from the start if staging was interrupted. Does nothing
        if they are already staged. Raises FileRefused for a broken file, and JobGone if the job is no
        longer staging or another process is staging it too."""
        job = await self.job(key)
        if job.status is not ImportJobStatus.STAGING:
            return
        async with self._staging(key) as writer:
            await writer.staging.restart(key, file_rows(job, files))
        job.rows_staged = job.warnings = job.problems = 0
        documents = await asyncio.to_thread(document_units, job, files)
        for sheet in files.sheets:
            await self._stage_sheet(job, sheet, documents)
        await self._record_findings(job, file_findings(files))
        async with self._staging(key, job.rows_staged) as writer:
            await writer.staging.update(key, status=ImportJobStatus.APPLYING, message=None)
        if job.rows_staged >= MANY:
            await self.database.analyze()

    async def fail(self, key: str, message: str) -> None:
        """End a job whose files cannot be read. Does nothing if it has already ended."""
        with suppress(JobGone):
            async with self._staging(key) as writer:
                await writer.staging.delete_rows(key)
                await writer.staging.update(
                    key,
                    status=ImportJobStatus.FAILED,
                    message=encodable(message),
                    finished_date_time=now(),
                )

    async def wait(self, key: str, message: str) -> None:
        """Record what a job waits for. Does nothing if its rows are already staged."""
        with suppress(JobGone):
            async with self._staging(key) as writer:
                await writer.staging.update(key, message=message)

    @asynccontextmanager
    async def _staging(self, key: str, staged: int | None = None) -> AsyncIterator[Writer]:
        """A transaction of a job that is staging. Raises JobGone if it is not, or if the number of its
        rows is not `staged`, because another process is staging it too."""
        async with writing(self.database, self.scope) as writer:
            job = await writer.staging.job(key, lock=True)
            if job is None or job.status is not ImportJobStatus.STAGING:
                raise JobGone(f"Import job {key} is not being staged.")
            if staged is not None and job.rows_staged != staged:
                raise JobGone(f"Import job {key} is being staged by another process.")
            yield writer

    async def _stage_sheet(
        self, job: ImportJobRow, sheet: RecognisedSheet, documents: DocumentUnits
    ) -> None:
        stager = SheetStager(job, sheet)
        async for chunk in stager.chunks():
            async with self._staging(job.id, job.rows_staged) as writer:
                if sheet.entity is DOCUMENT_LINES:
                    await documents.join(writer, chunk)
                await writer.staging.add_rows(chunk)
                job.rows_staged += len(chunk)
                await writer.staging.update(job.id, rows_staged=job.rows_staged)
        async with self._staging(job.id, job.rows_staged) as writer:
            await writer.staging.add_reading(job.id, sheet.place, stager.reading())
        await self._record_findings(job, stager.findings())

    async def _record_findings(self, job: ImportJobRow, findings: Sequence[Finding]) -> None:
        async with self._staging(job.id, job.rows_staged) as writer:
            await record_findings(writer, job, [("", each, None) for each in findings])
            await writer.staging.update(job.id, warnings=job.warnings, problems=job.problems)

    async def run(self, key: str, progress: ProgressCallback | None = None) -> ImportJobRow:
        """Apply a staged job until it ends or is cancelled. Raises JobGone."""
        job = await self.job(key)
        run = JobRun(key, self.database, self.scope, self.rules, self.cancelled, progress)
        if job.policy is ImportPolicy.ATOMIC or job.dry_run:
            await run.apply_whole()
        else:
            while await run.apply_batch():
                pass
        job = await self.job(key)
        if not job.dry_run and job.rows_done >= MANY:
            await self.database.analyze()
        return job

    async def job(self, key: str) -> ImportJobRow:
        """Raises JobGone."""
        async with read_only(self.database, self.scope) as writer:
            job = await writer.staging.job(key)
        if job is None:
            raise JobGone(f"Import job {key} does not exist.")
        return job


async def import_files(
    importer: Importer,
    paths: Sequence[Path],
    options: ImportOptions,
    request: ImportRequest,
    progress: ProgressCallback | None = None,
    mapping: MappingFile | None = None,
) -> ImportJobRow:
    """Import files until the job ends or is cancelled. An unfinished job for the same files is resumed.

    Raises FileRefused and CompanyNotFound."""
    files = recognise_files(
        await asyncio.to_thread(read_mapped_sheets, paths, options, mapping),
        is_whole=request.is_whole,
    )
    fingerprint = await asyncio.to_thread(fingerprint_files, paths, options, request, mapping)
    job = await importer.begin(files, fingerprint, options, request)
    try:
        await importer.stage(job.id, files)
        return await importer.run(job.id, progress)
    except FileRefused as refused:
        await importer.fail(job.id, str(refused))
        raise
    except JobGone:
        return await importer.job(job.id)
