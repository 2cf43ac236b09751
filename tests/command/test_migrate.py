"""`gateway migrate`, and `gateway serve` when it migrates the embedded database."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from tests.support.processes import run, served
from tests.support.revisions import break_reference, upgrade

UP_TO_DATE = "The database is up to date.\n"
BACKUP = "gateway.db.before-0002"
SAID = f"A backup of the database is beside it: {BACKUP}.\n"


COMPANY = """
INSERT INTO companies (id, name, currency_code) VALUES ('11111111-1111-4111-8111-111111111111', 'First', 'EUR');
INSERT INTO number_series (company_id, id, code, prefix, digits, last_number)
VALUES (
  '11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222',
  'SALES_ORDERS', 'SO-', 6, 0
);
"""
"""In words that every revision of the tables understands."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an embedded database at revision 0002, with a company."""

    async def make() -> None:
        database = Database(f"sqlite:///{tmp_path / 'gateway.db'}", poolclass=NullPool)
        await upgrade(database, "0002")
        await database.dispose()

    asyncio.run(make())
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection:
        connection.executescript(COMPANY)
    return tmp_path


def companies(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM companies")]


def test_migrate_backs_up_a_sqlite_file_once_and_says_so(folder: Path) -> None:
    assert run(folder, "migrate") == (0, SAID + UP_TO_DATE, "")
    assert run(folder, "migrate") == (0, UP_TO_DATE, "")
    assert companies(folder / "gateway.db") == companies(folder / BACKUP) == ["First"]
    assert {path.name for path in folder.iterdir()} == {"gateway.db", BACKUP, "out", "err", "tmp"}


def test_migrate_with_no_backup_makes_none(folder: Path) -> None:
    assert run(folder, "migrate", "--no-backup") == (0, UP_TO_DATE, "")
    assert {path.name for path in folder.iterdir()} == {"gateway.db", "out", "err", "tmp"}


def test_serve_backs_up_the_embedded_database_before_it_migrates_it(folder: Path) -> None:
    with served(folder):
        assert (folder / "err").read_text() == ""
    assert (folder / "out").read_text().startswith(SAID)
    assert companies(folder / BACKUP) == ["First"]


def test_a_migration_that_would_leave_dangling_references_fails_in_one_sentence(
    folder: Path,
) -> None:
    break_reference(folder / "gateway.db")
    complaint = (
        "The migration was undone, because rows would refer to rows that do not exist:"
        " number_series to companies (1).\n"
    )
    assert run(folder, "migrate") == (1, "", complaint)
    assert run(folder, "serve", "--port", "0") == (1, "", complaint)
    assert not (folder / BACKUP).exists()


def test_a_database_of_a_newer_gateway_fails_in_one_sentence(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "gateway.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    complaint = (
        "The database is at revision 9999, which this version of the gateway does not know:"
        " install the version that migrated it.\n"
    )
    assert run(folder, "migrate") == (1, "", complaint)
