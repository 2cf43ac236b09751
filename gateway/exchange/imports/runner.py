"""Runs import jobs in the background of a server. Uploads begin them, and a server resumes unfinished
ones when it starts."""

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.reader_processes import ReadingStopped
from gateway.exchange.formats.sheets import FileRefused
from gateway.exchange.formats.sources import FileLocation
from gateway.exchange.imports.error_report import ErrorReport, error_report
from gateway.exchange.imports.import_request import ImportRequest, fingerprint_files
from gateway.exchange.imports.importer import Importer
from gateway.exchange.imports.job_folders import JobFolders
from gateway.exchange.imports.job_leases import JobLeases
from gateway.exchange.imports.recognised_files import RecognisedFiles, file_rows, recognise_files
from gateway.exchange.imports.results_stream import result_lines
from gateway.exchange.imports.upload_folder import remove_abandoned
from gateway.exchange.mappings.mapped_sheets import read_mapped_sheets
from gateway.exchange.mappings.mapping_file import MappingFile
from gateway.orders.service import Rules
from gateway.storage.companies import company_ids
from gateway.storage.database import Database
from gateway.storage.failures import UNUSABLE, TemporaryFailure
from gateway.storage.file_reports import file_report
from gateway.storage.import_rows import JobGone, request_of
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import ImportJobRow, ImportJobStatus
from gateway.storage.transactions import read_only

log = logging.getLogger("gateway")


TAKEN_OVER_EVERY = 20
"""Seconds between two searches for jobs whose process has ended."""

ABANDONED_AFTER = dt.timedelta(hours=1)
"""The age at which a job without files fails; another process may still be receiving the files of a
younger one."""


FORGOTTEN_AFTER = dt.timedelta(days=7)
"""The age at which a job fails if its files are in the folder of a host that has not come back."""

MISSING = "The files of this import are missing: import them again."
ELSEWHERE = (
    "The files of this import are in the import folder of another host. The import continues when the"
    " gateway starts there, or when the files are imported again."
)
FORGOTTEN = (
    "The files of this import are in the import folder of another host, where the gateway has not started"
    f" for {FORGOTTEN_AFTER.days} days: import them again."
)

NO_FILES = RecognisedFiles((), ())


class ImportNotFound(LookupError):
    """The company or the job does not exist."""


@dataclass(eq=False)
class _Run:
    """One run of a job. Stopping it does not stop a later run of the same job."""

    key: str
    importer: Importer


@dataclass
class Runner:
    """Runs import jobs one after the other, so that enough of the server is left for requests. Uploaded
    files stay in `folder` until their rows are staged. Jobs with files in another folder are left to
    the host that has them."""

    database: Database
    rules: Rules
    folder: Path
    interval: float = TAKEN_OVER_EVERY
    _runs: dict[_Run, asyncio.Task[None]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _receiving: set[str] = field(default_factory=set)
    """Jobs whose files are being moved into the folder."""
    _watch: asyncio.Task[None] | None = None

    @property
    def _folders(self) -> JobFolders:
        return JobFolders(self.folder)

    async def accept(
        self,
        scope: ScopeRequest,
        paths: Sequence[Path],
        options: ImportOptions,
        request: ImportRequest,
        mapping: MappingFile | None = None,
    ) -> tuple[ImportJobRow, list[dict[str, Any]]]:
        """Begin a job for uploaded files, which move into the folder; with it comes what is known about
        each file before its rows are counted. The decisions about the files also apply to staging. Raises
        FileRefused and CompanyNotFound."""
        locations = [FileLocation(path) for path in paths]
        files = await asyncio.to_thread(
            lambda: recognise_files(
                read_mapped_sheets(locations, options, mapping), is_whole=request.is_whole
            )
        )
        fingerprint = await asyncio.to_thread(fingerprint_files, paths, options, request, mapping)
        importer = Importer(self.database, scope, self.rules)
        folder = await asyncio.to_thread(self._folders.identify)
        job = await importer.begin(files, fingerprint, options, request, folder)
        if job.id not in self._receiving and not any(self._runs_of(job.id)):
            self._receiving.add(job.id)  # the same files may be uploaded twice at the same time
            try:
                await asyncio.to_thread(self._folders.receive, job.id, locations, options, mapping)
                self.begin(job, files)
            finally:
                self._receiving.remove(job.id)
        return job, [vars(file_report(row)) for row in file_rows(job, files)]

    async def error_report(self, scope: ScopeRequest, key: str) -> ErrorReport | None:
        """The refused rows of a job; None if there are none. Raises CompanyNotFound
        and ImportNotFound."""
        return await error_report(await self._importer_of(scope, key), key)

    async def results(self, scope: ScopeRequest, key: str) -> AsyncIterator[bytes]:
        """The results of a job so far, as JSON lines. Raises CompanyNotFound and ImportNotFound."""
        return result_lines(await self._importer_of(scope, key), key)

    async def _importer_of(self, scope: ScopeRequest, key: str) -> Importer:
        importer = Importer(self.database, scope, self.rules)
        try:
            await importer.job(key)
        except JobGone as missing:
            raise ImportNotFound(str(missing)) from missing
        return importer

    def begin(self, job: Any, files: RecognisedFiles = NO_FILES) -> None:
        """Queue a job; `files` are those that are still to be staged. Nothing happens if the job has
        ended when its turn comes."""
        run = _Run(job.id, Importer(self.database, request_of(job), self.rules))
        self._runs[run] = asyncio.create_task(self._run(run, files))

    def stop(self, key: str) -> None:
        """Stop a job that works in a single transaction, which cannot see a change of its status."""
        for run in self._runs_of(key):
            run.importer.cancelled.add(key)

    def _runs_of(self, key: str) -> Iterator[_Run]:
        return (run for run in self._runs if run.key == key)

    async def _run(self, run: _Run, files: RecognisedFiles) -> None:
        try:
            async with self._turn:
                with JobLeases(self.folder).taken(run.key) as is_taken:
                    if is_taken:
                        await self._stage(run.importer, run.key, files)
                        await run.importer.run(run.key)
        except TemporaryFailure as failure:
            log.warning("import job %s continues in a moment: %s", run.key, failure)
        except JobGone as gone:
            log.info("import job %s has ended: %s", run.key, gone)
        except ReadingStopped:
            log.info("import job %s resumes when the server starts again", run.key)
        except Exception:
            log.exception(
                "import job %s has stopped; it resumes when the server starts again", run.key
            )
        finally:
            del self._runs[run]

    async def _stage(self, importer: Importer, key: str, files: RecognisedFiles) -> None:
        try:
            await importer.stage(key, files)
        except FileRefused as refused:
            await self._fail(importer, key, str(refused))
            raise JobGone(str(refused)) from refused
        except JobGone:
            self._folders.drop(key)
            raise
        self._folders.drop(key)

    async def start(self) -> None:
        """Resume jobs now, if the database can be used, and again whenever a process with an unfinished job
        may have ended."""
        if not self.database.is_file_missing():
            with suppress(*UNUSABLE):
                await self.resume()
        self._watch = asyncio.create_task(self._take_over(), name="background: import jobs")

    async def _take_over(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            if not self.database.is_file_missing():
                with suppress(*UNUSABLE):
                    await self._take_over_all()

    async def _take_over_all(self) -> None:
        for company in await company_ids(self.database):
            async with read_only(self.database, ScopeRequest(company)) as writer:
                jobs = await writer.staging.all_unfinished()
            for job in jobs:
                if not any(self._runs_of(job.id)) and job.id not in self._receiving:
                    await self._resume(job, is_start=False)

    async def resume(self) -> None:
        """Queue every unfinished job, and remove interrupted uploads and the files of jobs that have
        ended."""
        await asyncio.to_thread(remove_abandoned, self.folder)
        keys = await asyncio.to_thread(self._folders.keys)
        for company in await company_ids(self.database):
            async with read_only(self.database, ScopeRequest(company)) as writer:
                jobs = await writer.staging.all_unfinished()
                for key in keys:
                    job = await writer.staging.job(key)
                    if job is not None and job.finished_date_time is not None:
                        self._folders.drop(key)
            for job in jobs:
                await self._resume(job)

    async def _resume(self, job: ImportJobRow, *, is_start: bool = True) -> None:
        """Queue a job unless another process runs it, or may do so because it has the files."""
        if not await asyncio.to_thread(JobLeases(self.folder).is_free, job.id):
            return
        if job.status is ImportJobStatus.APPLYING:
            self._folders.drop(job.id)
            self.begin(job)
            return
        importer = Importer(self.database, request_of(job), self.rules)
        age = now() - job.created_date_time
        if job.folder not in (None, await asyncio.to_thread(self._folders.identity)):
            if not is_start:
                return
            if age > FORGOTTEN_AFTER:
                await importer.fail(job.id, FORGOTTEN)
            else:
                await importer.wait(job.id, ELSEWHERE)
            return
        try:
            self.begin(job, await asyncio.to_thread(self._folders.files, job.id))
        except FileRefused as refused:
            await self._fail(importer, job.id, str(refused))
        except (OSError, ValueError):
            if age > ABANDONED_AFTER:
                await self._fail(importer, job.id, MISSING)

    async def _fail(self, importer: Importer, key: str, message: str) -> None:
        await importer.fail(key, message)
        self._folders.drop(key)

    async def close(self) -> None:
        """Stop all jobs; they resume in another process, or when a server starts again."""
        tasks = list(self._runs.values())
        if self._watch is not None:
            tasks.append(self._watch)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
