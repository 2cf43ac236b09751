"""Runs the programs of plans on the database, with one statement for each relation and level.

On SQLite, a whole program runs in one reader thread. On PostgreSQL, its statements go to the driver
directly, since SQLAlchemy takes more time for each of them than the driver."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from gateway.execution.program import Program
from gateway.execution.store import Columns, CountRead, PageRead
from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.open_transaction import OpenTransaction
from gateway.storage.paging import Window
from gateway.storage.plans.listings import Listing
from gateway.storage.plans.sqlite_readers import SqliteReaders
from gateway.storage.plans.statements import Statement, Statements, scope_values
from gateway.storage.plans.wire_formats import Convert, memory_converter, wire_converter
from gateway.storage.reading import in_memory
from gateway.storage.scope import Scope
from gateway.storage.sqlite_connections import prepare_reader
from gateway.storage.statement_count import StatementCount, current_count

log = logging.getLogger("gateway.sql")

Result = TypeVar("Result")
Fetch = Callable[..., Awaitable[Any]]
"""Runs a statement with its values and returns the rows."""


@dataclass
class PreparedProgram:
    """A program with those statements that are the same for all arguments, by whether the caller is
    limited to customers."""

    program: Program
    fixed: dict[bool, dict[int, Statement]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A program with the statements and the parameters of one request."""

    program: Program
    company: str
    statements: Sequence[Statement]
    values: Sequence[dict[str, Any]]
    arguments: Sequence[Any]
    count: StatementCount = field(default_factory=current_count)
    """Of the request."""


class RowsStore:
    """Runs programs on a database and converts its values."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_sqlite = database.is_sqlite
        self._statements = Statements(database.engine.dialect)
        path = database.file
        self._readers = (
            None
            if path is None
            else SqliteReaders(path, database.patience, prepare_reader, database.note_lost)
        )
        self.can_run = self._readers is not None or not self._is_sqlite
        """A SQLite database in memory belongs to a single connection."""

    def listing(self, listed: Filter, window: Window) -> Listing:
        """A page as an argument of programs; raises BadCursor and BadFilter."""
        return Listing(listed, window, self._database.engine.dialect)

    def convert(self, source: Any, column: str, kind: str) -> Convert | None:
        return wire_converter(source.__table__.c[column], kind, is_sqlite=self._is_sqlite)

    def is_nullable(self, source: Any, column: str) -> bool:
        return bool(source.__table__.c[column].nullable)

    def is_in_memory(self, source: Any, relation: str) -> bool:
        return relation in sa.inspect(source).relationships

    def related(self, row: Any, relation: str) -> Any:
        return in_memory(row, relation)

    def values_in_memory(self, source: Any, columns: Columns) -> Callable[[Any], tuple[Any, ...]]:
        table = source.__table__.c
        converters = [
            memory_converter(table[name], kind) if kind else None for name, kind in columns
        ]
        # attrgetter returns the bare value for a single name
        get = attrgetter(*[name for name, _ in columns], "id")

        def values(row: Any) -> tuple[Any, ...]:
            return tuple(
                value if value is None or convert is None else convert(value)
                for value, convert in zip(get(row), converters, strict=False)
            )

        return values

    async def run(
        self,
        prepared: PreparedProgram,
        arguments: Sequence[Any],
        scope: Callable[[], Awaitable[Scope]],
        answer: Callable[[Any], Result],
        joined: OpenTransaction | None = None,
    ) -> Result:
        """The result of `answer` for the data that the program builds from one snapshot, or in the
        transaction that it joins. Raises the errors of `scope`, which is only called if the program reads
        anything."""
        if not prepared.program.reads:
            return answer(_unread(prepared.program, arguments))
        run = self._bound(prepared, arguments, await scope())
        if joined is not None:
            return answer(await self._stepped(run, await self._fetch_in(joined)))
        if self._readers is not None:
            return await self._readers.run(lambda connection: answer(_on_sqlite(run, connection)))
        return answer(await self._on_postgresql(run))

    def sql(self, prepared: PreparedProgram, arguments: Sequence[Any]) -> list[str]:
        """The statements that the program may run for a caller who sees all customers, in order."""
        return [each.sql for each in self._bound(prepared, arguments, Scope("")).statements]

    def close(self) -> None:
        if self._readers is not None:
            self._readers.close()

    def _bound(self, prepared: PreparedProgram, arguments: Sequence[Any], scope: Scope) -> Run:
        limited = scope.is_limited
        if limited not in prepared.fixed:
            prepared.fixed[limited] = {
                number: self._statements.fixed(read, limited=limited)
                for number, read in enumerate(prepared.program.reads)
                if not isinstance(read, PageRead | CountRead)
            }
        ours, statements, values = scope_values(scope), [], []
        for number, read in enumerate(prepared.program.reads):
            if isinstance(read, PageRead | CountRead):
                listing: Listing = arguments[read.slot]
                statements.append(self._statements.listed(read, listing, limited=limited))
                values.append(ours | listing.values)
            else:
                statements.append(prepared.fixed[limited][number])
                values.append(ours.copy())
        return Run(prepared.program, scope.company, statements, values, arguments)

    async def _on_postgresql(self, run: Run) -> Any:
        database = self._database.bound_to(run.company)
        opening = database.opening(len(run.program.reads))
        async with database.driver() as driver:
            if opening is not None:
                await driver.execute(opening)
            data = await self._stepped(run, driver.fetch)
            if opening is not None:
                await driver.execute("COMMIT")
            return data

    async def _fetch_in(self, joined: OpenTransaction) -> Fetch:
        """The function that reads in an open transaction."""
        driver = await joined.driver()
        if not self._is_sqlite:
            fetch: Fetch = driver.fetch
            return fetch

        async def fetched(sql: str, *values: Any) -> Any:
            return await driver.execute_fetchall(sql, values)

        return fetched

    async def _stepped(self, run: Run, fetch: Fetch) -> Any:
        steps = run.program.run(run.arguments)
        try:
            number, keys = next(steps)
            while True:
                statement, values = run.statements[number], run.values[number]
                values["keys"] = _listed(keys) if self._is_sqlite else keys
                log.debug("%s", statement.sql)
                run.count.total += 1
                rows = await fetch(statement.sql, *statement.bound(values))
                number, keys = steps.send(rows)
        except StopIteration as end:
            return end.value


def _unread(program: Program, arguments: Sequence[Any]) -> Any:
    """The answer of a program without reads."""
    try:
        next(program.run(arguments))
    except StopIteration as end:
        return end.value
    raise LookupError("a program without reads has requested rows")


def _listed(keys: Sequence[str] | None) -> str | None:
    """Keys as a parameter of SQLite."""
    return None if keys is None else orjson.dumps(keys).decode()


def _on_sqlite(run: Run, connection: sqlite3.Connection) -> Any:
    steps = run.program.run(run.arguments)
    try:
        number, keys = next(steps)
        while True:
            statement, values = run.statements[number], run.values[number]
            values["keys"] = _listed(keys)
            log.debug("%s", statement.sql)
            run.count.total += 1
            rows = connection.execute(statement.sql, statement.bound(values)).fetchall()
            number, keys = steps.send(rows)
    except StopIteration as end:
        return end.value
