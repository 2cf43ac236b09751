"""The backup of a SQLite file that is made before a migration changes it."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.storage.migrations.integrity import CannotMigrate


@asynccontextmanager
async def file_backup(connection: AsyncConnection, revision: str) -> AsyncIterator[Path | None]:
    """A copy of the database named `gateway.db.before-0001` beside its file, where 0001 is `revision`;
    if that name is taken, `gateway.db.before-0001.2` and so on. None if the database is not a file.

    `connection` must be in a write transaction, so that nothing changes between the copy and the
    migration. The copy is removed if the migration fails: the database is unchanged then, and a
    service that keeps restarting would fill the disk. Raises CannotMigrate if no copy can be made."""
    file = await _file(connection)
    if file is None:
        yield None
        return
    with _explained_failure():
        backup = await asyncio.to_thread(_create, file, revision)
    try:
        with _explained_failure():
            await _fill(backup, connection.engine)
        yield backup
    except BaseException:
        backup.unlink(missing_ok=True)
        raise


async def _file(connection: AsyncConnection) -> Path | None:
    """The file of a SQLite database; None for one in memory and for PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return None
    statement = sa.text("SELECT file FROM pragma_database_list WHERE name = 'main'")
    path = await connection.scalar(statement)
    return Path(path) if path else None


def _create(file: Path, revision: str) -> Path:
    """Create the empty file of a backup, with no more permissions than `file`. By default SQLite would
    let all users read it."""
    backup = next(path for path in _names(file, revision) if not path.exists())
    backup.touch(stat.S_IMODE(file.stat().st_mode), exist_ok=False)
    return backup


def _names(file: Path, revision: str) -> Iterator[Path]:
    first = file.with_name(f"{file.name}.before-{revision}")
    yield first
    for number in count(2):
        yield first.with_name(f"{first.name}.{number}")


async def _fill(backup: Path, engine: AsyncEngine) -> None:
    async with aclosing(await engine.connect()) as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute("VACUUM INTO ?", (str(backup),))
    await asyncio.to_thread(_sync, backup)


def _sync(backup: Path) -> None:
    """Wait until the backup is on the disk, which VACUUM INTO does not."""
    with backup.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _explained_failure() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CannotMigrate(
            f"Nothing was migrated, because no backup could be written beside the database: {reason}."
            " Use `gateway migrate --no-backup` to migrate without one."
        ) from None
