"""The frame of every command: reads the settings, opens the database, and ends with a one-sentence
error if either cannot be used."""

import asyncio
import errno
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gateway.environment import BadSettings, read_settings_from
from gateway.opened_database import BadDatabaseUrl, open_database
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.failures import UNUSABLE, why_unusable
from gateway.storage.migrations import is_current
from gateway.storage.migrations.integrity import CannotMigrate
from gateway.storage.row_security import row_security_fault

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

COMMAND_LINE = "command line"
"""The author that is recorded for the changes of commands."""

NOT_MIGRATED = "The database is not migrated: run `gateway migrate`."

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk. A database reports its own in another way."""

CompanyName = Annotated[
    str | None, typer.Option(help="The name of the company. Not needed if there is only one.")
]


def read_settings() -> Settings:
    """The settings in the environment and in `.env` in the current directory."""
    try:
        return read_settings_from(os.environ, Path(".env"))
    except BadSettings as error:
        fail(str(error))


def begin_log(settings: Settings, level: str) -> "FilteringBoundLogger":
    """Begin the log of this process, at `level` unless the settings have one."""
    from gateway.logs.log import start_log  # noqa: PLC0415 - commands that only print start sooner

    return start_log(settings.log_level or level, settings.log_format)


def run_on_database(settings: Settings, task: Callable[[Database], Awaitable[None]]) -> None:
    """What a command does: log what goes wrong, and `use_database`."""
    begin_log(settings, "warning")
    use_database(settings, task)


def use_database(settings: Settings, task: Callable[[Database], Awaitable[None]]) -> None:
    """Run `task` on the database of `settings`. End the command with a one-sentence error if the database
    cannot be used."""

    async def run() -> None:
        database = open_database(settings)
        try:
            await task(database)
        finally:
            await database.dispose()

    try:
        asyncio.run(run())
    except BadDatabaseUrl as error:
        fail(str(error))
    except ValueError as error:
        fail(f"GATEWAY_DATABASE_URL: {error}")
    except CannotMigrate as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader of the pipe has gone, and Python would complain when it flushes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UNUSABLE as error:
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            fail(f"Cannot write: {error.strerror}.")
        fail(f"The database cannot be used: {why_unusable(error)}.")


async def check_database(database: Database) -> None:
    """End the command unless the database is migrated, and its row security is as the settings say."""
    if not await is_current(database):
        fail(NOT_MIGRATED)
    if (fault := await row_security_fault(database)) is not None:
        fail(fault)


def check_is_shared(settings: Settings) -> None:
    """End the command unless several processes can use the database of `settings`."""
    database = open_database(settings)
    if database.is_sqlite and database.file is None:
        fail(
            "--workers: the processes cannot share a database in memory. Name a file or PostgreSQL."
        )


def fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
