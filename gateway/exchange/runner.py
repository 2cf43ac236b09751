"""Import jobs in the background of a server: uploads begin them, and a server that starts goes on with
what another left undone."""

import asyncio
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.exchange.jobs import Importer, Request, fingerprint_of
from gateway.exchange.reading import sheets
from gateway.exchange.refusals import Refusals, refusals
from gateway.exchange.sheets import Reading, Refused
from gateway.exchange.staging import Holding, hold
from gateway.orders.service import Rules
from gateway.storage.companies import company_ids
from gateway.storage.database import Database
from gateway.storage.imports import ImportJob, ImportJobStatus
from gateway.storage.scope import CompanyNotFound
from gateway.storage.staging import JobGone
from gateway.storage.writing import writing

log = logging.getLogger("gateway")


class NotFound(LookupError):
    """There is no such company, or no such job in it."""


@dataclass
class Runner:
    """Runs import jobs one after the other, so that requests keep their share of the server. Uploaded
    files wait in `folder`, each job's in one of its own, until their rows are kept."""

    database: Database
    rules: Rules
    folder: Path
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _importers: dict[str, Importer] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def accept(
        self, company: str | None, paths: Sequence[Path], reading: Reading, request: Request
    ) -> ImportJob:
        """Begin a job for uploaded files, which move into the folder; raises Refused and NotFound."""
        held = await asyncio.to_thread(lambda: hold(sheets(paths, reading)))
        fingerprint = await asyncio.to_thread(fingerprint_of, paths, request)
        importer = Importer(self.database, company, self.rules)
        try:
            job = await importer.begin(held, fingerprint, request)
        except CompanyNotFound as missing:
            raise NotFound(str(missing)) from missing
        if job.id not in self._tasks:
            kept = await asyncio.to_thread(self._take, job.id, paths)
            again = await asyncio.to_thread(lambda: hold(sheets(kept, reading)))
            self.begin(job.company_id, job.id, again)
        return job

    async def refusals(self, company: str | None, key: str) -> Refusals | None:
        """The refused rows of a job; None if there are none. Raises NotFound."""
        importer = Importer(self.database, company, self.rules)
        try:
            await importer.job(key)
        except (CompanyNotFound, JobGone) as missing:
            raise NotFound(str(missing)) from missing
        return await refusals(importer, key)

    def _take(self, key: str, paths: Sequence[Path]) -> list[Path]:
        folder = self.folder / key
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.move(path, folder / path.name)) for path in paths]

    def begin(self, company: str, key: str, held: Sequence[Holding] = ()) -> None:
        """Run a job, unless it runs already."""
        if key not in self._tasks:
            importer = Importer(self.database, company, self.rules)
            self._importers[key] = importer
            self._tasks[key] = asyncio.create_task(self._run(importer, key, held))

    def stop(self, key: str) -> None:
        """Have a job stop that works in one transaction, which nobody else can tell."""
        if key in self._importers:
            self._importers[key].cancelled.add(key)

    async def _run(self, importer: Importer, key: str, held: Sequence[Holding]) -> None:
        try:
            async with self._turn:
                await importer.stage(key, held)
                self._drop(key)
                await importer.run(key)
        except Refused as refused:
            await importer.fail(key, str(refused))
        except JobGone:
            log.info("import job %s was cancelled", key)
        finally:
            del self._tasks[key], self._importers[key]

    def _drop(self, key: str) -> None:
        shutil.rmtree(self.folder / key, ignore_errors=True)

    async def resume(self) -> None:
        """Go on with every job that is not ended."""
        for company in await company_ids(self.database):
            async with writing(self.database, company, dry_run=True) as writer:
                jobs = await writer.staging.all_unfinished()
            for job in jobs:
                await self._resume(company, job)

    async def _resume(self, company: str, job: ImportJob) -> None:
        paths = sorted((self.folder / job.id).glob("*"))
        if job.status is ImportJobStatus.APPLYING:
            self.begin(company, job.id)
        elif paths:
            held = await asyncio.to_thread(lambda: hold(sheets(paths, Reading())))
            self.begin(company, job.id, held)

    async def close(self) -> None:
        """Stop where the jobs are; they go on when a server starts again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
