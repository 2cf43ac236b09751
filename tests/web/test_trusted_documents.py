"""Trusted documents: only those of manifests run, and none of their requests waits for a plan."""

import builtins
import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from graphql import ValidationContext, get_introspection_query
from graphql.language.parser import Parser

from gateway.app import create_app
from gateway.execution.manifests import BadManifest
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.served import Client, serving
from tests.support.world import load_world

GRAPHQL = "application/graphql-response+json"
ORDERS = """query Orders($first: Int, $lines: Boolean!) {
  salesOrders(first: $first) { nodes { number lines @include(if: $lines) { quantity } } } }"""
TWO = "query Name { company { name } } query Code { company { currency { code } } }"
CREATE = """mutation Create($input: CreateSalesOrderInput!) {
  createSalesOrder(input: $input, dryRun: true) { salesOrder { status } userErrors { code } } }"""
LABELS = "{ salesOrders(first: 1) { nodes { statusLabel(vocabulary: NAVISION_SCHEMA) } } }"
LONG = "{ company { name } }".ljust(30_000)
SCHEMA = get_introspection_query(descriptions=False)
OF_CODEGEN = {"orders": ORDERS, "two": TWO, "labels": LABELS, "long": LONG, "schema": SCHEMA}
OF_APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": "create", "name": "Create", "type": "mutation", "body": CREATE}],
}


def settings_with(folder: Path, **settings: Any) -> Settings:
    """The settings of a gateway with a manifest of graphql-codegen and one of Apollo."""
    files = {"codegen.json": OF_CODEGEN, "apollo.json": OF_APOLLO}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    manifests = ", ".join(str(folder / name) for name in files)
    return Settings(document_manifests=manifests, debug=True, **settings)


@pytest.fixture(scope="module")
def world(all_templates: dict[str, Templates]) -> str:
    return all_templates["sqlite"].copy("world", load_world)


@pytest.fixture(scope="module")
def trusting(world: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A gateway that only runs trusted documents."""
    folder = tmp_path_factory.mktemp("manifests")
    with serving(settings_with(folder, database_url=world, documents="trusted")) as client:
        yield client


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often documents are parsed and validated and plans compiled from now on."""
    counts: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            counts[name] += owner is not builtins or arguments[1] == "<plan>"
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in (
        (Parser, "parse_document"),
        (ValidationContext, "__init__"),
        (builtins, "compile"),
    ):
        count(owner, name)
    return counts


def post(client: Client, **members: Any) -> httpx2.Response:
    url = client.url + "/graphql"
    return client.http.post(url, json=members, headers={"accept": GRAPHQL})


def hashed(key: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": key}}


FIRST: list[dict[str, Any]] = [
    {"documentId": "orders", "variables": {"lines": True}},
    {"documentId": "orders", "variables": {"lines": False, "first": 3}},
    {"documentId": "two", "operationName": "Code"},
    {"documentId": "two", "operationName": "Name"},
    {"documentId": "create", "variables": {"input": {"customer": {"number": "C1"}}}},
    {"query": LONG},
]
"""Requests, each of them the first for its operation or for these values of its conditions."""


def test_the_first_request_for_a_trusted_document_runs_a_plan_that_exists_already(
    world: str, tmp_path: Path, work: Counter[str]
) -> None:
    with serving(settings_with(tmp_path, database_url=world)) as client:
        assert work["compile"] >= len(FIRST)
        work.clear()
        for members in FIRST:
            response = post(client, **members)
            assert "errors" not in response.json()
            assert (response.headers["x-execution"], work) == ("plan", Counter()), members
        post(client, query="{ company { name id counted: name } }")
        assert work["parse_document"] > 0
        assert work["__init__"] > 0


def test_a_trusted_document_without_a_plan_is_not_validated_again(
    trusting: Client, work: Counter[str]
) -> None:
    for name in ("labels", "schema"):
        assert "data" in post(trusting, documentId=name).json()
    assert work["__init__"] == 0


@pytest.mark.parametrize(
    "members",
    [
        {"documentId": "two"},
        {"documentId": "sha256:" + sha256(TWO.encode()).hexdigest()},
        {"documentId": "two", "query": TWO},
        {"query": TWO},
        {"extensions": hashed("two")},
        {"extensions": hashed(sha256(TWO.encode()).hexdigest())},
        {"extensions": hashed("two"), "query": TWO},
    ],
    ids=str,
)
def test_a_trusted_document_runs_by_its_id_its_hash_and_its_text(
    trusting: Client, members: dict[str, Any]
) -> None:
    response = post(trusting, operationName="Name", **members)
    assert response.json()["data"] == {"company": {"name": "World"}}
    if "query" not in members:
        parameters = {**members, "operationName": "Name"}
        if "extensions" in members:
            parameters["extensions"] = json.dumps(members["extensions"])
        response = trusting.http.get(trusting.url + "/graphql", params=parameters)
        assert response.json()["data"] == {"company": {"name": "World"}}


OTHER = "{ company { id } }"


@pytest.mark.parametrize(
    "members",
    [
        {"query": OTHER},
        {"query": TWO + " "},
        {"query": get_introspection_query()},
        {"query": "{ __typename }"},
        {"query": OTHER, "extensions": hashed(sha256(OTHER.encode()).hexdigest())},
        {"query": OTHER, "documentId": "sha256:" + sha256(OTHER.encode()).hexdigest()},
        {"extensions": hashed(sha256(OTHER.encode()).hexdigest())},
        {"documentId": "three"},
    ],
    ids=lambda members: str(members)[:60],
)
def test_no_other_document_runs(trusting: Client, members: dict[str, Any]) -> None:
    response = post(trusting, **members)
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
    for advice in ("documentId", "manifest", "GATEWAY_DOCUMENTS=any"):
        assert advice in error["message"]


def test_an_id_with_another_document_is_refused(trusting: Client) -> None:
    response = post(trusting, documentId="two", query=ORDERS)
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (400, "PERSISTED_QUERY_MISMATCH")


def test_other_documents_run_besides_trusted_ones_unless_only_those_are(
    world: str, tmp_path: Path
) -> None:
    with serving(settings_with(tmp_path, database_url=world)) as client:
        assert "data" in post(client, query=OTHER).json()
        assert "data" in post(client, documentId="two", operationName="Name").json()


def test_the_gateway_does_not_start_with_a_document_that_cannot_run(
    world: str, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"two": TWO, "old": "{ gone }"}))
    settings = Settings(database_url=world, document_manifests=str(file))
    with pytest.raises(BadManifest, match="old cannot run: Cannot query field 'gone'"):
        create_app(settings)
