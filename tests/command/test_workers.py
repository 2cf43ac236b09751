"""Several server processes behind one address and over one database."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.support.processes import Server, run, served
from tests.support.served import NO_CERTIFICATES, PATIENCE, wait_until

CREATE = (
    'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { number } } }'
)
ORDERS = 60


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in listed.split()]


def number_of_order(client: Server) -> str:
    """The number of a new order, which any worker creates."""
    with httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES) as http:
        answer = http.post(client.url + "/graphql", json={"query": CREATE}).json()
    return str(answer["data"]["createSalesOrder"]["salesOrder"]["number"])


def test_workers_share_the_address_and_the_number_series(world_url: str, tmp_path: Path) -> None:
    """A worker that is killed is replaced, and a signal stops all of them with the exit code 0."""
    with served(tmp_path, "--workers", "2", database_url=world_url) as client:
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: number_of_order(client), range(ORDERS)))
        assert sorted(numbers) == [f"SO-{place:06}" for place in range(1, ORDERS + 1)]
        first = children(client.process)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        wait_until(lambda: len({*children(client.process)} - {*first}) == 1)
        assert number_of_order(client) == f"SO-{ORDERS + 1:06}"
        os.kill(client.process, signal.SIGTERM)
        assert client.exit_code() == 0
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in first))
    log = (tmp_path / "err").read_text()
    assert re.search(r"worker \d+ ended with code -9 and is replaced", log)


def test_workers_stop_when_their_supervisor_is_killed(world_url: str, tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2", database_url=world_url) as client:
        workers = children(client.process)
        os.kill(client.process, signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, workers)))


def is_running(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_workers_cannot_share_a_database_in_memory(tmp_path: Path, url: str) -> None:
    assert run(tmp_path, "serve", "--workers", "2", database_url=url) == (
        1,
        "",
        "--workers: the processes cannot share a database in memory. Name a file or PostgreSQL.\n",
    )


def test_workers_that_cannot_start_end_the_command(world_url: str, tmp_path: Path) -> None:
    code, _, errors = run(
        tmp_path,
        *("serve", "--port", "0", "--workers", "2"),
        database_url=world_url,
        documents="trusted",
        document_manifests="missing.json",
    )
    assert code == 1
    assert "GATEWAY_DOCUMENT_MANIFESTS" in errors
