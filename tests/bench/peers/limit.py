"""The limit on PostgreSQL: no GraphQL at all, one prepared statement whose JSON text is sent as it comes."""

import datetime as dt
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson

from tests.bench.one_statement import POSTGRESQL, statement

STATEMENTS = {workload: statement(POSTGRESQL, workload) for workload in "ABC"}
FIELDS = {"A": b"salesOrder", "B": b"salesOrders", "C": b"salesOrders"}
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def no_reset(_connection: Any) -> None:
    """Nothing is ever set in a session."""


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(scope["state"], receive, send)
    else:
        await answer(scope["state"], receive, send)


async def live(state: dict[str, Any], receive: Receive, send: Send) -> None:
    """Keep the pool from the start of the server to its end."""
    await receive()
    url, utc = os.environ["DATABASE_URL"], {"TimeZone": "UTC"}
    async with asyncpg.create_pool(
        url, min_size=16, max_size=16, reset=no_reset, server_settings=utc
    ) as pool:
        state["pool"], state["company"] = pool, await pool.fetchval("SELECT id FROM companies")
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def answer(state: dict[str, Any], receive: Receive, send: Send) -> None:
    request = orjson.loads(await body_of(receive))
    workload, variables = request["operationName"], request["variables"]
    if workload == "A":
        wanted = [variables["id"]]
    else:
        wanted = [dt.date.fromisoformat(variables["day"]), variables["first"]]
    found = await state["pool"].fetchval(STATEMENTS[workload], state["company"], *wanted)
    body = b'{"data":{"%b":%b}}' % (FIELDS[workload], found)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def body_of(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message.get("more_body", False)
    return body
