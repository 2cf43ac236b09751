"""The backup of a SQLite file that is made before a migration changes it."""

import asyncio
import sqlite3
import stat
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import is_current, migrate
from gateway.storage.migrations.integrity import CannotMigrate
from tests.support.revisions import break_reference, changed_tables, read_rows, revision_of, upgrade

pytestmark = pytest.mark.anyio

NAME = "orders.db"
BACKUP = "orders.db.before-0002"


def _add_company(file: Path, name: str) -> None:
    """A company in words that every revision understands."""
    with closing(sqlite3.connect(file)) as connection, connection:
        row = (str(uuid.uuid4()), name, "EUR")
        connection.execute("INSERT INTO companies (id, name, currency_code) VALUES (?, ?, ?)", row)
        connection.execute(
            "INSERT INTO number_series (company_id, id, code, prefix, digits, last_number)"
            " VALUES (?, ?, 'SALES_ORDERS', 'SO-', 6, 0)",
            (row[0], str(uuid.uuid4())),
        )


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite file at revision 0002, with a company."""
    database = Database(f"sqlite:///{tmp_path / NAME}", poolclass=NullPool)
    await upgrade(database, "0002")
    _add_company(tmp_path / NAME, "First")
    yield database
    await database.dispose()


def backups(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".before-" in path.name)


async def test_a_backup_has_every_row_from_before_the_migration(
    database: Database, tmp_path: Path
) -> None:
    before = await read_rows(database)
    backup = await migrate(database)
    assert backup == tmp_path / BACKUP
    assert await is_current(database)
    copy = Database(f"sqlite:///{backup}", poolclass=NullPool)
    assert await revision_of(copy) == "0002"
    assert await read_rows(copy) == before
    await copy.dispose()
    with closing(sqlite3.connect(backup)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_backup_includes_the_write_ahead_log(database: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as reader:
        reader.execute("SELECT * FROM companies").fetchall()
        _add_company(tmp_path / NAME, "In the log")
        assert b"In the log" not in (tmp_path / NAME).read_bytes()
        backup = await migrate(database)
    assert backup is not None
    with closing(sqlite3.connect(backup)) as opened:
        names = opened.execute("SELECT name FROM companies ORDER BY name").fetchall()
    assert names == [("First",), ("In the log",)]


async def test_nothing_is_backed_up_when_there_is_nothing_to_migrate(
    database: Database, tmp_path: Path
) -> None:
    await migrate(database, backup=False)
    assert await migrate(database) is None
    assert backups(tmp_path) == []


@pytest.mark.parametrize("url", ["sqlite:///{}/new.db", "sqlite://"])
async def test_a_database_without_tables_is_not_backed_up(tmp_path: Path, url: str) -> None:
    database = Database(url.format(tmp_path))
    assert await migrate(database) is None
    assert await is_current(database)
    await database.dispose()
    assert backups(tmp_path) == []


async def test_a_database_in_memory_is_migrated_without_a_backup() -> None:
    database = Database("sqlite://")
    await upgrade(database, "0002")
    async with database.write() as session:
        row = "INSERT INTO companies (id, name, currency_code) VALUES ('1', 'First', 'EUR')"
        await session.execute(sa.text(row))
    before = await read_rows(database)
    assert await migrate(database) is None
    assert changed_tables(before, await read_rows(database)) == []
    await database.dispose()


async def test_a_backup_never_overwrites_an_existing_file(
    database: Database, tmp_path: Path
) -> None:
    for name in (BACKUP, f"{BACKUP}.2"):
        (tmp_path / name).write_text("mine")
    assert await migrate(database) == tmp_path / f"{BACKUP}.3"
    assert [(tmp_path / name).read_text() for name in (BACKUP, f"{BACKUP}.2")] == ["mine", "mine"]


async def test_processes_that_migrate_at_the_same_time_make_one_backup(
    database: Database, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{tmp_path / NAME}", poolclass=NullPool)
    created = await asyncio.gather(migrate(database), migrate(other))
    await other.dispose()
    assert {backup for backup in created if backup} == {tmp_path / BACKUP}
    assert backups(tmp_path) == [BACKUP]
    assert await is_current(database)


async def test_a_backup_is_as_private_as_the_database(database: Database, tmp_path: Path) -> None:
    (tmp_path / NAME).chmod(0o600)
    await migrate(database)
    assert stat.S_IMODE((tmp_path / BACKUP).stat().st_mode) == 0o600


async def test_a_failed_migration_leaves_no_backup_and_no_changed_row(
    database: Database, tmp_path: Path
) -> None:
    break_reference(tmp_path / NAME)
    before = await read_rows(database)
    with pytest.raises(CannotMigrate, match="number_series to companies"):
        await migrate(database)
    assert backups(tmp_path) == []
    assert await revision_of(database) == "0002"
    assert await read_rows(database) == before


async def test_nothing_is_migrated_if_the_backup_cannot_be_written(tmp_path: Path) -> None:
    """The database has a name so long that the name of its backup would be too long for a file."""
    database = Database(f"sqlite:///{tmp_path / ('x' * 245)}", poolclass=NullPool)
    await upgrade(database, "0002")
    with pytest.raises(CannotMigrate, match="File name too long"):
        await migrate(database)
    assert await revision_of(database) == "0002"
    assert await migrate(database, backup=False) is None
    assert await is_current(database)
    await database.dispose()


async def test_a_database_of_a_newer_version_is_refused_and_not_backed_up(
    database: Database, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CannotMigrate, match="revision 9999, which this version of the gateway"):
        await migrate(database)
    assert backups(tmp_path) == []
