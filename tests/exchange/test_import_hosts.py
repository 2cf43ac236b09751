"""Until its rows are staged, an import job belongs to the host that has its files."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from gateway.exchange.imports.job_folders import JobFolders
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import now
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.transactions import writing
from tests.support.databases import Templates
from tests.support.importing import Client, ended, gate, head, line, orders, post
from tests.support.processes import Server, served
from tests.support.requests import execute, locked
from tests.support.world import load_world

FILES = orders([head("A")], [line("A")])
WAITING = (
    "The files of this import are in the import folder of another host. The import continues when the"
    " gateway starts there, or when the files are imported again."
)
FORGOTTEN = (
    "The files of this import are in the import folder of another host, where the gateway has not started"
    " for 7 days: import them again."
)
STATE = "query ($id: ID!) { importJob(id: $id) { status message } }"


@pytest.fixture
def url(all_templates: dict[str, Templates]) -> str:
    """The world on PostgreSQL; hosts cannot share a SQLite file."""
    return all_templates["postgresql"].copy("world", load_world)


@contextmanager
def host(folder: Path, url: str, uploads: Path | None = None) -> Iterator[Server]:
    """The gateway on a separate host, which is killed at the end. By default its import folder is in
    `folder`."""
    folder.mkdir(exist_ok=True)
    uploads = uploads or folder / "uploads"
    with served(folder, database_url=url, import_folder=str(uploads)) as server:
        yield server


def interrupted_job(folder: Path, url: str) -> str:
    """The id of a job of a host that is killed before it has staged a row."""
    with locked(url, "import_rows"), host(folder, url) as server:
        return str(post(server, FILES).json()["id"])


def state(client: Client, key: str) -> tuple[str, str | None]:
    job = client.ask(STATE, id=key)["importJob"]
    return job["status"], job["message"]


def test_a_job_waits_for_the_host_that_has_its_files(tmp_path: Path, url: str) -> None:
    key = interrupted_job(tmp_path / "a", url)
    with host(tmp_path / "b", url) as other:
        assert state(other, key) == ("STAGING", WAITING)
        with host(tmp_path / "a", url):
            job = ended(other, key)
    assert (job.status, job.fields["message"]) == ("SUCCEEDED", None)
    assert job.counts == {"headersCreated": 1, "linesCreated": 1}


def test_hosts_that_share_a_folder_continue_each_others_jobs(tmp_path: Path, url: str) -> None:
    key = interrupted_job(tmp_path / "a", url)
    with host(tmp_path / "b", url, tmp_path / "a" / "uploads") as other:
        job = ended(other, key)
    assert (job.status, job.fields["message"]) == ("SUCCEEDED", None)


def test_importing_the_files_on_another_host_continues_the_job_there(
    tmp_path: Path, url: str
) -> None:
    key = interrupted_job(tmp_path / "a", url)
    with host(tmp_path / "b", url) as other:
        assert post(other, FILES).json()["id"] == key
        job = ended(other, key)
    assert (job.status, job.fields["message"]) == ("SUCCEEDED", None)
    assert execute(url, "SELECT COUNT(*) FROM import_jobs") == [["(1,)"]]


async def add_job(url: str, age: dt.timedelta, folder: str | None = None) -> str:
    """A job whose files are in this folder, or in that of another host."""
    database = Database(url)
    async with writing(database, ScopeRequest()) as writer:
        job = ImportJobRow(
            company_id=writer.scope.company,
            files="gone.csv",
            fingerprint="0" * 64,
            folder=folder or str(uuid.uuid4()),
            created_date_time=now() - age,
        )
        await writer.staging.add(job)
    await database.dispose()
    return job.id


def test_a_job_fails_if_its_host_is_gone_for_a_week(tmp_path: Path, world_url: str) -> None:
    old = anyio.run(add_job, world_url, dt.timedelta(days=8))
    young = anyio.run(add_job, world_url, dt.timedelta(days=6))
    with gate(world_url, tmp_path) as client:
        assert state(client, old) == ("FAILED", FORGOTTEN)
        assert state(client, young) == ("STAGING", WAITING)


def test_the_files_of_a_job_that_ended_elsewhere_are_removed(tmp_path: Path, url: str) -> None:
    """Those of a job that is unknown, perhaps of another database, are kept."""
    key = interrupted_job(tmp_path / "a", url)
    uploads = tmp_path / "a" / "uploads"
    unknown = uploads / str(uuid.uuid4()) / "files"
    unknown.mkdir(parents=True)
    with host(tmp_path / "b", url) as other:
        assert post(other, FILES).json()["id"] == key
        assert ended(other, key).status == "SUCCEEDED"
    assert (uploads / key).exists()
    with gate(url, uploads):
        assert not (uploads / key).exists()
        assert unknown.exists()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (b'{"files": ["a.csv"], "options": {}, "mapping": null}', "a.csv is empty."),
        (b"{", "The files of this import are missing: import them again."),
    ],
    ids=["broken", "incomplete"],
)
def test_the_files_of_a_job_that_cannot_resume_are_removed(
    tmp_path: Path, world_url: str, description: bytes, message: str
) -> None:
    folders = JobFolders(tmp_path)
    key = anyio.run(add_job, world_url, dt.timedelta(hours=2), folders.identify())
    (tmp_path / key / "files").mkdir(parents=True)
    (tmp_path / key / "files" / "a.csv").write_bytes(b"")
    (tmp_path / key / "said.json").write_bytes(description)
    with gate(world_url, tmp_path) as client:
        assert state(client, key) == ("FAILED", message)
    assert not (tmp_path / key).exists()


def test_hosts_that_share_a_folder_see_the_same_identity(tmp_path: Path) -> None:
    """The identity is created with the first upload; a file that a power failure left empty is
    replaced."""
    folder, other = JobFolders(tmp_path / "a"), JobFolders(tmp_path / "b")
    assert folder.identity() is None
    assert folder.identify() == folder.identify() == folder.identity()
    assert other.identify() != folder.identity()
    (tmp_path / "a" / "folder-id").write_bytes(b"")
    assert folder.identify() == folder.identity() is not None
