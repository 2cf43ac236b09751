"""Credentials over HTTP: who gets in, with which scopes, and for how long."""

import asyncio
import datetime as dt
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key, revoke_keys, rotate_key
from gateway.access.scopes import AccessScope
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.key_records import list_keys
from tests.support.databases import Templates
from tests.support.processes import Server, served
from tests.support.served import Client, serving, wait_until
from tests.support.world import load_world

GRAPHQL = "application/graphql-response+json"
QUERY = "{ company { name } }"
CREATE = """mutation { createSalesOrder(input: {customer: {number: "C1"}}) {
  salesOrder { number } userErrors { code } } }"""
RELEASE = """mutation { releaseSalesOrder(id: "0") { userErrors { code } } }"""
COMPANY = """mutation { renameCompany(id: "0", name: "New") { userErrors { code } } }"""
CUSTOMER = """mutation { deleteCustomer(id: "0") { userErrors { code } } }"""
CANCEL = """mutation { cancelImportJob(id: "0") { userErrors { code } } }"""
OPERATIONS = {
    QUERY: {"orders:read", "orders:write", "orders:lifecycle", "orders:import", "admin"},
    CREATE: {"orders:write", "admin"},
    RELEASE: {"orders:lifecycle", "admin"},
    CUSTOMER: {"reference:write", "admin"},
    CANCEL: {"orders:import", "admin"},
    COMPANY: {"admin"},
}
"""Operations with their sufficient scopes."""


@pytest.fixture(scope="module")
def shared_url(templates: Templates) -> str:
    return templates.copy("world", load_world)


@pytest.fixture(scope="module")
def shared_client(shared_url: str) -> Iterator[Client]:
    """For tests that do not depend on the other keys of the database."""
    with serving(Settings(database_url=shared_url, auth="required")) as client:
        yield client


@pytest.fixture(scope="module")
def shared_database(shared_url: str) -> Database:
    return Database(shared_url, poolclass=NullPool)


@pytest.fixture
def client(world_url: str) -> Iterator[Client]:
    with serving(Settings(database_url=world_url, auth="required")) as client:
        yield client


@pytest.fixture
def database(world_url: str) -> Database:
    return Database(world_url, poolclass=NullPool)


def key(database: Database, *scopes: str, expires: dt.datetime | None = None) -> str:
    request = KeyRequest("Partner", frozenset(map(AccessScope, scopes)), expires=expires)
    _, secret = asyncio.run(create_key(database, request))
    return secret


def post(client: Client, query: str, authorization: str | None) -> httpx2.Response:
    headers = {} if authorization is None else {"authorization": authorization}
    return client.http.post(client.url + "/graphql", json={"query": query}, headers=headers)


def code(response: httpx2.Response) -> str | None:
    errors = response.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Basic dTpw", "Bearer so_live_unknown", "Bearer a.b.c"],
)
def test_a_request_without_a_valid_credential_is_unauthenticated(
    shared_client: Client, authorization: str | None
) -> None:
    response = post(shared_client, QUERY, authorization)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graphql?query={__typename}"),
        ("GET", "/schema.graphql"),
        ("POST", "/imports?name=a.csv"),
        ("GET", "/imports/1/refused"),
        ("GET", "/exports"),
        ("GET", "/unknown"),
    ],
)
def test_every_path_with_data_needs_a_credential(
    shared_client: Client, method: str, path: str
) -> None:
    response = shared_client.http.request(method, shared_client.url + path)
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/healthz", "*/*"), ("/readyz", "*/*"), ("/graphql", "text/html")],
)
def test_health_checks_and_graphiql_need_no_credential(
    shared_client: Client, path: str, accept: str
) -> None:
    response = shared_client.http.get(shared_client.url + path, headers={"accept": accept})
    assert response.status_code == 200


@pytest.mark.parametrize("scope", list(AccessScope))
def test_a_credential_allows_exactly_what_its_scopes_allow(
    shared_client: Client, shared_database: Database, scope: str
) -> None:
    """Whether graphql-core or a plan runs the operation."""
    secret = key(shared_database, scope)
    for query, enough in OPERATIONS.items():
        expected = None if scope in enough else "FORBIDDEN"
        new = f"{query} # {scope}"  # the documents of other scopes may have a plan already
        for _ in range(2):
            response = post(shared_client, new, f"Bearer {secret}")
            assert code(response) == expected, (query, response.text)
    allowed = scope in ("orders:export", "admin")
    response = shared_client.http.get(
        shared_client.url + "/exports", headers={"authorization": f"Bearer {secret}"}
    )
    assert response.status_code == (200 if allowed else 403)


@pytest.mark.parametrize(
    ("accept", "statuses"), [("application/json", (401, 200)), (GRAPHQL, (401, 403))]
)
def test_a_refusal_has_the_media_type_that_the_client_accepts(
    shared_client: Client, shared_database: Database, accept: str, statuses: tuple[int, int]
) -> None:
    """With application/json the status is 200 for every well-formed operation."""
    key_for_reading = f"Bearer {key(shared_database, 'orders:read')}"
    responses = [
        shared_client.http.post(
            shared_client.url + "/graphql",
            json={"query": CREATE},
            headers={"accept": accept, "authorization": authorization},
        )
        for authorization in ("Bearer x", key_for_reading)
    ]
    assert tuple(each.status_code for each in responses) == statuses
    assert [code(each) for each in responses] == ["UNAUTHENTICATED", "FORBIDDEN"]
    kinds = {each.headers["content-type"] for each in responses}
    assert kinds == {f"{accept}; charset=utf-8"}


def test_a_field_in_a_fragment_needs_its_scope(
    shared_client: Client, shared_database: Database
) -> None:
    secret = key(shared_database, "orders:read")
    creation = CREATE.removeprefix("mutation { ").removesuffix(" }")
    hidden = f"mutation {{ ...F }} fragment F on Mutation {{ x: {creation} }}"
    response = post(shared_client, hidden, f"Bearer {secret}")
    assert code(response) == "FORBIDDEN"
    error = response.json()["errors"][0]["extensions"]
    assert (error["requiredScope"], error["field"]) == ("orders:write", "createSalesOrder")


def test_a_revoked_key_is_refused_within_a_second(
    shared_client: Client, shared_database: Database
) -> None:
    secret = key(shared_database, "orders:read")
    assert code(post(shared_client, QUERY, f"Bearer {secret}")) is None
    asyncio.run(revoke_keys(shared_database, "Partner"))
    wait_until(lambda: post(shared_client, QUERY, f"Bearer {secret}").status_code == 401)


def test_a_key_is_refused_after_it_expires(
    shared_client: Client, shared_database: Database
) -> None:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.2)
    secret = key(shared_database, "orders:read", expires=end)
    wait_until(lambda: post(shared_client, QUERY, f"Bearer {secret}").status_code == 401)


def test_a_rotated_key_and_its_successor_are_valid_together(
    client: Client, database: Database
) -> None:
    old = key(database, "orders:read")
    new, secret = asyncio.run(rotate_key(database, "Partner"))
    assert [code(post(client, QUERY, f"Bearer {each}")) for each in (old, secret)] == [None, None]
    assert (new.name, secret.startswith(new.prefix)) == ("Partner", True)
    ends = [each.expires_date_time for each in asyncio.run(list_keys(database))]
    assert [end is None for end in ends] == [False, True]


ROTATE = """mutation ($id: ID!, $hours: Int! = 24, $dry: Boolean! = false) {
  rotateApiKey(id: $id, overlapHours: $hours, dryRun: $dry) {
    secret apiKey { name scopes createdBy expiresDateTime } userErrors { code path } } }"""


def test_an_admin_rotates_keys_in_graphql(client: Client, database: Database) -> None:
    """The old key stays valid for the overlap, and its successor for as long as the old one would have."""
    admin, old = key(database, "admin"), key(database, "orders:read")
    authorized = {"authorization": f"Bearer {admin}"}

    def rotate(id: str, **variables: Any) -> Any:
        return client.send(ROTATE, authorized, id=id, **variables)["data"]["rotateApiKey"]

    def valid(*secrets: str) -> list[bool]:
        return [code(post(client, QUERY, f"Bearer {each}")) is None for each in secrets]

    [_, first] = [each.id for each in asyncio.run(list_keys(database))]
    assert rotate(first, dry=True)["secret"] is None
    assert len(asyncio.run(list_keys(database))) == 2
    rotated = rotate(first, hours=1)
    assert rotated["apiKey"] == {
        "name": "Partner",
        "scopes": ["orders:read"],
        "createdBy": "Partner",
        "expiresDateTime": None,
    }
    assert valid(old, rotated["secret"]) == [True, True]
    [_, before, successor] = asyncio.run(list_keys(database))
    left = before.expires_date_time - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=50) < left <= dt.timedelta(hours=1)
    latest = rotate(successor.id, hours=0)["secret"]
    wait_until(lambda: valid(old, rotated["secret"], latest) == [True, False, True])
    for which, hours, problem in (
        (successor.id, 1, {"code": "WRONG_STATUS", "path": ["id"]}),
        ("00000000-0000-4000-8000-000000000000", 1, {"code": "NOT_FOUND", "path": ["id"]}),
        (first, -1, {"code": "OUT_OF_RANGE", "path": ["overlapHours"]}),
    ):
        assert rotate(which, hours=hours)["userErrors"] == [problem]


@pytest.fixture(scope="module")
def other_process(
    all_templates: dict[str, Templates], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Database, Path]]:
    """A gateway in a separate process, its database, and the folder with its output."""
    folder, url = (
        tmp_path_factory.mktemp("other"),
        all_templates["sqlite"].copy("world", load_world),
    )
    with served(folder, database_url=url, auth="required", debug="true") as server:
        yield server, Database(url, poolclass=NullPool), folder


def test_another_process_refuses_a_key_a_second_after_its_revocation(
    other_process: tuple[Server, Database, Path],
) -> None:
    server, database, _ = other_process
    secret = key(database, "orders:read")
    assert code(post(server, QUERY, f"Bearer {secret}")) is None
    asyncio.run(revoke_keys(database, "Partner"))
    time.sleep(1)
    assert code(post(server, QUERY, f"Bearer {secret}")) == "UNAUTHENTICATED"


def test_no_key_is_logged_wherever_a_client_puts_it(
    other_process: tuple[Server, Database, Path],
) -> None:
    server, database, folder = other_process
    secret = key(database, "orders:read", "orders:write")
    authorized = {"authorization": f"Bearer {secret}"}
    url = f"{server.url}/graphql"
    named = "query ($number: String!) { salesOrderByNumber(number: $number) { id } }"
    server.http.get(url, params={"query": QUERY, "key": secret})
    server.http.get(f"{server.url}/{secret}", headers=authorized)
    server.http.get(url, headers={"authorization": secret, "cookie": f"key={secret}"})
    server.http.get(url, headers={"authorization": f"Bearer {secret}x"})
    answers = [
        server.send(named, authorized, number=secret),
        server.send(named.replace("$number)", f'"{secret}")'), authorized, number=secret),
        server.send(CREATE.replace("C1", secret), authorized),
    ]
    assert all(answer.get("data") or answer["errors"] for answer in answers)
    last = {**authorized, "x-request-id": "last"}
    server.send(f"query {secret} {{ company {{ name }} }}", last)
    wait_until(lambda: '"request_id":"last"' in (folder / "err").read_text())
    for name in ("out", "err"):
        assert secret[8:] not in (folder / name).read_text()


def test_the_last_use_of_a_key_is_recorded_and_the_key_is_not(
    client: Client, database: Database
) -> None:
    secret = key(database, "orders:read")
    assert re.fullmatch("so_live_[A-Za-z0-9]{43}", secret)
    post(client, QUERY, f"Bearer {secret}")
    [stored] = wait_until(
        lambda: [each for each in asyncio.run(list_keys(database)) if each.last_used_date_time]
    )
    values = [str(value) for value in vars(stored).values()]
    assert not [value for value in values if secret[12:] in value]
