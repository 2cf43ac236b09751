"""The gateway in a separate process: its command and its server."""

import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess as Process
from pathlib import Path

import httpx2

from gateway.cli import cli
from tests.support.paths import ROOT as CODE
from tests.support.served import NO_CERTIFICATES, PATIENCE, Client, wait_until

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["gateway.cli", __name__])
"""The fork server imports the gateway once, which saves each process two seconds."""

SIZE = ("COLUMNS", "LINES")
"""The variables for the size of a terminal, which readline sets even without a terminal."""


@contextmanager
def started(
    folder: Path, arguments: list[str], **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """Start `gateway` with `folder` as its current folder, in which it writes its output to files."""
    (folder / "tmp").mkdir(exist_ok=True)
    fields = {f"GATEWAY_{name.upper()}": value for name, value in environment.items()}
    stored = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *arguments],
            cwd=folder,
            env=stored | fields | {"PYTHONPATH": str(CODE), "TMPDIR": str(folder / "tmp")},
            stdout=out,
            stderr=err,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def forked(folder: Path, *arguments: str, **environment: str) -> Iterator[Process]:
    """`gateway` as with `started`, but from the fork server; it is killed at the end if it is still
    running."""
    (folder / "tmp").mkdir(exist_ok=True)
    for name in ("out", "err"):
        (folder / name).write_text("")
    process = FORKS.Process(target=obey, args=(folder, arguments, environment))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(PATIENCE)


def ended(process: Process, folder: Path) -> tuple[int, str, str]:
    """The exit code of a process, its standard output and its standard error."""
    process.join(PATIENCE)
    return process.exitcode, (folder / "out").read_text(), (folder / "err").read_text()


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command to its end. Returns its exit code, standard output and standard error."""
    with forked(folder, *arguments, **environment) as process:
        return ended(process, folder)


def obey(folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("GATEWAY_", *SIZE))]:
        del os.environ[name]
    os.environ.update({f"GATEWAY_{name.upper()}": value for name, value in environment.items()})
    tempfile.tempdir = str(folder / "tmp")
    for name, descriptor in (("out", 1), ("err", 2)):
        with (folder / name).open("w") as file:
            os.dup2(file.fileno(), descriptor)
    sys.argv = ["gateway", *arguments]
    cli()


def announced(folder: Path, is_alive: Callable[[], bool]) -> str:
    """The URL that a server in this folder prints when it is about to listen."""

    def found() -> re.Match[str] | None:
        assert is_alive(), (folder / "err").read_text()
        return re.search(r"http://\S+/graphql", (folder / "out").read_text())

    return wait_until(found)[0]


@dataclass(frozen=True)
class Server(Client):
    """A gateway in a separate process."""

    process: int
    forked: Process

    def exit_code(self) -> int | None:
        """The exit code of the process, once it has stopped."""
        self.forked.join(PATIENCE)
        return self.forked.exitcode

    def resident(self) -> int:
        """The resident memory of the process in bytes."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        """The number of files and connections that the process has open."""
        return len([*Path(f"/proc/{self.process}/fd").iterdir()])


@contextmanager
def served(folder: Path, *options: str, **environment: str) -> Iterator[Server]:
    """A server that is ready, and is killed at the end."""
    server = forked(folder, "serve", "--port", "0", *options, **environment)
    with server as process, httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES) as http:
        url = announced(folder, process.is_alive).removesuffix("/graphql")
        wait_until(lambda: is_ready(http, url))
        yield Server(url, http, process.pid, process)


def is_ready(http: httpx2.Client, url: str) -> bool:
    try:
        return http.get(url + "/readyz").status_code == 200
    except httpx2.TransportError:
        return False
