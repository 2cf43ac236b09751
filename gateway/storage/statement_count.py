"""Counts the SQL statements of a request in all of its tasks and threads."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class StatementCount:
    total: int = 0


_CURRENT: ContextVar[StatementCount | None] = ContextVar("statements", default=None)


def count_statements() -> StatementCount:
    """Begin to count the statements in this context and in those that it starts."""
    count = StatementCount()
    _CURRENT.set(count)
    return count


def current_count() -> StatementCount:
    """The count of this context, to be used in a thread; a new one if there is none."""
    return _CURRENT.get() or StatementCount()


def note_statement(*_: Any) -> None:
    """An event of engines: a statement is about to run."""
    count = _CURRENT.get()
    if count is not None:
        count.total += 1
