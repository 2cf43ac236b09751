"""The gateway as a server in a thread of the test process, and an HTTP client for it."""

import asyncio
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
import sqlalchemy as sa
import uvicorn
from sqlalchemy.engine import Engine

from gateway.app import create_app
from gateway.demo.northwind import load_demo
from gateway.server import server_config
from gateway.settings import Settings
from gateway.web.connection_limits import ConnectionLimits
from tests.support.databases import Templates

Found = TypeVar("Found")

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""No certificates are needed here, and loading those of the machine takes longer than a test."""

PATIENCE = 60
"""Seconds after which a process or a job counts as hung, however slow the machine is."""


def wait_until(condition: Callable[[], Found | None]) -> Found:
    """The result of a condition, once it is true."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition was never met"
        time.sleep(0.02)
    return result


@dataclass(frozen=True)
class Client:
    """A client of the gateway at `url`."""

    url: str
    http: httpx2.Client

    def send(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """The whole answer to an operation, without its cost."""
        body = {"query": query, "variables": variables}
        return without_cost(self.http.post(self.url + "/graphql", json=body, headers=headers or {}))

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must have no errors."""
        answer = self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


def without_cost(response: httpx2.Response) -> Any:
    """An answer without `extensions.cost`, which only `tests.execution.test_limits` checks."""
    answer = response.json()
    if answer.get("extensions", {}).keys() == {"cost"}:
        del answer["extensions"]
    return answer


class _PromptServer(uvicorn.Server):
    """Stops at once. Uvicorn itself looks only every tenth of a second whether it should, and then waits
    as long for its connections even if it has none."""

    _ticks: asyncio.Task[None] | None = None

    async def main_loop(self) -> None:
        self._ticks = asyncio.create_task(super().main_loop())
        with suppress(asyncio.CancelledError):
            await self._ticks

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in (*self.servers, *(sockets or [])):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # the loop forgets the connections that were idle
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
        else:
            await self.lifespan.shutdown()

    def stop(self) -> None:
        """Any thread may call this."""
        self.should_exit = True
        if self._ticks is not None and not self._ticks.done():
            self._ticks.get_loop().call_soon_threadsafe(self._ticks.cancel)


@contextmanager
def serving(
    settings: Settings, limits: ConnectionLimits | None = None, app: Any = None
) -> Iterator[Client]:
    """The gateway, or another ASGI application, in its own server."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
    config = server_config(app or create_app(settings), settings, limits or ConnectionLimits())
    server = _PromptServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server stopped while starting"
        time.sleep(0.005)
    try:
        with httpx2.Client(timeout=60, verify=NO_CERTIFICATES) as http:
            yield Client(f"http://127.0.0.1:{listener.getsockname()[1]}", http)
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def serving_demo(templates: Templates) -> Iterator[Client]:
    """The gateway over the orders of Northwind. Its answers say how their operations ran."""
    url = templates.copy("demo", load_demo)
    with serving(Settings(database_url=url, debug=True)) as client:
        yield client


@contextmanager
def connected(client: Client, query: Any, *, left_out: int = 0) -> Iterator[socket.socket]:
    """The connection of a client that has sent its request except the last `left_out` bytes, and disconnects
    on exit. The request has a document or, if it is a list, a batch."""
    host, port = client.url.removeprefix("http://").split(":")
    body = json.dumps(query if isinstance(query, list) else {"query": query})
    head = f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    sent = f"{head}Content-Length: {len(body)}\r\n\r\n{body}"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(sent[: len(sent) - left_out].encode())
        yield connection


@contextmanager
def transactions() -> Iterator[list[sa.Connection]]:
    """The connections on which engines of this process begin a transaction meanwhile."""
    begun: list[sa.Connection] = []

    def record(connection: sa.Connection) -> None:
        begun.append(connection)

    sa.event.listen(Engine, "begin", record)
    try:
        yield begun
    finally:
        sa.event.remove(Engine, "begin", record)


SEARCH = re.compile(r"SELECT companies\.id(, companies\.name)?\s+FROM companies")
"""Matches the statement that finds the company of a request."""


class _Recorder(logging.Handler):
    def __init__(self, record: Callable[[str], None]) -> None:
        super().__init__()
        self._record = record

    def emit(self, record: logging.LogRecord) -> None:
        self._record(record.getMessage())


def is_in_background() -> bool:
    """Whether a gateway's own task runs, rather than an operation of a client."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread without a loop
        return False
    return task is not None and task.get_name().startswith("background: ")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that engines and plans of this process run meanwhile for its clients; transactions
    and the search for the company, which a plan does not need, are not counted."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if not SEARCH.match(statement) and not is_in_background():
            seen.append(statement)

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        note(statement)

    log, recorder = logging.getLogger("gateway.sql"), _Recorder(note)
    level = log.level
    log.setLevel(logging.DEBUG)
    log.addHandler(recorder)
    sa.event.listen(Engine, "before_cursor_execute", record)
    try:
        yield seen
    finally:
        sa.event.remove(Engine, "before_cursor_execute", record)
        log.removeHandler(recorder)
        log.setLevel(level)
