"""Invalid filters: each is refused with a code, and nothing is ignored."""

import json
import re
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from gateway.demo.northwind import load_demo
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import execute, post
from tests.support.served import Client, serving, statements

Tree = dict[str, Any]

QUERY = "query ($filter: SalesOrderFilter) { salesOrders(filter: $filter) { totalCount } }"
ORDERS, ORDERS_OF_NORTHWIND, ORDERS_OF_VINET = 839, 830, 5
PATIENCE = 5000
"""Milliseconds that a statement may take; the right plan takes 5."""


def answer(client: Client, tree: Any) -> Any:
    """The answer to a filter on orders; the body is ASCII, so that it can contain any text."""
    return post(client, json.dumps({"query": QUERY, "variables": {"filter": tree}})).json()


def codes(client: Client, tree: Any) -> set[str]:
    """The codes of the errors of a filter."""
    return {error["extensions"]["code"] for error in answer(client, tree).get("errors", [])}


def count(client: Client, tree: Any) -> int:
    """The number of orders that match a filter."""
    return int(answer(client, tree)["data"]["salesOrders"]["totalCount"])


@pytest.mark.parametrize(
    "tree",
    [
        {"nope": {"eq": "x"}},
        {"number": {"like": "x"}},
        {"number": {"EQ": "x"}},
        {"number": "NW-10248"},
        {"number": {"eq": 5}},
        {"number": {"isNull": True}},
        {"orderDate": {"contains": "1998"}},
        {"orderDate": {"eq": "1998-02-30"}},
        {"lastModifiedDateTime": {"gt": "2026-01-01T00:00:00"}},
        {"discountAmount": {"startsWith": "1"}},
        {"discountAmount": {"eq": "NaN"}},
        {"discountAmount": {"in": ["1", "x"]}},
        {"onHold": {"lt": True}},
        {"onHold": {"eq": "true"}},
        {"id": {"contains": "a"}},
        {"status": {"gt": "OPEN"}},
        {"status": {"eq": "SHIPPED"}},
        {"shipToAddress": {"street": {"eq": "x"}}},
        {"customer": {"nope": {}}},
        {"customer": {"salesOrders": {"nope": {}}}},
        {"lines": {"any": {}}},
        {"lines": {"quantity": {"eq": 1}}},
        {"lines": {"some": {"sequence": {"eq": 2**31}}}},
        {"and": [{"nope": {}}]},
        {"or": [{}, {"nope": {}}]},
        {"not": {"nope": {}}},
    ],
    ids=json.dumps,
)
def test_an_unknown_filter_is_an_error_before_anything_is_read(demo: Client, tree: Tree) -> None:
    with statements() as seen:
        assert codes(demo, tree) == {"GRAPHQL_VALIDATION_FAILED"}
    assert not seen


@pytest.mark.parametrize(
    "tree",
    [
        {"discountAmount": {"eq": "0.000001"}},
        {"discountAmount": {"lt": "10000000000000"}},
        {"discountAmount": {"notIn": [0, "-10000000000000"]}},
        {"customerName": {"eq": "a\x00b"}},
        {"customerName": {"contains": "\n"}},
        {"customerName": {"in": ["a", "\x7f"]}},
        {"customerName": {"startsWith": "\ud83d"}},
        {"customerName": {"in": ["a"] * 1001}},
        {"id": {"notIn": ["x"] * 1001}},
        {"lines": {"some": {"quantity": {"in": [1] * 1001}}}},
        {"not": {"customer": {"address": {"city": {"ne": "\x1b"}}}}},
        {"number": None},
        {"number": {"eq": None}},
        {"number": {"in": None}},
        {"number": {"in": ["a", None]}},
        {"requestedDeliveryDate": {"eq": None}},
        {"requestedDeliveryDate": {"isNull": None}},
        {"customer": None},
        {"lines": {"some": None}},
        {"and": None},
        {"and": [None]},
        {"not": None},
    ],
    ids=lambda tree: json.dumps(tree)[:60],
)
def test_a_value_that_no_row_can_have_is_refused_with_a_code(demo: Client, tree: Tree) -> None:
    """Filters on null must use `isNull`."""
    refused = codes(demo, tree)
    assert refused
    assert refused <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("filter_", "path"),
    [
        ("{number: null}", ["filter", "number"]),
        ("{number: {eq: null}}", ["filter", "number", "eq"]),
        ("{lines: null}", ["filter", "lines"]),
    ],
)
def test_a_null_is_reported_in_the_same_way_in_the_document_and_in_a_variable(
    demo: Client, filter_: str, path: list[str]
) -> None:
    written = demo.send(f"{{ salesOrders(filter: {filter_}) {{ totalCount }} }}")
    query = "query ($tree: SalesOrderFilter) { salesOrders(filter: $tree) { totalCount } }"
    given = demo.send(query, tree=json.loads(re.sub(r"(\w+):", r'"\1":', filter_)))
    [first], [second] = written["errors"], given["errors"]
    assert first["message"] == second["message"]
    assert first["message"].startswith(".".join(path) + " is null. Expected ")
    assert first["message"].endswith("; leave it out for no value.")
    assert [each["extensions"]["argumentPath"] for each in (first, second)] == [path, path]
    assert first["locations"]
    assert second["locations"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("query ($given: Boolean = true) { company { id name @skip(if: $given) } }", "if"),
        ("query ($given: ID = 1) { salesOrder(id: $given) { id } }", "id"),
    ],
)
def test_a_variable_that_is_null_despite_its_default_is_refused_with_a_code(
    demo: Client, query: str, name: str
) -> None:
    """GraphQL only detects it when its argument is read (spec 6.4.1)."""
    for _ in range(3):
        [error] = demo.send(query, given=None)["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argumentPath": [name]}
        assert "$given" in error["message"]
        assert "None" not in error["message"]


@pytest.mark.parametrize(
    "tree",
    [
        {"discountAmount": {"lte": "9999999999999.99999"}},
        {"discountAmount": {"gt": "-0.00001"}},
        {"discountAmount": {"eq": "0.00000000"}},
        {"discountAmount": {"eq": "0e9"}},
        {"customerName": {"notIn": ["a"] * 1000}},
        {"orderDate": {"gte": "0001-01-01", "lte": "9999-12-31"}},
        {"etag": {"ne": "no etag"}},
        {"customerName": {"ne": "x" * 10000}},
    ],
    ids=lambda tree: json.dumps(tree)[:60],
)
def test_the_outermost_values_are_accepted(demo: Client, tree: Tree) -> None:
    of_northwind = {"number": {"startsWith": "NW-"}}
    assert count(demo, {"and": [of_northwind, tree]}) == ORDERS_OF_NORTHWIND


@pytest.mark.parametrize(
    "wrong",
    ["", "x", "\x00", "\ud83d", "{guid}", "0" * 36, "00000000-0000-0000-0000-000000000000"],
    ids=ascii,
)
@pytest.mark.parametrize("below", [None, "customer"])
def test_an_invalid_id_matches_nothing(demo: Client, wrong: str, below: str | None) -> None:
    def matching(conditions: Tree) -> int:
        return count(demo, {below: {"id": conditions}} if below else {"id": conditions})

    assert matching({"eq": wrong}) == matching({"in": [wrong]}) == 0
    assert matching({"ne": wrong}) == matching({"notIn": [wrong]}) == ORDERS


def nested(depth: int) -> Tree:
    tree: Tree = {"number": {"eq": "NW-10248"}}
    for _ in range(depth):
        tree = {"customer": {"salesOrders": {"some": tree}}}
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        nested(5),
        nested(9),
        {"or": [{"number": {"eq": str(place)}} for place in range(1100)]},
        {"or": [{"customer": {}}] * 1100},
        {"and": [{"number": {"notIn": [str(place) for place in range(1000)]}}] * 33},
    ],
    ids=["deep", "deeper", "wide", "relations without conditions", "many values"],
)
def test_a_filter_too_large_for_a_database_is_refused_with_a_code(
    client: Client, tree: Tree
) -> None:
    """A filter that one of the databases can handle may also be answered."""
    assert "INTERNAL_ERROR" not in codes(client, tree)


def test_a_filter_through_relations_is_fast_right_after_a_bulk_load(
    templates: Templates,
) -> None:
    """PostgreSQL plans badly without statistics, so a bulk load updates them."""
    url = templates.copy("demo", load_demo)
    if url.startswith("postgresql"):
        name = make_url(url).database
        execute(url, f'ALTER DATABASE "{name}" SET statement_timeout = {PATIENCE}')
    with serving(Settings(database_url=url)) as client:
        assert count(client, nested(1)) == ORDERS_OF_VINET
