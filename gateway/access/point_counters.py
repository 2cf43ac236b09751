"""Counts points in fixed windows with the library `limits`: in memory, or in Redis for several processes."""

import logging
import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from gateway.access.quotas import WINDOW, Draw

log = logging.getLogger("gateway.access")

PATIENCE = 0.25
"""Seconds that Redis may take to connect or to answer."""

PAUSE = 1.0
"""Seconds for which Redis is not asked again after it failed."""


class WindowCounter:
    """Counts in one storage."""

    def __init__(self, most: int, storage: MemoryStorage | RedisStorage) -> None:
        self.most = most
        self._points = RateLimitItemPerMinute(most)
        self._windows = FixedWindowRateLimiter(storage)

    async def draw(self, key: str, least: int, most: int) -> Draw:
        """Raises StorageError."""
        end, left = await self._windows.get_window_stats(self._points, key)
        if end - time.time() > WINDOW:  # the clock was set back
            await self._windows.clear(self._points, key)
            left = self.most
        points = min(most, left)
        if points < least or not await self._windows.hit(self._points, key, cost=points):
            points = 0
        end, left = await self._windows.get_window_stats(self._points, key)
        return Draw(points, left, min(WINDOW, max(0.0, end - time.time())))

    async def close(self) -> None:
        """There is nothing to close."""


class MemoryCounter(WindowCounter):
    """Counts for this process only."""

    def __init__(self, most: int) -> None:
        super().__init__(most, MemoryStorage())


class RedisCounter(WindowCounter):
    """Counts for all processes with the same Redis. While that cannot be used, each process counts for
    itself."""

    def __init__(self, most: int, url: str) -> None:
        self._connections = _connections(url)
        storage = RedisStorage(
            "redis://",
            wrap_exceptions=True,
            implementation="redispy",
            connection_pool=self._connections,
        )
        super().__init__(most, storage)
        self._alone = MemoryCounter(most)
        self._paused_until = 0.0

    async def draw(self, key: str, least: int, most: int) -> Draw:
        if time.monotonic() >= self._paused_until:
            try:
                return await super().draw(key, least, most)
            except StorageError as error:
                self._pause(error)
        return await self._alone.draw(key, least, most)

    def _pause(self, error: StorageError) -> None:
        """Log the failure, unless another operation has done so already."""
        if time.monotonic() >= self._paused_until:
            self._paused_until = time.monotonic() + PAUSE
            reason = type(error.storage_error).__name__
            log.warning("Redis cannot be used, so this process counts points alone: %s", reason)

    async def close(self) -> None:
        await self._connections.aclose()


def _connections(url: str) -> Any:
    """A pool of connections. Raises ImportError if the client for Redis is not installed."""
    from redis.asyncio import ConnectionPool  # noqa: PLC0415 - the client is an extra
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    url = url.replace("valkey", "redis", 1).replace("redis+unix", "unix", 1)
    return ConnectionPool.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
