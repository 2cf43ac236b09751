"""The consoles in the READMEs: commands and their output, run one after the other."""

import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.processes import Server, run, served

CONSOLE = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
SPEED = re.compile(r"\bin [\d.,]+ s(?:, [\d,]+ a second)?\.")
RESET = re.compile(
    r'("resetSeconds":|^retry-after: |^ratelimit: .*;t=|try again in )\d+', re.MULTILINE
)
SECRET, PREFIX = re.compile(r"so_live_\w{43}"), re.compile(r"so_live_\w{4}\.\.\.")
CAPTURED = re.compile(r"(\w+)=\$\(gateway (.*)\)")
"""A variable set to the output of a command."""

ADDRESS = "http://127.0.0.1:8000"
"""The address of the gateway in READMEs. Tests choose a free port."""

EXAMPLES = ROOT / "gateway" / "exchange" / "mappings" / "examples"


def with_consoles(text: str) -> str:
    """`text` with what its commands print, one after the other in a folder of their own, where
    `tests` leads to the data of the tests and `examples` to the shipped mappings."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        (folder / "tests").symlink_to(ROOT / "tests")
        (folder / "examples").symlink_to(EXAMPLES)
        console = _Console(folder, servers)

        def printed(match: re.Match[str]) -> str:
            commands = [line[2:] for line in match[2].splitlines() if line.startswith("$ ")]
            outputs = [f"$ {command}\n{console.output(command)}" for command in commands]
            return match[1] + with_speeds("".join(outputs), match[2]) + match[3]

        return CONSOLE.sub(printed, text)


def with_speeds(output: str, committed: str) -> str:
    """`output` with the speeds that were measured when it was first committed."""
    measured = iter(SPEED.findall(committed))
    return SPEED.sub(lambda match: next(measured, match[0]), output)


class _Console:
    def __init__(self, folder: Path, servers: ExitStack) -> None:
        self._folder = folder
        self._servers = servers
        self._server: Server | None = None
        self._settings: dict[str, str] = {}
        self._definitions: list[str] = []

    def output(self, command: str) -> str:
        """What a command prints, with fixed times and keys. Variables and functions hold for all that
        follow."""
        printed = RESET.sub(r"\g<1>60", self._output(command))
        return PREFIX.sub("so_live_1a2b...", SECRET.sub("so_live_1a2b3c4d...", printed))

    def _output(self, command: str) -> str:
        first, _, rest = command.partition(" ")
        if command == "gateway serve &":
            return self._serve()
        if first == "gateway":
            return self._gateway(rest)
        if captured := CAPTURED.fullmatch(command):
            _, output, errors = run(self._folder, *self._words(captured[2]), **self._settings)
            self._definitions.append(f"{captured[1]}='{output.strip()}'")
            return errors
        if first == "export":
            self._settings.update([rest.removeprefix("GATEWAY_").lower().split("=", 1)])
            return ""
        if first.endswith("()"):
            self._definitions.append(command)
            return ""
        return self._shell(command)

    def _gateway(self, rest: str) -> str:
        arguments, _, filtering = rest.partition(" | ")
        _, output, errors = run(self._folder, *self._words(arguments), **self._settings)
        return (self._shell(filtering, output) if filtering else output) + errors

    def _words(self, arguments: str) -> list[str]:
        return self._shell(f"printf '%s\\n' {arguments}").splitlines()

    def _serve(self) -> str:
        own = self._folder / "server"
        own.mkdir()
        url = self._settings["database_url"].replace("sqlite:///", f"sqlite:///{self._folder}/")
        settings = {**self._settings, "database_url": url}
        self._server = self._servers.enter_context(served(own, **settings))
        return (own / "out").read_text().replace(self._server.url, ADDRESS)

    def _shell(self, script: str, given: str = "") -> str:
        """The output of a script, in which `python` is that of the tests."""
        lines = "\n".join([*self._definitions, script])
        if self._server is not None:
            lines = lines.replace(ADDRESS, self._server.url)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", lines],
            cwd=self._folder,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout.replace("\ufeff", "")
