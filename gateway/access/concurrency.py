"""How many operations each caller may run at the same time.

Callers that are active at the same time share half of this bound, so that one that sends as fast as it can
does not make the others wait for long. tests/bench/README.md has the figures."""

import asyncio
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from gateway.access.quotas import RateLimited

PATIENCE = 1.0
"""Seconds that an operation beyond the bound waits for another one of its caller to end. Refusing it at once
would cost more, because many clients would send it again at once."""

RECENT = 1.0
"""Seconds for which a caller counts as active after it has begun an operation."""


@dataclass(eq=False)
class Running:
    """The operations of one caller: how many run, and those that wait."""

    number: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    begun: float = 0.0
    """When the last one began."""


class Concurrency:
    """Lets each caller run `most` operations at a time, and fewer while others are active."""

    def __init__(self, most: int, seconds: float = 30) -> None:
        """An operation within the bound waits up to `seconds` for its caller's share."""
        self.most = most
        self._seconds = seconds
        self._active: OrderedDict[str, Running] = OrderedDict()

    async def enter(self, key: str) -> Running:
        """Begin an operation of the caller with this key, which ends with `leave`. Raises RateLimited."""
        running = self._noted(key)
        if running.number < self._share and not running.waiting:
            running.number += 1
        else:
            await self._wait(running)
        return running

    def leave(self, running: Running) -> None:
        """End an operation, and begin others that wait for it."""
        running.number -= 1
        self._begin_waiting(running)

    def _begin_waiting(self, running: Running) -> None:
        """Begin operations that wait, as many as the share of their caller allows."""
        if not running.waiting:
            return
        self._forget_idle(time.monotonic())
        share = self._share
        while running.waiting and running.number < share:
            turn = running.waiting.popleft()
            if not turn.done():
                running.number += 1
                turn.set_result(None)

    @property
    def _share(self) -> int:
        if len(self._active) == 1:
            return self.most
        return max(1, self.most // 2 // len(self._active))

    def _noted(self, key: str) -> Running:
        """The operations of a caller, who is active now."""
        running = self._active.pop(key, None) or Running()
        running.begun = now = time.monotonic()
        self._active[key] = running
        self._forget_idle(now)
        return running

    def _forget_idle(self, now: float) -> None:
        while next(iter(self._active.values())).begun < now - RECENT:
            key, running = self._active.popitem(last=False)
            if running.number or running.waiting:
                running.begun = now
                self._active[key] = running

    async def _wait(self, running: Running) -> None:
        turn = asyncio.get_running_loop().create_future()
        running.waiting.append(turn)
        is_beyond = running.number + len(running.waiting) > self.most
        try:
            async with asyncio.timeout(PATIENCE if is_beyond else self._seconds):
                while not turn.done():
                    await asyncio.wait([turn], timeout=RECENT)
                    self._begin_waiting(running)  # others may have become idle
        except BaseException as error:
            if turn in running.waiting:
                running.waiting.remove(turn)
            else:
                self.leave(running)
            if isinstance(error, TimeoutError):
                raise RateLimited(self._refusal) from None
            raise

    @property
    def _refusal(self) -> str:
        return (
            f"A caller runs at most {self.most} operations at a time: send this one again when another"
            " has ended."
        )
