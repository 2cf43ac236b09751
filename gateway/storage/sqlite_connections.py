"""Connections to SQLite: their set-up, their functions, and the begin of their transactions."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import aiosqlite
import sqlalchemy as sa

from gateway.storage.accents import fold_accents

PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL")
"""A change that was acknowledged survives a power cut: each commit waits for the disk, which takes
milliseconds."""


async def open_sqlite(*arguments: Any, **options: Any) -> aiosqlite.Connection:
    """A connection. Errors are raised only once the thread of the connection has ended, which would
    otherwise call an event loop that may be closed by then."""
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread  # noqa: SLF001 - SQLAlchemy too has no other way to it
    thread.daemon = True
    try:
        return await connection
    except BaseException:
        await asyncio.to_thread(thread.join)
        raise


def prepare_sqlite(connection: Any, _record: Any) -> None:
    """Keep the driver from opening transactions. `begin_sqlite` does this, so that reads also run in
    transactions and writes take their lock at the start."""
    connection.isolation_level = None
    prepare_reader(connection)
    with closing(connection.cursor()) as cursor:
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")


def prepare_reader(connection: Any) -> None:
    """Register the functions that statements use with a connection to SQLite."""
    connection.create_function("gateway_fold", 1, fold_case, deterministic=True)
    connection.create_function("gateway_fold_accents", 1, fold_accents, deterministic=True)


def fold_case(text: str | None) -> str | None:
    """The text without case. On PostgreSQL the migrations create a function of the same name."""
    return None if text is None else text.casefold()


def begin_sqlite(connection: sa.Connection) -> None:
    """SQLAlchemy does not wrap the errors of its listeners, so they are wrapped here."""
    writes = connection.get_execution_options().get("gateway_writes", False)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
    with closing(connection.connection.cursor()) as cursor:
        try:
            cursor.execute(begin)
        except sqlite3.OperationalError as error:
            raise sa.exc.OperationalError(begin, None, error) from error
