"""Batches: several operations in one request, each with its own outcome."""

import json
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.logs import Log
from tests.support.requests import locked, make_tax_codes_slow
from tests.support.served import Client, connected, serving, transactions, wait_until
from tests.support.world import load_world

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
CREATE = """mutation Create($name: String!) { createSalesOrder(
  input: {customer: {number: "C1"}, salesperson: $name}) { salesOrder { number } } }"""
ORDERS = """query Orders { salesOrders(sort: {field: NUMBER}) { nodes { number salesperson } } }"""
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For tests whose subject is the same over any database."""

COMPANY = "{ company { name } }"
COUNT = "{ salesOrders { totalCount } }"


@pytest.fixture(scope="module")
def web(all_templates: dict[str, Templates]) -> Iterator[Client]:
    """A gateway over the world that takes batches of four, for tests that change nothing."""
    url = all_templates["sqlite"].copy("world", load_world)
    with serving(Settings(database_url=url, max_batch=4, debug=True)) as client:
        yield client


def post(client: Client, members: Any, accept: str = JSON, **headers: str) -> httpx2.Response:
    fields = {"accept": accept, **{name.replace("_", "-"): each for name, each in headers.items()}}
    return client.http.post(client.url + "/graphql", json=members, headers=fields)


def create(name: str) -> dict[str, Any]:
    return {"query": CREATE, "variables": {"name": name}}


def codes(response: httpx2.Response) -> list[list[str]]:
    """The codes of each operation of a batch."""
    return [[e["extensions"]["code"] for e in each.get("errors", ())] for each in response.json()]


def refusal(response: httpx2.Response) -> tuple[int, str, str]:
    """The status, the code and the message of a batch that is not run."""
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"], error["message"]


@on_sqlite
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize("entries", [[], [{"query": COMPANY}]])
def test_batches_are_refused_by_default(world_url: str, accept: str, entries: Any) -> None:
    message = "Batches are off (GATEWAY_MAX_BATCH). Send a single operation."
    with serving(Settings(database_url=world_url)) as client:
        assert refusal(post(client, entries, accept)) == (400, "BATCHES_OFF", message)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        ([], "BAD_REQUEST", "A batch has at least one operation."),
        ([create("x")] * 5, "TOO_LARGE", "The batch has 5 operations, but the limit is 4."),
        ([create("x"), [create("x")]], "BAD_REQUEST", "Operation 2 of the batch is not an object."),
        ([create("x"), None], "BAD_REQUEST", "Operation 2 of the batch is not an object."),
        (["{ a }"], "BAD_REQUEST", "Operation 1 of the batch is not an object."),
    ],
)
def test_no_operation_of_a_malformed_batch_runs(
    web: Client, accept: str, entries: Any, code: str, message: str
) -> None:
    assert refusal(post(web, entries, accept)) == (400, code, message)
    assert web.ask(COUNT) == {"salesOrders": {"totalCount": 0}}


@pytest.mark.parametrize("header", ["If-Match", "Idempotency-Key"])
def test_a_header_for_one_operation_is_refused_with_several(web: Client, header: str) -> None:
    response = post(web, [{"query": COMPANY}] * 2, **{header: "x"})
    status, code, message = refusal(response)
    assert (status, code) == (400, "BAD_REQUEST")
    assert message.startswith(f"The header {header} is for one operation. In a batch, use the")
    assert codes(post(web, [{"query": COMPANY}], **{header: "x"})) == [[]]


def test_each_operation_has_its_own_outcome(web: Client) -> None:
    entries = [{"query": COMPANY}, {"query": "{ gone }"}, {"variables": {}}, {"query": COMPANY}]
    response = post(web, entries)
    validation, request = ["GRAPHQL_VALIDATION_FAILED"], ["BAD_REQUEST"]
    assert (response.status_code, codes(response)) == (200, [[], validation, request, []])
    for number in (0, 3):
        assert response.json()[number]["data"] == {"company": {"name": "World"}}
    assert all("data" not in response.json()[number] for number in (1, 2))


@pytest.mark.parametrize("accept", [JSON, f"{GRAPHQL}, {JSON};q=0.9", "*/*"])
def test_a_batch_is_answered_as_json(web: Client, accept: str) -> None:
    """The other media type is defined for a single answer."""
    response = post(web, [{"query": "{ gone }"}], accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{JSON}; charset=utf-8"
    assert refusal(post(web, [{"query": COMPANY}], GRAPHQL))[:2] == (406, "NOT_ACCEPTABLE")


def test_an_operation_of_a_batch_runs_by_a_plan_like_any_other(web: Client) -> None:
    text = "{ company { id } }"
    ways = [post(web, [{"query": text}] * 3).headers["x-execution"] for _ in range(2)]
    assert ways == ["graphql-core, plan, plan", "plan, plan, plan"]


def test_documents_of_a_batch_may_be_persisted(web: Client) -> None:
    text = "{ company { name currency { code } } }"
    digest = sha256(text.encode()).hexdigest()
    hashed = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
    entries = [hashed, {**hashed, "query": text}, hashed, {"documentId": f"sha256:{digest}"}]
    assert codes(post(web, entries)) == [["PERSISTED_QUERY_NOT_FOUND"], [], [], []]


def page(rows: int) -> dict[str, Any]:
    """A query that costs one more than its rows."""
    return {
        "query": "query ($n: Int) { items(first: $n) { nodes { id } } }",
        "variables": {"n": rows},
    }


@on_sqlite
def test_the_costs_of_a_batch_are_added_up(world_url: str) -> None:
    """An operation that is refused costs nothing, and a later one that fits still runs. The third time,
    plans run them."""
    with serving(Settings(database_url=world_url, max_batch=10, max_cost=200)) as client:
        for _ in range(3):
            response = post(client, [page(99), page(100), page(49), page(48), page(1)])
            assert codes(response) == [[], ["TOO_LARGE"], [], [], ["TOO_LARGE"]]
            costs = [each["extensions"]["cost"] for each in response.json()]
            assert [cost["requested"] for cost in costs] == [100, 101, 50, 49, 2]
            assert [cost["maximum"] for cost in costs] == [200, 100, 100, 50, 1]


@on_sqlite
def test_the_operations_of_a_batch_run_in_their_order(world_url: str) -> None:
    """Each sees what those before it have changed."""
    with serving(Settings(database_url=world_url, max_batch=10)) as client:
        for number in range(3):
            names = [f"{letter}{number}" for letter in "ABC"]
            entries = [*map(create, names), {"query": ORDERS}]
            orders = post(client, entries).json()[-1]["data"]["salesOrders"]["nodes"]
            assert [order["salesperson"] for order in orders[-3:]] == names


KEYED = """mutation ($key: String!) { createSalesOrder(
  input: {customer: {number: "C1"}}, idempotencyKey: $key) { salesOrder { number } } }"""


@on_sqlite
def test_a_mutation_of_a_batch_may_have_an_idempotency_key_as_its_argument(world_url: str) -> None:
    """The answer to a repeated one is the stored answer."""
    with serving(Settings(database_url=world_url, max_batch=10)) as client:
        entries = [{"query": KEYED, "variables": {"key": key}} for key in ("a", "a", "b")]
        for _ in range(2):
            first, again, other = post(client, entries).json()
            assert first["data"] == again["data"] != other["data"]
        assert client.ask(COUNT) == {"salesOrders": {"totalCount": 2}}


@on_sqlite
def test_a_batch_has_the_deadline_of_one_operation(world_url: str) -> None:
    make_tax_codes_slow(world_url)
    slow = {"query": "{ taxCodes { nodes { code } } }"}
    with serving(Settings(database_url=world_url, max_batch=10, deadline=1)) as client:
        begun = time.monotonic()
        response = post(client, [slow, slow, create("late")])
        assert codes(response) == [["DEADLINE_EXCEEDED"]] * 3
        assert time.monotonic() - begun >= 1
        messages = [each["errors"][0]["message"] for each in response.json()]
        late = "The batch took longer than 1 seconds. This operation was not run."
        assert messages[1:] == [late, late]
        assert client.ask(COUNT) == {"salesOrders": {"totalCount": 0}}


@on_sqlite
def test_no_operation_begins_once_the_client_has_disconnected(world_url: str) -> None:
    """The mutation that is running is completed."""
    log, settings = Log(), Settings(database_url=world_url, max_batch=10)
    app = create_app(settings, log=log.logger)
    with serving(settings, app=app) as client:
        batch = [create("first"), create("second"), create("third")]
        with locked(world_url), transactions() as begun, connected(client, batch):
            wait_until(lambda: begun)
        assert log.last(1)["outcome"] == "disconnected"
        nodes = client.ask(ORDERS)["salesOrders"]["nodes"]
        assert [order["salesperson"] for order in nodes] == ["first"]


@on_sqlite
def test_a_batch_has_one_line_in_the_log(world_url: str) -> None:
    log, settings = Log(), Settings(database_url=world_url, max_batch=10)
    with serving(settings, app=create_app(settings, log=log.logger)) as client:
        post(client, [page(9), {"query": "{ gone }"}, page(5), page(5), {}, create("x" * 200)])
        line = log.last(1)
    assert line["batch"] == 6
    assert line["cost"] == 10 + 6 + 6 + 2
    assert line["codes"] == ["BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED", "TOO_LONG"]
    assert line["outcome"] == "refused"
    assert line["execution"] == "graphql-core, plan"
    assert json.loads(log.text.splitlines()[-1])["status"] == 200
