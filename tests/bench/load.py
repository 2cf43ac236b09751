"""Load generation: requests are sent as fast as they are answered, and their cost is measured."""

import asyncio
import itertools
import os
import re
import shutil
import statistics
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

SCRIPT = Path(__file__).with_name("post.lua")
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
FAILED = re.compile(r"Non-2xx or 3xx responses: \d+|Socket errors:.*|Errors in an answer: .*")
ERRORS = (b'"errors":[', b'"userErrors":[{')
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Refused(Exception):
    """A server gave a wrong answer."""


@dataclass(frozen=True)
class Load:
    """The answers: their number, their rate per second, and their latencies in milliseconds."""

    requests: int
    rate: float
    median: float
    slowest: float


def send(url: str, bodies: Path, concurrency: int, seconds: float) -> Load:
    """Send the lines of a file in turn over several connections, with wrk if it is installed."""
    if shutil.which("wrk"):
        return _wrk(url, bodies, concurrency, seconds)
    return asyncio.run(_send(url, bodies.read_bytes().splitlines(), concurrency, seconds))


def _wrk(url: str, bodies: Path, concurrency: int, seconds: float) -> Load:
    amount = ("-t1", f"-c{concurrency}", f"-d{max(1, round(seconds))}s")
    done = subprocess.run(
        ["wrk", *amount, "--timeout", "60s", "--latency", "-s", str(SCRIPT), url],
        env={**os.environ, "BODIES": str(bodies)},
        capture_output=True,
        text=True,
        check=True,
    )
    if failed := FAILED.search(done.stdout):
        raise Refused(failed[0])

    def found(pattern: str) -> str:
        return re.search(pattern, done.stdout, re.MULTILINE)[1]

    return Load(
        int(found(r"(\d+) requests in")),
        float(found(r"Requests/sec:\s+([\d.]+)")),
        _milliseconds(found(r"^\s+50%\s+(\S+)")),
        _milliseconds(found(r"^\s+99%\s+(\S+)")),
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()
    return float(number) * UNITS[unit]


async def _send(url: str, bodies: list[bytes], concurrency: int, seconds: float) -> Load:
    """The same in Python, which sends fewer requests per second. Costs per request stay comparable."""
    times: list[float] = []
    turn = itertools.cycle(bodies)
    start = time.perf_counter()

    async def connection(http: httpx2.AsyncClient) -> None:
        while time.perf_counter() < start + seconds:
            sent = time.perf_counter()
            answer = await http.post(url, content=next(turn), headers=HEADERS)
            if not answer.is_success or any(sign in answer.content for sign in ERRORS):
                raise Refused(answer.text[:600])
            times.append((time.perf_counter() - sent) * 1000)

    async with httpx2.AsyncClient(timeout=60) as http:
        await asyncio.gather(*(connection(http) for _ in range(concurrency)))
    taken = time.perf_counter() - start
    slowest = sorted(times)[int(len(times) * 0.99)]
    return Load(len(times), len(times) / taken, statistics.median(times), slowest)


def cpu_seconds(pid: int) -> float:
    """The processor time used by a process and its children, including those that have ended."""
    process = psutil.Process(pid)
    total = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += sum(child.cpu_times()[:2])
    return total


def pin(pid: int, core: int) -> None:
    """Keep a process and its children on one core."""
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        each.cpu_affinity([core])
