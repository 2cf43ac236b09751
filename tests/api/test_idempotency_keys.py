"""Idempotency keys: a mutation that a client repeats is carried out once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from graphql import build_schema

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.paths import SCHEMA_FILE
from tests.support.requests import locked
from tests.support.served import Client, serving, statements
from tests.support.world import load_world

GRAPHQL = "application/graphql-response+json"
CREATE = """mutation ($document: String, $key: String, $dryRun: Boolean! = false) {
  createSalesOrder(idempotencyKey: $key, dryRun: $dryRun, input: {
    customer: {number: "C1"}, externalDocumentNumber: $document, lines: [{item: {number: "I0001"}, quantity: 1}]}) {
    salesOrder { id number etag customer { displayName salesOrders { totalCount } } lines { id item { number } } }
    userErrors { code } } }"""
COUNT = """query ($document: String) {
  salesOrders(filter: {externalDocumentNumber: {eq: $document}}) { totalCount } }"""


@pytest.fixture(scope="module")
def client(templates: Templates) -> Iterator[Client]:
    with serving(Settings(database_url=templates.copy("world", load_world), debug=True)) as client:
        yield client


def new() -> str:
    """A key or a document number that no other test has."""
    return uuid4().hex


def post(
    client: Client, query: str, header: Any = None, accept: str = GRAPHQL, **variables: Any
) -> httpx2.Response:
    """The response to a request with the header Idempotency-Key."""
    headers = {"accept": accept} | ({} if header is None else {"idempotency-key": header})
    body = {"query": query, "variables": variables}
    return client.http.post(client.url + "/graphql", json=body, headers=headers)


def orders(client: Client, document: str) -> int:
    """The number of orders with this external document number."""
    return int(client.ask(COUNT, document=document)["salesOrders"]["totalCount"])


def is_replayed(response: httpx2.Response) -> bool:
    return response.headers.get("idempotency-replayed") == "true"


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a request that was not run."""
    answer = response.json()
    assert "data" not in answer
    [error] = answer["errors"]
    return response.status_code, error["extensions"]["code"]


@pytest.mark.parametrize("place", ["header", "argument", "both"])
def test_a_repeated_create_makes_one_order(client: Client, place: str) -> None:
    """The later responses are the first one, byte for byte. The operation runs by graphql-core the first
    time, and by a plan once it is known."""
    ways, create = set(), f"{CREATE} # {new()}"
    for _ in range(3):
        key, document = new(), new()
        header = key if place != "argument" else None
        variables = {"document": document} | ({"key": key} if place != "header" else {})
        first, *others = [post(client, create, header, **variables) for _ in range(3)]
        assert first.json()["data"]["createSalesOrder"]["salesOrder"]["number"]
        assert {other.content for other in others} == {first.content}
        assert [is_replayed(each) for each in (first, *others)] == [False, True, True]
        assert {each.status_code for each in (first, *others)} == {200}
        assert orders(client, document) == 1
        ways.add(first.headers["x-execution"])
    assert ways == {"graphql-core", "plan"}


def test_a_header_in_quotation_marks_is_the_same_key(client: Client) -> None:
    """The draft requires them, but most clients send none."""
    document = new()
    plain, quoted = new() + '\\"', new()
    quoted = f'"{plain.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'
    responses = [post(client, CREATE, key, document=document) for key in (plain, quoted)]
    assert [is_replayed(each) for each in responses] == [False, True]


def test_without_a_key_each_request_is_carried_out(client: Client) -> None:
    document = new()
    assert not is_replayed(post(client, CREATE, document=document))
    assert not is_replayed(post(client, CREATE, document=document, key=None))
    assert orders(client, document) == 2


def test_a_key_of_another_operation_is_refused(client: Client) -> None:
    key, document = new(), new()
    assert post(client, CREATE, key, document=document).status_code == 200
    for query, variables in ((CREATE, new()), (f"{CREATE} ", document)):
        reused = post(client, query, key, document=variables)
        assert refusal(reused) == (422, "IDEMPOTENCY_KEY_REUSED")
    lenient = post(client, CREATE, key, "application/json", document=new())
    assert refusal(lenient) == (200, "IDEMPOTENCY_KEY_REUSED")
    assert orders(client, document) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\xe9", "tab\there"])
def test_a_key_has_up_to_255_printable_characters(client: Client, key: str) -> None:
    document = new()
    as_header = post(client, CREATE, key.encode("latin-1"), document=document)
    as_argument = post(client, CREATE, document=document, key=key)
    for response in (as_header, as_argument):
        assert refusal(response) == (400, "IDEMPOTENCY_KEY_INVALID")
    assert orders(client, document) == 0
    assert post(client, CREATE, new().ljust(255, "x"), document=document).status_code == 200


def test_the_header_and_the_argument_must_agree(client: Client) -> None:
    document = new()
    response = post(client, CREATE, new(), document=document, key=new())
    assert refusal(response) == (400, "IDEMPOTENCY_KEY_INVALID")
    assert orders(client, document) == 0


def test_a_key_is_for_a_single_mutation(client: Client) -> None:
    two = """mutation { __typename a: deleteSalesOrder(id: "1") { deletedId }
      b: deleteSalesOrder(id: "2") { deletedId } }"""
    assert refusal(post(client, two, new())) == (400, "IDEMPOTENCY_ONE_FIELD")
    one = """mutation { __typename deleteSalesOrder(id: "1") { deletedId }
      ... on Mutation { deleteSalesOrder(id: "1") { userErrors { code } } } }"""
    answer = post(client, one, new()).json()
    assert answer["data"]["deleteSalesOrder"]["userErrors"] == [{"code": "NOT_FOUND"}]


def test_a_refused_change_leaves_the_key_free(client: Client) -> None:
    """The same request succeeds once the reason for the refusal is gone."""
    key, create = new(), post(client, CREATE, document=new())
    order = create.json()["data"]["createSalesOrder"]["salesOrder"]["id"]
    ship = """mutation ($id: ID!) { shipSalesOrder(id: $id) {
      salesOrder { fullyShipped } userErrors { code } } }"""
    refused = [post(client, ship, key, id=order).json()["data"]["shipSalesOrder"] for _ in "ab"]
    assert [each["userErrors"] for each in refused] == [[{"code": "WRONG_STATUS"}]] * 2
    client.ask(
        "mutation ($id: ID!) { releaseSalesOrder(id: $id) { userErrors { code } } }", id=order
    )
    shipped = [post(client, ship, key, id=order) for _ in "ab"]
    for each in shipped:
        assert each.json()["data"]["shipSalesOrder"]["salesOrder"] == {"fullyShipped": True}
    assert [is_replayed(each) for each in shipped] == [False, True]


def test_dry_runs_and_queries_ignore_the_key(client: Client) -> None:
    key, document = new(), new()
    for _ in range(2):
        assert not is_replayed(post(client, CREATE, key, document=document, dryRun=True))
        assert not is_replayed(post(client, COUNT, key, document=document))
    assert post(client, COUNT, "caf\xe9".encode("latin-1")).status_code == 200
    assert not is_replayed(post(client, CREATE, key, document=document))
    assert orders(client, document) == 1


def test_some_refused_rows_do_not_free_the_key(client: Client) -> None:
    create = """mutation ($document: String) { createSalesOrders(inputs: [
      {customer: {number: "C1"}, externalDocumentNumber: $document}, {customer: {number: "no such"}}]) {
      salesOrder { number } userErrors { code } } }"""
    key, document = new(), new()
    first, second = (post(client, create, key, document=document) for _ in "ab")
    assert [row["userErrors"] for row in first.json()["data"]["createSalesOrders"]] == [
        [],
        [{"code": "NOT_FOUND"}],
    ]
    assert (first.content, is_replayed(second)) == (second.content, True)
    assert orders(client, document) == 1


def test_rows_that_are_all_refused_leave_the_key_free(client: Client) -> None:
    create = """mutation ($customer: String!) { createSalesOrders(policy: ATOMIC, inputs: [
      {customer: {number: "C1"}}, {customer: {number: $customer}}]) { userErrors { code } } }"""
    key, customer = new(), new()[:20]
    for _ in "ab":
        refused = post(client, create, key, customer=customer)
        rows = refused.json()["data"]["createSalesOrders"]
        codes = [error["code"] for row in rows for error in row["userErrors"]]
        assert (is_replayed(refused), codes) == (False, ["OTHER_ROW_REFUSED", "NOT_FOUND"])


def test_concurrent_requests_with_one_key_wait_for_the_first(client: Client) -> None:
    for _ in range(5):
        key, document = new(), new()
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(post, client, CREATE, key, document=document) for _ in range(8)]
            responses = [each.result() for each in sent]
        assert len({each.content for each in responses}) == 1
        assert sum(not is_replayed(each) for each in responses) == 1
        assert orders(client, document) == 1


def test_a_key_takes_two_statements_and_a_repeated_request_only_these(client: Client) -> None:
    """They insert the record of the key and store the answer in it, or read it. The payload is read by the
    same number of statements as without a key."""
    create = f"{CREATE} # {new()}"
    for _ in range(3):
        post(client, create, new(), document=new())

    def count(*keys: str | None) -> int:
        """The fewest statements of these requests: beside them, the gateway may look for jobs to resume."""
        counts = []
        for key in keys:
            with statements() as seen:
                post(client, create, key, document="counted")
            counts.append(len(seen))
        return min(counts)

    first, *others = new(), new(), new()
    unkeyed, keyed, replayed = count(None, None, None), count(first, *others), count(*[first] * 3)
    assert (keyed - unkeyed, replayed) == (2, 2)


def test_a_request_that_waits_too_long_is_overloaded_and_stores_nothing(
    templates: Templates,
) -> None:
    """The first request waits for a lock, and the second one for the first."""
    url, key, document = templates.copy("world", load_world), new(), new()
    with serving(Settings(database_url=url, deadline=1)) as client, ThreadPoolExecutor(2) as pool:
        post(client, CREATE, new(), document=new())
        with locked(url):
            sent = [pool.submit(post, client, CREATE, key, document=document) for _ in "ab"]
            codes = {
                error["extensions"]["code"]
                for each in sent
                for error in each.result().json()["errors"]
            }
        assert codes <= {"OVERLOADED", "DEADLINE_EXCEEDED"}
        responses = [post(client, CREATE, key, document=document) for _ in "ab"]
        assert [is_replayed(each) for each in responses] == [False, True]
        assert orders(client, document) == 1


def test_every_mutation_takes_a_key() -> None:
    schema = build_schema(SCHEMA_FILE.read_text("utf-8"))
    assert schema.mutation_type is not None
    for field in schema.mutation_type.fields.values():
        assert str(field.args["idempotencyKey"].type) == "String"
