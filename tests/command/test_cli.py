"""The `gateway` command as people run it: as a process, in a folder of its own."""

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from gateway.cli import cli
from tests.support.databases import Templates
from tests.support.logs import logged
from tests.support.paths import ROOT
from tests.support.processes import announced, ended, forked, run, started
from tests.support.requests import execute
from tests.support.served import PATIENCE
from tests.support.world import load_world

NESTED = """{ salesOrderByNumber(number: "NW-10248") { customer { displayName }
  lines { quantity item { displayName } } } }"""
FIRST_ORDER = {
    "customer": {"displayName": "Vins et alcools Chevalier"},
    "lines": [
        {"quantity": "12", "item": {"displayName": "Queso Cabrales"}},
        {"quantity": "10", "item": {"displayName": "Singaporean Hokkien Fried Mee"}},
        {"quantity": "5", "item": {"displayName": "Mozzarella di Giovanni"}},
    ],
}
"""The first order of Northwind."""
KEY = re.compile(r"Authorization: Bearer (so_test_\w+)")
INTERNALS = re.compile(
    "Traceback|Errno|Error|sqlalchemy|asyncpg|sqlite3|invalid literal|CHECK|None|secret"
)


def ask(url: str, query: str, key: str | None = None) -> Any:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    answer = httpx2.post(url, json={"query": query}, headers=headers, timeout=PATIENCE).json()
    assert "errors" not in answer
    return answer["data"]


@pytest.mark.parametrize(
    ("stop", "options"),
    [
        (signal.SIGTERM, []),
        (signal.SIGINT, ["--host", "localhost"]),
        (signal.SIGHUP, ["--host", "0.0.0.0"]),
    ],
)
def test_the_demo_answers_and_leaves_nothing_behind(
    tmp_path: Path, stop: signal.Signals, options: list[str]
) -> None:
    """It answers for names of this machine only, wherever it listens. Only where other machines reach it
    does it need the key that it prints."""
    with started(tmp_path, ["serve", "--demo", "--port", "0", *options]) as process:
        url = announced(tmp_path, lambda: process.poll() is None)
        announced_key = KEY.search((tmp_path / "out").read_text())
        assert (announced_key is not None) == ("0.0.0.0" in options)
        key = announced_key[1] if announced_key else None
        order = ask(url, NESTED, key)["salesOrderByNumber"]
        foreign = httpx2.get(url, headers={"host": "evil.example", "accept": "text/html"})
        assert foreign.status_code == 400
        assert list((tmp_path / "tmp").iterdir()) != []
        process.send_signal(stop)
        code = process.wait(PATIENCE)
    assert order == FIRST_ORDER
    assert list((tmp_path / "tmp").iterdir()) == []
    assert code == 0
    statuses = [line["status"] for line in logged(tmp_path) if line["event"] == "request"]
    assert statuses == [200, 400]
    assert {path.name for path in tmp_path.iterdir()} == {"tmp", "out", "err"}


@pytest.mark.parametrize(
    ("arguments", "environment", "host"),
    [
        ([], {"host": "127.0.0.2", "port": "tcp://10.0.0.1:80"}, "127.0.0.2"),
        (["--host", "0.0.0.0"], {"host": "127.0.0.2"}, "localhost"),
        ([], {"hosts": "orders.example"}, "orders.example"),
    ],
)
def test_the_gateway_answers_at_the_address_that_it_announces_and_for_configured_names(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], host: str
) -> None:
    run(tmp_path, "migrate")
    _, created, _ = run(tmp_path, "key", "create", "--name", "A", "--scope", "orders:read")
    with forked(tmp_path, "serve", "--port", "0", *arguments, **environment) as process:
        url = announced(tmp_path, process.is_alive)
        assert (f"http://{host}:" in url) == ("hosts" not in environment)
        assert ask(url, "{ company { name } }", created.strip()) == {
            "company": {"name": "My Company"}
        }
        named = httpx2.get(url.replace("graphql", "healthz"), headers={"host": host}, timeout=10)
        assert named.status_code == 200


def test_a_request_that_never_ends_does_not_keep_the_gateway_from_stopping(
    tmp_path: Path,
) -> None:
    """Its body arrives byte by byte, so that the client is never too slow: the grace period ends first."""
    with forked(tmp_path, "serve", "--port", "0", log_level="warning", stop_seconds="2") as process:
        url = announced(tmp_path, process.is_alive)
        host, port = url.removeprefix("http://").removesuffix("/graphql").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            head = f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(
                f"{head}Expect: 100-continue\r\nContent-Length: 9999\r\n\r\n".encode()
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")  # the body is being read
            process.terminate()
            answer = trickle(connection)
        code, _, complaints = ended(process, tmp_path)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert code == 0, complaints
    [complaint] = complaints.splitlines()
    assert "Cancel 1 running task(s), timeout graceful shutdown exceeded" in complaint


def trickle(connection: socket.socket) -> bytes:
    """Send a byte again and again until there is an answer, and return it."""
    connection.settimeout(0.2)
    while True:
        with suppress(TimeoutError):
            return connection.recv(1000)
        with suppress(ConnectionError):  # the answer may have come in between
            connection.sendall(b" ")


def test_without_a_database_the_gateway_makes_one_with_a_company(tmp_path: Path) -> None:
    with forked(tmp_path, "serve", "--port", "0", log_level="warning") as process:
        url = announced(tmp_path, process.is_alive)
        company = ask(url, "{ company { name currency { code } } salesOrders { totalCount } }")
        assert httpx2.get(url.replace("graphql", "readyz"), timeout=10).text == "ok\n"
        process.terminate()
        code, _, complaints = ended(process, tmp_path)
    assert company["company"] == {"name": "My Company", "currency": {"code": "EUR"}}
    assert company["salesOrders"] == {"totalCount": 0}
    assert run(tmp_path, "migrate") == (0, "The database is up to date.\n", "")
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as stored:
        assert stored.execute("SELECT name FROM companies").fetchall() == [("My Company",)]
    assert (code, complaints) == (0, "")


def test_migrate_makes_the_tables_and_the_first_company_once(
    tmp_path: Path, templates: Templates
) -> None:
    url = templates.empty()
    for _ in range(2):
        done = run(tmp_path, "migrate", database_url=url)
        assert done == (0, "The database is up to date.\n", "")
    [companies] = execute(url, "SELECT name, currency_code FROM companies")
    assert companies == ["('My Company', 'EUR')"]


UNREACHABLE = {"database_url": "postgresql://gateway:secret@127.0.0.1:1/orders"}
UNMIGRATED = {"database_url": "sqlite:///unmigrated.db"}
REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "all addresses": ("serve --demo --host 0.0.0.0", {"auth": "open"}, "gateway key create"),
    "an option that is gone": ("serve --demo --host 0.0.0.0 --allow-open", {}, "gateway key create"),
    "unreachable": ("serve --port 0", UNREACHABLE, "database"),
    "unreachable to migrate": ("migrate", UNREACHABLE, "database"),
    "not migrated": ("serve --port 0", UNMIGRATED, "gateway migrate"),
    "no company without tables": ("company create A --currency EUR", UNMIGRATED, "gateway migrate"),
    "no URL": ("serve --port 0", {"database_url": "orders"}, "GATEWAY_DATABASE_URL"),
    "no port": ("migrate", {"database_url": "postgresql://u:secret@h:port/o"}, "GATEWAY_DATABASE_URL"),
    "unsupported": ("migrate", {"database_url": "mysql://u:secret@h/o"}, "GATEWAY_DATABASE_URL"),
    "no folder": ("migrate", {"database_url": "sqlite:////nowhere/o.db"}, "database"),
    "no number": ("serve --port 0", {"max_page": "many"}, "GATEWAY_MAX_PAGE"),
    "no host": ("serve --port 0", {"hosts": "https://orders.example"}, "GATEWAY_HOSTS"),
    "half a host": ("serve --port 0", {"hosts": "orders.*"}, "GATEWAY_HOSTS"),
    "no page": ("serve --port 0", {"max_page": "0"}, "GATEWAY_MAX_PAGE"),
}  # fmt: skip
"""The command, its environment, and what the sentence must name."""


@pytest.mark.parametrize(("command", "environment", "named"), REFUSED.values(), ids=list(REFUSED))
def test_a_command_that_fails_says_why_in_one_sentence(
    tmp_path: Path, command: str, environment: dict[str, str], named: str
) -> None:
    assert_one_sentence(run(tmp_path, *command.split(), **environment), named)
    assert {path.name for path in tmp_path.iterdir()} <= {"out", "err", "tmp"}


def test_a_port_in_use_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert_one_sentence(run(tmp_path, "serve", "--demo", "--port", port), f"port {port}")


def assert_one_sentence(end: tuple[int, str, str], named: str) -> None:
    """A command failed with one line that names the cause and no Python internals."""
    code, out, complaint = end
    assert (code, out) == (1, "")
    assert complaint.count("\n") == 1, complaint
    assert named in complaint
    assert not INTERNALS.search(complaint), complaint


@pytest.fixture(scope="module")
def companies(all_templates: dict[str, Templates]) -> str:
    """The world, for making companies in."""
    return all_templates["sqlite"].copy("world", load_world)


def test_a_company_is_made_with_its_currency(tmp_path: Path, companies: str) -> None:
    name = "Käse & Co"
    end = run(tmp_path, "company", "create", name, "--currency", "JPY", database_url=companies)
    assert end == (0, "Company 'Käse & Co' keeps its books in JPY.\n", "")
    query = f"SELECT code FROM currencies c JOIN companies o ON o.id = c.company_id AND o.name = '{name}'"
    assert execute(companies, query) == [["('JPY',)"]]


@pytest.mark.parametrize(
    ("name", "currency", "named"),
    [
        ("World", "EUR", "World"),
        ("Third", "XYZ", "XYZ"),
        ("Third", "eur", "write EUR."),
        ("x" * 101, "EUR", "100"),
        ("", "EUR", "name"),
    ],
)
def test_a_company_has_a_name_of_its_own_and_a_currency_that_exists(
    tmp_path: Path, companies: str, name: str, currency: str, named: str
) -> None:
    before = execute(companies, "SELECT id FROM companies")
    end = run(tmp_path, "company", "create", name, "--currency", currency, database_url=companies)
    assert_one_sentence(end, named)
    assert execute(companies, "SELECT id FROM companies") == before


def test_the_version_is_that_of_the_installed_package(tmp_path: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run(tmp_path, "--version") == (0, f"gateway {declared}\n", "")


def commands(group: Any, *path: str) -> Iterator[tuple[list[str], Any]]:
    for name, command in group.commands.items():
        yield [*path, name], command
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)


def test_every_command_and_every_option_has_its_help() -> None:
    result = {" ".join(path): command for path, command in commands(typer.main.get_command(cli))}
    assert {"serve", "migrate", "schema", "company", "company create"} <= set(result)
    for path, command in result.items():
        shown = CliRunner().invoke(
            cli, [*path.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"}
        )
        assert shown.exit_code == 0
        assert command.help in shown.output.replace("\n ", " ")
        for parameter in command.params:
            assert parameter.help, f"{path} {parameter.name}"
            assert parameter.help[:40] in shown.output, f"{path} {parameter.name}"


LATE = {
    "alembic",
    "cryptography",
    "graphql",
    "httpx2",
    "joserfc",
    "starlette",
    "strawberry",
    "uvicorn",
}
"""Libraries that only some commands need, and that take long to load."""


def test_the_libraries_of_one_command_do_not_slow_down_the_others() -> None:
    code = "import sys, gateway.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert LATE.isdisjoint(loaded.stdout.split())
