"""Reading: relations in one statement each, only the selected columns, and stable pages."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import post
from tests.support.served import Client, serving, statements, without_cost
from tests.support.trade import KEYS, load_trade


@pytest.fixture(scope="session")
def shop(templates: Templates) -> Iterator[Client]:
    """The gateway over the 200 orders, for tests that only read."""
    with serving(
        Settings(database_url=templates.copy("trade", load_trade), max_cost=10**6)
    ) as client:
        yield client


def leaves(node: Any) -> list[str]:
    """Every text in an answer."""
    if isinstance(node, dict | list):
        inside = node.values() if isinstance(node, dict) else node
        return [leaf for child in inside for leaf in leaves(child)]
    return [node] if isinstance(node, str) else []


@pytest.mark.parametrize("size", [1, 50, 200])
@pytest.mark.parametrize(
    ("parents", "relation", "cost"),
    [
        ("salesOrders", "customer { number }", 2),
        ("salesOrders", """customer { number } billToCustomer { displayName } currency { code }
          paymentTerms { code } shipmentMethod { code } lines { description } shipToAddress { city }""", 7),
        ("salesOrders", """lines { item { number } account { number } lineObject { number }
          unitOfMeasure { code } taxCode { code } salesOrder { number } }""", 8),
        ("salesOrders", "lines { item { number taxCode { code } } account { number } }", 5),
        ("salesOrders", "lines { salesOrder { number customer { number } } }", 4),
        ("salesOrders", """lines { description salesOrder { number lines { sequence
          salesOrder { customer { number } } } } }""", 6),
        ("salesOrders", "customer { number } ... on SalesOrder { customer { city: displayName } }", 2),
        ("salesOrders", "a: customer { number } b: customer { number }", 2),
        ("customers", """billToCustomer { number } currency { code } paymentTerms { code }
          shipmentMethod { code } address { city }""", 5),
        ("customers", "salesOrders(first: 1) { nodes { number } totalCount }", 3),
        ("customers", """a: salesOrders(first: 1) { nodes { number } }
          b: salesOrders { edges { node { customer { number } lines { description } } } }""", 5),
        ("items", """taxCode { code } baseUnitOfMeasure { code } salesUnitOfMeasure { displayName }
          unitsOfMeasure { unitOfMeasure { code displayName } }""", 6),
        ("items", "salesOrderLines(last: 1) { nodes { description salesOrder { number } } }", 3),
        ("accounts", "taxCode { code }", 2),
        ("lineObjects", "taxCode { code }", 2),
    ],
)  # fmt: skip
def test_a_relation_is_one_statement_for_any_number_of_parents(
    shop: Client, parents: str, relation: str, cost: int, size: int
) -> None:
    """One statement reads the page, and one each relation."""
    query = f"query ($size: Int!) {{ {parents}(first: $size) {{ nodes {{ number {relation} }} }} }}"
    with statements() as seen:
        nodes = shop.ask(query, size=size)[parents]["nodes"]
    assert len(seen) == cost
    assert [node["number"][1:] for node in nodes] == KEYS[:size]
    for node in nodes:
        own, *related = leaves(node)
        assert related
        assert {leaf[-3:] for leaf in related} == {own[1:]}


def answer(client: Client, query: str, **variables: Any) -> Any:
    """The answer to variables with text that UTF-8 cannot encode but JSON can escape."""
    return without_cost(post(client, json.dumps({"query": query, "variables": variables})))


@pytest.mark.parametrize("kind", ["salesOrder", "customer", "item", "account"])
def test_a_record_is_returned_by_its_id_and_null_for_other_ids(shop: Client, kind: str) -> None:
    [record] = shop.ask(f"{{ {kind}s(first: 1) {{ nodes {{ id number }} }} }}")[f"{kind}s"]["nodes"]
    query = f"query ($id: ID!) {{ {kind}(id: $id) {{ id number }} }}"
    result, guid = record["id"], "01234567-89ab-4cde-8f01-23456789abcd"
    assert shop.ask(query, id=result) == {kind: record}
    assert shop.ask(query, id=result.upper()) == {kind: record}
    for unknown in (guid, "", "1", result[:-1], result + "0", f"{{{result}}}", "\x00", "\ud800", 7):
        assert answer(shop, query, id=unknown) == {"data": {kind: None}}, unknown


@pytest.mark.parametrize(
    "number", ["", "O999", "o00", " O001", "x" * 10_000, "'", "\x00", "\ud800", "é"]
)
def test_a_missing_order_is_null(shop: Client, number: str) -> None:
    query = "query ($number: String!) { salesOrderByNumber(number: $number) { id } }"
    assert answer(shop, query, number=number) == {"data": {"salesOrderByNumber": None}}


def test_an_order_is_found_by_its_number_in_any_case(shop: Client) -> None:
    query = "query ($number: String!) { salesOrderByNumber(number: $number) { number } }"
    for number in ("O001", "o001"):
        assert shop.ask(query, number=number) == {"salesOrderByNumber": {"number": "O001"}}


def test_nodes_of_any_type_come_in_the_order_of_their_ids(shop: Client) -> None:
    """One statement finds the types, and one reads the rows of each type."""
    known = [
        shop.ask(f"{{ {listed}(first: 1) {{ nodes {{ __typename id number }} }} }}")[listed][
            "nodes"
        ][0]
        for listed in ("items", "salesOrders", "customers")
    ]
    nothing = ["01234567-89ab-4cde-8f01-23456789abcd", "x", "\x00"]
    ids = [record["id"] for record in [*known, known[0]]] + nothing
    number = " ".join(f"... on {record['__typename']} {{ number }}" for record in known)
    query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename id {number} }} }}"
    with statements() as seen:
        assert shop.ask(query, ids=ids) == {"nodes": [*known, known[0], *[None] * len(nothing)]}
    assert len(seen) == 4
    assert shop.ask("query ($id: ID!) { node(id: $id) { id } }", id="x") == {"node": None}
    [error] = shop.send(query, ids=["x"] * 201)["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argumentPath": ["ids"]}


LISTS = {
    "salesOrders": ("number", [f"O{key}" for key in KEYS]),
    "customers": ("number", [f"{kind}{key}" for kind in "CX" for key in KEYS]),
    "items": ("number", [f"T{key}" for key in KEYS]),
    "accounts": ("number", [f"A{key}" for key in KEYS]),
    "lineObjects": ("number", [f"L{key}" for key in KEYS]),
    "currencies": ("code", ["EUR", *(f"K{key}" for key in KEYS)]),
    "paymentTerms": ("code", [f"P{key}" for key in KEYS]),
    "shipmentMethods": ("code", [f"M{key}" for key in KEYS]),
    "unitsOfMeasure": ("code", [f"U{key}" for key in KEYS]),
    "taxCodes": ("code", [f"V{key}" for key in KEYS]),
}
"""Each list with the field that identifies its records, in order."""


def page_of(client: Client, listed: str, arguments: str) -> Any:
    name = LISTS[listed][0]
    query = f"""{{ {listed}{arguments} {{ nodes {{ {name} }} edges {{ cursor node {{ {name} }} }}
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    page = client.ask(query)[listed]
    assert page["nodes"] == [edge["node"] for edge in page["edges"]]
    ends = (
        (page["edges"][0]["cursor"], page["edges"][-1]["cursor"]) if page["edges"] else (None,) * 2
    )
    assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == ends
    return [node[name] for node in page["nodes"]], page["pageInfo"]


@pytest.mark.parametrize("listed", LISTS)
@pytest.mark.parametrize("forward", [True, False])
def test_pages_show_a_list_once_and_in_order_from_either_end(
    shop: Client, listed: str, forward: bool
) -> None:
    size, cursor, more, before = ("first", "after", "hasNextPage", "hasPreviousPage")
    place = "endCursor"
    if not forward:
        size, cursor, more, before, place = ("last", "before", before, more, "startCursor")
    expected, result, at = LISTS[listed][1], [], "null"
    while True:
        names, info = page_of(shop, listed, f"({size}: 90, {cursor}: {at})")
        assert info[before] == bool(result)
        result = result + names if forward else names + result
        assert info[more] == (len(result) < len(expected))
        if not info[more]:
            break
        at = f'"{info[place]}"'
    assert result == expected


@pytest.mark.parametrize("listed", LISTS)
def test_the_total_is_counted_only_when_requested(shop: Client, listed: str) -> None:
    name, expected = LISTS[listed]
    with statements() as uncounted:
        shop.ask(f"{{ {listed}(first: 2) {{ nodes {{ {name} }} }} }}")
    with statements() as counted:
        page = shop.ask(f"{{ {listed}(first: 2) {{ nodes {{ {name} }} totalCount }} }}")[listed]
    assert page["totalCount"] == len(expected)
    assert (len(uncounted), len(counted)) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", KEYS[:50]),
        ("(first: null, last: null)", KEYS[:50]),
        ("(first: 0)", []),
        ("(last: 0)", []),
        ("(first: 200)", KEYS),
        ("(last: 1)", KEYS[-1:]),
    ],
)
def test_a_page_has_as_many_rows_as_requested_and_fifty_by_default(
    shop: Client, arguments: str, expected: list[str]
) -> None:
    assert page_of(shop, "items", arguments)[0] == [f"T{key}" for key in expected]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("first: 201", "first"),
        ("last: 201", "last"),
        ("first: -1", "first"),
        ("last: -1", "last"),
        ("first: 2147483647", "first"),
        ("first: 1, last: 1", "last"),
        ('first: 1, before: "x"', "before"),
        ('last: 1, after: "x"', "last"),
        ('after: "x", before: "x"', "before"),
    ],
)
def test_an_invalid_page_is_refused_with_its_argument(
    shop: Client, arguments: str, wrong: str
) -> None:
    [error] = shop.send(f"{{ items({arguments}) {{ nodes {{ id }} }} }}")["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argumentPath": [wrong]}
    assert error["path"] == ["items"]


def test_a_deployment_decides_how_large_a_page_may_be(templates: Templates) -> None:
    settings = Settings(database_url=templates.copy("trade", load_trade), max_page=3)
    with serving(settings) as client:
        assert len(page_of(client, "items", "")[0]) == 3
        [error] = client.send("{ items(first: 4) { nodes { id } } }")["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argumentPath": ["first"]}


def forged(cursor: str, old: str, new: str) -> str:
    """A cursor with other values."""
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    return encoded(text.replace(old, new))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("side", ["first: 1, after", "last: 1, before"])
def test_a_cursor_of_another_list_is_refused_with_a_code(shop: Client, side: str) -> None:
    order, item = (
        page_of(shop, listed, "(first: 1)")[1]["endCursor"] for listed in ("salesOrders", "items")
    )
    bad = {
        "items": [
            "", "x", "é", " ", order, item[:-4], "A" * 10_000, encoded("[" * 3000), encoded("[]"),
            encoded("null"), encoded('{"a": 1}'), encoded('"text"'), forged(item, '"T001"', "null"),
            forged(item, "T001", r"\u0000"), forged(item, "T001", r"\ud800"),
            forged(item, '"T001"', '["T001"]'), forged(item, "-", "!"),
        ],
        "salesOrders": [
            item, forged(order, "2026-12-31", "2026-12-32"), forged(order, "2026-12-31", "None"),
            forged(order, '"2026-12-31"', "1"), forged(order, "2026-12-31", "99999-01-01"),
        ],
    }  # fmt: skip
    message = {}
    for listed, cursors in bad.items():
        query = f"query ($cursor: String!) {{ {listed}({side}: $cursor) {{ nodes {{ id }} }} }}"
        for cursor in cursors:
            errors = shop.send(query, cursor=cursor).get("errors", [])
            message[listed, cursor] = [error["extensions"].get("code") for error in errors]
    assert {place: codes for place, codes in message.items() if codes != ["BAD_CURSOR"]} == {}


def test_root_fields_of_one_operation_share_statements(shop: Client) -> None:
    """Both orders are read in one statement."""
    query = """{ a: salesOrderByNumber(number: "O001") { number } company { name }
      b: salesOrderByNumber(number: "O002") { number } items(first: 1) { nodes { number } } }"""
    with statements() as seen:
        answer = shop.ask(query)
    assert answer == {
        "a": {"number": "O001"},
        "company": {"name": "Trade"},
        "b": {"number": "O002"},
        "items": {"nodes": [{"number": "T001"}]},
    }
    assert len(seen) == 3


def test_the_company_has_its_currency(shop: Client) -> None:
    answer = shop.ask("{ company { name currency { code displayName } } }")
    assert answer == {
        "company": {"name": "Trade", "currency": {"code": "EUR", "displayName": "Euro"}}
    }


def test_concurrent_operations_get_their_own_answers(shop: Client) -> None:
    """There are more operations than connections to the database."""
    query = """query ($number: String!) { salesOrderByNumber(number: $number) {
      number customer { number billToCustomer { number } } lines { item { number } } } }"""

    def ask(key: str) -> set[str]:
        order = shop.ask(query, number=f"O{key}")["salesOrderByNumber"]
        return {leaf[1:] for leaf in leaves(order)}

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, KEYS[:40])) == [{key} for key in KEYS[:40]]
