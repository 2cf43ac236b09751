"""The line that the log has for each request, over real HTTP."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.app import create_app
from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.logs import Log
from tests.support.paths import ROOT
from tests.support.requests import make_tax_codes_slow
from tests.support.served import Client, connected, serving, statements, wait_until

QUERY = """query Orders($from: String!) {
  salesOrders(filter: {number: {gte: $from}}) { nodes { number lines { quantity } } } }"""
CREATE = """mutation { createSalesOrder(input: {customer: {number: "nobody"}}) {
  salesOrder { number } userErrors { code } } }"""


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def client(world_url: str, log: Log) -> Iterator[Client]:
    settings = Settings(database_url=world_url)
    with serving(settings, app=create_app(settings, log=log.logger)) as client:
        yield client


def post(client: Client, query: str, **body: Any) -> httpx2.Response:
    return client.http.post(client.url + "/graphql", json={"query": query, **body})


def test_a_line_says_what_ran_and_how(client: Client, log: Log) -> None:
    """The first run is by graphql-core and also looks for the company; the second is by a plan. A page of
    orders and their lines are a statement each, on either way."""
    variables = {"from": "a-variable"}
    responses = [post(client, QUERY, variables=variables) for _ in range(2)]
    log.last(2)
    for line, response in zip(log.lines, responses, strict=True):
        assert line["request_id"] == response.headers["x-request-id"]
        assert line["milliseconds"] > 0
        assert line["document"] == hashlib.sha256(QUERY.encode()).hexdigest()
        assert {
            "level": "info",
            "event": "request",
            "method": "POST",
            "path": "/graphql",
            "status": 200,
            "caller": "anyone",
            "company": None,
            "operation": "Orders",
            "cost": 50 * (1 + 25) + 1,
            "outcome": "ok",
        }.items() <= line.items()
    assert [line["execution"] for line in log.lines] == ["graphql-core", "plan"]
    assert "a-variable" not in log.text


def test_every_field_of_a_line_is_documented(client: Client, log: Log) -> None:
    table = (ROOT / "docker" / "README.md").read_text().partition("<!-- log -->")[2]
    rows = table.partition("<!-- end log -->")[0].splitlines()[3:]
    documented = [name for row in rows for name in re.findall("`(.*?)`", row.split("|")[1])]
    post(client, CREATE)
    assert sorted(log.last(1)) == sorted(documented)


def test_a_line_counts_the_statements_of_its_request(client: Client, log: Log) -> None:
    for number in (1, 2, 3):
        with statements() as seen:
            post(client, "{ salesOrders { nodes { customer { number } lines { quantity } } } }")
        result = log.last(number)["statements"]
        assert len(seen) <= result <= len(seen) + 1  # the search for the company


def test_stored_answers_say_so(client: Client, log: Log) -> None:
    for _ in range(2):
        post(client, get_introspection_query())
    assert log.last(2)["execution"] == "stored"


def test_the_codes_of_refusals_are_logged(client: Client, log: Log) -> None:
    graphql = client.url + "/graphql"
    post(client, CREATE)
    assert (log.last(1)["outcome"], log.last(1)["codes"]) == ("refused", ["NOT_FOUND"])
    post(client, "{ nope }")
    assert log.last(2)["codes"] == ["GRAPHQL_VALIDATION_FAILED"]
    client.http.post(graphql, content=b"{")
    assert (log.last(3)["status"], log.last(3)["codes"]) == (415, ["UNSUPPORTED_MEDIA_TYPE"])
    client.http.get(client.url + "/nothing")
    assert (log.last(4)["status"], log.last(4)["codes"]) == (404, ["NOT_FOUND"])
    client.http.get(graphql, headers={"host": "evil.example"})
    assert log.last(5)["codes"] == ["UNKNOWN_HOST"]


def test_a_client_cannot_forge_a_line(client: Client, log: Log) -> None:
    post(client, "query A { __typename }", operationName='A\n{"event": "forged\x1b[2J"}')
    post(client, "query A { __typename }", operationName="A" * 10_000)
    client.http.get(client.url + "/a%0Aforged%1b")
    log.last(3)
    names = [line.get("operation") for line in log.lines]
    assert names == ['A\\n{"event": "forged\\x1b[2J"}', "A" * 200, None]
    assert log.lines[2]["path"] == "/a\\nforged\\x1b"


def test_queries_in_a_url_are_not_logged(client: Client, log: Log) -> None:
    client.http.get(client.url + "/exports?filter=secret&company=so_live_x")
    assert log.last(1)["path"] == "/exports"
    assert "secret" not in log.text


@pytest.mark.parametrize(("level", "seen"), [(logging.INFO, 0), (logging.DEBUG, 2)])
def test_health_checks_are_logged_at_debug_only(world_url: str, level: int, seen: int) -> None:
    log, settings = Log(level), Settings(database_url=world_url)
    with serving(settings, app=create_app(settings, log=log.logger)) as client:
        client.http.get(client.url + "/healthz")
        client.http.get(client.url + "/readyz")
        client.http.get(client.url + "/schema.graphql")
        log.last(seen + 1)
    assert [line["path"] for line in log.lines][:seen] == ["/healthz", "/readyz"][:seen]


def test_a_line_names_the_caller_and_the_company(world_url: str, log: Log) -> None:
    database = Database(world_url, poolclass=NullPool)
    request = KeyRequest("Partner", frozenset({AccessScope.ORDERS_READ}))
    _, secret = asyncio.run(create_key(database, request))
    settings = Settings(database_url=world_url, auth="required")
    headers = {"authorization": f"Bearer {secret}", "company": "World"}
    with serving(settings, app=create_app(settings, log=log.logger)) as client:
        client.http.get(client.url + "/graphql?query={__typename}", headers=headers)
        assert (log.last(1)["caller"], log.last(1)["company"]) == ("Partner", "World")
        client.http.get(client.url + "/graphql?query={__typename}")
        assert (log.last(2)["caller"], log.last(2)["codes"]) == (None, ["UNAUTHENTICATED"])
    assert secret not in log.text


def test_a_client_that_disconnects_is_one_line(client: Client, world_url: str, log: Log) -> None:
    make_tax_codes_slow(world_url)
    query = "{ taxCodes { nodes { code } } items { nodes { taxCode { code } } } }"
    with statements() as seen, connected(client, query):
        wait_until(lambda: any("tax_codes" in statement for statement in seen))
    line = log.last(1)
    assert (line["outcome"], line["status"]) == ("disconnected", None)
