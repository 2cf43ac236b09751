"""Nodes: any record by its id, whatever its type."""

import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.databases import Templates
from tests.support.importing import upload
from tests.support.served import statements
from tests.support.varied import SCHEMA, Row, Varied, varied

TYPES = sorted(kind.name for kind in SCHEMA.get_possible_types(SCHEMA.type_map["Node"]))
NAMES = {kind: "number" for kind in TYPES if "number" in SCHEMA.type_map[kind].fields}
NAMES |= {kind: "code" for kind in TYPES if "code" in SCHEMA.type_map[kind].fields}
"""The field by which people recognise an object of each type."""
FRAGMENTS = " ".join(f"... on {kind} {{ {name} }}" for kind, name in NAMES.items())
NODES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename id {FRAGMENTS} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ __typename id {FRAGMENTS} }} }}"


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    with varied(templates) as result:
        yield result


def shown(kind: str, row: Row) -> dict[str, Any]:
    """A row as NODES shows it."""
    name = {NAMES[kind]: row[NAMES[kind]]} if kind in NAMES else {}
    return {"__typename": kind, "id": row["id"], **name}


def company(stored: Varied) -> Row:
    return Row(stored.client.ask("{ company { id } }")["company"])


def imported(stored: Varied, kind: str) -> Row:
    """An import job, or the problem of its row."""
    job = upload(stored.client, {"payment-terms.csv": b"code,displayName\nLONGERTHANTEN,Never\n"})
    result = stored.client.ask(PROBLEM, id=job.fields["id"])["importJob"]
    return Row(result if kind == "ImportJob" else result["problems"]["nodes"][0])


PROBLEM = "query ($id: ID!) { importJob(id: $id) { id problems(first: 1) { nodes { id code } } } }"


@pytest.mark.parametrize("spelled", [str, str.upper])
@pytest.mark.parametrize("kind", TYPES)
def test_a_record_of_every_type_is_found_by_its_id_in_two_statements(
    stored: Varied, kind: str, spelled: Any
) -> None:
    """One finds the company, one the type among all types, and one the row."""
    if kind.startswith("Import"):
        row = imported(stored, kind)
    else:
        row = company(stored) if kind == "Company" else stored.rows[kind][-1]
    with statements() as seen:
        answer = stored.client.ask(NODE, id=spelled(row["id"]))
    assert answer["node"] == shown(kind, row)
    assert len(seen) == 2


@pytest.mark.parametrize("size", [1, 50, 200])
def test_nodes_come_in_the_order_of_their_ids_with_a_statement_for_each_type(
    stored: Varied, size: int
) -> None:
    """An invalid or unknown id is null at its position; an id may occur twice."""
    dice = random.Random(size)
    known = [(kind, row) for kind, rows in stored.rows.items() for row in rows]
    wanted = [shown(*result) for result in dice.choices(known, k=size)]
    ids: list[str] = [node["id"] for node in wanted]
    expected: list[dict[str, Any] | None] = list(wanted)
    for place in range(0, size, 7)[1:]:
        ids[place] = dice.choice([str(uuid.UUID(int=place)), "x", "", "\x00", ids[place][:-1]])
        expected[place] = None
    with statements() as seen:
        answer = stored.client.ask(NODES, ids=ids)
    assert answer["nodes"] == expected
    assert len(seen) == 1 + len({node["__typename"] for node in expected if node})


@pytest.mark.parametrize(
    "wrong", ["", "x", "\x00", "0" * 36, "{guid}", str(uuid.UUID(int=0)), "SO-000001", "ALFKI"], ids=ascii
)  # fmt: skip
def test_an_id_without_a_record_is_null(stored: Varied, wrong: str) -> None:
    assert stored.client.ask(NODE, id=wrong) == {"node": None}


def test_no_ids_return_no_nodes(stored: Varied) -> None:
    assert stored.client.ask(NODES, ids=[]) == {"nodes": []}


def test_more_nodes_than_a_page_are_refused_before_anything_is_read(stored: Varied) -> None:
    with statements() as seen:
        answer = stored.client.send(NODES, ids=[stored.rows["Item"][0]["id"]] * 201)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert not seen


def test_the_relations_and_pages_of_a_node_are_read_as_elsewhere(stored: Varied) -> None:
    """Types, an order and its customer and lines, a customer and the page below it."""
    order = max(stored.rows["SalesOrder"], key=lambda row: len(row["lines"]))
    other = max(stored.rows["Customer"], key=lambda row: len(row["salesOrders"]))
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) {
      ... on SalesOrder { number customer { number } lines { sequence } }
      ... on Customer { displayName salesOrders(first: 1) { totalCount } } } }"""
    with statements() as seen:
        answer = stored.client.ask(query, ids=[order["id"], other["id"]])
    sequences = sorted(line["sequence"] for line in order["lines"])
    assert answer["nodes"] == [
        {
            "number": order["number"],
            "customer": {"number": order["customer"]["number"]},
            "lines": [{"sequence": sequence} for sequence in sequences],
        },
        {
            "displayName": other["displayName"],
            "salesOrders": {"totalCount": len(other["salesOrders"])},
        },
    ]
    assert len(seen) == 7
