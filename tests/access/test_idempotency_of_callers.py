"""Idempotency keys of different callers and companies, and those of administrators."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.opened_database import open_database
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.other_company import OTHER, load_other_company
from tests.support.requests import dump
from tests.support.secured import SecuredDatabases
from tests.support.served import Client, serving
from tests.support.world import COMPANY, load_world

CREATE = """mutation { createSalesOrder(input: {customer: {number: "C1"}}) {
  salesOrder { id customer { displayName salesOrders { totalCount } } } userErrors { code } } }"""
CREATE_COMPANY = """mutation ($name: String!) { createCompany(name: $name, currency: "EUR") {
  company { id } userErrors { code } } }"""
CREATE_KEY = """mutation ($company: String!) { createApiKey(input: {name: "Partner", company: $company,
  scopes: ["orders:read"]}) { apiKey { id } secret userErrors { code } } }"""
KEYS = "{ apiKeys { id } }"


@pytest.fixture(scope="module", params=["sqlite", "secured"])
def settings(request: pytest.FixtureRequest, all_templates: dict[str, Templates]) -> Settings:
    """A gateway over two companies, on SQLite and on PostgreSQL with row security."""
    if request.param == "secured":
        secured: SecuredDatabases = request.getfixturevalue("secured")
        return secured.world().model_copy(update={"auth": "required"})

    async def fill(database: Any) -> None:
        await load_world(database)
        await load_other_company(database)

    return Settings(database_url=all_templates["sqlite"].copy("companies", fill), auth="required")


@pytest.fixture(scope="module")
def secrets(settings: Settings) -> list[str]:
    """The keys of two administrators."""

    async def make() -> list[str]:
        database = open_database(settings, poolclass=NullPool)
        request = KeyRequest("Admin", frozenset({AccessScope.ADMIN}))
        made = [(await create_key(database, request))[1] for _ in "ab"]
        await database.dispose()
        return made

    return asyncio.run(make())


@pytest.fixture(scope="module")
def client(settings: Settings, secrets: list[str]) -> Iterator[Client]:
    """A client with the first key."""
    with serving(settings) as client:
        client.http.headers["authorization"] = f"Bearer {secrets[0]}"
        yield client


def post(
    client: Client, key: str, query: str, headers: dict[str, str] | None = None, **variables: Any
) -> httpx2.Response:
    body = {"query": query, "variables": variables}
    given = {"idempotency-key": key, **(headers or {})}
    response = client.http.post(client.url + "/graphql", json=body, headers=given)
    assert "errors" not in response.json(), response.text
    return response


def is_replayed(response: httpx2.Response) -> bool:
    return response.headers.get("idempotency-replayed") == "true"


def test_each_company_has_its_own_keys(client: Client) -> None:
    key, contents = uuid4().hex, set()
    for replayed in (False, True):
        for company in (COMPANY, OTHER):
            response = post(client, key, CREATE, {"company": company})
            assert is_replayed(response) == replayed
            contents.add(response.content)
    assert len(contents) == 2


def test_each_credential_has_its_own_keys(client: Client, secrets: list[str]) -> None:
    key, contents = uuid4().hex, set()
    for replayed in (False, True):
        for secret in secrets:
            headers = {"company": COMPANY, "authorization": f"Bearer {secret}"}
            response = post(client, key, CREATE, headers)
            assert is_replayed(response) == replayed
            contents.add(response.content)
    assert len(contents) == 2


def test_a_company_is_created_once_and_can_be_used_at_once(client: Client) -> None:
    """A company of the request is not needed, and makes no difference."""
    key, name = uuid4().hex, uuid4().hex
    first = post(client, key, CREATE_COMPANY, name=name)
    assert first.json()["data"]["createCompany"]["userErrors"] == []
    found = client.http.post(
        client.url + "/graphql", json={"query": "{ company { name } }"}, headers={"company": name}
    )
    assert found.json()["data"] == {"company": {"name": name}}
    second = post(client, key, CREATE_COMPANY, {"company": OTHER}, name=name)
    assert (second.content, is_replayed(second)) == (first.content, True)
    other = post(client, uuid4().hex, CREATE_COMPANY, name=name)
    assert other.json()["data"]["createCompany"]["userErrors"] == [{"code": "DUPLICATE"}]


def test_an_api_key_is_created_once_and_its_secret_is_not_stored(
    client: Client, settings: Settings
) -> None:
    key = uuid4().hex
    before = client.ask(KEYS)["apiKeys"]
    first, second = (post(client, key, CREATE_KEY, company=COMPANY) for _ in "ab")
    assert (second.content, is_replayed(second)) == (first.content, True)
    assert len(client.ask(KEYS)["apiKeys"]) == len(before) + 1
    secret = first.json()["data"]["createApiKey"]["secret"]
    stored = dump(settings.admin_url or settings.database_url)
    assert stored["administration_records"]
    assert secret not in str(stored)


def test_the_change_of_an_unknown_company_is_refused(client: Client) -> None:
    body = {"query": CREATE}
    headers = {"idempotency-key": uuid4().hex, "company": "no such company"}
    answer = client.http.post(client.url + "/graphql", json=body, headers=headers).json()
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["COMPANY_NOT_FOUND"]
