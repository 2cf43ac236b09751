"""The statuses of imported orders, which are reached through the usual transitions."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.importing import Client, Fields, gate, head, line, order, orders, upload


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


FINANCE_OPERATIONS = {
    "None": ("DRAFT", "0", "0"),
    "Backorder": ("DRAFT", "0", "0"),
    "Open order": ("DRAFT", "0", "0"),
    "": ("DRAFT", "0", "0"),
    "Delivered": ("RELEASED", "2", "0"),
    "Invoiced": ("INVOICED", "2", "2"),
    "Canceled": ("CANCELLED", "0", "0"),
}
BUSINESS_CENTRAL = {
    "Draft": ("DRAFT", "0", "0"),
    "In Review": ("IN_REVIEW", "0", "0"),
    "Open": ("OPEN", "0", "0"),
    "Released": ("RELEASED", "0", "0"),
    "Paid": ("PAID", "2", "2"),
    "Cancelled": ("CANCELLED", "0", "0"),
    "On hold": ("DRAFT", "0", "0"),
}
"""By the status in the file: the status of the order, and the shipped and invoiced units out of two."""


def state_of(client: Client, number: str) -> tuple[str, str, str]:
    result = order(client, number)
    assert result is not None
    [only] = result["lines"]
    return result["status"], only["shippedQuantity"], only["invoicedQuantity"]


def test_the_statuses_of_finance_operations_are_reached_and_survive_a_second_import(
    client: Client,
) -> None:
    words = dict(enumerate(FINANCE_OPERATIONS))
    files = orders(
        [head(f"F{place}", SALESORDERSTATUS=word) for place, word in words.items()],
        [line(f"F{place}") for place in words],
    )
    assert upload(client, files).refused == []
    result = {word: state_of(client, f"F{place}") for place, word in words.items()}
    assert result == FINANCE_OPERATIONS
    again = upload(client, files)
    assert again.counts == {"headersUnchanged": len(words), "linesUnchanged": len(words)}


def as_json(number: str, lines: list[Fields] | None = None, **fields: object) -> Fields:
    sold = {"lineType": "Item", "lineObjectNumber": "I0010", "quantity": 2}
    return {"number": number, "customerNumber": "C1", "salesOrderLines": lines or [sold]} | fields


def test_the_statuses_of_business_central_are_reached_and_survive_a_second_import(
    client: Client,
) -> None:
    words = dict(enumerate(BUSINESS_CENTRAL))
    content = [as_json(f"B{place}", status=word) for place, word in words.items()]
    files = {"orders.json": json.dumps({"value": content}).encode()}
    assert upload(client, files).refused == []
    result = {word: state_of(client, f"B{place}") for place, word in words.items()}
    assert result == BUSINESS_CENTRAL
    held = [place for place, word in words.items() if order(client, f"B{place}")["onHold"]]
    assert [words[place] for place in held] == ["On hold"]
    again = upload(client, files)
    assert again.counts == {"headersUnchanged": len(words), "linesUnchanged": len(words)}


def test_an_order_that_cannot_reach_its_status_is_refused_as_a_whole(client: Client) -> None:
    job = upload(client, orders([head("A", SALESORDERSTATUS="Invoiced"), head("B")], [line("B")]))
    assert job.refusals("code", "orderNumber", "columnName") == [
        ("NOTHING_TO_RELEASE", "A", "SALESORDERSTATUS")
    ]
    assert order(client, "A") is None
    assert state_of(client, "B") == ("DRAFT", "0", "0")


def test_partial_shipments_and_invoices_are_imported(
    client: Client,
) -> None:
    sold = {"lineType": "Item", "lineObjectNumber": "I0010", "quantity": 5, "sequence": 10000}
    given = as_json("P", [sold | {"shippedQuantity": 3, "invoicedQuantity": 1}], status="Released")
    files = {"orders.json": json.dumps(given).encode()}
    assert upload(client, files).status == "SUCCEEDED"
    assert state_of(client, "P") == ("RELEASED", "3", "1")
    assert upload(client, files).counts == {"headersUnchanged": 1, "linesUnchanged": 1}


def test_a_stopped_order_of_finance_operations_is_on_hold(client: Client) -> None:
    upload(client, orders([head("H", ISSALESPROCESSINGSTOPPED="Yes")], [line("H")]))
    assert order(client, "H")["onHold"] is True
