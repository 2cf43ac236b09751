"""Each construct of GraphQL's execution (specification, section 6): the plan covers it, and answers as
graphql-core does."""

import pytest

from tests.support.plans import ORDER, UNKNOWN, planned
from tests.support.served import Client

MERGED = {
    "equal fields": f"{{ {ORDER} {{ number number }} }}",
    "selections of equal fields": f"{{ {ORDER} {{ number }} {ORDER} {{ status }} }}",
    "nested selections": f"""{{ {ORDER} {{ customer {{ number address {{ city }} }} lines {{ sequence }}
      customer {{ address {{ country city }} displayName }} lines {{ quantity item {{ number }} }} }} }}""",
    "across fragments": f"""{{ {ORDER} {{ ...A ... on SalesOrder {{ lines {{ id item {{ id }} }} }} ...B }} }}
      fragment A on SalesOrder {{ customer {{ id }} lines {{ sequence }} }}
      fragment B on SalesOrder {{ lines {{ item {{ number }} }} customer {{ currency {{ code }} id }} }}""",
    "of a connection": """{ salesOrders(first: 2) { nodes { number } } ...C }
      fragment C on Query { salesOrders(first: 2) { nodes { id } edges { cursor } pageInfo { endCursor }
        edges { node { number } } pageInfo { hasNextPage } } }""",
    "nodes and edges of one page": """{ salesOrders(first: 2) { nodes { id customer { number } }
      edges { node { customer { displayName } lines { sequence } } } } }""",
    "of a nested page": """{ customers(first: 3) { nodes { salesOrders(first: 1) { totalCount }
      salesOrders(first: 1) { nodes { number } } } } }""",
}
ALIASES = {
    "one column under several names": f"{{ {ORDER} {{ a: number b: number number c: id id }} }}",
    "one relation under several names": f"""{{ {ORDER} {{ a: customer {{ number }}
      b: customer {{ id }} customer {{ displayName }} x: lines {{ id }} y: lines {{ sequence }} }} }}""",
    "names of other fields": f"{{ {ORDER} {{ id: number number: id status: orderDate }} }}",
    "names of Python": f"""{{ class: {ORDER.split(": ", 1)[1]} {{ def: number None: status True: id
      self: orderDate yield: onHold __a: etag a: number r1: id k1: id c0: id rows: id }} }}""",
    "pages of other arguments": """{ a: salesOrders(first: 1) { nodes { number } }
      b: salesOrders(last: 1) { nodes { number } } c: customers(first: 1) { nodes {
      x: salesOrders(first: 1) { nodes { number } } y: salesOrders(last: 1) { nodes { number } } } } }""",
    "parts of addresses and pages": """{ salesOrders(first: 1) { p: pageInfo { m: hasNextPage
      n: endCursor } q: pageInfo { hasPreviousPage } t: totalCount totalCount e: edges { c: cursor
      o: node { a: sellToAddress { town: city } b: sellToAddress { country } } } } }""",
}
TYPENAMES = {
    "everywhere": """{ __typename salesOrders(first: 1) { __typename pageInfo { __typename }
      edges { __typename node { __typename } } nodes { __typename sellToAddress { __typename }
      customer { __typename salesOrders(first: 1) { __typename nodes { __typename } } }
      lines { __typename } } } company { __typename } }""",
    "alone at the root": "{ a: __typename __typename }",
    "alone in an object": f"{{ {ORDER} {{ __typename }} }}",
    "alone in a page": "{ salesOrders(first: 2) { nodes { __typename } } }",
    "alone in a nested page": """{ customers(first: 2) { nodes { salesOrders(first: 2) {
      nodes { __typename } } } } }""",
    "alone in a relation": f"{{ {ORDER} {{ customer {{ __typename }} lines {{ __typename }} }} }}",
    "alone in an address": f"{{ {ORDER} {{ shipToAddress {{ t: __typename }} }} }}",
    "alone in the company": "{ company { __typename } }",
}
CONNECTIONS = {
    "the number alone": "{ salesOrders { totalCount } customers { totalCount } }",
    "the place alone": """{ salesOrders(first: 3) { pageInfo { hasNextPage hasPreviousPage
      startCursor endCursor } } }""",
    "whether there is more": "{ salesOrders(first: 3) { pageInfo { hasNextPage } } }",
    "cursors alone": "{ salesOrders(first: 3) { edges { cursor } } }",
    "an empty page": """{ salesOrders(first: 0) { nodes { number customer { number } }
      edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }""",
    "no row": """{ customers(filter: {number: {eq: "NOPE"}}) { totalCount nodes { number
      salesOrders(first: 1) { totalCount nodes { number } } } pageInfo { endCursor } } }""",
    "nested numbers alone": "{ customers(first: 9) { nodes { salesOrders { totalCount } } } }",
    "nested places alone": """{ customers(first: 9) { nodes { salesOrders(first: 1) { pageInfo {
      hasNextPage hasPreviousPage startCursor endCursor } } } } }""",
    "nested pages, backward": """{ customers(last: 3) { nodes { salesOrders(last: 2) { nodes { number }
      pageInfo { hasNextPage hasPreviousPage } } } } }""",
    "pages in pages": """{ customers(first: 3) { nodes { salesOrders(first: 2) { nodes { lines { item {
      salesOrderLines(first: 2) { nodes { salesOrder { customer { salesOrders(last: 1) {
      totalCount } } } } } } } } } } } }""",
    "an empty nested page": """{ customers(filter: {number: {in: ["PARIS", "FISSA"]}}) { nodes { number
      salesOrders(first: 2) { totalCount nodes { number } edges { cursor }
      pageInfo { hasNextPage startCursor } } } } }""",
    "the largest page": "{ salesOrders(first: 200) { nodes { number } } }",
    "null arguments": """{ salesOrders(first: null, after: null, filter: null, sort: null, last: null,
      before: null) { totalCount nodes { number } } }""",
    "filters and sorts": """{ salesOrders(first: 4, filter: {customer: {number: {eq: "ALFKI"}}, or: [
      {totalAmountIncludingTax: {gt: 500}}, {lines: {some: {item: {number: {eq: "28"}}}}}]}, sort: [
      {field: TOTAL_AMOUNT_INCLUDING_TAX, direction: DESC}, {field: NUMBER}]) { totalCount nodes {
      number totalAmountIncludingTax } pageInfo { endCursor } } }""",
    "empty lists in filters": """{ a: customers(filter: {number: {in: []}}) { totalCount }
      b: customers(filter: {number: {notIn: []}}, first: 1) { totalCount nodes { number } }
      c: customers(filter: {or: []}) { totalCount } d: customers(filter: {and: []}) { totalCount }
      e: salesOrders(sort: [], first: 1) { nodes { number } } f: nodes(ids: []) { id } }""",
    "a value for a list": """{ a: customers(filter: {number: {in: "ALFKI"}}) { nodes { number } }
      b: customers(filter: {or: {number: {eq: "ALFKI"}}}) { totalCount }
      c: salesOrders(sort: {field: NUMBER}, first: 2) { nodes { number } } }""",
}
NULLS = {
    "no object": f"""{{ none: salesOrderByNumber(number: "NOPE") {{ number lines {{ id }} }}
      node(id: "{UNKNOWN}") {{ id }} item(id: "x") {{ number }} customer(id: "") {{ number }} }}""",
    "no relation": """{ customers(first: 3) { nodes { billToCustomer { number
      currency { code } } currency { code } creditLimit } } }""",
    "no hidden text": '{ salesOrderByNumber(number: "a\\u0000b") { number } }',
}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(query, id=f"{group} {name}")
        for group, several in {
            "merged": MERGED,
            "aliased": ALIASES,
            "typename": TYPENAMES,
            "connection": CONNECTIONS,
            "null": NULLS,
        }.items()
        for name, query in several.items()
    ],
)
def test_a_plan_covers_the_constructs_of_the_specification(demo: Client, query: str) -> None:
    planned(demo, query)


FRAGMENTS = f"""query ($id: ID!) {{ node(id: $id) {{ id ...Order ...Order ... {{ __typename }} }}
    {ORDER} {{ ...Order ...Named }} }}
  fragment Order on SalesOrder {{ number ...Named customer {{ ...Number }} lines {{ ...Line }} }}
  fragment Named on Node {{ key: id ... on SalesOrder {{ status }} ... on Customer {{ type }} }}
  fragment Number on Customer {{ number ...Named }}
  fragment Line on SalesOrderLine {{ sequence ... {{ item {{ ... on Item {{ number ...Named }} }} }} }}"""


def test_fragments_apply_to_the_objects_of_their_type_however_often_they_are_spread(
    demo: Client,
) -> None:
    order = demo.ask(f"{{ {ORDER} {{ id }} }}")["order"]["id"]
    data = planned(demo, FRAGMENTS, {"id": order})
    assert data["node"] == data["order"] | {"id": order, "__typename": "SalesOrder"}
    assert data["order"]["key"] == order
    assert data["order"]["customer"].keys() == {"number", "key", "type"}
    assert [line["item"]["number"] for line in data["order"]["lines"]] == ["11", "42", "72"]


CONDITIONS = ["", "@skip(if: $no)", "@skip(if: $yes)", "@include(if: $no)", "@include(if: $yes)"]
LITERAL = {"$no": "false", "$yes": "true"}


def literally(condition: str) -> str:
    for name, value in LITERAL.items():
        condition = condition.replace(name, value)
    return condition


@pytest.mark.parametrize("place", ["field", "object", "spread", "inline", "root"])
@pytest.mark.parametrize("is_literal", [True, False])
def test_fields_excluded_by_a_condition_are_absent(
    demo: Client, place: str, *, is_literal: bool
) -> None:
    """All combinations of @skip and @include: a field is present if nothing excludes it."""
    combined = [f"{a} {b}" for a in CONDITIONS for b in CONDITIONS if a[:3] != b[:3] or not a]
    for each in combined:
        condition = literally(each) if is_literal else each
        selected = {
            "field": f"{ORDER} {{ id number {condition} }}",
            "object": f"{ORDER} {{ id customer {condition} {{ number }} }}",
            "spread": f"{ORDER} {{ id ...F {condition} }}",
            "inline": f"{ORDER} {{ id ... {condition} {{ number }} }}",
            "root": f"company {{ id }} {ORDER} {condition} {{ number }}",
        }[place]
        used = "" if is_literal else "($yes: Boolean! = true, $no: Boolean! = false)"
        query = f"query {used} {{ {selected} ...G }} fragment F on SalesOrder {{ number }}"
        query += " fragment G on Query { __typename @skip(if: true) ... @skip(if: true) { ...H } }"
        query += (
            " fragment H on Query { node(id: 0) { ...F id @skip(if: $no) @include(if: $yes) } }"
        )
        query = literally(query) if is_literal else query
        data = planned(demo, query)
        is_out = "skip(if: $yes)" in each or "include(if: $no)" in each
        assert (len(data if place == "root" else data["order"]) == 1) == is_out, condition


def test_an_operation_without_remaining_fields_has_empty_data(demo: Client) -> None:
    assert planned(demo, "{ company @skip(if: true) { id } }") == {}
    assert planned(demo, "{ company { id @skip(if: true) } }") == {"company": {}}
    nothing = (
        f"{{ {ORDER} {{ lines {{ id @include(if: false) }} customer {{ id @skip(if: true) }} }} }}"
    )
    assert planned(demo, nothing) == {"order": {"lines": [{}, {}, {}], "customer": {}}}
    query = "{ salesOrders(first: 2) { nodes { id @skip(if: true) } edges { cursor @skip(if: true) } } }"
    assert planned(demo, query) == {"salesOrders": {"nodes": [{}, {}], "edges": [{}, {}]}}
