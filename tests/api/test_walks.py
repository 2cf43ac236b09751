"""Walks: all pages of a list, while orders come and go, neither repeat nor skip rows that stay."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import created, execute, line, order
from tests.support.served import Client, serving
from tests.support.world import load_world

Node = dict[str, Any]
Sort = list[tuple[str, str]]
Value = Callable[[Node], Any]

ORDERS = 40
CUSTOMERS = ("C1", "PAID-BY-OTHER", "WITH-TAX")
DIRECTIONS = ("ASC", "DESC")
TIED = (
    "UPDATE sales_orders SET last_modified_date_time = (SELECT min(last_modified_date_time)"
    " FROM sales_orders) WHERE number LIKE '%1' OR number LIKE '%5'",
    "UPDATE sales_orders SET status = 'OPEN' WHERE number LIKE '%2'",
    "UPDATE sales_orders SET status = 'RELEASED' WHERE number LIKE '%3' OR number LIKE '%4'",
)
"""Changes that no client can make: orders changed in the same microsecond, or all at once."""


@dataclass(frozen=True)
class List:
    """A list of `kind` at the root or, with `above`, below another object."""

    root: str
    kind: str
    requested: str
    keys: dict[str, Value]
    order: Value
    """The id of the order that a row belongs to."""
    above: str = "PAGE"
    find: Value = lambda data: data["page"]


def amount(name: str) -> Value:
    return lambda node: Decimal(node[name])


def plain(name: str) -> Value:
    return lambda node: node[name]


ORDER_KEYS: dict[str, Value] = {
    "ORDER_DATE": plain("orderDate"),
    "POSTING_DATE": plain("postingDate"),
    "NUMBER": plain("number"),
    "CUSTOMER_NUMBER": lambda node: node["customer"]["number"],
    "STATUS": plain("status"),
    "TOTAL_AMOUNT_INCLUDING_TAX": amount("totalAmountIncludingTax"),
    "LAST_MODIFIED_DATE_TIME": lambda node: dt.datetime.fromisoformat(node["lastModifiedDateTime"]),
}
LINE_KEYS: dict[str, Value] = {
    "SALES_ORDER": lambda node: (node["salesOrder"]["id"], node["sequence"]),
    "QUANTITY": amount("quantity"),
    "NET_AMOUNT_INCLUDING_TAX": amount("netAmountIncludingTax"),
}
ORDER = """id orderDate postingDate number customer { number } status totalAmountIncludingTax
  lastModifiedDateTime"""
LINE = "id sequence quantity netAmountIncludingTax salesOrder { id }"
SALES_ORDERS = List("salesOrders", "SalesOrder", ORDER, ORDER_KEYS, plain("id"))
LINES = List(
    "salesOrderLines", "SalesOrderLine", LINE, LINE_KEYS, lambda node: node["salesOrder"]["id"]
)
OF_CUSTOMER = List(
    *("salesOrders", "SalesOrder", ORDER, ORDER_KEYS, plain("id")),
    above='customers(filter: {number: {eq: "C1"}}) { nodes { PAGE } }',
    find=lambda data: data["customers"]["nodes"][0]["page"],
)
OF_ITEM = List(
    *("salesOrderLines", "SalesOrderLine", LINE, LINE_KEYS, lambda node: node["salesOrder"]["id"]),
    above='items(filter: {number: {eq: "I0002"}}) { nodes { PAGE } }',
    find=lambda data: data["items"]["nodes"][0]["page"],
)


@dataclass
class Shop:
    """A gateway whose orders come and go, with the ids of the existing ones."""

    client: Client
    there: set[str] = field(default_factory=set)

    def open(self, dice: random.Random) -> None:
        """Create an order that ties with others in almost every key."""
        lines = [
            line(f"I000{dice.randint(1, 3)}", quantity=dice.randint(1, 3))
            for _ in range(dice.randint(0, 2))
        ]
        fields = order(
            *lines,
            customer={"number": dice.choice(CUSTOMERS)},
            orderDate=f"2026-05-0{dice.randint(1, 4)}",
            postingDate=f"2026-06-0{dice.randint(1, 3)}",
        )
        self.there.add(created(self.client, fields)["id"])

    def close(self, key: str) -> None:
        mutation = """mutation ($id: ID!) {
          deleteSalesOrder(id: $id) { deletedId userErrors { code } } }"""
        answer = self.client.ask(mutation, id=key)["deleteSalesOrder"]
        assert answer == {"deletedId": key, "userErrors": []}
        self.there.remove(key)


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    url = templates.copy("world", load_world)
    dice = random.Random(1)
    with serving(Settings(database_url=url, max_cost=10**6)) as client:
        shop = Shop(client)
        for _ in range(ORDERS):
            shop.open(dice)
        execute(url, *TIED)
        yield shop


def pages(
    client: Client, listed: List, sort: Sort, size: int, *, backward: bool
) -> Iterator[list[Node]]:
    """One page after the other, each in reading direction."""
    page = f"""page: {listed.root}(
      sort: $sort, first: $first, after: $after, last: $last, before: $before) {{
      nodes {{ {listed.requested} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"""
    query = f"""query ($sort: [{listed.kind}Sort!], $first: Int, $after: String, $last: Int,
      $before: String) {{ {listed.above.replace("PAGE", page)} }}"""
    by = [{"field": name, "direction": direction} for name, direction in sort]
    cursor, more = None, True
    while more:
        window = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        result = listed.find(client.ask(query, sort=by, **window))
        cursor = result["pageInfo"]["startCursor" if backward else "endCursor"]
        more = result["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
        yield result["nodes"][::-1] if backward else result["nodes"]


def in_order(met: list[Node], listed: List, sort: Sort, *, backward: bool) -> list[Node]:
    """The rows in the order of a walk; the id breaks ties in the direction of the last key."""
    ordered = sorted(met, key=plain("id"), reverse=(sort[-1][1] == "DESC") is not backward)
    for name, direction in reversed(sort):
        ordered.sort(key=listed.keys[name], reverse=(direction == "DESC") is not backward)
    return ordered


def walk(shop: Shop, listed: List, sort: Sort, dice: random.Random, *, backward: bool) -> None:
    """After every other page an order is deleted, either the last one of the page, whose cursor is
    about to be used, or any other; and a new one is created."""
    size = dice.randint(1, dice.randint(1, 50))
    [before] = pages(shop.client, listed, sort, 200, backward=False)
    met: list[Node] = []
    for page in pages(shop.client, listed, sort, size, backward=backward):
        met += page
        if page and dice.random() < 0.5:
            last, any_other = listed.order(page[-1]), dice.choice(sorted(shop.there))
            shop.close(last if last in shop.there and dice.random() < 0.5 else any_other)
            shop.open(dice)
    ids = [node["id"] for node in met]
    assert len(ids) == len(set(ids))
    assert {node["id"] for node in before if listed.order(node) in shop.there} <= set(ids)
    assert met == in_order(met, listed, sort, backward=backward)


@pytest.mark.parametrize("walks", [1, pytest.param(20, marks=pytest.mark.full)])
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize(
    ("listed", "key"),
    [
        *((SALES_ORDERS, key) for key in ORDER_KEYS),
        *((LINES, key) for key in LINE_KEYS),
        (OF_CUSTOMER, "ORDER_DATE"),
        (OF_ITEM, "QUANTITY"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.above[:9] + value.kind,
)
def test_a_walk_neither_repeats_nor_skips_rows_that_stay(
    shop: Shop, listed: List, key: str, backward: bool, walks: int
) -> None:
    """For any keys, directions and page sizes."""
    for seed in range(walks):
        dice = random.Random(f"{key} {backward} {seed}")
        further = dice.sample([name for name in listed.keys if name != key], dice.randint(0, 2))
        sort = [(name, dice.choice(DIRECTIONS)) for name in (key, *further)]
        walk(shop, listed, sort, dice, backward=backward)
