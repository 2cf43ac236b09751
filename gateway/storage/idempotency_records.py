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
            yield _Record(database, session, change, AdministrationRecordRow, {})
    else:
        scope = await find_scope(database, request)
        bound = database.bound_to(scope.company)
        async with bound.write() as session:
            place = {"company_id": scope.company}
            yield _Record(bound, session, change, IdempotencyRecordRow, place)


@dataclass(frozen=True)
class _Record:
    """The record of a change in a transaction; `place` is the rest of its primary key."""

    database: Database
    session: AsyncSession
    change: KeyedChange
    model: type[IdempotencyRecordRow | AdministrationRecordRow]
    place: dict[str, str]

    async def reserve(self) -> bool:
        """Insert the record, or take over one that has expired. False if there is one already. This waits
        for a concurrent transaction with the same key."""
        insert = sqlite.insert if self.database.is_sqlite else postgresql.insert
        begun = now()
        values = {
            "fingerprint": self.change.fingerprint,
            "answer": b"",
            "expires_date_time": begun + KEPT,
        }
        table: Any = self.model.__table__
        statement = (
            insert(table)
            .values(**self._key, **values)
            .on_conflict_do_update(
                index_elements=list(table.primary_key),
                set_=values,
                where=table.c.expires_date_time <= begun,
            )
            .returning(table.c.digest)
        )
        return (await self.session.execute(statement)).first() is not None

    async def stored(self) -> bytes:
        """The answer of the earlier change; raises KeyReused."""
        table = self.model.__table__
        statement = sa.select(table.c.fingerprint, table.c.answer).where(*self._is_this)
        row = (await self.session.execute(statement)).one()
        if row.fingerprint != self.change.fingerprint:
            raise KeyReused
        return bytes(row.answer)

    async def store(self, answer: bytes) -> None:
        table: Any = self.model.__table__
        await self.session.execute(sa.update(table).where(*self._is_this).values(answer=answer))

    @property
    def _key(self) -> dict[str, str]:
        return {**self.place, "digest": self.change.digest}

    @property
    def _is_this(self) -> list[sa.ColumnElement[bool]]:
        table = self.model.__table__
        return [table.c[name] == value for name, value in self._key.items()]
