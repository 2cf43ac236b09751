"""The gateway as a service: which hosts it answers, its health, and what it hides from clients."""

import asyncio
import gzip
import json
import re
import socket

import pytest
from sqlalchemy.pool import NullPool

from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.support.databases import Templates
from tests.support.paths import SCHEMA_FILE as SCHEMA
from tests.support.requests import execute
from tests.support.served import Client, serving

INTERNALS = re.compile(
    "select|table|relation|sql|asyncpg|error:|traceback|connect call", re.IGNORECASE
)
UNREACHABLE = {
    "sqlite": "sqlite:////nowhere/orders.db",
    "postgresql": "postgresql://gateway:secret@127.0.0.1:1/orders",
}


MUTATION = (
    'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { userErrors { code } } }'
)


def lose(url: str, table: str) -> None:
    """Make every read of a table fail."""
    execute(url, f"ALTER TABLE {table} RENAME TO lost")


def test_a_crash_is_masked_and_logged_under_its_incident(
    client: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    lose(world_url, "tax_codes")
    answer = client.send("{ taxCodes { nodes { code } } }")
    [error] = answer["errors"]
    assert answer["data"] is None
    assert error["path"] == ["taxCodes"]
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert not INTERNALS.search(error["message"])
    [record] = [it for it in caplog.records if error["extensions"]["incident"] in it.getMessage()]
    assert record.levelname == "ERROR"
    assert "tax_codes" in caplog.text
    assert client.ask("{ company { name } }") == {"company": {"name": "World"}}


def test_a_mistake_of_the_client_is_not_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for query in (
        "{",
        "{ nope }",
        "{ items(first: -1) { totalCount } }",
        '{ items(after: "x") { totalCount } }',
    ):
        assert client.send(query)["errors"]
    assert [record for record in caplog.records if record.name.startswith("gateway")] == []


def test_unreadable_values_are_null_and_the_rest_is_returned(
    client: Client, world_url: str
) -> None:
    """Only one of the world's customers has a currency."""
    lose(world_url, "currencies")
    answer = client.send("{ customers { nodes { number currency { code } } } }")
    customers = answer["data"]["customers"]["nodes"]
    assert "IN-YEN" in [customer["number"] for customer in customers]
    assert [customer["currency"] for customer in customers] == [None] * len(customers)
    [error] = answer["errors"]
    place = [customer["number"] for customer in customers].index("IN-YEN")
    assert error["path"] == ["customers", "nodes", place, "currency"]
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert not INTERNALS.search(error["message"])


def test_an_unreachable_database_is_unavailable_and_its_error_is_masked(backend: str) -> None:
    with serving(Settings(database_url=UNREACHABLE[backend])) as client:
        for query in ("{ items { totalCount } }", MUTATION):
            response = client.http.post(client.url + "/graphql", json={"query": query})
            assert response.status_code == 200
            [error] = response.json()["errors"]
            assert error["extensions"]["code"] == "UNAVAILABLE"
            assert not INTERNALS.search(error["message"])


MUTATION = (
    'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { userErrors { code } } }'
)


@pytest.mark.parametrize(
    ("header", "requested"),
    [(None, "World"), ("World", "World"), ("world", None), ("Elsewhere", None), ("", None)],
)
def test_the_name_of_a_company_must_match_exactly(
    client: Client, header: str | None, requested: str | None
) -> None:
    headers = {} if header is None else {"Company": header}
    answer = client.send("{ company { name } }", headers)
    if requested is not None:
        assert answer == {"data": {"company": {"name": requested}}}
    else:
        [error] = answer["errors"]
        assert error["extensions"] == {"code": "COMPANY_NOT_FOUND"}


@pytest.mark.parametrize("path", ["/graphql", "/schema.graphql"])
@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("LocalHost:8000", True),
        ("[::1]", True),
        ("[::1]:8000", True),
        ("evil.example", False),
        ("evil.example:8000", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_answered(
    demo: Client, path: str, host: str, is_ours: bool
) -> None:
    """Otherwise a page whose own host name leads here could send requests as if it were from here (DNS
    rebinding)."""
    response = demo.http.get(
        demo.url + path, params={"query": "{ company { name } }"}, headers={"host": host}
    )
    assert response.status_code == (200 if is_ours else 400)
    assert ("Northwind" in response.text) == (is_ours and path == "/graphql")


@pytest.mark.parametrize(
    ("configured", "host", "is_ours"),
    [
        ("orders.example, b.example", "Orders.Example:8000", True),
        ("orders.example, b.example", "b.example", True),
        ("Orders.example", "orders.example", True),
        ("orders.example", "localhost", True),
        ("orders.example", "www.orders.example", False),
        ("www.orders.example", "orders.example", False),
        ("*.orders.example", "a.orders.example", True),
        ("*.orders.example", "evil.example", False),
        ("[fd00::1]", "[fd00::1]:8000", True),
        ("*", "evil.example", True),
        (" , ", "evil.example", False),
    ],
)
def test_a_deployment_configures_further_host_names(
    configured: str, host: str, is_ours: bool
) -> None:
    with serving(Settings(database_url=UNREACHABLE["sqlite"], hosts=configured)) as client:
        response = client.http.get(client.url + "/schema.graphql", headers={"host": host})
    assert response.status_code == (200 if is_ours else 400)
    assert is_ours or response.json()["code"] == "UNKNOWN_HOST"


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::9]", "gateway.cluster.local", ""])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_are_answered_under_every_name(demo: Client, path: str, host: str) -> None:
    response = demo.http.get(demo.url + path, headers={"host": host})
    assert (response.status_code, response.text) == (200, "ok\n")


def test_a_request_without_a_host_is_refused(demo: Client) -> None:
    host, port = demo.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /schema.graphql HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("configured", "origin", "allowed"),
    [
        ("", "https://shop.example", None),
        ("https://shop.example, https://b.example", "https://shop.example", "https://shop.example"),
        ("https://shop.example, https://b.example", "https://b.example", "https://b.example"),
        ("https://shop.example", "https://evil.example", None),
        ("https://shop.example", "https://shop.example.evil.example", None),
        ("*", "https://evil.example", "*"),
    ],
)
def test_pages_of_other_origins_are_answered_only_if_the_deployment_allows_them(
    configured: str, origin: str, allowed: str | None
) -> None:
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,company",
    }
    with serving(Settings(database_url=UNREACHABLE["sqlite"], cors_origins=configured)) as client:
        requested = client.http.options(client.url + "/graphql", headers=preflight)
        answered = client.http.get(client.url + "/graphql", headers={"Origin": origin})
    assert requested.headers.get("access-control-allow-origin") == allowed
    assert answered.headers.get("access-control-allow-origin") == allowed
    assert requested.is_success == (allowed is not None)


def test_an_unready_gateway_reports_the_reason(templates: Templates) -> None:
    """It stays alive, and is ready as soon as the database is."""
    url = templates.empty()
    with serving(Settings(database_url=url)) as client:
        unready = client.http.get(client.url + "/readyz")
        assert (unready.status_code, unready.text) == (
            503,
            "The database is not migrated: run `gateway migrate`.\n",
        )
        assert client.http.get(client.url + "/healthz").status_code == 200
        asyncio.run(_migrate(url))
        ready = client.http.get(client.url + "/readyz")
        assert (ready.status_code, ready.text) == (200, "ok\n")
        execute(url, "UPDATE alembic_version SET version_num = '0000'")
        assert client.http.get(client.url + "/readyz").status_code == 503


async def _migrate(url: str) -> None:
    database = Database(url, poolclass=NullPool)
    await migrate(database)
    await database.dispose()


def test_an_unreachable_database_is_reported(backend: str) -> None:
    with serving(Settings(database_url=UNREACHABLE[backend])) as client:
        unready = client.http.get(client.url + "/readyz")
        assert unready.status_code == 503
        assert "cannot be reached" in unready.text
        assert "secret" not in unready.text
        assert client.http.get(client.url + "/healthz").status_code == 200


@pytest.mark.parametrize(
    ("accepted", "first", "is_compressed"),
    [("gzip", 50, True), ("identity", 50, False), ("gzip", 1, False)],
)
def test_a_long_answer_is_compressed_for_clients_that_accept_it(
    demo: Client, accepted: str, first: int, is_compressed: bool
) -> None:
    query = f"{{ salesOrders(first: {first}) {{ nodes {{ number customerName orderDate }} }} }}"
    request = demo.http.build_request(
        "POST", demo.url + "/graphql", json={"query": query}, headers={"accept-encoding": accepted}
    )
    response = demo.http.send(request, stream=True)
    sent = b"".join(response.iter_raw())
    assert response.headers.get("content-encoding") == ("gzip" if is_compressed else None)
    answer = json.loads(gzip.decompress(sent) if is_compressed else sent)
    assert len(answer["data"]["salesOrders"]["nodes"]) == first
    assert "accept-encoding" in response.headers.get("vary", "").lower() or first == 1


def test_the_schema_is_served_as_committed(demo: Client) -> None:
    response = demo.http.get(demo.url + "/schema.graphql")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.content == SCHEMA.read_bytes()


def test_a_browser_gets_the_page_and_a_program_does_not(demo: Client) -> None:
    wanted = {
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": True,
        "text/html": True,
        "application/json, text/html;q=0.1": False,
        "*/*": False,
        "application/json": False,
    }
    for accept, is_page in wanted.items():
        response = demo.http.get(demo.url + "/graphql", headers={"accept": accept})
        assert response.headers["content-type"].startswith("text/html") == is_page, accept
        assert response.status_code == (200 if is_page else 400)
