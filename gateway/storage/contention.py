"""Contention: transactions that fail only because of concurrent ones."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from gateway.storage.drivers import Overloaded

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""SQLite: another process has locked the database. Only the low byte of an error code is compared; the
rest has details."""

ORDER_NUMBERS = {
    "uq_sales_orders_company_id_number",
    "ix_sales_orders_company_id_number_folded",
}
"""PostgreSQL: another transaction has just taken the number."""

RETRIED_STATES = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, lock not available."""


class DatabaseBusy(Overloaded):
    """Another transaction was in the way. The same change may succeed a moment later."""


def is_contention(error: Exception) -> bool:
    """Whether a statement failed only because of a concurrent transaction."""
    cause = error.driver_exception if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in BUSY
    is_number_taken = getattr(cause, "constraint_name", None) in ORDER_NUMBERS
    return is_number_taken or getattr(cause, "sqlstate", None) in RETRIED_STATES


@contextmanager
def contended() -> Iterator[None]:
    """Raises DatabaseBusy instead of a driver's error that is only contention."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        if not is_contention(error):
            raise
        raise DatabaseBusy("The database is busy; try again in a moment.") from error
