"""The stored records of API keys."""

import datetime as dt
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import sqlalchemy as sa

from gateway.storage.contention import temporary_failures
from gateway.storage.database import Database
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import canonical_guid, now


async def key_by_digest(database: Database, digest: str) -> Any:
    """The row of the key with this digest, or None. Raises the kinds of TemporaryFailure."""
    statement = sa.select(ApiKeyRow.__table__).where(ApiKeyRow.digest == digest)
    owner = database.owner
    async with owner.connected() as connection:
        with temporary_failures(owner.note_lost):
            return (await connection.execute(statement)).one_or_none()


async def list_keys(database: Database) -> Sequence[ApiKeyRow]:
    """All keys, the newest last."""
    order = ApiKeyRow.created_date_time, ApiKeyRow.id
    async with database.owner.read() as session:
        return (await session.scalars(sa.select(ApiKeyRow).order_by(*order))).all()


async def add_key(database: Database, key: ApiKeyRow, *, dry_run: bool = False) -> None:
    async with database.owner.write(dry_run=dry_run) as session:
        session.add(key)


async def change_keys(
    database: Database, which: str, *, dry_run: bool = False, **values: Any
) -> list[ApiKeyRow]:
    """Set `values` on the keys with this name, or the one with this id or prefix, unless they are
    revoked or expired. Returns them."""
    named = (
        (ApiKeyRow.name == which)
        | (ApiKeyRow.prefix == which)
        | (ApiKeyRow.id == canonical_guid(which))
    )
    lasting = ApiKeyRow.expires_date_time.is_(None) | (ApiKeyRow.expires_date_time > now())
    statement = sa.select(ApiKeyRow).where(named, ApiKeyRow.revoked_date_time.is_(None), lasting)
    async with database.owner.write(dry_run=dry_run) as session:
        keys = list(await session.scalars(statement))
        for key in keys:
            for name, value in values.items():
                setattr(key, name, value)
    return keys


async def note_use(database: Database, key: str, when: dt.datetime) -> None:
    """Record when the key with this id was last used."""
    async with database.owner.write() as session:
        used = sa.update(ApiKeyRow).where(ApiKeyRow.id == key)
        await session.execute(used.values(last_used_date_time=when))


async def has_keys(database: Database) -> bool:
    async with aclosing(await database.owner.connect()) as connection:
        return await connection.scalar(sa.select(ApiKeyRow.id).limit(1)) is not None
