"""Counting the SQL statements of a request, whichever tasks and threads run them."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class StatementCount:
    total: int = 0


_CURRENT: ContextVar[StatementCount | None] = ContextVar("statements", default=None)


def count_statements() -> StatementCount:
    """The count of the statements that run from now on in this context and those that it begins."""
    count = StatementCount()
    _CURRENT.set(count)
    return count


def current_count() -> StatementCount:
    """The count of this context, for a thread that has none; a new one if nobody counts."""
    return _CURRENT.get() or StatementCount()


def note_statement(*_: Any) -> None:
    """An event of engines: a statement is about to run."""
    count = _CURRENT.get()
    if count is not None:
        count.total += 1
