"""The gateway compared with its peers in one run: `python -m tests.bench.queries --help`.

README.md in this folder describes the operations, the peers and the tables."""

import argparse
import os
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from tests.bench.bare_sqlite import BareSqlite
from tests.bench.databases import WORK, StoredPostgres, sqlite_copy
from tests.bench.documents import TITLES, comparable, leaves
from tests.bench.load import Refused, pin
from tests.bench.seeding import ORDERS_A_DAY
from tests.bench.servers import KNOWN, Cost, install_node, running

SERVER_CORE, LOAD_CORE = 0, 1
WARM_UP = 3.0
"""Seconds in which compilers see every operation and caches fill."""

ENOUGH, LONGEST = 10, 30.0
"""Answers per connection. Slow servers get more time to give them, up to 30 seconds. Requests that are
cut off at the end add to the cost but are not counted."""


class Contestant(Protocol):
    name: str
    workloads: str

    def answer(self, workload: str) -> Any: ...

    def measure(self, workload: str, concurrency: int, seconds: float) -> Cost: ...


Key = tuple[str, int, str]
"""Workload, concurrency, contestant."""


@contextmanager
def contestants(database: str, names: Sequence[str], orders: int) -> Iterator[list[Contestant]]:
    """Those of the named servers that can use the database, on a fresh copy of it."""
    with ExitStack() as stack:
        if database == "sqlite":
            file = sqlite_copy(orders)
            url, pid = f"sqlite:///{file}", None
            names = [name for name in names if KNOWN[name].on_sqlite]
        else:
            postgres = stack.enter_context(StoredPostgres())
            url, pid = postgres.copy(orders), postgres.pid
            pin(pid, LOAD_CORE)
        started: list[Contestant] = [
            stack.enter_context(running(name, url, pid, orders, SERVER_CORE)) for name in names
        ]
        if database == "sqlite":
            started.append(BareSqlite(file, orders, SERVER_CORE))
        yield started


def compare(those: Sequence[Contestant], workload: str) -> None:
    """Print the size of an answer, and stop if two servers answer the same request differently."""
    answers = {each.name: comparable(workload, each.answer(workload)) for each in those}
    first, expected = next(iter(answers.items()))
    for name, answer in answers.items():
        if answer != expected:
            raise Refused(f"{workload}: {name} answers something else than {first}")
    print(f"{workload}: {leaves(expected):,} leaves, identical from {', '.join(answers)}")


def measure(
    those: Sequence[Contestant], workload: str, arguments: argparse.Namespace
) -> dict[Key, list[Cost]]:
    """The costs of all rounds. In each round every server has its turn, and a different one starts."""
    patience = {each.name: each.measure(workload, 1, WARM_UP).load.median for each in those}
    costs: dict[Key, list[Cost]] = defaultdict(list)
    for number in range(arguments.rounds):
        first = number % len(those)
        for concurrency in arguments.concurrency:
            for each in (*those[first:], *those[:first]):
                enough = ENOUGH * concurrency * patience[each.name] / 1000
                seconds = max(arguments.seconds, min(LONGEST, enough))
                cost = each.measure(workload, concurrency, seconds)
                costs[workload, concurrency, each.name].append(cost)
    return costs


def median(costs: Sequence[Cost], value: str) -> float:
    """The median of all rounds of an attribute of costs or of their loads."""
    return statistics.median(
        getattr(cost, value) if hasattr(cost, value) else getattr(cost.load, value)
        for cost in costs
    )


def print_table(costs: dict[Key, list[Cost]], workload: str, concurrency: int) -> None:
    print(f"\n### {workload}: {TITLES[workload]}; {concurrency} at a time\n")
    print(
        "| server | requests/s | p50 ms | p99 ms | server CPU ms | database CPU ms | gateway : it |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    shown = {key[2]: own for key, own in costs.items() if key[:2] == (workload, concurrency)}
    for name, own in shown.items():
        values = [median(own, value) for value in ("rate", "median", "slowest")]
        spent = [median(own, value) for value in ("server", "database")]
        cells = [f"{value:.1f}" for value in values] + [f"{value:.2f}" for value in spent]
        print(f"| {name} | {' | '.join(cells)} | {ratio(costs, workload, concurrency, name)} |")


def ratio(costs: dict[Key, list[Cost]], workload: str, concurrency: int, name: str) -> str:
    """The gateway's processor time divided by another server's; empty if either was not measured."""
    own, other = (costs.get((workload, concurrency, each)) for each in ("gateway", name))
    if not own or not other:
        return ""
    return f"{median(own, 'server') / median(other, 'server'):.3f}"


def print_ratios(costs: dict[Key, list[Cost]], database: str) -> None:
    names = list(dict.fromkeys(name for *_, name in costs if name != "gateway"))
    columns = list(dict.fromkeys((workload, concurrency) for workload, concurrency, _ in costs))
    titles = " | ".join(f"{workload}, {concurrency}" for workload, concurrency in columns)
    print(f"\n### {database}: server CPU of the gateway divided by that of its peers\n")
    print(f"| workload, concurrency | {titles} |")
    print("| --- |" + " --- |" * len(columns))
    for name in names:
        print(f"| {name} | {' | '.join(ratio(costs, *column, name) for column in columns)} |")


def run(database: str, arguments: argparse.Namespace) -> None:
    print(f"\n## {database}, {arguments.orders:,} orders\n")
    costs: dict[Key, list[Cost]] = {}
    with contestants(database, arguments.peers, arguments.orders) as all_of_them:
        pin(os.getpid(), LOAD_CORE)
        able = {
            workload: [each for each in all_of_them if workload in each.workloads]
            for workload in arguments.workloads
        }
        for workload, those in able.items():
            compare(those, workload)
        for workload, those in able.items():
            costs |= measure(those, workload, arguments)
            for concurrency in arguments.concurrency:
                print_table(costs, workload, concurrency)
    print_ratios(costs, database)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = list(KNOWN)

    def names(text: str) -> list[str]:
        return text.split(",")

    def numbers(text: str) -> list[int]:
        return [int(number) for number in text.split(",")]

    parser.add_argument("--database", choices=("postgresql", "sqlite", "both"), default="both")
    parser.add_argument("--workloads", default="ABCD", help="some of A, B, C and D")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=numbers, default=[1, 16])
    parser.add_argument("--peers", type=names, default=known, help=f"some of {','.join(known)}")
    parser.add_argument(
        "--orders", type=int, default=20_000, help="number of orders in the database"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds per measurement")
    arguments = parser.parse_args()
    if not set(arguments.peers) <= KNOWN.keys() or not set(arguments.workloads) <= TITLES.keys():
        parser.error("there is no such peer or workload")
    if arguments.orders < ORDERS_A_DAY:
        parser.error(f"a day has {ORDERS_A_DAY} orders")
    return arguments


def main() -> None:
    arguments = parse()
    WORK.mkdir(parents=True, exist_ok=True)
    for old in WORK.glob("*.jsonl"):
        old.unlink()
    install_node(arguments.peers)
    for database in ("postgresql", "sqlite"):
        if arguments.database in {database, "both"}:
            run(database, arguments)


if __name__ == "__main__":
    main()
