"""Row security by setting, in separate processes."""

import json
from pathlib import Path

import pytest

from gateway.environment import BadSettings, read_settings_from
from gateway.settings import Settings
from tests.support.databases import Postgres
from tests.support.processes import run
from tests.support.secured import SecuredDatabases


def variables(settings: Settings) -> dict[str, str]:
    return {
        "database_url": settings.database_url,
        "admin_url": settings.admin_url,
        "row_security": "true",
    }


def test_migrate_creates_the_serving_role_and_commands_use_both(
    secured: SecuredDatabases, postgres: Postgres, tmp_path: Path
) -> None:
    """A second migration changes nothing. The URL of the owner may be in a file."""
    role = f"{secured.role}_new"
    stated = variables(secured.empty(role))
    secret = tmp_path / "admin_url"
    secret.write_text(stated.pop("admin_url"))
    stated["admin_url_file"] = str(secret)
    for _ in range(2):
        assert run(tmp_path, "migrate", **stated) == (0, "The database is up to date.\n", "")
    code, key, _ = run(tmp_path, "key", "create", "--name", "A", "--scope", "orders:read", **stated)
    assert (code, key[:8]) == (0, "so_live_")
    (tmp_path / "customers.csv").write_text("number,displayName\nC1,First\n")
    assert run(tmp_path, "import", "customers.csv", **stated)[0] == 0
    code, exported, _ = run(tmp_path, "export", "--what", "customers", **stated)
    assert (code, [json.loads(each)["number"] for each in exported.splitlines()]) == (0, ["C1"])
    code, listed, _ = run(tmp_path, "company", "list", **stated)
    assert (code, listed.split("\t")[0]) == (0, "My Company")


def test_serve_refuses_a_role_that_can_bypass_row_security(
    secured: SecuredDatabases, tmp_path: Path
) -> None:
    stated = variables(secured.world())
    stated["database_url"] = stated["admin_url"]
    code, output, errors = run(tmp_path, "serve", "--port", "0", **stated)
    assert (code, output) == (1, "")
    assert errors == (
        f"The role {secured.owner} of GATEWAY_DATABASE_URL can bypass row security, because {secured.owner} is a"
        " superuser or may bypass it or create roles. Name another role there: `gateway migrate` creates it.\n"
    )


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        (
            {"row_security": "true"},
            "GATEWAY_ROW_SECURITY: SQLite has no row security. Use a PostgreSQL database.",
        ),
        (
            {"row_security": "true", "database_url": "postgresql://gateway@db/orders"},
            "GATEWAY_ROW_SECURITY: Set GATEWAY_ADMIN_URL to the URL of the role that owns the tables, and"
            " GATEWAY_DATABASE_URL to the one of another role, which `gateway migrate` creates.",
        ),
        (
            {"admin_url": "postgresql://me@db/orders", "database_url": "postgresql://db/orders"},
            "GATEWAY_ADMIN_URL: It is used only if GATEWAY_ROW_SECURITY=true.",
        ),
        ({"pooler": "transaction"}, "GATEWAY_POOLER: SQLite has no pooler."),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    stated: dict[str, str], problem: str
) -> None:
    environment = {f"GATEWAY_{name.upper()}": value for name, value in stated.items()}
    with pytest.raises(BadSettings) as refused:
        read_settings_from(environment, Path("missing"))
    assert str(refused.value) == problem
