"""The demo: real orders, loaded through the checked door, with the totals that their data states."""

from decimal import Decimal

import pytest

from tests.support.served import Client, statements

NESTED = """query ($first: Int!) { salesOrders(first: $first) { nodes { number customer { displayName }
  currency { code } lines { sequence quantity item { number displayName } unitOfMeasure { code } } } } }"""


@pytest.mark.parametrize("size", [1, 50, 200])
def test_a_page_of_nested_orders_takes_six_statements_whatever_its_size(
    demo: Client, size: int
) -> None:
    with statements() as seen:
        orders = demo.ask(NESTED, first=size)["salesOrders"]["nodes"]
    assert len(orders) == size
    assert all(order["lines"] for order in orders)
    assert len(seen) == 6


def all_orders(demo: Client) -> list[dict]:
    query = """query ($after: String) { salesOrders(first: 200, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { number discountAmount totalAmountExcludingTax totalTaxAmount totalAmountIncludingTax
        lines { amountExcludingTax netAmount netTaxAmount netAmountIncludingTax } } } }"""
    orders: list[dict] = []
    page = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = demo.ask(query, after=page["endCursor"])["salesOrders"]
        orders += answer["nodes"]
        page = answer["pageInfo"]
    return orders


def test_the_demo_holds_all_of_northwind_and_its_lines_cost_what_northwind_says(
    demo: Client,
) -> None:
    orders = all_orders(demo)
    lines = [line for order in orders for line in order["lines"]]
    assert len({order["number"] for order in orders}) == 830
    assert len(lines) == 2155
    assert sum(Decimal(line["amountExcludingTax"]) for line in lines) == Decimal("1265792.76")
    counts = demo.ask("{ customers { totalCount } items { totalCount } }")
    assert counts == {"customers": {"totalCount": 91}, "items": {"totalCount": 77}}


def test_every_order_costs_what_its_lines_cost(demo: Client) -> None:
    for order in all_orders(demo):
        for total, part in (
            ("totalAmountExcludingTax", "netAmount"),
            ("totalTaxAmount", "netTaxAmount"),
            ("totalAmountIncludingTax", "netAmountIncludingTax"),
        ):
            assert Decimal(order[total]) == sum(Decimal(line[part]) for line in order["lines"])
