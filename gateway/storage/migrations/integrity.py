"""Safeguards against losing rows in a migration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

DANGLING = """
SELECT "table" || ' to ' || parent || ' (' || count(*) || ')'
FROM pragma_foreign_key_check GROUP BY "table", parent ORDER BY "table", parent
"""


class CannotMigrate(Exception):
    """The migration was refused or undone, and the database is unchanged. The message says why."""


@asynccontextmanager
async def foreign_keys_off(connection: AsyncConnection) -> AsyncIterator[None]:
    """Let a migration of SQLite rebuild a table. A rebuild drops the old table, and with foreign keys
    on that would delete every row that refers to it ON DELETE CASCADE.

    SQLite ignores the setting inside a transaction, so the transaction must begin in this context
    and end in it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await driver.execute("PRAGMA foreign_keys=ON")


def check_foreign_keys(connection: sa.Connection) -> None:
    """Raise CannotMigrate if rows of SQLite refer to rows that do not exist. PostgreSQL checks its
    foreign keys itself."""
    if connection.dialect.name != "sqlite":
        return
    dangling = connection.scalars(sa.text(DANGLING)).all()
    if dangling:
        raise CannotMigrate(
            "The migration was undone, because rows would refer to rows that do not exist: "
            f"{', '.join(dangling)}."
        )
