"""Environment variables: a wrong one stops the command, with a suggestion."""

import re
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.environment import BadSettings, read_settings_from
from gateway.settings import SECRETS, Settings
from tests.support.paths import ROOT
from tests.support.processes import run


def test_a_mistyped_variable_stops_the_command(tmp_path: Path) -> None:
    code, output, errors = run(tmp_path, "migrate", max_pages="5", nonsense_of_mine="1")
    assert (code, output) == (1, "")
    assert errors.splitlines() == [
        "GATEWAY_MAX_PAGES: There is no such setting. Did you mean GATEWAY_MAX_PAGE?",
        "GATEWAY_NONSENSE_OF_MINE: There is no such setting.",
    ]


def test_variables_of_kubernetes_are_not_settings() -> None:
    service = {
        "GATEWAY_SERVICE_HOST": "10.0.0.1",
        "GATEWAY_SERVICE_PORT_HTTP": "80",
        "GATEWAY_PORT": "tcp://10.0.0.1:80",
        "GATEWAY_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    settings = read_settings_from({**service, "GATEWAY_MAX_PAGE": "5"}, Path("missing"))
    assert (settings.port, settings.max_page) == (8000, 5)
    assert read_settings_from({"GATEWAY_PORT": "80"}, Path("missing")).port == 80


def settings_with(folder: Path, lines: str, **environment: str) -> Settings:
    """The settings with these lines in `.env`, and these variables without GATEWAY_."""
    file = folder / ".env"
    file.write_text(lines)
    variables = {f"GATEWAY_{name.upper()}": value for name, value in environment.items()}
    return read_settings_from(variables, file)


def test_the_environment_wins_over_the_file_env(tmp_path: Path) -> None:
    lines = """# of the shop
POSTGRES_PASSWORD=mine
export GATEWAY_MAX_PAGE=5
GATEWAY_MAX_LINES = '7'
GATEWAY_DATABASE_URL="postgresql://gateway:${POSTGRES_PASSWORD}@db/orders"
"""
    settings = settings_with(tmp_path, lines, max_page="6")
    assert (settings.max_page, settings.max_lines) == (6, 7)
    assert settings.database_url == "postgresql://gateway:mine@db/orders"


def test_a_command_reads_the_file_env_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GATEWAY_MAX_PAGES=5\n")
    problem = "GATEWAY_MAX_PAGES: There is no such setting. Did you mean GATEWAY_MAX_PAGE?"
    assert run(tmp_path, "migrate") == (1, "", f".env: {problem}\n")


@pytest.mark.parametrize("line", ["GATEWAY_MAX_PAGE 5", "GATEWAY_MAX_PAGE", "GATEWAY_HOST='half"])
def test_a_line_without_a_value_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadSettings, match=r"\.env: Line 2 is not NAME=value\.$"):
        settings_with(tmp_path, f"OTHER\n{line}\n")


def test_a_secret_is_read_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    for written in ("sqlite:///mine.db", "sqlite:///mine.db\n", "sqlite:///mine.db\r\n"):
        secret.write_bytes(written.encode())
        settings = settings_with(tmp_path, "", database_url_file=str(secret))
        assert settings.database_url == "sqlite:///mine.db"


@pytest.mark.parametrize(
    ("lines", "environment", "problem"),
    [
        ("", {"database_url": "x", "database_url_file": "y"}, "GATEWAY_DATABASE_URL is set too"),
        ("", {"database_url_file": "missing"}, "GATEWAY_DATABASE_URL_FILE: missing cannot be read"),
        ("", {"max_page_file": "x"}, "GATEWAY_MAX_PAGE_FILE: There is no such setting"),
        ("", {"max_page": "0"}, "GATEWAY_MAX_PAGE: Input should be greater than"),
        ("", {"hosts": "a/b"}, "GATEWAY_HOSTS: a/b is not the name of a host"),
        ("GATEWAY_PORT=70000", {}, "GATEWAY_PORT: Input should be less than"),
        ("", {"rate": "0"}, "GATEWAY_RATE: Input should be greater than"),
        ("", {"redis_url": "http://cache"}, "GATEWAY_REDIS_URL: It is not the URL of a Redis"),
    ],
)
def test_a_bad_value_is_refused_by_its_variable(
    tmp_path: Path, lines: str, environment: dict[str, str], problem: str
) -> None:
    with pytest.raises(BadSettings, match=problem):
        settings_with(tmp_path, lines, **environment)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+unix", "valkey", "valkeys"])
def test_a_redis_url_needs_the_client(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{scheme}://cache/0"
    assert Settings(redis_url=url).redis_url == url
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ValidationError, match=r"pip install 'sales-order-gateway\[redis\]'"):
        Settings(redis_url=url)


def test_a_secret_file_named_in_the_environment_wins_over_a_value_in_the_file_env(
    tmp_path: Path,
) -> None:
    (tmp_path / "url").write_text("sqlite:///secret.db")
    url = settings_with(
        tmp_path, "GATEWAY_DATABASE_URL=sqlite:///plain.db", database_url_file=str(tmp_path / "url")
    ).database_url
    assert url == "sqlite:///secret.db"


def test_the_table_of_settings_has_every_variable() -> None:
    table = (ROOT / "docker" / "README.md").read_text()
    names = [*Settings.model_fields, *(f"{name}_file" for name in SECRETS)]
    missing = [name for name in names if f"| `GATEWAY_{name.upper()}` |" not in table]
    assert missing == []


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///gateway.db", "gateway-imports"),
        ("sqlite:////srv/orders.db?timeout=5", "/srv/gateway-imports"),
        ("postgresql://gateway@db/orders", "gateway-imports"),
    ],
)
def test_uploads_are_stored_beside_the_database(url: str, folder: str) -> None:
    assert Settings(database_url=url).uploads == Path(folder)


@pytest.mark.parametrize(
    "origin",
    ["shop.example", "https://shop.example/", "https://shop.example/orders", "https://", "null"],
)
def test_an_origin_is_a_scheme_and_a_host(origin: str) -> None:
    """Browsers send it without a path, so an origin with a path would never match."""
    with pytest.raises(ValidationError, match=f"{origin} is not an origin such as https://shop"):
        Settings(cors_origins=f"https://a.example,{origin}")


def test_origins_are_compared_in_lower_case() -> None:
    settings = Settings(
        cors_origins="https://Shop.Example, http://[::1]:3000, capacitor://localhost"
    )
    assert settings.allowed_origins == [
        "https://shop.example",
        "http://[::1]:3000",
        "capacitor://localhost",
    ]


def test_the_settings_for_each_provider_are_accepted(tmp_path: Path) -> None:
    table = (ROOT / "docker" / "README.md").read_text()
    blocks = re.findall(r"```ini\n(.*?)```", table, re.DOTALL)
    issuers = [settings_with(tmp_path, block).jwt_issuer for block in blocks]
    assert issuers == [
        "https://login.example/realms/shop",
        "https://login.microsoftonline.com/TENANT_ID/v2.0",
    ]
