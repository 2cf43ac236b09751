"""The database: its engine, its connections and its transactions."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from gateway.storage.company_binding import (
    UNSECURED,
    CompanyBinding,
    bind_transaction,
)
from gateway.storage.contention import raced, temporary_failures
from gateway.storage.database_url import read_database_url
from gateway.storage.deadline import Deadline
from gateway.storage.drivers import Drivers
from gateway.storage.failures import NotWritable
from gateway.storage.known_companies import KnownCompanies
from gateway.storage.open_transaction import OpenTransaction
from gateway.storage.postgresql_connections import discarding, engine_options, give_back
from gateway.storage.snapshots import Snapshot
from gateway.storage.sqlite_connections import begin_sqlite, open_sqlite, prepare_sqlite
from gateway.storage.statement_count import note_statement
from gateway.storage.writability import Writability
from gateway.storage.writer_turn import WriterTurn, most_writers

PATIENCE = "10"
"""Seconds that SQLite waits for another process's lock, unless the URL has its own `timeout`."""

UNTIMED = 10
"""Seconds during which a change without a deadline, such as one of an import, is retried."""


class Database:
    """An engine over SQLite or PostgreSQL. Connections are opened when first needed.

    With row security, `owner` is the same database as the role that owns the tables. A database that serves
    requests has the deadline `serves_within` for each of them, in seconds, and watches for outages."""

    def __init__(
        self,
        url: str,
        *,
        owner: "Database | None" = None,
        binding: CompanyBinding = UNSECURED,
        serves_within: float | None = None,
        **options: Any,
    ) -> None:
        address = read_database_url(url)
        self.url = address.engine
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            options["connect_args"] = {"async_creator_fn": open_sqlite, "timeout": self.patience}
        else:
            options |= engine_options(address, binding, is_serving=serves_within is not None)
        self.engine = create_async_engine(self.url, hide_parameters=True, **options)
        most = 1 if self.is_sqlite else most_writers(options)
        self._writer_turn = WriterTurn(
            most, None if self.is_sqlite else options.get("pool_timeout")
        )
        self._deadline: Deadline | None = None
        self._drivers = Drivers(self.engine, binding)
        self.note_lost = self._drivers.outages.note_lost
        self._owner = owner
        self._binding = binding
        self._company: str | None = None
        self.joined: OpenTransaction | None = None
        """The open transaction that all reads and changes join."""
        self.known_companies = KnownCompanies()
        self.writability = Writability()
        self._listen()
        if serves_within is not None:
            connect = None if self.is_sqlite else partial(asyncpg.connect, **address.arguments)
            self._drivers.serve(connect, serves_within)

    def _listen(self) -> None:
        engine = self.engine.sync_engine
        if self.is_sqlite:
            sa.event.listen(engine, "connect", prepare_sqlite)
            sa.event.listen(engine, "begin", begin_sqlite)
        else:
            self._drivers.listen()
        if self._binding.is_pooled:
            sa.event.listen(engine, "begin", bind_transaction)
        sa.event.listen(engine, "before_cursor_execute", note_statement)

    def within(self, deadline: Deadline) -> "Database":
        """The same database for one operation, whose transactions are committed before its deadline or
        not at all."""
        return self._with(_deadline=deadline)

    def bound_to(self, company: str) -> "Database":
        """The same database for the company with this id. Only such a one has rows of a company, and only
        of that one, if row security is on."""
        return self._with(_company=company) if self._binding.is_secured else self

    def joining(self, transaction: OpenTransaction) -> "Database":
        """The same database within an open transaction, which whoever opened it commits."""
        return self._with(joined=transaction)

    @property
    def is_joined(self) -> bool:
        return self.joined is not None

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call a function now, or after the commit of the open transaction."""
        if self.joined is None:
            call()
        else:
            self.joined.afterwards.append(call)

    @property
    def is_secured(self) -> bool:
        """Whether row security separates companies."""
        return self._binding.is_secured

    @property
    def company(self) -> str | None:
        """The id of the company that it is bound to."""
        return self._company

    @property
    def owner(self) -> "Database":
        """The same database as the role that administers it, for work beyond a single company."""
        if self._owner is None or self.is_joined:
            return self
        return self._owner if self._deadline is None else self._owner.within(self._deadline)

    def _with(self, **changed: Any) -> "Database":
        copy = object.__new__(Database)
        copy.__dict__.update(self.__dict__, **changed)
        return copy

    @property
    def seconds_left(self) -> float:
        """The remaining time in which a change may be retried."""
        return UNTIMED if self._deadline is None else self._deadline.seconds_left

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Meanwhile, the operation may be waiting for another transaction."""
        was_contended = self._deadline is not None and self._deadline.is_contended
        self.note_contention()
        yield
        if self._deadline is not None:
            self._deadline.is_contended = was_contended

    def note_contention(self) -> None:
        """Record that a change of the operation had to wait for others, or to be retried."""
        if self._deadline is not None:
            self._deadline.is_contended = True

    @asynccontextmanager
    async def write(self, *, dry_run: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end unless `dry_run`. Objects stay readable afterwards. Raises
        Overloaded, and its subclass DatabaseBusy if another transaction is in the way.

        SQLite has one writer at a time: writers of this process queue here, fairly, and those of
        other processes in SQLite's own busy timeout. On PostgreSQL, some connections of the pool are left
        to readers, however many writers wait for a row."""
        if self.joined is not None:
            with raced():
                yield self.joined.session
                await self.joined.session.flush()
            return
        if self._writer_turn.is_awaited:
            self.note_contention()
        try:
            async with self._writer_turn, self._transaction(dry_run) as session:
                yield session
        except NotWritable:
            self.writability.is_writable = False
            raise
        self.writability.is_writable = self.writability.is_writable or not dry_run

    @property
    def patience(self) -> float:
        """Seconds that SQLite waits for another process's lock."""
        return float(str(self.url.query.get("timeout", PATIENCE)))

    @property
    def file(self) -> str | None:
        """The path of the SQLite file; None for a database in memory or on PostgreSQL."""
        path = self.url.database or ":memory:"
        return path if self.is_sqlite and not path.startswith((":", "file:")) else None

    def is_file_missing(self) -> bool:
        """Whether the SQLite file does not exist. A connection would create it."""
        file = Path(self.file or "")
        return self.file is not None and file.parent.is_dir() and not file.exists()

    async def connect(self) -> AsyncConnection:
        """A connection, which the caller closes. Raises Overloaded if all connections stay in use, or the
        database stays locked, for too long, and Unavailable if there is no database."""
        with temporary_failures(), self._drivers.wanted():
            connection = await self.engine.connect()
        await self._binding.bind(connection, self._company)
        return connection

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncConnection]:
        """A connection, which returns to the pool at the end. Raises as `connect` does."""
        connection = await self.connect()
        try:
            yield connection
        finally:
            await give_back(connection)

    def used(self, driver: Any) -> AbstractContextManager[None]:
        """Note that a driver's connection is in use, whose user holds it for longer than that."""
        if self.is_sqlite or self.joined is not None:
            return nullcontext()
        return self._drivers.outages.used(driver)

    @property
    def is_doubtful(self) -> bool:
        """Whether the database may not be answering at all."""
        return self._drivers.outages.is_doubtful

    def driver(self) -> AbstractAsyncContextManager[Any]:
        """A connection of PostgreSQL's driver itself, in no transaction; raises the kinds of
        TemporaryFailure."""
        return self._drivers.one(self._company)

    def opening(self, reads: int) -> str | None:
        """The SQL that begins a snapshot for this number of reads on a `driver`; None if they need none."""
        return self._binding.opening(self._company, reads)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One transaction that is always rolled back. It neither waits for writers nor blocks them."""
        if self.joined is not None:
            yield self.joined.session
            return
        async with self._transaction(True, writes=False) as session:
            yield session

    @asynccontextmanager
    async def _transaction(
        self, dry_run: bool, *, writes: bool = True
    ) -> AsyncIterator[AsyncSession]:
        async with self.connected() as connection:
            await connection.execution_options(gateway_writes=writes)
            with temporary_failures(self.note_lost):
                async with (
                    AsyncSession(connection, expire_on_commit=False, autoflush=False) as session,
                    session.begin() as transaction,
                ):
                    async with self._interrupting(connection):
                        yield session
                        await session.flush()
                    if dry_run:
                        session.expunge_all()
                        await transaction.rollback()
                    elif self._deadline is not None:
                        await self._deadline.commit(transaction, is_limited=not self.is_sqlite)

    def _interrupting(self, connection: AsyncConnection) -> AbstractAsyncContextManager[None]:
        if not self.is_sqlite:
            return discarding(connection)
        return nullcontext() if self._deadline is None else self._deadline.interrupting(connection)

    async def analyze(self) -> None:
        """Update the statistics of PostgreSQL's planner, after many rows were added at once. Autovacuum does
        so only a minute later, and until then the planner may choose plans that take minutes. SQLite
        plans by its indexes."""
        if not self.is_sqlite:
            async with self.owner.connected() as connection, connection.begin():
                await connection.execute(sa.text("ANALYZE"))

    def snapshot(self) -> Snapshot:
        return Snapshot(self)

    async def dispose(self) -> None:
        if self._owner is not None:
            await self._owner.dispose()
        self._drivers.close()
        await self.engine.dispose()
