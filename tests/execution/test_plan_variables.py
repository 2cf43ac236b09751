"""What varies between requests: variables, operations, ids and positions in a list; and the statements
of plans for them."""

import json
from typing import Any

import pytest

from tests.support.plans import ORDER, UNKNOWN, planned, sent
from tests.support.served import Client, statements

PAGE = """query ($first: Int = 2, $filter: SalesOrderFilter, $after: String, $field: SalesOrderSortField!
  = NUMBER, $direction: SortDirection! = ASC, $numbers: [String!] = ["NW-10248", "NW-10250"],
  $city: String! = "Reims", $is: Boolean! = true) {
  all: salesOrders(first: $first, after: $after, filter: $filter) { totalCount nodes { number } }
  sorted: salesOrders(first: 2, sort: [{field: $field, direction: $direction}, {field: STATUS}]) {
    nodes { number } }
  some: salesOrders(first: $first, filter: {number: {in: $numbers}, or: [{not: {number: {eq: $city}}},
    {customer: {address: {city: {eq: $city}}}}], shipToAddress: {city: {in: [$city, "Rio"]}}}) {
    nodes { number @include(if: $is) customer { salesOrders(first: $first) { nodes { number } } } } } }"""


@pytest.mark.parametrize(
    "variables",
    [
        None,
        {},
        {"first": 1},
        {"first": None, "filter": None, "after": None},
        {"first": 0, "is": False},
        {"filter": {}},
        {"filter": {"number": {"in": ["NW-10248", "NOPE"]}}},
        {"filter": {"number": {"in": "NW-10248"}, "and": {"status": {"eq": "DRAFT"}}}},
        {"numbers": [], "city": "", "direction": "DESC"},
        {"numbers": "NW-10250", "city": "Rio", "field": "TOTAL_AMOUNT_INCLUDING_TAX"},
        {"unknown": [{"a": 1}]},
    ],
    ids=str,
)
def test_variables_may_have_a_default_or_be_null_or_absent(demo: Client, variables: Any) -> None:
    planned(demo, PAGE, variables)


def test_a_plan_uses_the_variables_of_each_request(demo: Client) -> None:
    """A document that runs with some variables and then with others."""
    query = """query ($n: String!, $deep: Boolean = false) { salesOrderByNumber(number: $n) {
      orderDate customer @include(if: $deep) { number } } }"""
    vinet = planned(demo, query, {"n": "NW-10248", "deep": True})["salesOrderByNumber"]
    assert vinet == {"orderDate": "1996-07-04", "customer": {"number": "VINET"}}
    way, answer = sent(demo, query, {"n": "NW-10249"})
    assert (way, json.loads(answer)["data"]) == (
        "plan",
        {"salesOrderByNumber": {"orderDate": "1996-07-05"}},
    )


def test_the_named_one_of_several_operations_runs(demo: Client) -> None:
    query = """query A { company { name } } query B($n: Int = 1) { ...T } mutation C { __typename }
      fragment T on Query { customers(first: $n) { nodes { number } } }"""
    assert planned(demo, query, name="A") == {"company": {"name": "Northwind Traders"}}
    assert sent(demo, query, name="B")[0] == "plan"
    assert planned(demo, query + "#", {"n": 2}, name="B")["customers"]["nodes"][0] == {
        "number": "ALFKI"
    }
    assert planned(demo, query + "##", name="C") == {"__typename": "Mutation"}


def test_nodes_of_mixed_types_come_in_the_order_of_their_ids(demo: Client) -> None:
    """Unknown ids are null, and a repeated id is returned twice."""
    result = demo.ask(f"{{ {ORDER} {{ id customer {{ id }} lines {{ id }} }} company {{ id }} }}")
    order, company = result["order"], result["company"]["id"]
    ids = [
        company,
        order["id"],
        UNKNOWN,
        "x",
        order["lines"][1]["id"],
        order["customer"]["id"].upper(),
    ]
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Company { name }
      ... on SalesOrder { number lines { sequence } customer { number } } ... on SalesOrderLine {
      sequence salesOrder { number } } ... on Customer { number salesOrders(first: 1) { totalCount } } } }"""
    nodes = planned(demo, query, {"ids": [*ids, order["id"]]})["nodes"]
    kinds = [node and node["__typename"] for node in nodes]
    wanted = ["Company", "SalesOrder", None, None, "SalesOrderLine", "Customer", "SalesOrder"]
    assert kinds == wanted
    assert nodes[1] == nodes[6]
    assert [line["sequence"] for line in nodes[1]["lines"]] == [10000, 20000, 30000]
    assert planned(demo, query, {"ids": company}) == {"nodes": [nodes[0]]}


def test_a_line_object_has_its_own_kind_however_it_is_selected(demo: Client) -> None:
    result = planned(demo, "{ lineObjects { nodes { id kind number } } }")["lineObjects"]["nodes"]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on LineObject { kind number } } }"
    assert result
    assert planned(demo, query, {"ids": [each["id"] for each in result]})["nodes"] == result


@pytest.mark.parametrize("arguments", ["first: 300", "last: 300", "first: 2", "last: 2"])
def test_pages_join_to_the_whole_list_in_both_directions(demo: Client, arguments: str) -> None:
    """The six orders of a customer, page by page."""
    size, number = arguments.split(": ")
    size, cursor, more = (
        ("first", "after: $c", "hasNextPage endCursor")
        if size == "first"
        else ("last", "before: $c", "hasPreviousPage startCursor")
    )
    query = f"""query ($c: String) {{ salesOrders({size}: {min(int(number), 200)}, {cursor},
      filter: {{customer: {{number: {{eq: "ALFKI"}}}}}}) {{ nodes {{ number }} edges {{ cursor }}
      pageInfo {{ {more} }} }} }}"""
    result, place = [], {"more": True, "cursor": None}
    while place["more"]:
        page = planned(demo, query, {"c": place["cursor"]})["salesOrders"]
        numbers = [node["number"] for node in page["nodes"]]
        result = [*result, *numbers] if size == "first" else [*numbers, *result]
        place = dict(zip(("more", "cursor"), page["pageInfo"].values(), strict=True))
    wanted = ["NW-11011", "NW-10952", "NW-10835", "NW-10702", "NW-10692", "NW-10643"]
    assert result == wanted


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("{ __typename }", 0),
        ("{ company { name } }", 1),
        ("{ company { name currency { code } } }", 2),
        ("{ salesOrders(first: 50) { nodes { number } } }", 1),
        ("{ salesOrders { totalCount } }", 1),
        ("{ salesOrders(first: 50) { totalCount nodes { number } pageInfo { endCursor } } }", 2),
        ("{ salesOrders(first: 9) { nodes { customer { number } billToCustomer { number } } } }", 3),
        ("{ salesOrders(first: 50) { nodes { lines { item { taxCode { code } } } } } }", 4),
        ("{ customers(first: 9) { nodes { salesOrders(first: 2) { nodes { number } } } } }", 2),
        ("{ customers(first: 9) { nodes { salesOrders(first: 2) { totalCount nodes { id } } } } }", 3),
        ("{ customers(first: 0) { nodes { salesOrders(first: 2) { totalCount } } } }", 1),
        (f'{{ node(id: "{UNKNOWN}") {{ id ... on SalesOrder {{ lines {{ id }} }} }} }}', 1),
    ],
)  # fmt: skip
def test_a_plan_runs_one_statement_for_each_relation_and_level(
    demo: Client, query: str, number: int
) -> None:
    planned(demo, query)
    with statements() as seen:
        assert sent(demo, query)[0] == "plan"
    assert len(seen) == number
