"""The limits of operations, each at its bound, and the cost of documents."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.api.operations import Operation, run_operation
from gateway.execution.limits import Limits
from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.contexts import context_of
from tests.support.requests import post
from tests.support.served import Client, serving

SMALL = Limits(
    bytes=400,
    tokens=60,
    directives=3,
    fragments=3,
    depth=5,
    fields=12,
    aliases=4,
    types=2,
    cost=100,
)


Ask = Callable[[str], Awaitable[Any]]


@pytest.fixture
def ask(database: Database) -> Ask:
    """Runs an operation as the endpoint does, within small limits."""

    async def chosen(document: str) -> Any:
        return json.loads(
            (await run_operation(Operation(document), context_of(database, SMALL))).body
        )

    return chosen


def company(selection: str) -> str:
    return f"{{ company {{ {selection} }} }}"


def of_customers(depth: int) -> str:
    levels = depth - 3
    return (
        "{ customers(first: 1) { nodes { "
        + "billToCustomer { " * levels
        + "id "
        + "} " * (levels + 3)
    )


def with_fragments(count: int) -> str:
    definitions = " ".join(f"fragment F{n} on Company {{ id }}" for n in range(count))
    return company(" ".join(f"...F{n}" for n in range(count))) + definitions


BOUNDS: dict[str, tuple[Callable[[int], str], str]] = {
    "bytes": (lambda n: company("id") + "#" + "é" * ((n - 19) // 2) + " " * (1 - n % 2), "has 401 bytes"),
    "tokens": (lambda n: company("id ") + "#\n" * (n - 6), "has 61 tokens"),
    "directives": (lambda n: company("id @skip(if: false) " * n), "has 4 directives"),
    "fragments": (with_fragments, "has 4 fragments"),
    "depth": (of_customers, "is nested 6 levels deep"),
    "fields": (lambda n: company("id " * (n - 1)), "selects 13 fields"),
    "aliases": (lambda n: company(" ".join(f"a{i}: id" for i in range(n))), "has 5 aliases"),
    "schemas": (lambda n: "{ " + " ".join(f"a{i}: __schema {{ description }}" for i in range(n)) + " }", "selects `__schema` 2 times"),
    "types": (lambda n: "{ " + " ".join(f'a{i}: __type(name: "Item") {{ name }}' for i in range(n)) + " }", "selects `__type` 3 times"),
    "cost": (lambda n: f"{{ items(first: {n - 1}) {{ nodes {{ id }} }} }}", "may cost 101"),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("name", BOUNDS)
async def test_exactly_the_limit_fits(ask: Ask, name: str) -> None:
    document, message = BOUNDS[name]
    most = getattr(SMALL, name)
    assert "errors" not in await ask(document(most))
    answer = await ask(document(most + 1))
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "TOO_LARGE"}
    assert f"{message}, but the limit is {most}" in error["message"]
    assert "data" not in answer


COSTS = [
    ("{ company { id name } }", 1),
    ("{ company { currency { code } } node(id: 1) { id } }", 3),
    ("{ items { totalCount } }", 1),
    ("{ items { nodes { id } } }", 1 + 50),
    ("{ items(first: 7) { nodes { id } edges { cursor node { id } } pageInfo { hasNextPage } } }", 1 + 7 + 7 + 7 + 1),
    ("{ items(last: 7) { nodes { id } } }", 1 + 7),
    ("{ items(first: 0) { nodes { id } } }", 1),
    ("{ items(first: null) { nodes { id } } }", 1 + 50),
    ("{ salesOrders(first: 3) { nodes { lines { id } } } }", 1 + 3 * (1 + 25)),
    ("{ salesOrders(first: 3) { nodes { lines { item { taxCode { code } } } customer { id } } } }", 1 + 3 * (1 + 25 * 3 + 1)),
    ("{ customers(first: 4) { nodes { salesOrders(first: 5) { nodes { id } } } } }", 1 + 4 * (1 + 1 + 5)),
    ('{ nodes(ids: ["1", "2", "3"]) { id } }', 3),
    ("query($f: Int) { items(first: $f) { nodes { id } } }", 1 + 50),
    ("query($f: Int = 9) { items(first: $f) { nodes { id } } }", 1 + 9),
    ('query($ids: [ID!]! = ["1", "2"]) { nodes(ids: $ids) { id } }', 2),
    ("{ one: items(first: 2) { ...I } two: items(first: 3) { ...I } } fragment I on ItemConnection { nodes { id } }", 1 + 2 + 1 + 3),
    ("{ node(id: 1) { ... on Customer { salesOrders(first: 2) { ... { nodes { id } } } } } }", 1 + 1 + 2),
    ("{ items(first: 2) @skip(if: true) { nodes { id } } company { id } }", 1 + 2 + 1),
]  # fmt: skip


def cost(client: Client, document: str, **variables: Any) -> Any:
    """The cost in the whole HTTP answer."""
    body = {"query": document, "variables": variables}
    return client.http.post(client.url + "/graphql", json=body).json()["extensions"]["cost"]


def test_an_answer_has_the_maximum_cost_of_its_operation(demo: Client) -> None:
    """An object costs 1 and a scalar nothing; a page counts its size, another list its ids or 25."""
    for document, requested in COSTS:
        assert cost(demo, document) == {"requested": requested, "maximum": 20_000}, document


@pytest.mark.parametrize(("values", "rows"), [({"f": 4}, 4), ({"f": None}, 50), ({}, 9)])
def test_a_page_costs_the_value_of_its_variable(
    demo: Client, values: dict[str, Any], rows: int
) -> None:
    document = "query($f: Int = 9) { items(first: $f) { nodes { id } } }"
    assert cost(demo, document, **values)["requested"] == 1 + rows


def test_an_oversized_page_costs_the_largest_page_and_is_refused_as_a_page(demo: Client) -> None:
    for size in (201, 2**31 - 1):
        document = f"{{ items(first: {size}) {{ nodes {{ id }} }} }}"
        assert cost(demo, document)["requested"] == 201
        [error] = demo.send(document)["errors"]
        assert error["message"] == "`first` must be between 0 and 200."


WIDE = """{ salesOrders(first: %d) { nodes { customer {
  salesOrders(first: %d) { nodes { lines { id } } } } } } }"""


def test_a_refusal_says_which_pages_would_fit(demo: Client) -> None:
    """1 + 27 * (1 + 1 + 1 + 27 * 26) is 19,036; with 28, 20,469."""
    [error] = demo.send(WIDE % (200, 50))["errors"]
    assert error["message"] == (
        "The operation may cost 260,601, but the limit is 20,000: ask for pages of at most 27."
    )
    assert error["extensions"] == {"code": "TOO_LARGE"}
    assert cost(demo, WIDE % (200, 50)) == {"requested": 260_601, "maximum": 20_000}
    assert "data" in demo.send(WIDE % (27, 27))
    assert "data" not in demo.send(WIDE % (28, 28))


def test_a_refusal_has_no_advice_if_no_page_would_fit(world_url: str) -> None:
    with serving(Settings(database_url=world_url, max_cost=2)) as client:
        [error] = client.send("{ items { nodes { id } } company { id } node(id: 1) { id } }")[
            "errors"
        ]
    assert error["message"] == "The operation may cost 53, but the limit is 2."


def test_enormous_numbers_are_shortened(demo: Client) -> None:
    """Ten pages of 200, one in the other: 10 to the power of 23."""
    inner = "id"
    for _ in range(5):
        inner = f"customer {{ salesOrders(first: 200) {{ nodes {{ lines {{ id }} {inner} }} }} }}"
    document = f"{{ salesOrders(first: 200) {{ nodes {{ {inner} }} }} }}"
    [error] = demo.send(document)["errors"]
    assert (
        "The operation may cost more than 1,000,000,000,000, but the limit is 20,000"
        in error["message"]
    )


def test_a_deployment_sets_cost_and_depth(world_url: str) -> None:
    with serving(Settings(database_url=world_url, max_cost=10, max_depth=3)) as client:
        assert "errors" not in client.send("{ items(first: 9) { nodes { id } } }")
        [wide] = client.send("{ items(first: 10) { nodes { id } } }")["errors"]
        [deep] = client.send("{ items(first: 1) { nodes { taxCode { code } } } }")["errors"]
    assert "the limit is 10" in wide["message"]
    assert deep["message"] == "The operation is nested 4 levels deep, but the limit is 3."


def test_a_body_that_is_too_large_is_refused(world_url: str) -> None:
    with serving(Settings(database_url=world_url, max_body=50)) as client:
        body = '{"query": "{ company { name } }"}'
        assert post(client, body.ljust(50)).status_code == 200
        for size in (51, 20_000_000):
            response = post(client, body.ljust(size))
            assert response.status_code == 413
            [error] = response.json()["errors"]
            assert error["extensions"] == {"code": "TOO_LARGE"}
            assert error["message"] == "A request has at most 50 bytes."


def test_a_document_with_many_mistakes_has_at_most_twenty_of_them_reported(demo: Client) -> None:
    errors = demo.send(company(" ".join(f"wrong{n}" for n in range(100))))["errors"]
    assert len(errors) == 20
    assert errors[-1]["message"].startswith("Too many validation errors")
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    "document",
    ["{ %s }", "{ company { ...%s } }", "{ company { id(%s: 1) } }", "{ company { id @%s } }",
     '{ items(first: "%s") { totalCount } }', "query($%s: Int) { company { id } }", "%s { id }"],
)  # fmt: skip
def test_long_names_are_cut_in_messages(demo: Client, document: str) -> None:
    for error in demo.send(document % ("x" * 50_000))["errors"]:
        assert "x" * 50 in error["message"]
        assert len(error["message"]) < 500
