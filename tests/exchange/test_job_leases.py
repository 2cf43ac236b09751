"""An import job is run by one process at a time, and taken over from a process that ends."""

import asyncio
import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.imports.import_request import ImportRequest
from gateway.exchange.imports.importer import Importer
from gateway.exchange.imports.job_leases import JobLeases
from gateway.exchange.imports.runner import Runner
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.import_jobs import UNFINISHED, ImportJobStatus
from tests.support.default_rules import RULES
from tests.support.importing import head, line, orders, written
from tests.support.served import PATIENCE

KEY = "6a9d1f0c-6d0e-4e3f-9d53-3a7a8e9a7d11"
FORKS = multiprocessing.get_context("fork")


def hold(root: Path, is_held: Event) -> None:
    with JobLeases(root).taken(KEY) as is_taken:
        assert is_taken
        is_held.set()
        FORKS.Event().wait()


def test_a_process_that_is_killed_loses_its_lease(tmp_path: Path) -> None:
    leases, is_held = JobLeases(tmp_path), FORKS.Event()
    process = FORKS.Process(target=hold, args=(tmp_path, is_held))
    process.start()
    try:
        assert is_held.wait(PATIENCE)
        assert not leases.is_free(KEY)
        with leases.taken(KEY) as is_taken:
            assert not is_taken
    finally:
        process.kill()
        process.join(PATIENCE)
    assert leases.is_free(KEY)
    with leases.taken(KEY) as is_taken:
        assert is_taken
    assert leases.is_free(KEY)


def test_a_lease_is_free_again_after_its_use_and_leaves_no_file(tmp_path: Path) -> None:
    leases = JobLeases(tmp_path)
    for _ in range(2):
        with leases.taken(KEY) as is_taken:
            assert is_taken
            with leases.taken(KEY) as is_taken_twice:
                assert not is_taken_twice
    assert list(tmp_path.iterdir()) == []
    assert leases.is_free(KEY)


async def status_after_take_over(url: str, folder: Path) -> ImportJobStatus:
    """The status of a job whose process stops at once, while another one is running."""
    database = Database(url)
    (folder / "sent").mkdir()
    paths = written(folder / "sent", orders([head("A")], [line("A")]))
    first, other = (Runner(database, RULES, folder / "uploads", interval=0.02) for _ in range(2))
    await other.start()
    job, _ = await first.accept(ScopeRequest(), paths, ImportOptions(), ImportRequest())
    await first.close()
    importer = Importer(database, ScopeRequest(), RULES)
    try:
        async with asyncio.timeout(PATIENCE):
            return await end_of(importer, job.id)
    finally:
        await other.close()
        await database.dispose()


async def end_of(importer: Importer, key: str) -> ImportJobStatus:
    status = ImportJobStatus.STAGING
    while status in UNFINISHED:
        await asyncio.sleep(0.02)
        status = (await importer.job(key)).status
    return status


def test_a_job_whose_process_stops_is_continued_by_another(world_url: str, tmp_path: Path) -> None:
    status = asyncio.run(status_after_take_over(world_url, tmp_path))
    assert status is ImportJobStatus.SUCCEEDED
