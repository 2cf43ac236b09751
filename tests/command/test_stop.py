"""A signal to stop ends the server at any moment, even before it serves."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.support.processes import announced, ended, forked, served, started
from tests.support.requests import locked, make_tax_codes_slow
from tests.support.served import PATIENCE, connected, wait_until

CREATE = (
    'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { number } } }'
)
SLOW = "{ taxCodes { nodes { code } } }"


@pytest.mark.parametrize("options", [[], ["--demo"]], ids=["embedded", "demo"])
@pytest.mark.parametrize("delay", [0.05, 0.2, 0.5])
def test_a_stop_during_the_start_ends_the_process(
    tmp_path: Path, options: list[str], delay: float
) -> None:
    """At any point, nothing is left behind and nothing is printed to standard error. A signal before
    the command begins has the default effect."""
    with forked(tmp_path, "serve", "--port", "0", *options) as process:
        time.sleep(delay)
        os.kill(process.pid, signal.SIGTERM)
        code, _, errors = ended(process, tmp_path)
    assert code in (0, -signal.SIGTERM)
    assert errors == "" or code == -signal.SIGTERM
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_stop_while_the_modules_are_imported_ends_the_process(tmp_path: Path) -> None:
    """The signal arrives as soon as the process handles it."""
    with started(tmp_path, ["serve", "--port", "0"]) as process:
        wait_until(lambda: handles_sigterm(process.pid))
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "err").read_text() == (tmp_path / "out").read_text() == ""


def handles_sigterm(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("attempt", range(3))
def test_a_stop_right_after_the_announcement_is_never_lost(tmp_path: Path, attempt: int) -> None:
    with forked(tmp_path, "serve", "--port", "0") as process:
        announced(tmp_path, process.is_alive)
        time.sleep(attempt / 50)
        os.kill(process.pid, signal.SIGTERM)
        assert ended(process, tmp_path)[::2] == (0, "")


def rest_of(connection: socket.socket) -> bytes:
    """Everything that the gateway sends until it closes the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_gateway_that_stops_reports_unready_and_finishes_running_requests(
    world_url: str, tmp_path: Path
) -> None:
    with served(tmp_path, database_url=world_url) as client:

        def readiness() -> tuple[int, str]:
            response = client.http.get(client.url + "/readyz")
            return response.status_code, response.text

        with contextlib.ExitStack() as waiting:
            with locked(world_url):
                connection = waiting.enter_context(connected(client, CREATE))
                assert readiness() == readiness() == (200, "ok\n")
                os.kill(client.process, signal.SIGTERM)
                while (state := readiness()) == (200, "ok\n"):
                    pass
                assert state == (503, "The gateway is shutting down.\n")
            assert b"SO-000001" in rest_of(connection)
        assert client.exit_code() == 0


def test_a_gateway_stops_in_time_although_a_request_never_ends(
    world_url: str, tmp_path: Path
) -> None:
    make_tax_codes_slow(world_url)
    with served(tmp_path, database_url=world_url, stop_seconds="1") as client:
        with connected(client, SLOW) as connection:
            assert client.http.get(client.url + "/readyz").status_code == 200
            os.kill(client.process, signal.SIGTERM)
            assert b"The gateway is shutting down." in rest_of(connection)
        assert client.exit_code() == 0
