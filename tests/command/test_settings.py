"""Environment variables: a wrong one stops the command, with the name that was probably meant."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings, unknown_variables
from tests.support.processes import run


def test_a_mistyped_variable_stops_the_command(tmp_path: Path) -> None:
    code, output, errors = run(tmp_path, "migrate", max_pages="5", nonsense_of_mine="1")
    assert (code, output) == (1, "")
    assert errors.splitlines() == [
        "GATEWAY_MAX_PAGES: There is no such setting. Did you mean GATEWAY_MAX_PAGE?",
        "GATEWAY_NONSENSE_OF_MINE: There is no such setting.",
    ]


def test_variables_of_kubernetes_are_no_settings() -> None:
    service = {
        "GATEWAY_SERVICE_HOST": "10.0.0.1",
        "GATEWAY_SERVICE_PORT_HTTP": "80",
        "GATEWAY_PORT": "tcp://10.0.0.1:80",
        "GATEWAY_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert unknown_variables({**service, "GATEWAY_MAX_PAGE": "5", "PATH": "/"}) == []
    assert unknown_variables({"GATEWAY_PORT": "8000"}) != []


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///gateway.db", "gateway-imports"),
        ("sqlite:////srv/orders.db?timeout=5", "/srv/gateway-imports"),
        ("postgresql://gateway@db/orders", "gateway-imports"),
    ],
)
def test_uploads_are_kept_beside_the_database(url: str, folder: str) -> None:
    assert Settings(database_url=url).uploads == Path(folder)


@pytest.mark.parametrize(
    "origin",
    ["shop.example", "https://shop.example/", "https://shop.example/orders", "https://", "null"],
)
def test_an_origin_is_a_scheme_and_a_host(origin: str) -> None:
    """Browsers send it without a path, so that another one would never match."""
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
