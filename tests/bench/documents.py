"""The requests to the servers: four operations, one list of fields, one stream of variables."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.seeding import CURRENCY, CUSTOMERS, ITEMS, ORDERS_A_DAY, day, guid

TITLES = {
    "A": "one order by id, with its customer, its lines and their items",
    "B": "a page of 50 orders of one day, with the same",
    "C": "100 orders of one day, 12 scalars each",
    "D": "a new order of 10 lines",
}

HEADER = """id number externalDocumentNumber orderDate postingDate status customerName
  totalAmountExcludingTax totalTaxAmount totalAmountIncludingTax requestedDeliveryDate
  lastModifiedDateTime"""
NESTED = f"""{HEADER}
  customer {{ id number displayName email }}
  lines {{
    id sequence lineType description quantity unitPrice discountPercent taxPercent
    netAmount netTaxAmount netAmountIncludingTax shipmentDate item {{ id number displayName }}
  }}"""
TOTALS = "totalAmountExcludingTax totalTaxAmount totalAmountIncludingTax"


@dataclass(frozen=True)
class Document:
    """An operation, and the place in its answer of the orders on which all servers must agree."""

    query: str
    path: tuple[str, ...]


A = Document(
    f"query A($id: ID!) {{ salesOrder(id: $id) {{ {NESTED} }} }}",
    ("salesOrder",),
)
GATEWAY = {
    "A": A,
    "B": Document(
        "query B($day: Date!, $first: Int!) {"
        f" salesOrders(filter: {{orderDate: {{eq: $day}}}}, first: $first) {{ nodes {{ {NESTED} }} }} }}",
        ("salesOrders", "nodes"),
    ),
    "C": Document(
        "query C($day: Date!, $first: Int!) {"
        f" salesOrders(filter: {{orderDate: {{eq: $day}}}}, first: $first) {{ nodes {{ {HEADER} }} }} }}",
        ("salesOrders", "nodes"),
    ),
    "D": Document(
        "mutation D($input: CreateSalesOrderInput!) { createSalesOrder(input: $input) {"
        f" salesOrder {{ id number {TOTALS} }} userErrors {{ message path }} }} }}",
        ("createSalesOrder", "salesOrder"),
    ),
}
"""The operations in the gateway's own schema."""

PEERS = {
    "A": A,
    "B": Document(
        "query B($day: Date!, $first: Int!) {"
        f" salesOrders(orderDate: $day, first: $first) {{ {NESTED} }} }}",
        ("salesOrders",),
    ),
    "C": Document(
        "query C($day: Date!, $first: Int!) {"
        f" salesOrders(orderDate: $day, first: $first) {{ {HEADER} }} }}",
        ("salesOrders",),
    ),
    "D": Document(
        "mutation D($input: CreateSalesOrderInput!) {"
        f" createSalesOrder(input: $input) {{ id number {TOTALS} }} }}",
        ("createSalesOrder",),
    ),
}
"""The operations in the smaller schema of the peers, which has lists instead of connections."""


def variables(workload: str, orders: int, count: int) -> Iterator[dict[str, Any]]:
    """Sets of variables for a database of `orders` orders, the same in every run."""
    draw = random.Random(workload)
    for _ in range(count):
        match workload:
            case "A":
                yield {"id": guid("order", draw.randrange(orders))}
            case "B" | "C":
                some_day = day(orders, draw.randrange(orders // ORDERS_A_DAY))
                yield {"day": str(some_day), "first": 50 if workload == "B" else 100}
            case _:
                yield {"input": _new_order(draw)}


def _new_order(draw: random.Random) -> dict[str, Any]:
    return {
        "customer": {"id": guid("customer", draw.randrange(CUSTOMERS))},
        "currency": {"code": CURRENCY},
        "orderDate": "2031-01-01",
        "lines": [
            {
                "item": {"id": guid("item", item)},
                "quantity": str(draw.randrange(1, 200)),
                "unitPrice": f"{draw.randrange(20, 20_000) / 20:.2f}",
            }
            for item in draw.sample(range(ITEMS), 10)
        ],
    }


_DECIMAL = re.compile(r"-?\d+\.\d+")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.0+)?(Z|\+00:00)")


def comparable(workload: str, answer: Any) -> Any:
    """The part of an answer on which servers must agree: all of it, or only the totals of a new order."""
    if workload == "D":
        answer = {name: answer[name] for name in TOTALS.split()}
    return canonical(answer)


def canonical(value: Any) -> Any:
    """`value` without permitted differences between servers: trailing zeros, and the notation of UTC."""
    if isinstance(value, dict):
        return {key: canonical(part) for key, part in value.items()}
    if isinstance(value, list):
        return [canonical(part) for part in value]
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value.rstrip("0").rstrip(".")
    if isinstance(value, str) and (found := _INSTANT.fullmatch(value)):
        return f"{found[1]}Z"
    return value


def leaves(value: Any) -> int:
    """The number of scalars in an answer."""
    if isinstance(value, dict | list):
        return sum(map(leaves, value.values() if isinstance(value, dict) else value))
    return 1
