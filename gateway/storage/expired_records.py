"""Deletes the idempotency records that have expired, in small steps that no writer waits for long."""

import asyncio
import logging
from typing import Any

import sqlalchemy as sa

from gateway.storage.database import Database
from gateway.storage.failures import UNUSABLE
from gateway.storage.tables.column_types import now
from gateway.storage.tables.idempotency import AdministrationRecordRow, IdempotencyRecordRow

log = logging.getLogger("gateway.storage")

STEP = 200
"""Records that one transaction deletes."""

PAUSE = 0.1
"""Seconds between two transactions, for other writers."""

INTERVAL = 600
"""Seconds between two sweeps."""


class Sweeper:
    """Sweeps a database every now and then while the gateway runs. Several processes may do so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="background: expired records")

    async def close(self) -> None:
        """Wait until the current step has ended."""
        self._closed.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while not await self._is_closed_within(INTERVAL):
            try:
                await self.sweep()
            except UNUSABLE as error:
                log.warning("expired records were not deleted: %s", type(error).__name__)

    async def sweep(self) -> None:
        """Delete all records that have expired. Raises one of UNUSABLE."""
        for model in (IdempotencyRecordRow, AdministrationRecordRow):
            while await _delete_some(self._database, model.__table__) == STEP:
                if await self._is_closed_within(PAUSE):
                    return

    async def _is_closed_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return False
        return True


async def _delete_some(database: Database, table: Any) -> int:
    """Delete up to STEP expired records that no other transaction holds. Returns their number."""
    keys = list(table.primary_key)
    expired = sa.select(*keys).where(table.c.expires_date_time <= now()).limit(STEP)
    expired = expired.order_by(table.c.expires_date_time).with_for_update(skip_locked=True)
    async with database.owner.write() as session:
        result: Any = await session.execute(sa.delete(table).where(sa.tuple_(*keys).in_(expired)))
    return int(result.rowcount)
