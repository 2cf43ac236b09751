"""A signal to stop ends the server at any moment, even before it serves."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.processes import announced, ended, forked, started
from tests.support.served import PATIENCE, wait_until


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
