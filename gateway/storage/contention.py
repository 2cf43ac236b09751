"""Contention: transactions that fail only because of concurrent ones."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from gateway.storage.failures import Overloaded, TemporaryFailure, Unavailable, failure_of

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""SQLite: another process has locked the database. Only the low byte of an error code is compared; the
rest has details."""

BUSY_MESSAGE = "The database is busy; try again in a moment."

ORDER_NUMBERS = {
    "uq_sales_orders_company_id_number",
    "ix_sales_orders_company_id_number_folded",
}
"""PostgreSQL: another transaction has just taken the number."""

RETRIED_STATES = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, lock not available."""


RACES = {"23503", "23505"}
"""PostgreSQL: another transaction has deleted what a row refers to, or taken its number. The rules refuse
it at the next attempt."""

DRIVER_ERRORS = (
    DBAPIError,
    PendingRollbackError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The errors of all drivers, whether SQLAlchemy has wrapped them or not."""


class DatabaseBusy(Overloaded):
    """Another transaction was in the way. The same change may succeed a moment later."""


class RaceLost(DatabaseBusy):
    """Another transaction has won one of the `RACES`."""


def is_race(error: DBAPIError) -> bool:
    return getattr(error.driver_exception, "sqlstate", None) in RACES


def is_contention(error: Exception) -> bool:
    """Whether a statement failed only because of a concurrent transaction."""
    cause = error.driver_exception if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in BUSY
    is_number_taken = getattr(cause, "constraint_name", None) in ORDER_NUMBERS
    return is_number_taken or getattr(cause, "sqlstate", None) in RETRIED_STATES


def temporary_failure_of(error: Exception) -> TemporaryFailure | None:
    """The failure that an error of a driver means, which passes by itself; None for any other error."""
    if is_contention(error):
        return DatabaseBusy(BUSY_MESSAGE)
    return failure_of(error)


def ignore(_error: Exception) -> None:
    """Do nothing about an error."""


@contextmanager
def temporary_failures(note_lost: Callable[[Exception], None] = ignore) -> Iterator[None]:
    """Raises the kinds of TemporaryFailure instead of a driver's errors that mean one. `note_lost` gets
    those that mean that the connection was lost."""
    try:
        yield
    except (*DRIVER_ERRORS, TimeoutError, ConnectionError) as error:
        failure = temporary_failure_of(error)
        if failure is None:
            raise
        if isinstance(failure, Unavailable):
            note_lost(error)
        raise failure from error


@contextmanager
def raced() -> Iterator[None]:
    """Raises DatabaseBusy like `temporary_failures`, and RaceLost for a lost race."""
    try:
        with temporary_failures():
            yield
    except DBAPIError as error:
        if not is_race(error):
            raise
        raise RaceLost(BUSY_MESSAGE) from error
