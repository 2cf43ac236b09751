"""The log of a process: everything on its standard error, in one format."""

import fcntl
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.support.logs import logged
from tests.support.paths import ROOT
from tests.support.processes import run, served
from tests.support.served import NO_CERTIFICATES, PATIENCE, wait_until

MESSAGES = """
import asyncio, logging, threading, warnings
from gateway.logs.log import start_log

log = start_log("{level}", "{format}")
log.info("request", path="/graphql", operation="A\\nB")
logging.getLogger("gateway").warning("ours %s", 1, extra={{"job": "j"}})
logging.getLogger("uvicorn.error").error("theirs")
logging.getLogger("sqlalchemy").info("not worth a line")
warnings.warn("careful")
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start()
thread.join()

class Careless:
    def __del__(self):
        raise KeyError("lost")

Careless()

async def forget():
    asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

async def fail():
    raise LookupError("nobody looks")

asyncio.run(forget())
raise OSError("fatal")
"""


def printed(level: str, log_format: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", MESSAGES.format(level=level, format=log_format)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def test_whatever_is_logged_or_crashes_is_a_line_of_json() -> None:
    lines = [json.loads(line) for line in printed("info", "auto").splitlines()]
    assert [(line["level"], line.get("logger")) for line in lines] == [
        ("info", None),
        ("warning", "gateway"),
        ("error", "uvicorn.error"),
        ("warning", "py.warnings"),
        ("error", "gateway"),
        ("error", "gateway"),
        ("error", "asyncio"),
        ("critical", "gateway"),
    ]
    ours, crash, lost, unseen, fatal = lines[1], *lines[4:]
    assert (ours["event"], ours["job"]) == ("ours 1", "j")
    assert crash["event"] == "the thread worker crashed"
    assert crash["exception"].endswith("ZeroDivisionError: division by zero")
    assert lost["exception"].endswith("KeyError: 'lost'")
    assert unseen["event"].startswith("Task exception was never retrieved")
    assert unseen["exception"].endswith("LookupError: nobody looks")
    assert fatal["event"] == "the process crashed"
    assert fatal["exception"].endswith("OSError: fatal")


def test_text_has_a_line_for_each_message_and_indented_tracebacks() -> None:
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed("warning", "text"))
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    assert [line.split()[1] for line in lines] == [
        *("[warning", "[error", "[warning", "[error", "[error", "[error", "[critical"),
    ]
    assert "\x1b" not in text


def test_the_log_is_text_on_a_terminal() -> None:
    code = "from gateway.logs.log import start_log; start_log('info', 'auto').info('hello', a='b')"
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=theirs, check=True)
    os.close(theirs)
    assert re.search(rb"info.*hello.*a.*=.*b", os.read(ours, 1000))
    os.close(ours)


def test_a_server_logs_its_requests_as_json_and_nothing_else(tmp_path: Path) -> None:
    with served(tmp_path, database_url="sqlite:///gateway.db", log_level="INFO") as server:
        server.http.get(server.url + "/healthz")
        server.http.get(server.url + "/graphql?query={__typename}")
        wait_until(lambda: (tmp_path / "err").read_text().endswith("\n"))
    [line] = logged(tmp_path)
    assert (line["event"], line["operation"], line["outcome"]) == ("request", None, "ok")


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("log_level", "verbose", "'debug', 'info', 'warning' or 'error'"),
        ("log_format", "xml", "'auto', 'json' or 'text'"),
    ],
)
def test_a_wrong_setting_of_the_log_stops_a_command(
    tmp_path: Path, variable: str, value: str, allowed: str
) -> None:
    name = f"GATEWAY_{variable.upper()}"
    assert run(tmp_path, "migrate", **{variable: value}) == (
        1,
        "",
        f"{name}: Input should be {allowed}\n",
    )


def test_the_gateway_answers_although_nobody_reads_its_log(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as server:
        os.close(theirs)
        [url] = re.findall(r"http://\S+/graphql", server.stdout.readline())
        with httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES) as http:
            for _ in range(100):
                assert http.get(url + "?query={__typename}").status_code == 200
        server.terminate()
        assert server.wait(PATIENCE) == 0
    assert os.read(ours, 100_000).count(b"\n") < 100
    os.close(ours)
