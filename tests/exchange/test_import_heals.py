"""An import that is killed resumes where it stopped: no order is imported twice or in part."""

import datetime as dt
import random
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.imports.import_request import ImportRequest
from gateway.exchange.imports.importer import Importer, import_files
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import ImportJobRow, ImportPolicy
from gateway.storage.transactions import writing
from tests.support.databases import Templates
from tests.support.default_rules import RULES
from tests.support.importing import (
    Client,
    bring_in,
    ended,
    gate,
    head,
    line,
    orders,
    post,
    stored_content,
    written,
)
from tests.support.processes import Server, forked, served
from tests.support.requests import execute
from tests.support.served import PATIENCE, wait_until
from tests.support.world import load_world

LINES_EACH = 3


def load(count: int) -> dict[str, bytes]:
    """Orders with numbers, some of which are invoiced, and a few orders without a number."""
    names = [f"K{place:04}" for place in range(count)]
    headers = [
        head(name, SALESORDERSTATUS="Invoiced" if place % 50 == 0 else "")
        for place, name in enumerate(names)
    ]
    nameless = [head("", EMAIL=f"r{place}@example.com") for place in range(count // 20)]
    lines = [line(name, place) for name in names for place in range(1, LINES_EACH + 1)]
    return orders([*headers, *nameless], lines)


LOAD = load(600)


FEW = load(100)


async def load_few(database: Database) -> None:
    await load_world(database)
    await bring_in(database, FEW)


async def load_undisturbed(database: Database) -> None:
    await load_world(database)
    await bring_in(database, LOAD)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.full)])
@pytest.mark.parametrize("policy", ["per-order", "atomic"])
def test_a_repeatedly_killed_import_ends_like_an_undisturbed_one(
    tmp_path: Path, templates: Templates, kills: int, policy: str
) -> None:
    chance = random.Random(20)
    expected = stored_content(templates.copy("undisturbed", load_undisturbed))
    files = [str(path) for path in written(tmp_path, LOAD)]
    killed = 0
    while killed < kills:
        url = templates.copy("world", load_world)
        is_done = False
        while not is_done:
            patience = chance.uniform(0.3, 2.5) if killed < kills else PATIENCE
            with forked(
                tmp_path, "import", "--policy", policy, *files, database_url=url
            ) as process:
                process.join(patience)
                is_done = process.exitcode is not None
                killed += not is_done
        assert process.exitcode == 0, (tmp_path / "err").read_text()
        assert stored_content(url) == expected
        [statuses] = execute(url, "SELECT status FROM import_jobs")
        assert set(statuses) == {"('SUCCEEDED',)"}, (
            "an import that is killed at its very end has two jobs"
        )


def receiving(
    folder: Path, url: str, uploads: Path | None = None
) -> AbstractContextManager[Server]:
    """A server that receives uploads in this folder."""
    uploads = uploads or folder / "uploads"
    return served(folder, database_url=url, import_folder=str(uploads))


def test_a_job_of_a_killed_server_resumes_when_the_server_starts_again(
    tmp_path: Path, templates: Templates
) -> None:
    """The server is killed once while rows are staged, and once while they are applied."""
    url = templates.copy("world", load_world)
    with receiving(tmp_path, url) as client:
        key = post(client, LOAD).json()["id"]
    with receiving(tmp_path, url):
        wait_until(lambda: execute(url, "SELECT COUNT(*) FROM sales_orders") != [["(0,)"]])
    with receiving(tmp_path, url) as client:
        job = ended(client, key)
    assert (job.status, job.findings) == ("SUCCEEDED", [])
    assert job.fields["linesCreated"] == 600 * LINES_EACH
    assert stored_content(url) == stored_content(templates.copy("undisturbed", load_undisturbed))
    assert list((tmp_path / "uploads").glob(key)) == []


HALF = b"SALESORDERNUMBER,ORDERINGCUSTOMERACCOUNTNUMBER\n".ljust(100, b"\n")
"""The first half of an upload; the second half consists of blank lines."""


@contextmanager
def upload_on_its_way(client: Client, uploads: Path) -> Iterator[socket.socket]:
    """A connection with a half-received upload."""
    where = httpx2.URL(client.url)
    with socket.create_connection((where.host, where.port or 80), PATIENCE) as connection:
        head = f"POST /imports?name=a.csv HTTP/1.1\r\nHost: {where.host}:{where.port}\r\n"
        connection.sendall(f"{head}Content-Length: {2 * len(HALF)}\r\n\r\n".encode() + HALF)
        wait_until(lambda: list(uploads.glob("*/*/a.csv")))
        yield connection


def test_an_upload_interrupted_by_a_kill_is_removed_when_a_server_starts(
    tmp_path: Path, templates: Templates
) -> None:
    """An upload that another server is receiving into the same folder stays."""
    url = templates.copy("world", load_world)
    uploads, other = tmp_path / "uploads", tmp_path / "other"
    other.mkdir()
    with receiving(tmp_path, url) as client, upload_on_its_way(client, uploads) as connection:
        with receiving(other, url, uploads):
            pass
        connection.sendall(b"\n" * len(HALF))
        assert connection.recv(20).startswith(b"HTTP/1.1 202")
    with ExitStack() as after_the_kill:
        with receiving(tmp_path, url) as client:
            after_the_kill.enter_context(upload_on_its_way(client, uploads))
        assert list(uploads.glob("*/")) != []
    with receiving(tmp_path, url):
        wait_until(lambda: list(uploads.glob("*/")) == [])


async def import_together(url: str, paths: list[Path], policy: ImportPolicy) -> None:
    databases = [Database(url) for _ in range(3)]
    async with anyio.create_task_group() as group:
        for database in databases:
            importer = Importer(database, ScopeRequest(actor="command line"), RULES)
            group.start_soon(import_files, importer, paths, ImportOptions(), ImportRequest(policy))
    for database in databases:
        await database.dispose()


@pytest.mark.parametrize("policy", ImportPolicy)
def test_files_imported_by_several_processes_at_once_are_imported_once(
    tmp_path: Path, templates: Templates, policy: ImportPolicy
) -> None:
    """All processes get the same job, which one of them stages."""
    url = templates.copy("world", load_world)
    anyio.run(import_together, url, written(tmp_path, FEW), policy)
    assert stored_content(url) == stored_content(templates.copy("undisturbed_few", load_few))
    [statuses, [created]] = execute(
        url,
        "SELECT DISTINCT status FROM import_jobs",
        "SELECT SUM(headers_created), SUM(lines_created) FROM import_jobs",
    )
    assert statuses == ["('SUCCEEDED',)"]
    assert created == "(105, 300)"


async def add_job(url: str, age: dt.timedelta) -> str:
    database = Database(url)
    job_began = now() - age
    async with writing(database, ScopeRequest()) as writer:
        job = ImportJobRow(
            company_id=writer.scope.company,
            files="gone.csv",
            fingerprint="0" * 64,
            created_date_time=job_began,
        )
        await writer.staging.add(job)
    await database.dispose()
    return job.id


@pytest.mark.parametrize("said", [None, b"", b'{"files": ['])
def test_a_job_whose_files_are_missing_fails_with_a_message_when_a_server_starts(
    tmp_path: Path, world_url: str, said: bytes | None
) -> None:
    """A job that another process has just begun does not fail. The description of the files may have
    been lost in a power failure."""
    gone = anyio.run(add_job, world_url, dt.timedelta(hours=2))
    if said is not None:
        (tmp_path / gone).mkdir()
        (tmp_path / gone / "said.json").write_bytes(said)
    young = anyio.run(add_job, world_url, dt.timedelta(seconds=1))
    with gate(world_url, tmp_path) as client:
        job = ended(client, gone)
        assert job.status == "FAILED"
        assert job.fields["message"] == "The files of this import are missing: import them again."
        state = client.ask("query ($id: ID!) { importJob(id: $id) { status } }", id=young)
        assert state["importJob"] == {"status": "STAGING"}
