"""The cost points that each caller may use in a minute.

They are drawn from a counter in portions, so that nearly all operations neither wait for the counter nor
pay for it. The counter may belong to several processes, each of which then holds a portion of its own."""

import math
import time
from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple, Protocol

from gateway.access.caller import Caller

WINDOW = 60
"""Seconds of a window, which begins with the first operation in it."""

PORTIONS = 100
"""How many portions the points of a window have. A process may leave one of them unused."""

MOST_KEPT = 10_000
SHARED_BITS = 64
"""The part of an IPv6 address that is the same for all addresses of one client."""


class RateLimited(Exception):
    """A caller has to wait before it may send the operation again."""


class Draw(NamedTuple):
    """The points that were drawn, those that are left, and the seconds until the window ends."""

    points: int
    left: int
    seconds: float


class PointCounter(Protocol):
    """Counts the points of all callers."""

    most: int
    """The points of each caller in a window."""

    async def draw(self, key: str, least: int, most: int) -> Draw:
        """Draw up to `most` points for the caller with this key, or none if fewer than `least` are left."""
        ...

    async def close(self) -> None: ...


class Quota:
    """The points of one caller."""

    def __init__(self, counter: PointCounter, key: str) -> None:
        self._counter = counter
        self._key = key
        self._portion = max(1, counter.most // PORTIONS)
        self._drawn = 0
        self._left = counter.most
        self._end = 0.0

    @property
    def available(self) -> int:
        """The points left in the window. Those that other processes hold are not among them."""
        return self._counter.most if self._is_over else self._drawn + self._left

    @property
    def reset_seconds(self) -> int:
        """Seconds until all points are available again, rounded up."""
        return max(0, math.ceil(self._end - time.monotonic()))

    async def take(self, cost: int) -> float:
        """Use points; returns what `give_back` needs. Raises RateLimited."""
        if self._is_over or self._drawn < cost:
            await self._draw(cost)
        if self._drawn < cost:
            raise RateLimited(
                f"This operation needs {cost:,} points, and {self.available:,} of {self._counter.most:,}"
                f" a minute are left: try again in {self.reset_seconds} seconds."
            )
        self._drawn -= cost
        return self._end

    def give_back(self, points: int, taken: float) -> None:
        """Return points of the window in which they were taken."""
        if taken == self._end:
            self._drawn += points

    @property
    def _is_over(self) -> bool:
        return time.monotonic() >= self._end

    async def _draw(self, cost: int) -> None:
        missing = cost if self._is_over else cost - self._drawn
        if missing > (self._counter.most if self._is_over else self._left):
            return  # asking again would only slow down a caller that does not wait
        draw = await self._counter.draw(self._key, missing, max(missing, self._portion))
        if self._is_over:
            self._drawn, self._end = 0, time.monotonic() + draw.seconds
        self._drawn += draw.points
        self._left = draw.left


class Quotas:
    """The quotas of all callers. Those that were used last are kept in memory."""

    def __init__(self, counter: PointCounter) -> None:
        self._counter = counter
        self._kept: OrderedDict[str, Quota] = OrderedDict()

    @property
    def most(self) -> int:
        return self._counter.most

    def of(self, key: str) -> Quota:
        """The quota of the caller with this key."""
        if key in self._kept:
            self._kept.move_to_end(key)
        else:
            self._kept[key] = Quota(self._counter, key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    async def close(self) -> None:
        await self._counter.close()


def payer_of(caller: Caller, host: str) -> str:
    """Identifies whose limits apply to a request: those of its credential or, without one, of its
    address."""
    return f"address {_client(host)}" if caller.credential is None else caller.credential


@lru_cache(MOST_KEPT)
def _client(host: str) -> str:
    """The address of a client; for IPv6, its network. A server for both may write an IPv4 address as one
    of IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, SHARED_BITS), strict=False))
    return host
