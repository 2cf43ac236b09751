"""The cost of the answers in SQLite itself: one statement, run by the standard library's sqlite3."""

import itertools
import json
import os
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any

from tests.bench.documents import variables
from tests.bench.load import Load
from tests.bench.one_statement import SQLITE, statement
from tests.bench.servers import BODIES, Cost


class BareSqlite:
    """One connection in this process: a contestant without GraphQL, HTTP and threads."""

    name = "bare sqlite3"
    workloads = "ABC"

    def __init__(self, path: Path, orders: int, core: int) -> None:
        self._connection = sqlite3.connect(path)
        (self._company,) = self._connection.execute("SELECT id FROM companies").fetchone()
        self._orders, self._core = orders, core

    def answer(self, workload: str) -> Any:
        sql, parameters = self._statements(workload)
        return json.loads(self._connection.execute(sql, parameters[0]).fetchone()[0])

    def measure(self, workload: str, _concurrency: int, seconds: float) -> Cost:
        """The cost of statements that run one after another, on the servers' core."""
        sql, parameters = self._statements(workload)
        usual = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self._core})
        times, used, start = [], time.process_time(), time.perf_counter()
        turn = itertools.cycle(parameters)
        while (began := time.perf_counter()) < start + seconds:
            self._connection.execute(sql, next(turn)).fetchone()
            times.append((time.perf_counter() - began) * 1000)
        cost = (time.process_time() - used) * 1000 / len(times)
        os.sched_setaffinity(0, usual)
        slowest = sorted(times)[int(len(times) * 0.99)]
        load = Load(len(times), len(times) / seconds, statistics.median(times), slowest)
        return Cost(load, cost, 0.0)

    def _statements(self, workload: str) -> tuple[str, list[tuple[Any, ...]]]:
        wanted = variables(workload, self._orders, BODIES)
        return statement(SQLITE, workload), [(self._company, *each.values()) for each in wanted]
