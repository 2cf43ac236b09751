"""Pages below an object: one statement serves all parents, and each parent gets its own page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Templates
from tests.served import Client, statements
from tests.varied import Row, Varied, varied


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    with varied(templates) as found:
        yield found


@dataclass(frozen=True)
class Below:
    """A list below every object of a root list, by default sorted by `key`."""

    root: str
    parent: str
    field: str
    kind: str
    key: Callable[[Row], Any]
    backward: bool


ORDERS = Below(
    "customers", "Customer", "salesOrders", "SalesOrder", lambda row: (row["orderDate"], row["id"]), True
)  # fmt: skip
LINES = Below(
    "items", "Item", "salesOrderLines", "SalesOrderLine",
    lambda row: (row["salesOrder"]["id"], row["sequence"]), False,
)  # fmt: skip
ALL: Callable[[Row], bool] = bool


def children(
    below: Below,
    parent: Row,
    holds: Callable[[Row], bool] = ALL,
    key: Callable[[Row], Any] | None = None,
    *,
    backward: bool | None = None,
) -> list[str]:
    """The ids of the matching rows below a parent, in order."""
    rows = [row for row in parent[below.field] if holds(row)]
    rows.sort(key=key or below.key, reverse=below.backward if backward is None else backward)
    return [row["id"] for row in rows]


SIZES = [(ORDERS, 1), (ORDERS, 50), (ORDERS, 91), (LINES, 1), (LINES, 50), (LINES, 77)]


@pytest.mark.parametrize(("below", "size"), SIZES, ids=lambda value: str(getattr(value, "root", value)))
@pytest.mark.parametrize(
    ("arguments", "selection", "further"),
    [
        ("first: 3", "nodes { id }", 0),
        ("last: 2", "edges { cursor node { id } } pageInfo { hasPreviousPage }", 0),
        ("filter: {not: {id: {eq: \"x\"}}}, first: 3", "nodes { id } totalCount", 1),
        ("first: 0", "totalCount", 1),
    ],
)  # fmt: skip
def test_a_page_below_any_number_of_parents_is_one_statement_and_its_count_another(
    stored: Varied, below: Below, size: int, arguments: str, selection: str, further: int
) -> None:
    """One finds the company and one the parents."""
    query = f"""{{ {below.root}(first: {size}) {{ nodes {{
      id page: {below.field}({arguments}) {{ {selection} }} }} }} }}"""
    with statements() as seen:
        parents = stored.client.ask(query)[below.root]["nodes"]
    assert len(parents) == size
    assert len(seen) == 3 + further


@pytest.mark.parametrize("size", [1, 50, 91])
def test_what_is_below_a_nested_page_takes_one_statement_each(stored: Varied, size: int) -> None:
    """Company, customers, orders, their lines, the items of these, and a page of lines below each."""
    query = f"""{{ customers(first: {size}) {{ nodes {{ salesOrders(first: 2) {{ nodes {{
      lines {{ item {{ number salesOrderLines(first: 1) {{ nodes {{ quantity }} }} }} }} }} }} }} }} }}"""
    with statements() as seen:
        customers = stored.client.ask(query)["customers"]["nodes"]
    assert len(customers) == size
    assert len(seen) == 6
