"""At most two uploads are read at once, and a stop ends the processes that read workbooks."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.importing import Client, gate, post
from tests.support.processes import announced, ended, forked
from tests.support.served import NO_CERTIFICATES, PATIENCE, wait_until
from tests.support.workbooks import workbook

BOOK = workbook({"items": [["number", "displayName"], *[["N1", "One"]] * 20_000]})
CSV = {"units.csv": b"code,displayName\nBOX,box\n"}


def readers(server: int) -> set[int]:
    """The processes that read workbooks for a server."""
    found = set()
    for file in Path(f"/proc/{server}/task").glob("*/children"):
        with suppress(FileNotFoundError):
            found |= set(map(int, file.read_text().split()))
    return {pid for pid in found if b"xlsx_rows" in command_of(pid)}


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@contextmanager
def stopped_reader(server: int, client: Client, name: str) -> Iterator[tuple[int, Future[Any]]]:
    """Upload a workbook whose reader is stopped: its process, and the coming response."""
    others = readers(server)
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(post, client, {name: BOOK})
        while not (found := readers(server) - others):
            assert not response.done()
        [process] = found
        os.kill(process, signal.SIGSTOP)
        try:
            yield process, response
        finally:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def test_a_third_upload_waits_for_the_two_that_are_read(
    world_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.uploads.PATIENCE", 0.3)
    with gate(world_url, tmp_path) as client:
        server = os.getpid()
        with stopped_reader(server, client, "a.xlsx"), stopped_reader(server, client, "b.xlsx"):
            refused = post(client, CSV)
        assert (refused.status_code, refused.json()["code"]) == (503, "TOO_MANY_IMPORTS")
        assert refused.headers["Retry-After"] == "10"
        assert post(client, CSV).status_code == 202


def test_a_stop_kills_the_process_that_reads_a_workbook(world_url: str, tmp_path: Path) -> None:
    """The reader is stopped, so it would never end by itself."""
    http = httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES)
    folder = str(tmp_path / "uploads")
    server = forked(tmp_path, "serve", "--port", "0", database_url=world_url, import_folder=folder)
    with server as process, http:
        url = announced(tmp_path, process.is_alive).removesuffix("/graphql")
        client = Client(url, http)
        wait_until(lambda: _is_ready(client))
        with stopped_reader(process.pid, client, "a.xlsx") as (reader, response):
            os.kill(process.pid, signal.SIGTERM)
            assert ended(process, tmp_path)[0] == 0
            assert command_of(reader) == b""
            answer = response.result(PATIENCE)
            assert (answer.status_code, answer.json()["code"]) == (503, "STOPPING")


def _is_ready(client: Client) -> bool:
    try:
        return client.http.get(f"{client.url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False
