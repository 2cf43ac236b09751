"""Changes that are made at most once, however often a client repeats them under the same key.

The answer is stored in the transaction of the change. Whoever repeats the request meanwhile waits for that
transaction, because it has inserted the record of the key first."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.company_directory import find_scope
from gateway.storage.database import Database
from gateway.storage.open_transaction import OpenTransaction
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import now
from gateway.storage.tables.idempotency import AdministrationRecordRow, IdempotencyRecordRow
from gateway.storage.transactions import retried

KEPT = dt.timedelta(hours=24)
"""How long an answer is repeated."""

Answer = TypeVar("Answer")


class KeyReused(Exception):
    """The key was used for another operation."""


@dataclass(frozen=True)
class KeyedChange:
    """A change under a key. `digest` identifies the credential and the key, `fingerprint` the operation. It
    belongs to the company of the request, unless it `administers` companies or API keys."""

    digest: str
    fingerprint: str
    administers: bool = False


@dataclass(frozen=True)
class AnsweredChange(Generic[Answer]):
    """The answer to a change, and the bytes to store. Without any, all changes are rolled back."""

    answer: Answer
    stored: bytes | None


class _Nothing(Exception):
    """Nothing is stored, so everything is rolled back."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


async def change_once(
    database: Database,
    request: ScopeRequest,
    change: KeyedChange,
    work: Callable[[Database], Awaitable[AnsweredChange[Answer]]],
) -> Answer | bytes:
    """The answer of `work`, which gets the database in an open transaction, or the bytes that were stored
    for an earlier change under the same key. The transaction is `retried`.

    Raises KeyReused, DatabaseBusy, CompanyNotFound and the errors of `work`."""

    async def attempt() -> Answer | bytes:
        async with _record(database, request, change) as record:
            with database.waiting():
                is_first = await record.reserve()
            if not is_first:
                return await record.stored()
            transaction = OpenTransaction(record.session)
            outcome = await work(record.database.joining(transaction))
            if outcome.stored is None:
                raise _Nothing(outcome.answer)
            await record.store(outcome.stored)
        for call in transaction.afterwards:
            call()
        return outcome.answer

    try:
        return await retried(database, attempt)
    except _Nothing as nothing:
        answer: Answer = nothing.answer
        return answer


@asynccontextmanager
async def _record(
    database: Database, request: ScopeRequest, change: KeyedChange
) -> AsyncIterator["_Record"]:
    """The record of a change in its own transaction."""
    if change.administers:
        async with database.owner.write() as session:
            yield _Record(database, session, change, _ADMINISTRATION, {})
    else:
        scope = await find_scope(database, request)
        bound = database.bound_to(scope.company)
        async with bound.write() as session:
            place = {"company_id": scope.company}
            yield _Record(bound, session, change, _COMPANY, place)


class _Statements:
    """The statements on one of the tables. They are built only once, which takes longer than to run them;
    the names of their parameters are those of the columns."""

    def __init__(self, model: type[IdempotencyRecordRow | AdministrationRecordRow]) -> None:
        table: Any = model.__table__
        key = list(table.primary_key)
        is_this = [each == sa.bindparam(f"the_{each.name}") for each in key]
        self.reserve = {
            dialect: _reserving(insert(table), table, key)
            for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
        }
        self.find = sa.select(table.c.fingerprint, table.c.answer).where(*is_this)
        self.store = sa.update(table).where(*is_this).values(answer=sa.bindparam("new_answer"))


def _reserving(insert: Any, table: Any, key: list[Any]) -> sa.Insert:
    """Inserts a record or takes over an expired one, and returns it; returns nothing if another one is
    there. It waits for a concurrent transaction with the same key."""
    taken = {name: insert.excluded[name] for name in ("fingerprint", "answer", "expires_date_time")}
    has_expired = table.c.expires_date_time <= sa.bindparam("begun")
    statement: sa.Insert = insert.on_conflict_do_update(
        index_elements=key, set_=taken, where=has_expired
    ).returning(table.c.digest)
    return statement


_COMPANY, _ADMINISTRATION = _Statements(IdempotencyRecordRow), _Statements(AdministrationRecordRow)


@dataclass(frozen=True)
class _Record:
    """The record of a change in a transaction; `place` is the rest of its primary key."""

    database: Database
    session: AsyncSession
    change: KeyedChange
    statements: _Statements
    place: dict[str, str]

    async def reserve(self) -> bool:
        """Insert the record without an answer. False if there is one already."""
        begun = now()
        values = {
            "fingerprint": self.change.fingerprint,
            "answer": b"",
            "expires_date_time": begun + KEPT,
            "begun": begun,
        }
        statement = self.statements.reserve["sqlite" if self.database.is_sqlite else "postgresql"]
        return (await self._execute(statement, self._key | values)).first() is not None

    async def stored(self) -> bytes:
        """The answer of the earlier change; raises KeyReused."""
        row = (await self._execute(self.statements.find, self._this)).one()
        if row.fingerprint != self.change.fingerprint:
            raise KeyReused
        return bytes(row.answer)

    async def store(self, answer: bytes) -> None:
        await self._execute(self.statements.store, self._this | {"new_answer": answer})

    async def _execute(
        self, statement: sa.Executable, values: dict[str, Any]
    ) -> sa.CursorResult[Any]:
        return await (await self.session.connection()).execute(statement, values)

    @property
    def _key(self) -> dict[str, str]:
        return {**self.place, "digest": self.change.digest}

    @property
    def _this(self) -> dict[str, Any]:
        return {f"the_{name}": value for name, value in self._key.items()}
