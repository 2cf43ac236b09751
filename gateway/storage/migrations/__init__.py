"""Upgrades a database to the tables that the code expects, with Alembic."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage.database import Database
from gateway.storage.migrations.backup import file_backup
from gateway.storage.migrations.integrity import (
    CannotMigrate,
    check_foreign_keys,
    foreign_keys_off,
)

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent

MIGRATION_LOCK = 0x6761746577617900
"""Key of PostgreSQL's advisory lock for migrations. SQLite allows only one writer anyway."""


async def migrate(database: Database, *, backup: bool = True) -> Path | None:
    """Upgrade the database to the newest revision. Concurrent processes wait for one another.

    With `backup`, a SQLite file that already has tables is copied first. Returns the path of the copy,
    or None if there is none. Raises CannotMigrate."""
    async with migration_transaction(database) as connection:
        revision = await connection.run_sync(_revision)
        if revision == _known_revisions()[-1]:
            return None
        if revision is not None:
            _check_known(revision)
        copying = file_backup(connection, revision) if backup and revision else nullcontext()
        async with copying as copy:
            await connection.run_sync(run_alembic, _upgrade)
    return copy


async def is_current(database: Database) -> bool:
    """Whether the database is at the newest revision. Does not create a missing SQLite file."""
    if database.is_file_missing():
        return False
    async with aclosing(await database.connect()) as connection:
        revision = await connection.run_sync(_revision)
    return revision == _known_revisions()[-1]


@asynccontextmanager
async def migration_transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction in which tables may be rebuilt, and in which no other process can migrate."""
    async with database.owner.engine.connect() as connection:
        await connection.execution_options(gateway_writes=True)
        async with foreign_keys_off(connection), connection.begin():
            if not database.is_sqlite:
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            yield connection


def run_alembic(connection: sa.Connection, run: Callable[["Config"], None]) -> None:
    """Run an Alembic command in a `migration_transaction`. Raises CannotMigrate if it leaves rows that
    refer to missing ones."""
    run(_config(connection))
    check_foreign_keys(connection)


def _upgrade(config: "Config") -> None:
    from alembic import command  # noqa: PLC0415 - as in `_config`

    command.upgrade(config, "head")


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - commands that do not migrate start sooner

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


@cache
def _known_revisions() -> list[str]:
    """The revisions that the code knows, oldest first. The name of each begins with its number, so Alembic
    need not be loaded to find the newest one."""
    files = (FOLDER / "versions").glob("[0-9]*.py")
    return sorted(file.stem.partition("_")[0] for file in files)


def _check_known(revision: str) -> None:
    if revision not in _known_revisions():
        raise CannotMigrate(
            f"The database is at revision {revision}, which this version of the gateway does not"
            " know: install the version that migrated it."
        )


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the database; None if it was never migrated."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision
