"""Shares the event loop: work is done in turns of a bounded size, and long work in a separate
thread."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

TURN = 2_000
"""Units of work in one round of the event loop; graphql-core resolves a field for each, which takes some 20
milliseconds."""

MOST_WOKEN = 100
"""How many operations or parts of one continue together; a loader reads for all of them at once."""

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="documents")
"""A single thread, which takes at most half of the processor from the event loop."""


class Turns:
    """The turns of all operations on one event loop.

    They are counted in units of work rather than in time, so that the same operation always reads with
    the same statements."""

    def __init__(self, units: int = TURN) -> None:
        self._units = self._left = units
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_begun = False
        self.spent = 0
        """Units of work so far."""
        self.longest = 0
        """The most units in one round of the event loop so far."""

    @property
    def is_over(self) -> bool:
        """Whether other requests should have their turn first."""
        return self._left <= 0

    def spend(self, units: int) -> None:
        """Count work that the current turn does."""
        self._left -= units
        self.spent += units
        self._end_with_round()

    async def wait(self) -> None:
        """Wait for a turn, if this one is over."""
        while self._left <= 0:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    async def run(self, work: Callable[[], Result], units: int) -> Result:
        """The result of `work`, which takes about `units` units of work and must not share data that
        changes meanwhile. If it takes longer than a turn, it runs in a thread."""
        await self.wait()
        if units > self._units:
            return await self.run_apart(work)
        self.spend(units)
        return work()

    async def run_apart(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, which runs in the thread."""
        return await asyncio.get_running_loop().run_in_executor(_THREAD, work)

    def _end_with_round(self) -> None:
        """Begin a new round once the event loop has done its other work."""
        if not self._is_begun:
            self._is_begun = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self.longest = max(self.longest, self._units - self._left)
        self._left = self._units
        self._is_begun = False
        for _ in range(min(len(self._waiting), MOST_WOKEN)):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            self._end_with_round()
