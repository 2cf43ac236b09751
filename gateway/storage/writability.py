"""Whether the database can store changes, which a full disk prevents while reads go on."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway.storage.failures import UNUSABLE

if TYPE_CHECKING:
    from gateway.storage.database import Database

ATTEMPTS = {
    True: "PRAGMA user_version = 0",
    False: """CREATE TEMPORARY TABLE gateway_attempt ON COMMIT DROP AS
SELECT repeat('x', 1000) FROM generate_series(1, 100)""",
}
"""A statement that needs space but changes nothing, by whether the database is SQLite."""


@dataclass
class Writability:
    """Whether the last change was stored or refused for lack of space."""

    is_writable: bool = True


async def check_writable(database: "Database") -> bool:
    """Whether the database can store changes. This is only tried out if the last change was refused."""
    if not database.writability.is_writable:
        with suppress(*UNUSABLE):
            async with database.write() as session:
                await session.execute(sa.text(ATTEMPTS[database.is_sqlite]))
    return database.writability.is_writable
