"""Import jobs in the background of a server: uploads begin them, and a server that starts goes on with
what another left undone."""

import asyncio
import datetime as dt
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from gateway.exchange.formats.detection import sheets
from gateway.exchange.formats.sheets import Reading, Refused
from gateway.exchange.imports.error_report import Refusals, refusals
from gateway.exchange.imports.importer import Importer, Request, fingerprint_of
from gateway.exchange.imports.staging import Holding, hold
from gateway.exchange.imports.upload_folder import sweep
from gateway.orders.service import Rules
from gateway.storage.companies import company_ids
from gateway.storage.database import Database
from gateway.storage.import_rows import JobGone
from gateway.storage.scope import CompanyNotFound
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import ImportJobRow, ImportJobStatus
from gateway.storage.writing import looking

log = logging.getLogger("gateway")


FILES, SAID, SAYING = "files", "said.json", "said.part"
"""What is in the folder of a job: a folder with its files, what was said about them, and what is just
being written of that."""

ABANDONED_AFTER = dt.timedelta(hours=1)
"""How old a job must be for its files to be missed: a younger one may be another process's."""


class NotFound(LookupError):
    """There is no such company, or no such job in it."""


@dataclass(eq=False)
class _Run:
    """One run of a job: whoever stops it does not stop another that is asked for afterwards."""

    key: str
    importer: Importer


@dataclass
class Runner:
    """Runs import jobs one after the other, so that requests keep their share of the server. Uploaded
    files wait in `folder`, each job's in one of its own, until their rows are kept."""

    database: Database
    rules: Rules
    folder: Path
    _runs: dict[_Run, asyncio.Task[None]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _taken: set[str] = field(default_factory=set)
    """Jobs whose files are just moving into the folder."""

    async def accept(
        self, company: str | None, paths: Sequence[Path], reading: Reading, request: Request
    ) -> ImportJobRow:
        """Begin a job for uploaded files, which move into the folder; raises Refused and NotFound."""
        held = await asyncio.to_thread(lambda: hold(sheets(paths, reading)))
        fingerprint = await asyncio.to_thread(fingerprint_of, paths, reading, request)
        importer = Importer(self.database, company, self.rules)
        try:
            job = await importer.begin(held, fingerprint, request)
        except CompanyNotFound as missing:
            raise NotFound(str(missing)) from missing
        if job.id not in self._taken and not any(self._runs_of(job.id)):
            self._taken.add(job.id)  # the same files may come twice at the same time
            try:
                await asyncio.to_thread(self._take, job.id, paths, reading)
                self.begin(job.company_id, job.id, await asyncio.to_thread(self._held, job.id))
            finally:
                self._taken.remove(job.id)
        return job

    async def refusals(self, company: str | None, key: str) -> Refusals | None:
        """The refused rows of a job; None if there are none. Raises NotFound."""
        importer = Importer(self.database, company, self.rules)
        try:
            await importer.job(key)
        except (CompanyNotFound, JobGone) as missing:
            raise NotFound(str(missing)) from missing
        return await refusals(importer, key)

    def _take(self, key: str, paths: Sequence[Path], reading: Reading) -> None:
        """Move the files of a job into its folder, last of all what is said about them, which is there
        whole or not at all."""
        folder = self.folder / key
        (folder / FILES).mkdir(parents=True, exist_ok=True)
        for path in paths:
            shutil.move(path, folder / FILES / path.name)
        said = {"files": [path.name for path in paths], "reading": asdict(reading)}
        (folder / SAYING).write_bytes(orjson.dumps(said))
        (folder / SAYING).replace(folder / SAID)

    def _held(self, key: str) -> list[Holding]:
        """The files of a job as they were given. Raises Refused, OSError if they are gone, and ValueError
        if what was said about them is not whole."""
        said = orjson.loads((self.folder / key / SAID).read_bytes())
        paths = [self.folder / key / FILES / name for name in said["files"]]
        return hold(sheets(paths, Reading(**said["reading"])))

    def begin(self, company: str, key: str, held: Sequence[Holding] = ()) -> None:
        """Run a job in its turn, which does nothing if it has ended by then."""
        run = _Run(key, Importer(self.database, company, self.rules))
        self._runs[run] = asyncio.create_task(self._run(run, held))

    def stop(self, key: str) -> None:
        """Have a job stop that works in one transaction, which nobody else can tell."""
        for run in self._runs_of(key):
            run.importer.cancelled.add(key)

    def _runs_of(self, key: str) -> Iterator[_Run]:
        return (run for run in self._runs if run.key == key)

    async def _run(self, run: _Run, held: Sequence[Holding]) -> None:
        try:
            async with self._turn:
                await self._stage(run.importer, run.key, held)
                await run.importer.run(run.key)
        except JobGone as gone:
            log.info("import job %s has ended: %s", run.key, gone)
        except Exception:
            log.exception(
                "import job %s has stopped; it goes on when the server starts again", run.key
            )
        finally:
            del self._runs[run]

    async def _stage(self, importer: Importer, key: str, held: Sequence[Holding]) -> None:
        try:
            await importer.stage(key, held)
        except Refused as refused:
            await importer.fail(key, str(refused))
            self._drop(key)
            raise JobGone(str(refused)) from refused
        except JobGone:
            self._drop(key)
            raise
        self._drop(key)

    def _drop(self, key: str) -> None:
        shutil.rmtree(self.folder / key, ignore_errors=True)

    async def resume(self) -> None:
        """Go on with every job that is not ended, and forget uploads that broke off."""
        await asyncio.to_thread(sweep, self.folder)
        for company in await company_ids(self.database):
            async with looking(self.database, company) as writer:
                jobs = await writer.staging.all_unfinished()
            for job in jobs:
                await self._resume(company, job)

    async def _resume(self, company: str, job: ImportJobRow) -> None:
        if job.status is ImportJobStatus.APPLYING:
            self.begin(company, job.id)
            return
        importer = Importer(self.database, company, self.rules)
        try:
            self.begin(company, job.id, await asyncio.to_thread(self._held, job.id))
        except Refused as refused:
            await importer.fail(job.id, str(refused))
        except (OSError, ValueError):
            if now() - job.created_date_time > ABANDONED_AFTER:
                await importer.fail(job.id, "The files of this import are gone: import them again.")

    async def close(self) -> None:
        """Stop where the jobs are; they go on when a server starts again."""
        tasks = list(self._runs.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
