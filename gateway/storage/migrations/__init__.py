"""Bringing a database to the tables that the code expects, with Alembic."""

from contextlib import aclosing
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.storage.database import Database

MIGRATING = 0x6761746577617900
"""The lock under which PostgreSQL is migrated; SQLite has one writer at a time anyway."""


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


async def migrate(database: Database) -> None:
    """Bring the database to the newest revision; does nothing if it is there. Processes that do it
    at the same time wait for each other."""
    async with database.engine.connect() as connection:
        await connection.execution_options(gateway_writes=True)
        async with connection.begin():
            if not database.is_sqlite:
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
            await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))


async def is_current(database: Database) -> bool:
    """Whether the database is at the newest revision; makes no file of SQLite that is not there."""
    if database.is_file_missing():
        return False
    async with aclosing(await database.connect()) as connection:
        revision = await connection.run_sync(_revision)
    return revision == _newest()


@cache
def _newest() -> str | None:
    """The newest revision that the code knows; to find it all migrations are imported."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
