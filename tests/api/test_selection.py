"""The fields that an operation selects below a field."""

import re
import time

import pytest
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, parse

from gateway.execution.selection import Fragments, fields_at, fields_by_name
from tests.support.served import Client, statements

AT_ONCE = 10.0
"""Seconds; work that doubles with each of 40 fragments would take years."""


def operation(text: str) -> tuple[list[FieldNode], Fragments]:
    """The root fields of the operation in a document, and its fragments."""
    definitions = parse(text).definitions
    [result] = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {
        node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)
    }
    return [
        node for node in result.selection_set.selections if isinstance(node, FieldNode)
    ], fragments


def below(text: str, *path: str) -> set[str]:
    """The names of the fields selected below the root fields, or below `path` in them."""
    nodes, fragments = operation(text)
    return set(fields_by_name(fields_at(nodes, fragments, *path), fragments))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{ order { id number } }", {"id", "number"}),
        ("{ order { __typename } }", {"__typename"}),
        ("{ order { first: number second: number id } }", {"number", "id"}),
        ("{ a: order { id } b: order { number } }", {"id", "number"}),
        ("{ order { ... on Order { id } ... { number } } }", {"id", "number"}),
        ("{ order { ...A } } fragment A on Order { id ...B } fragment B on Order { number }", {"id", "number"}),
        ("{ order { ...A ...A } } fragment A on Order { id }", {"id"}),
        ("{ order { ... on Order { ...A } } } fragment A on Order { id }", {"id"}),
        ("{ order { customer { name } id } }", {"customer", "id"}),
        ("{ order { id @include(if: false) ... @skip(if: true) { number } } }", {"id", "number"}),
        ("{ order }", set()),
    ],
)  # fmt: skip
def test_fields_are_found_by_name_through_fragments_and_aliases(text: str, names: set[str]) -> None:
    """A field that a directive may exclude counts as selected."""
    assert below(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{ orders { nodes { id } } }", {"id"}),
        ("{ orders { a: nodes { id } b: nodes { number } } }", {"id", "number"}),
        ("{ orders { ...P } } fragment P on Page { nodes { ...N } } fragment N on Order { id }", {"id"}),
        ("{ orders { nodes { id } ... { nodes { number } } } }", {"id", "number"}),
        ("{ orders { nodes { ...N } n: nodes { ...N x } } } fragment N on Order { id }", {"id", "x"}),
        ("{ orders { edges { node { id } } } }", set()),
    ],
)  # fmt: skip
def test_a_path_leads_through_fragments_and_aliases(text: str, names: set[str]) -> None:
    assert below(text, "nodes") == names


def test_the_nodes_of_one_field_are_grouped_whatever_their_alias() -> None:
    text = "{ order { a: customer { id } customer { name } ...F } } fragment F on Order { b: customer { city } }"
    nodes, fragments = operation(text)
    result = fields_by_name(nodes, fragments)
    assert [node.alias and node.alias.value for node in result["customer"]] == ["a", None, "b"]
    assert set(fields_by_name(result["customer"], fragments)) == {"id", "name", "city"}


def test_a_fragment_is_used_again_at_another_depth() -> None:
    text = "{ order { ...F customer { orders { ...F } } } } fragment F on Order { number }"
    assert below(text) == {"number", "customer"}
    assert below(text, "customer", "orders") == {"number"}


def doubling(fragments: int, on: str, innermost: str, spread: str) -> str:
    """Fragments that each spread the next one twice, by the pattern `spread`."""
    chain = [
        f"fragment F{n} on {on} {{ {spread.replace('NEXT', f'...F{n + 1}')} }}"
        for n in range(fragments)
    ]
    return " ".join([*chain, f"fragment F{fragments} on {on} {{ {innermost} }}"])


@pytest.mark.parametrize("spread", ["NEXT NEXT", "... { NEXT } ... { NEXT }"])
def test_forty_doubling_fragments_are_walked_at_once(spread: str) -> None:
    text = "{ order { ...F0 } } " + doubling(40, "Order", "number", spread)
    nodes, fragments = operation(text)
    start = time.perf_counter()
    assert set(fields_by_name(nodes, fragments)) == {"number"}
    assert time.perf_counter() - start < AT_ONCE


def test_forty_doublings_below_each_other_are_walked_at_once() -> None:
    """Each fragment selects the same relation under two aliases, with the next fragment in both."""
    spread = "a: parent { NEXT } b: parent { NEXT }"
    text = "{ order { ...F0 } } " + doubling(40, "Order", "number", spread)
    nodes, fragments = operation(text)
    start = time.perf_counter()
    assert set(fields_by_name(fields_at(nodes, fragments, *["parent"] * 40), fragments)) == {
        "number"
    }
    assert time.perf_counter() - start < AT_ONCE


def test_an_operation_of_forty_fragments_one_in_the_other_is_answered_at_once(demo: Client) -> None:
    text = "{ salesOrders(first: 1) { nodes { ...F0 } } } "
    text += doubling(40, "SalesOrder", "number customer { displayName }", "NEXT")
    start = time.perf_counter()
    with statements() as seen:
        [order] = demo.ask(text)["salesOrders"]["nodes"]
    assert time.perf_counter() - start < AT_ONCE
    assert set(order) == {"number", "customer"}
    assert len(seen) == 2


def columns(seen: list[str]) -> dict[str, set[str]]:
    """The columns that statements read, by table, except for the one that finds the company."""
    read: dict[str, set[str]] = {}
    for statement in seen:
        selected = statement.split("FROM")[0]
        for table, column in re.findall(r"(\w+)\.(\w+)", selected):
            if table != "companies":
                read.setdefault(table, set()).add(column)
    return read


PLACE = {"id", "order_date"}
"""The sort columns of the page of orders."""


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("{ salesOrders { nodes { number } } }", {"sales_orders": {"number"} | PLACE}),
        ("{ salesOrders { nodes { __typename } } }", {"sales_orders": PLACE}),
        ("{ salesOrders { edges { node { number } } nodes { email } } }", {"sales_orders": {"number", "email"} | PLACE}),
        ("{ salesOrders { ...P } } fragment P on SalesOrderConnection { a: nodes { ...N } } fragment N on SalesOrder { x: email }", {"sales_orders": {"email"} | PLACE}),
        ("{ salesOrders { nodes { customer { displayName } } } }", {"sales_orders": {"customer_id"} | PLACE, "customers": {"id", "display_name"}}),
        ("{ salesOrders { nodes { customer { __typename } } } }", {"sales_orders": {"customer_id"} | PLACE, "customers": {"id"}}),
        ("{ salesOrders { nodes { lines { quantity } } } }", {"sales_orders": PLACE, "sales_order_lines": {"quantity", "sales_order_id"}}),
        ("{ salesOrderByNumber(number: \"NW-10248\") { email } }", {"sales_orders": {"email", "number_folded"}}),
        ("{ items { nodes { taxCode { percent } } } }", {"items": {"number", "id", "tax_code_id"}, "tax_codes": {"id", "percent"}}),
    ],
)  # fmt: skip
def test_only_the_columns_that_are_requested_and_those_that_join_and_sort_are_read(
    demo: Client, query: str, read: dict[str, set[str]]
) -> None:
    with statements() as seen:
        demo.ask(query)
    assert columns(seen) == read


def test_an_address_reads_its_six_columns(demo: Client) -> None:
    with statements() as seen:
        demo.ask("{ customers { nodes { address { city } } } }")
    parts = {"address_line1", "address_line2", "city", "state", "country", "post_code"}
    assert columns(seen) == {"customers": parts | {"id", "number"}}
