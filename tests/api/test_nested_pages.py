"""Pages below an object: one statement serves all parents, and each parent gets its own page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.databases import Templates
from tests.support.served import statements
from tests.support.varied import Row, Varied, varied


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    with varied(templates) as result:
        yield result


SIZES = [
    *(("customers", "salesOrders", size) for size in (1, 50, 91)),
    *(("items", "salesOrderLines", size) for size in (1, 50, 77)),
]
"""Parents and the pages below them, for one parent, many and all."""


@pytest.mark.parametrize(("root", "field", "size"), SIZES)
@pytest.mark.parametrize(
    ("arguments", "selection", "further"),
    [
        ("first: 3", "nodes { id }", 0),
        ("last: 2", "edges { cursor node { id } } pageInfo { hasPreviousPage }", 0),
        ('filter: {not: {id: {eq: "x"}}}, first: 3', "nodes { id } totalCount", 1),
        ("first: 0", "totalCount", 1),
    ],
)
def test_a_page_below_any_number_of_parents_is_one_statement_and_its_count_another(
    stored: Varied, root: str, field: str, size: int, arguments: str, selection: str, further: int
) -> None:
    """One more finds the parents."""
    query = f"{{ {root}(first: {size}) {{ nodes {{ {field}({arguments}) {{ {selection} }} }} }} }}"
    with statements() as seen:
        parents = stored.client.ask(query)[root]["nodes"]
    assert len(parents) == size
    assert len(seen) == 2 + further


@pytest.mark.parametrize("size", [1, 50, 91])
def test_each_level_below_a_nested_page_is_one_statement(stored: Varied, size: int) -> None:
    """Customers, their orders, the lines of the orders, the items of the lines, and the lines of the
    items."""
    query = """query ($first: Int!) { customers(first: $first) { nodes {
      salesOrders(first: 2) { nodes { lines { item { salesOrderLines(first: 1) { nodes { id } } } } } }
    } } }"""
    with statements() as seen:
        customers = stored.client.ask(query, first=size)["customers"]["nodes"]
    assert len(customers) == size
    assert len(seen) == 5


Holds = Callable[[Row], bool]
Key = Callable[[Row], Any]


@dataclass(frozen=True)
class Case:
    """A window of a list, and the rows that it must contain."""

    arguments: str
    rows: slice
    holds: Holds = bool
    key: Key | None = None
    backward: bool = False


def by_date(row: Row) -> Any:
    return row["orderDate"], row["id"]


def by_place(row: Row) -> Any:
    return row["salesOrder"]["id"], row["sequence"]


ORDERS = [
    Case("", slice(50), key=by_date, backward=True),
    Case("first: 3", slice(3), key=by_date, backward=True),
    Case("last: 2", slice(-2, None), key=by_date, backward=True),
    Case("first: 0", slice(0), key=by_date, backward=True),
    Case("filter: {status: {eq: PAID}}, first: 1", slice(1), lambda row: row["status"] == "PAID",
         by_date, backward=True),
    Case("filter: {salesperson: {isNull: true}}, last: 1", slice(-1, None),
         lambda row: row["salesperson"] is None, by_date, backward=True),
    Case('filter: {lines: {some: {item: {number: {eq: "9"}}}}}', slice(50),
         lambda row: any(line["item"] and line["item"]["number"] == "9" for line in row["lines"]),
         by_date, backward=True),
    Case("sort: {field: TOTAL_AMOUNT_INCLUDING_TAX}, first: 4", slice(4),
         key=lambda row: (row["totalAmountIncludingTax"], row["id"])),
    Case("sort: [{field: STATUS, direction: DESC}, {field: NUMBER, direction: DESC}], last: 3",
         slice(-3, None), key=lambda row: (str(row["status"]), row["number"]), backward=True),
]  # fmt: skip
LINES = [
    Case("first: 2", slice(2), key=by_place),
    Case("last: 2", slice(-2, None), key=by_place),
    Case("filter: {quantity: {lt: 0}}", slice(50), lambda row: row["quantity"] < 0, by_place),
    Case("sort: {field: QUANTITY, direction: DESC}, first: 3", slice(3),
         key=lambda row: (row["quantity"], row["id"]), backward=True),
]  # fmt: skip


def expected(case: Case, rows: list[Row]) -> dict[str, Any]:
    """The page of a window of `rows`."""
    matching = sorted(filter(case.holds, rows), key=case.key, reverse=case.backward)
    page = [row["id"] for row in matching[case.rows]]
    is_backward, more = "last" in case.arguments, len(page) < len(matching)
    return {
        "totalCount": len(matching),
        "nodes": [{"id": key} for key in page],
        "pageInfo": {
            "hasNextPage": more and not is_backward,
            "hasPreviousPage": more and is_backward,
        },
    }


@pytest.mark.parametrize(("root", "field", "size"), SIZES)
def test_each_parent_gets_its_own_pages_and_aliases_do_not_mix(
    stored: Varied, root: str, field: str, size: int
) -> None:
    """The same field many times below each parent, with different arguments: two statements each."""
    cases, kind = (ORDERS, "Customer") if root == "customers" else (LINES, "Item")
    pages = " ".join(
        f"a{place}: {field}{f'({case.arguments})' if case.arguments else ''} {{ ...Page }}"
        for place, case in enumerate(cases)
    )
    query = f"""{{ {root}(first: {size}) {{ nodes {{ id {pages} }} }} }}
      fragment Page on SalesOrder{"Line" * (root == "items")}Connection {{
        totalCount nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage }} }}"""
    with statements() as seen:
        parents = stored.client.ask(query)[root]["nodes"]
    by_id = {row["id"]: row for row in stored.rows[kind]}
    assert len(parents) == size
    for parent in parents:
        for place, case in enumerate(cases):
            assert parent[f"a{place}"] == expected(case, by_id[parent["id"]][field]), case.arguments
    assert len(seen) == 1 + 2 * len(cases)


def test_the_same_page_in_several_fragments_is_one_page(stored: Varied) -> None:
    """Customers, orders and their count; another root field is read separately."""
    query = """{ a: customers(first: 5) { nodes { id salesOrders(first: 2) { nodes { id } } ...F } }
      b: customers(last: 5) { nodes { id ...F } } }
      fragment F on Customer { salesOrders(first: 2) { totalCount nodes { number } } }"""
    with statements() as seen:
        answer = stored.client.ask(query)
    by_id = {row["id"]: row for row in stored.rows["Customer"]}
    for parent in answer["a"]["nodes"] + answer["b"]["nodes"]:
        rows = sorted(by_id[parent["id"]]["salesOrders"], key=by_date, reverse=True)
        page = parent["salesOrders"]
        assert page["totalCount"] == len(rows)
        assert [node["number"] for node in page["nodes"]] == [row["number"] for row in rows[:2]]
    assert len(seen) == 6


def test_a_page_below_the_parent_of_its_own_rows_is_its_own(stored: Varied) -> None:
    """Customer, orders, customer again and orders again, each level with different arguments."""
    query = """{ customers(first: 20) { nodes { id salesOrders(first: 3) { nodes { id customer {
      id salesOrders(last: 2) { nodes { id } } } } } } } }"""
    by_id = {row["id"]: row for row in stored.rows["Customer"]}
    with statements() as seen:
        customers = stored.client.ask(query)["customers"]["nodes"]
    for customer in customers:
        rows = sorted(by_id[customer["id"]]["salesOrders"], key=by_date, reverse=True)
        ids = [row["id"] for row in rows]
        nodes = customer["salesOrders"]["nodes"]
        assert [node["id"] for node in nodes] == ids[:3]
        for node in nodes:
            inner = node["customer"]["salesOrders"]["nodes"]
            assert node["customer"]["id"] == customer["id"]
            assert [child["id"] for child in inner] == ids[-2:]
    assert len(seen) == 4


PAGE = """query ($id: ID!, $sort: [SalesOrderSort!], $filter: SalesOrderFilter, $first: Int,
    $after: String, $last: Int, $before: String) { customer(id: $id) { page: salesOrders(
      filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("size", [1, 7, 50])
@pytest.mark.parametrize(
    ("arguments", "case"),
    [
        ({}, ORDERS[0]),
        ({"sort": {"field": "TOTAL_AMOUNT_INCLUDING_TAX"}}, ORDERS[7]),
        ({"filter": {"status": {"eq": "PAID"}}}, ORDERS[4]),
    ],
    ids=["by date", "by total", "filtered"],
)
def test_cursors_lead_through_the_orders_of_one_customer(
    stored: Varied, arguments: dict[str, Any], case: Case, size: int, backward: bool
) -> None:
    [customer] = [row for row in stored.rows["Customer"] if row["number"] == "ERNSH"]
    rows = filter(case.holds, customer["salesOrders"])
    ids = [row["id"] for row in sorted(rows, key=case.key, reverse=case.backward)]
    met: list[str] = []
    cursor, more = None, True
    while more:
        window = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        requested = stored.client.ask(PAGE, id=customer["id"], **window, **arguments)
        page = requested["customer"]["page"]
        result = [node["id"] for node in page["nodes"]]
        met = result + met if backward else met + result
        cursor = page["pageInfo"]["startCursor" if backward else "endCursor"]
        more = page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
        assert len(result) == size or not more
    assert met == ids


def test_a_cursor_is_valid_for_every_parent(stored: Varied) -> None:
    """It identifies a position in the sort, after which each parent has its own rows."""
    middle = sorted(stored.rows["SalesOrder"], key=by_date)[400]
    first = stored.client.ask(PAGE, id=middle["customer"]["id"], first=50)["customer"]["page"]
    place = [node["id"] for node in first["nodes"]].index(middle["id"])
    to_it = stored.client.ask(PAGE, id=middle["customer"]["id"], first=place + 1)
    query = """query ($after: String) { customers(first: 91) { nodes { id
      salesOrders(first: 2, after: $after) { nodes { id } pageInfo { hasPreviousPage } } } } }"""
    customers = stored.client.ask(query, after=to_it["customer"]["page"]["pageInfo"]["endCursor"])
    by_id = {row["id"]: row for row in stored.rows["Customer"]}
    for customer in customers["customers"]["nodes"]:
        rows = [
            row for row in by_id[customer["id"]]["salesOrders"] if by_date(row) < by_date(middle)
        ]
        rows.sort(key=by_date, reverse=True)
        assert [node["id"] for node in customer["salesOrders"]["nodes"]] == [
            row["id"] for row in rows[:2]
        ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"after": "x"}, "BAD_CURSOR"),
        ({"after": ""}, "BAD_CURSOR"),
        ({"before": "W10"}, "BAD_CURSOR"),
        ({"after": "\u00e9"}, "BAD_CURSOR"),
        ({"first": 201}, "BAD_USER_INPUT"),
        ({"first": -1}, "BAD_USER_INPUT"),
        ({"last": 2**31 - 1}, "BAD_USER_INPUT"),
        ({"first": 1, "last": 1}, "BAD_USER_INPUT"),
        ({"first": 1, "before": "x"}, "BAD_USER_INPUT"),
        ({"filter": {"discountAmount": {"eq": "0.000001"}}}, "BAD_USER_INPUT"),
        ({"filter": {"nope": {}}}, "GRAPHQL_VALIDATION_FAILED"),
        ({"sort": {"field": "NOPE"}}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_an_invalid_nested_page_is_refused_with_a_code(
    stored: Varied, arguments: dict[str, Any], code: str
) -> None:
    [customer] = [row for row in stored.rows["Customer"] if row["number"] == "ERNSH"]
    answer = stored.client.send(PAGE, id=customer["id"], **arguments)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {code}


def test_a_cursor_of_another_list_or_sort_is_refused_below_a_parent(stored: Varied) -> None:
    [customer] = [row for row in stored.rows["Customer"] if row["number"] == "ERNSH"]
    query = "{ customers(first: 1) { edges { cursor } } }"
    [foreign] = stored.client.ask(query)["customers"]["edges"]
    own = stored.client.ask(PAGE, id=customer["id"], first=1)["customer"]["page"]["pageInfo"]
    by_number = {"field": "NUMBER"}
    for arguments in (
        {"after": foreign["cursor"]},
        {"after": foreign["cursor"], "sort": by_number},
        {"after": own["endCursor"], "sort": by_number},
    ):
        [error] = stored.client.send(PAGE, id=customer["id"], **arguments)["errors"]
        assert error["extensions"]["code"] == "BAD_CURSOR"
