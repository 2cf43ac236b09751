"""Documents that clients name: automatic persisted queries as Apollo specifies them, and the ids of
GraphQL over HTTP."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from gateway.execution.persisted_documents import (
    OVERHEAD,
    DocumentReference,
    DocumentRefused,
    PersistedDocuments,
)
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.served import Client, serving
from tests.support.world import load_world

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
COMPANY = {"company": {"name": "World"}}
CREATE = (
    'mutation { createSalesOrder(input: {customer: {number: "NOPE"}}) { userErrors { code } } }'
)


@pytest.fixture(scope="module")
def web(all_templates: dict[str, Templates]) -> Iterator[Client]:
    """The gateway over the world on SQLite: HTTP is the same over any database. Each test persists
    documents of its own."""
    url = all_templates["sqlite"].copy("world", load_world)
    with serving(Settings(database_url=url, debug=True)) as client:
        yield client


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def hashed(text: str, **members: Any) -> dict[str, Any]:
    """The members of a request that has the hash of this document."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}, **members}


def identified(text: str, **members: Any) -> dict[str, Any]:
    """The members of a request that has the id of this document."""
    return {"documentId": f"sha256:{digest(text)}", **members}


def post(web: Client, members: Any, accept: str = GRAPHQL) -> httpx2.Response:
    return web.http.post(web.url + "/graphql", json=members, headers={"accept": accept})


def get(web: Client, members: dict[str, Any], accept: str = GRAPHQL) -> httpx2.Response:
    """The response to a GET, whose parameters are JSON unless they are text."""
    text = {k: v if isinstance(v, str) else json.dumps(v) for k, v in members.items()}
    return web.http.get(web.url + "/graphql", params=text, headers={"accept": accept})


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a response that has a single error and no data."""
    [error] = response.json()["errors"]
    assert "data" not in response.json()
    return response.status_code, error["extensions"]["code"]


@pytest.mark.parametrize("accept", [JSON, GRAPHQL, f"{GRAPHQL}, {JSON};q=0.9"])
@pytest.mark.parametrize("send", [post, get])
def test_an_unknown_hash_is_answered_as_apollo_specifies(
    web: Client, send: Any, accept: str
) -> None:
    response = send(web, hashed("{ unknown: __typename }"), accept)
    error = {
        "message": "PersistedQueryNotFound",
        "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
    }
    assert (response.status_code, response.json()) == (200, {"errors": [error]})
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("make", [hashed, identified])
def test_a_document_that_was_sent_with_its_hash_runs_by_its_hash_alone(
    web: Client, make: Any
) -> None:
    text = f"{{ company {{ name }} }} # {make.__name__}"
    assert post(web, make(text, query=text)).json()["data"] == COMPANY
    for send in (post, get):
        for named in (hashed(text), identified(text)):
            assert send(web, named).json()["data"] == COMPANY


def test_variables_and_the_name_of_the_operation_come_with_the_hash(web: Client) -> None:
    text = "query A($n: Int) { items(first: $n) { nodes { number } } } query B { __typename }"
    post(web, hashed(text, query=text, operationName="B"))
    for send in (post, get):
        answer = send(web, hashed(text, operationName="A", variables={"n": 2})).json()
        assert len(answer["data"]["items"]["nodes"]) == 2


def test_a_persisted_document_runs_as_a_plan_like_one_that_is_sent(web: Client) -> None:
    text = "{ company { currency { code } } }"
    ways = [post(web, hashed(text, query=text)), post(web, hashed(text)), post(web, hashed(text))]
    assert [way.headers["x-execution"] for way in ways] == ["graphql-core", "plan", "plan"]


@pytest.mark.parametrize("make", [hashed, identified])
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_a_wrong_hash_is_refused_and_persists_nothing(web: Client, make: Any, accept: str) -> None:
    other = f"{{ other: __typename }} # {make.__name__} {accept}"
    response = post(web, make(other, query="{ company { name } }"), accept)
    assert refusal(response) == (400, "PERSISTED_QUERY_MISMATCH")
    for text in (other, "{ company { name } }"):
        assert refusal(post(web, hashed(text))) == (200, "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize("text", ["{", "{ nothing }", "{ node { id } }"])
def test_an_invalid_document_is_not_persisted(web: Client, text: str) -> None:
    assert post(web, hashed(text, query=text)).status_code == 400
    assert refusal(post(web, hashed(text))) == (200, "PERSISTED_QUERY_NOT_FOUND")


def test_a_persisted_mutation_runs_by_post_only(web: Client) -> None:
    assert "data" in post(web, hashed(CREATE, query=CREATE)).json()
    assert "data" in post(web, hashed(CREATE)).json()
    assert refusal(get(web, hashed(CREATE))) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL, 404)])
def test_an_unknown_id_is_refused(web: Client, accept: str, status: int) -> None:
    for send in (post, get):
        response = send(web, {"documentId": "orders-7"}, accept)
        assert refusal(response) == (status, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize(
    "members",
    [
        {"documentId": ""},
        {"documentId": 7},
        {"documentId": "sha256:"},
        {"documentId": "sha256:" + "A" * 64},
        {"documentId": "sha256:" + "a" * 63},
        {"documentId": "a", **hashed("{ a }")},
        {"documentId": "a", "query": ""},
        {"documentId": "a", "query": 7},
        {"extensions": {"persistedQuery": 7}},
        {"extensions": {"persistedQuery": []}},
        {"extensions": {"persistedQuery": {}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 7}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ""}}},
        {"extensions": {}},
        {"documentId": None, "extensions": {"persistedQuery": None}},
    ],
    ids=str,
)
def test_a_malformed_id_or_hash_is_400(web: Client, members: dict[str, Any]) -> None:
    assert refusal(post(web, members)) == (400, "BAD_REQUEST")


def test_the_memory_of_persisted_documents_is_limited() -> None:
    """The least recently used are evicted; clients send them again."""
    documents = PersistedDocuments(most_bytes=10 * (OVERHEAD + 100))
    texts = [f"{{ a{number:02}: b }}" for number in range(20)]
    first, last = (DocumentReference(digest(text), is_hash=True) for text in (texts[0], texts[-1]))
    for text in texts:
        documents.persist(digest(text), text)
        assert documents.find(first, None) == texts[0]
    assert documents.find(last, None) == texts[-1]
    with pytest.raises(DocumentRefused, match="PersistedQueryNotFound"):
        documents.find(DocumentReference(digest(texts[1]), is_hash=True), None)
    assert 10 <= len(documents._sent) <= 11
