"""The bound on writers, so that there are always connections for readers."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from gateway.storage.failures import Overloaded

READERS_SHARE = 4
"""One in this many connections, and at least one, is for readers, unless there is only one."""


def most_writers(options: Mapping[str, Any]) -> int | None:
    """The number of transactions that may write at the same time on an engine with these options; None if
    it has no pool of a fixed size."""
    size: int | None = options.get("pool_size")
    if size is None or options.get("max_overflow") != 0:
        return None
    return max(1, size - max(1, size // READERS_SHARE))


class WriterTurn:
    """A context for at most `most` writers at the same time, who queue fairly; raises Overloaded if a writer
    has to wait for longer than `patience`, in seconds."""

    def __init__(self, most: int | None, patience: float | None = None) -> None:
        self._turns = None if most is None else asyncio.Semaphore(most)
        self._patience = patience

    @property
    def is_awaited(self) -> bool:
        """Whether the next writer has to wait."""
        return self._turns is not None and self._turns.locked()

    async def __aenter__(self) -> None:
        if self._turns is None:
            return
        if not self.is_awaited:
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            raise Overloaded("The gateway is overloaded; try again in a moment.") from None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._turns is not None:
            self._turns.release()
