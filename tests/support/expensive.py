"""The most expensive documents within the limits, and a measurement of how long work blocks the event
loop."""

import asyncio
import json
import time
from collections.abc import Awaitable
from typing import Any


def aliased(field: str, count: int) -> str:
    return " ".join(f"a{number}: {field}" for number in range(count))


def of_orders(size: int, selection: str) -> str:
    return f"{{ salesOrders(first: {size}) {{ nodes {{ {selection} }} }} }}"


WORD = "statusLabel(vocabulary: NAVISION_SCHEMA)"
STEPS = "totalsExplanation { amount rule formula result }"
EXPENSIVE = {
    "scalars": of_orders(200, aliased("number", 490)),
    "scalars below a list": of_orders(200, f"lines {{ {aliased('netAmount', 490)} }}"),
    "the names of types": of_orders(200, aliased("__typename", 490)),
    "objects below objects": of_orders(
        200, "number lines { id item { id number taxCode { code } } }"
    ),
    "labels": of_orders(200, aliased(WORD, 90)),
    "explanations": of_orders(200, STEPS),
    "transitions": of_orders(70, "availableTransitions { mutation possible }"),
    "pages": "{" + aliased("salesOrders(first: 40) { nodes { number } }", 450) + "}",
    "types": f"{{ __schema {{ types {{ fields {{ {aliased('name', 490)} }} }} }} }}",
    "pages of pages": "{ customers(first: 91) { nodes { salesOrders(first: 100) {"
    " edges { cursor node { number } } } } } }",
    "tokens": "{ nodes(ids: [" + '"a" ' * 19_000 + "]) { id } }",
}
"""The most expensive known documents within the limits, by kind."""


def unit() -> float:
    """The processor time of a reference workload of some 25 milliseconds: the minimum of ten runs."""
    return min(_known_workload() for _ in range(10))


def _known_workload() -> float:
    begin = time.thread_time()
    json.loads(json.dumps([{"number": str(n), "amount": [n, n]} for n in range(10_000)]))
    return time.thread_time() - begin


async def longest_stretch(work: Awaitable[Any]) -> float:
    """The longest processor time for which `work` blocked the event loop."""
    longest, last = 0.0, time.thread_time()

    async def watch() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.001)
            now = time.thread_time()
            longest, last = max(longest, now - last), now

    watching = asyncio.ensure_future(watch())
    await work
    await asyncio.sleep(0.01)
    watching.cancel()
    return longest
