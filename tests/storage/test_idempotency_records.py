"""Idempotency records: how long they last, what they wait for, and how they are deleted."""

import asyncio
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.storage import expired_records
from gateway.storage.companies import list_companies
from gateway.storage.contention import RaceLost
from gateway.storage.database import Database
from gateway.storage.expired_records import Sweeper
from gateway.storage.idempotency_records import (
    AnsweredChange,
    KeyedChange,
    KeyReused,
    change_once,
)
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import now
from gateway.storage.tables.idempotency import AdministrationRecordRow, IdempotencyRecordRow
from gateway.storage.tables.reference_data import CompanyRow, PaymentTermsRow
from gateway.storage.transactions import transact
from gateway.storage.writing import Writer
from tests.support.world import COMPANY

pytestmark = pytest.mark.anyio

REQUEST = ScopeRequest(COMPANY)
CHANGE = KeyedChange("digest", "fingerprint")


async def add_terms(database: Database, code: str) -> None:
    """A change that joins an open transaction, or makes its own."""

    async def add(writer: Writer) -> None:
        company = writer.scope.company
        await writer.add([PaymentTermsRow(company_id=company, code=code, display_name=code)])

    await transact(database, REQUEST, add)


async def added(database: Database) -> list[str]:
    """The codes of the terms that were added here."""
    query = sa.select(PaymentTermsRow.code).where(PaymentTermsRow.code != "30D")
    async with database.read() as session:
        return sorted(await session.scalars(query))


async def change(database: Database, code: str, change: KeyedChange = CHANGE) -> Any:
    async def work(joined: Database) -> AnsweredChange[str]:
        await add_terms(joined, code)
        return AnsweredChange(f"added {code}", code.encode())

    return await change_once(database, REQUEST, change, work)


async def expire(database: Database) -> None:
    async with database.write() as session:
        for model in (IdempotencyRecordRow, AdministrationRecordRow):
            await session.execute(sa.update(model).values(expires_date_time=now()))


async def test_a_record_lasts_a_day(database: Database) -> None:
    before = now()
    assert await change(database, "A") == "added A"
    assert await change(database, "B") == b"A"
    async with database.read() as session:
        expires = await session.scalar(sa.select(IdempotencyRecordRow.expires_date_time))
    day = dt.timedelta(days=1)
    assert before + day <= expires <= now() + day
    await expire(database)
    assert await change(database, "C") == "added C"
    assert await change(database, "D") == b"C"
    assert await added(database) == ["A", "C"]


async def test_a_key_of_another_change_is_refused_until_it_expires(database: Database) -> None:
    await change(database, "A")
    other = KeyedChange("digest", "another fingerprint")
    with pytest.raises(KeyReused):
        await change(database, "B", other)
    await expire(database)
    assert await change(database, "B", other) == "added B"


async def test_a_change_that_stores_nothing_is_rolled_back(database: Database) -> None:
    called = []

    async def work(joined: Database) -> AnsweredChange[str]:
        await add_terms(joined, "A")
        joined.after_commit(lambda: called.append("rolled back"))
        return AnsweredChange("refused", None)

    assert await change_once(database, REQUEST, CHANGE, work) == "refused"
    assert await change(database, "B") == "added B"
    assert (await added(database), called) == (["B"], [])


async def test_a_change_that_loses_a_race_is_made_again_as_a_whole(database: Database) -> None:
    attempts = []

    async def work(joined: Database) -> AnsweredChange[str]:
        attempts.append(joined)
        await add_terms(joined, "A")
        if len(attempts) < 3:
            raise RaceLost
        joined.after_commit(lambda: attempts.append("committed"))
        return AnsweredChange("added", b"A")

    assert await change_once(database, REQUEST, CHANGE, work) == "added"
    assert attempts[3:] == ["committed"]
    assert await added(database) == ["A"]


async def test_a_repeated_change_waits_for_the_first(database: Database) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(joined: Database) -> AnsweredChange[str]:
        await add_terms(joined, "A")
        begun.set()
        await may_end.wait()
        return AnsweredChange("added A", b"A")

    first = asyncio.create_task(change_once(database, REQUEST, CHANGE, slow))
    await begun.wait()
    second = asyncio.create_task(change(database, "B"))
    await asyncio.sleep(0)
    may_end.set()
    assert (await first, await second) == ("added A", b"A")
    assert await added(database) == ["A"]


async def test_a_sweep_deletes_the_expired_records_in_steps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expired_records, "STEP", 2)
    monkeypatch.setattr(expired_records, "PAUSE", 0)
    for administers in (False, True):
        for place in range(5):
            keyed = KeyedChange(f"old {place}", "fingerprint", administers)
            await change(database, f"{administers}{place}", keyed)
    await expire(database)
    for administers in (False, True):
        await change(database, f"{administers}", KeyedChange("new", "fingerprint", administers))
    await Sweeper(database).sweep()
    async with database.read() as session:
        for model in (IdempotencyRecordRow, AdministrationRecordRow):
            assert list(await session.scalars(sa.select(model.digest))) == ["new"]


async def test_a_record_belongs_to_its_company(database: Database) -> None:
    await change(database, "A")
    [company] = await list_companies(database)
    async with database.write() as session:
        session.add(CompanyRow(name="Other", currency_code="EUR"))
    assert company.name == COMPANY

    async def work(joined: Database) -> AnsweredChange[str]:
        return AnsweredChange("made", b"made")

    other = ScopeRequest("Other")
    assert await change_once(database, other, CHANGE, work) == "made"
    assert await change_once(database, other, CHANGE, work) == b"made"
    assert await change(database, "B") == b"A"
