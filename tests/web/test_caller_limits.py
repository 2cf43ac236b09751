"""The limits of callers over HTTP: their headers, `extensions.cost`, and refusals."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from graphql import get_introspection_query
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.requests import locked
from tests.support.served import Client, serving, wait_until
from tests.support.world import load_world

CODES = "{ taxCodes(first: 40) { nodes { code } } }"
CREATE = """mutation { createSalesOrder(input: {customer: {number: "C1"}}) {
  salesOrder { number } userErrors { code } } }"""
JSON, GRAPHQL = "application/json", "application/graphql-response+json"


@pytest.fixture(scope="module")
def url(all_templates: dict[str, Templates]) -> str:
    """The world on SQLite: limits are the same over any database."""
    return all_templates["sqlite"].copy("world", load_world)


@pytest.fixture(scope="module")
def limited(url: str) -> Iterator[Client]:
    """A gateway whose callers have 100 points a minute."""
    with serving(Settings(database_url=url, auth="required", rate=100)) as client:
        yield client


@pytest.fixture
def key(url: str) -> str:
    """A key that has used no points."""
    return new_key(url)


def new_key(url: str) -> str:
    database = Database(url, poolclass=NullPool)
    request = KeyRequest("Partner", frozenset({AccessScope.ORDERS_WRITE}))
    _, secret = asyncio.run(create_key(database, request))
    return secret


def post(client: Client, query: str, key: str | None = None, **headers: str) -> httpx2.Response:
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    return client.http.post(client.url + "/graphql", json={"query": query}, headers=headers)


def cost(response: httpx2.Response) -> dict[str, int]:
    stated: dict[str, int] = response.json()["extensions"]["cost"]
    return stated


def test_an_answer_states_what_it_cost_and_what_is_left(limited: Client, key: str) -> None:
    """The page may have 40 tax codes, and costs 1 and as many points as it has; the second run is by a
    plan."""
    responses = [post(limited, CODES, key) for _ in range(3)]
    actual = 1 + len(responses[0].json()["data"]["taxCodes"]["nodes"])
    assert 0 < actual < 41
    for number, response in enumerate(responses, 1):
        left = 100 - number * actual
        stated = cost(response)
        seconds = stated.pop("resetSeconds")
        assert 0 < seconds <= 60
        assert stated == {"requested": 41, "actual": actual, "maximum": 100, "available": left}
        assert response.headers["ratelimit"] == f'"points";r={left};t={seconds}'
        assert response.headers["ratelimit-policy"] == (
            '"points";q=100;w=60, "operations";q=16;qu="concurrent-requests"'
        )


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_an_operation_that_the_quota_does_not_allow_is_refused(
    limited: Client, key: str, accept: str
) -> None:
    """It uses no points, whether graphql-core or a plan would run it."""
    for _ in range(2):
        assert "data" in post(limited, CODES, key).json()
    left = 0
    while (response := post(limited, CODES, key, accept=accept)).status_code == 200:
        left = cost(response)["available"]
    assert response.status_code == 429
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED"}
    assert f"needs 41 points, and {left} of 100 a minute are left" in error["message"]
    assert "data" not in response.json()
    stated = cost(response)
    assert stated == {
        "requested": 41,
        "maximum": 100,
        "available": left,
        "resetSeconds": int(response.headers["retry-after"]),
    }
    assert response.headers["ratelimit"] == f'"points";r={left};t={stated["resetSeconds"]}'
    assert post(limited, "{ company { name } }", key).status_code == 200


def test_each_key_has_a_quota_of_its_own(limited: Client, url: str, key: str) -> None:
    while post(limited, CODES, key).status_code == 200:
        pass
    assert post(limited, CODES, new_key(url)).status_code == 200


def test_an_operation_may_not_cost_more_than_a_window_has(limited: Client, key: str) -> None:
    response = post(limited, "{ items(first: 100) { nodes { number } } }", key)
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "TOO_LARGE"}
    assert "the limit is 100: ask for pages of at most 99" in error["message"]


def test_a_document_that_is_refused_costs_nothing(limited: Client, key: str) -> None:
    for document in ("{ nope }", "{", "{ items(first: 200) { nodes { id } } }"):
        assert "errors" in post(limited, document, key).json()
    assert cost(post(limited, "{ company { name } }", key))["available"] == 99


def test_a_change_costs_what_it_requests(limited: Client, key: str) -> None:
    """The payload, its order and a list of 25 errors."""
    for left in (73, 46):
        stated = cost(post(limited, CREATE, key))
        assert (stated["requested"], stated["actual"], stated["available"]) == (27, 27, left)


def test_introspection_costs_what_it_requests_though_its_answer_is_stored(
    url: str, key: str
) -> None:
    with serving(Settings(database_url=url, auth="required")) as client:
        first, second = (cost(post(client, get_introspection_query(), key)) for _ in range(2))
    assert first["actual"] == first["requested"] == second["actual"] > 1000
    assert second["available"] == 1_000_000 - 2 * first["actual"]


def test_a_change_under_an_idempotency_key_is_charged_once_and_a_replay_again(
    limited: Client, key: str
) -> None:
    headers = {"idempotency-key": "one"}
    first, again = (post(limited, CREATE, key, **headers) for _ in range(2))
    assert cost(first)["available"] == 73
    assert again.content == first.content
    assert again.headers["ratelimit"].startswith('"points";r=46;')
    reused = post(limited, CREATE.replace("C1", "C2"), key, **headers)
    assert (reused.json()["errors"][0]["extensions"]["code"], cost(reused)["actual"]) == (
        "IDEMPOTENCY_KEY_REUSED",
        0,
    )
    assert reused.headers["ratelimit"].startswith('"points";r=46;')


def test_an_operation_of_a_batch_is_refused_on_its_own(url: str, key: str) -> None:
    """Too few points are left for the second one."""
    settings = Settings(database_url=url, auth="required", rate=100, max_batch=2)
    with serving(settings) as client:
        left = cost(post(client, ONCE, key))["available"] - 1
        response = client.http.post(
            client.url + "/graphql",
            json=[{"query": "{ company { name } }"}, {"query": ONCE}],
            headers={"authorization": f"Bearer {key}"},
        )
    first, second = response.json()
    assert first["extensions"]["cost"]["available"] == left
    assert second["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}
    assert response.headers["ratelimit"].startswith(f'"points";r={left};')
    assert int(response.headers["retry-after"]) > 0


TRICKY = ['{"a":{"b":1},"c":[{"d":2}]}', ':{"x', "{", '{"', '\\{"a"']
"""Texts that look like the beginning of an object."""


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_a_text_is_no_object_whatever_is_in_it(url: str, accept: str) -> None:
    create = """mutation ($text: String!) { createSalesOrder(input: {customer: {number: "C1"},
      lines: [{description: $text}]}) { userErrors { code } salesOrder { id } } }"""
    read = "query ($id: ID!) { salesOrder(id: $id) { lines { description } } }"
    with serving(Settings(database_url=url, rate=10_000)) as client:
        for text in TRICKY:
            answer = client.ask(create, text=text)["createSalesOrder"]
            body = {"query": read, "variables": {"id": answer["salesOrder"]["id"]}}
            response = client.http.post(
                client.url + "/graphql", json=body, headers={"accept": accept}
            )
            assert response.json()["data"]["salesOrder"]["lines"] == [{"description": text}]
            assert cost(response)["actual"] == 2


def test_computed_fields_cost_what_they_declare(url: str) -> None:
    """Besides the connection, the order and the objects of the field."""
    with serving(Settings(database_url=url, rate=10_000)) as client:
        post(client, CREATE)
        for field, declared in (("availableTransitions", 50), ("totalsExplanation", 25)):
            page = f"{{ salesOrders(first: 1) {{ nodes {{ {field} {{ __typename }} }} }} }}"
            response = post(client, page)
            [order] = response.json()["data"]["salesOrders"]["nodes"]
            assert cost(response)["actual"] == declared + 2 + len(order[field])


def test_open_access_has_no_limits_unless_they_are_set(url: str) -> None:
    with serving(Settings(database_url=url)) as client:
        response = post(client, CODES)
    assert not {"ratelimit", "ratelimit-policy"} & set(response.headers)
    assert cost(response).keys() == {"requested", "maximum"}


ONCE = "{ items(first: 95) { nodes { number } } }"
"""Costs some of 100 points, and then needs more than are left."""


@pytest.mark.parametrize(("proxies", "other_runs"), [("127.0.0.1", True), ("", False)])
def test_callers_without_a_credential_are_limited_by_address(
    url: str, proxies: str, other_runs: bool
) -> None:
    """Only a trusted proxy says whose address it is."""
    settings = Settings(database_url=url, rate=100, trusted_proxies=proxies)
    with serving(settings) as client:

        def status(address: str) -> int:
            return post(client, ONCE, **{"x-forwarded-for": address}).status_code

        assert status("203.0.113.7") == 200
        assert status("203.0.113.7") == 429
        assert status("203.0.113.8") == (200 if other_runs else 429)


def test_operations_beyond_the_bound_wait_and_are_refused(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.access.concurrency.PATIENCE", 0.05)
    settings, other_key = Settings(database_url=url, auth="required", concurrency=2), new_key(url)
    with serving(settings) as client, ThreadPoolExecutor(2) as pool:
        with locked(url):
            running = [pool.submit(post, client, CREATE, key) for _ in range(2)]
            response = wait_until(lambda: refused(post(client, CODES, key)))
            other = post(client, CODES, other_key)
        answers = [each.result().json() for each in running]
    [error] = response.json()["errors"]
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert error["extensions"] == {"code": "RATE_LIMITED"}
    assert "runs at most 2 operations at a time" in error["message"]
    assert response.headers["ratelimit"].startswith('"points";r=')
    assert other.status_code == 200
    assert all(answer["data"]["createSalesOrder"]["salesOrder"] for answer in answers)


def refused(response: httpx2.Response) -> httpx2.Response | None:
    return response if response.status_code == 429 else None
