"""Finds statements of the gateway that read or change rows without naming their company."""

import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import greenlet
import sqlalchemy as sa
from sqlalchemy.engine import Engine

import gateway.app  # noqa: F401 - defines all tables
from gateway.storage.tables.column_types import Base
from tests.support.paths import ROOT

TABLES = [name for name, table in Base.metadata.tables.items() if "company_id" in table.c]
USE = re.compile(rf"\b(?:FROM|JOIN|UPDATE)\s+({'|'.join(TABLES)})\b(?:\s+AS\s+(\w+))?")
NEW = re.compile(rf"INSERT INTO ({'|'.join(TABLES)}) \(([^)]*)\)")
BOUND = re.compile(r"company_id = (\?|\$\d)")
OURS = str(ROOT / "gateway")
EXCEPTIONS = {
    "tests": "Tests have statements of their own.",
    "gateway/storage/migrations": "A migration changes the rows of all companies.",
    "gateway/storage/expired_records.py": "A sweep deletes the expired records of all companies.",
}
"""The folders and files that need no company, each with the reason."""

EXCEPTED = tuple(str(ROOT / path) for path in EXCEPTIONS)

MOST_CHECKED = 10_000


def unscoped(statement: str) -> list[str]:
    """The uses of tables of a company in a statement that neither bind the company nor compare it with
    that of another table."""
    uses = {alias or table for table, alias in USE.findall(statement)}
    new = [table for table, columns in NEW.findall(statement) if "company_id" not in columns]
    if BOUND.search(statement):
        uses = {use for use in uses if not _compares_company(statement, use)}
    return sorted(uses) + new


def _compares_company(statement: str, use: str) -> bool:
    own = rf"\b{use}\.company_id"
    return re.search(rf"{own} = |= {own}\b|(?<![.\w])company_id = ", statement) is not None


class StatementScopes(logging.Filter):
    """The statements of this process without a company, until they are taken. Each text is checked once."""

    def __init__(self) -> None:
        super().__init__()
        self._checked: set[str] = set()
        self._found: list[str] = []

    def begin(self) -> None:
        """Watch the statements of engines, and those of plans, which the gateway logs."""
        sa.event.listen(Engine, "before_cursor_execute", self._before)
        log = logging.getLogger("gateway.sql")
        log.setLevel(logging.DEBUG)
        log.addFilter(self)

    def take(self) -> list[str]:
        """The statements found since the last call."""
        found, self._found = self._found, []
        return found

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass the message on only if a test has a handler for it."""
        self._check(record.getMessage())
        return bool(logging.getLogger("gateway.sql").handlers)

    def _before(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._check(statement)

    def _check(self, statement: str) -> None:
        if statement in self._checked:
            return
        if not unscoped(statement):
            if len(self._checked) >= MOST_CHECKED:
                self._checked.clear()
            self._checked.add(statement)
        elif is_ours():
            self._found.append(statement)


def is_ours() -> bool:
    """Whether the innermost caller in this repository is the gateway itself."""
    for file in _files():
        if file != __file__ and file.startswith((OURS, *EXCEPTED)):
            return not file.startswith(EXCEPTED)
    return False


def _files() -> Iterator[str]:
    """The files of all callers, innermost first, also of the greenlets that wait for this one."""
    here = greenlet.getcurrent()
    frame = sys._getframe(1)
    while True:
        while frame is not None:
            yield frame.f_code.co_filename
            frame = frame.f_back
        here = here.parent
        if here is None:
            return
        frame = here.gr_frame


STATEMENT_SCOPES = StatementScopes()
"""Those of this process."""
