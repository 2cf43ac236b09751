"""Failures of the database that pass by themselves, and the errors of drivers that mean one."""

import os
import socket
import sqlite3
import ssl

import asyncpg
from sqlalchemy.exc import DBAPIError, PendingRollbackError

LOST_STATES = {"57P01", "57P02", "57P03", "57P05", "25P03", "25P04"}
"""PostgreSQL: the server shuts down, has crashed or still starts, or it ended an idle connection. All
states of class 08 are also about the connection."""

FULL_STATE = "53100"
READ_ONLY_STATE = "25006"
"""PostgreSQL: the disk is full; the server is a standby, or the database is set to be read-only."""

CROWDED_STATES = {"53300", "53200", "53000"}
"""PostgreSQL: it has no connection or memory left."""

CANCELLED_STATE = "57014"
"""PostgreSQL: the statement took longer than the `statement_timeout` of the role or the database."""


INVALIDATED = "8s2b"
"""SQLAlchemy's code of an error after the connection was lost earlier in the same transaction."""


class TemporaryFailure(Exception):
    """The database cannot do something now, but may be able to in a moment. Clients may see the message."""


class Overloaded(TemporaryFailure):
    """No database connection became free in time."""


class Unavailable(TemporaryFailure):
    """The database cannot be reached, or the connection to it was lost."""

    def __init__(
        self, message: str = "The database is unavailable; try again in a moment."
    ) -> None:
        super().__init__(message)
        self.orig: BaseException | None = None
        """The error of the driver."""


class OutcomeUnknown(Unavailable):
    """The connection was lost during a commit, so that the change may have been saved."""

    def __init__(self) -> None:
        super().__init__(
            "The database did not confirm the change in time, so it may have been saved or not."
        )


class NotWritable(TemporaryFailure):
    """The database can be read, but it cannot store changes."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database cannot store changes now: {reason}.")


def failure_of(error: Exception) -> TemporaryFailure | None:
    """The failure that an error of a driver means; None if it means something else."""
    cause = error.driver_exception if isinstance(error, DBAPIError) else error
    failure: TemporaryFailure | None
    if isinstance(cause, sqlite3.Error):
        failure = _of_sqlite(cause)
    elif _is_lost(cause) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        failure = Unavailable()
    else:
        failure = _of_state(getattr(cause, "sqlstate", None))
    if isinstance(failure, Unavailable):
        failure.orig = cause
    return failure


def _is_lost(cause: BaseException) -> bool:
    """Whether the connection was lost, or no answer came in time."""
    if isinstance(cause, TimeoutError | ConnectionError):
        return True
    if isinstance(cause, asyncpg.InternalClientError):
        return True  # the driver was interrupted by the loss
    if isinstance(cause, PendingRollbackError):
        return cause.code == INVALIDATED
    if isinstance(cause, asyncpg.InterfaceError):
        return "closed" in str(cause)
    state = getattr(cause, "sqlstate", None) or ""
    return state in LOST_STATES or state.startswith("08")


def _of_state(state: str | None) -> TemporaryFailure | None:
    if state == FULL_STATE:
        return NotWritable("its disk is full")
    if state == READ_ONLY_STATE:
        return NotWritable("it is read-only")
    if state == CANCELLED_STATE:
        return Overloaded("The database stopped a statement that took too long.")
    if state in CROWDED_STATES:
        return Overloaded("The database is overloaded; try again in a moment.")
    return None


def _of_sqlite(error: sqlite3.Error) -> TemporaryFailure | None:
    """Only the low byte of an error code is compared; the rest has details."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return NotWritable("its disk is full")
        case sqlite3.SQLITE_READONLY:
            return NotWritable("it is read-only")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return Unavailable()
    return None


UNUSABLE = (
    OSError,
    TemporaryFailure,
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
"""The exceptions of all drivers if the database cannot be reached, opened or used."""


def why_unusable(error: Exception) -> str:
    """A short message for people about one of the exceptions in UNUSABLE."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, ssl.SSLError | socket.gaierror):
        return getattr(cause, "verify_message", None) or cause.strerror or str(cause)
    if isinstance(cause, TimeoutError) and cause.errno is None:
        return "it does not answer"
    if isinstance(cause, OSError) and cause.errno is not None:
        return os.strerror(cause.errno)
    message = (str(cause) or type(cause).__name__).splitlines()[0].rpartition("class '")[2]
    return message.removesuffix(".")
