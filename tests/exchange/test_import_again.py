"""Imports over stored orders: the result matches the last file, however often it is imported."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.importing import Client, Fields, gate, head, line, order, orders, upload


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


FIRST_HEAD: Fields = {
    "CURRENCYCODE": "EUR",
    "AREPRICESINCLUDINGSALESTAX": "No",
    "ORDERTAKERPERSONNELNUMBER": "ANNA",
    "EMAIL": "anna@example.com",
    "DELIVERYADDRESSNAME": "Dock 1",
    "TOTALDISCOUNTAMOUNT": 1,
}
FIRST_LINE: Fields = {
    "ITEMNUMBER": "I0010",
    "LINEDESCRIPTION": "mine",
    "ORDEREDSALESQUANTITY": 10,
    "SALESPRICE": 5,
    "LINEDISCOUNTPERCENTAGE": 10,
    "SALESTAXITEMGROUPCODE": "R05",
}
CHANGES: dict[str, tuple[Fields, Fields]] = {
    "item": ({}, {"ITEMNUMBER": "I0020"}),
    "tax mode": ({"AREPRICESINCLUDINGSALESTAX": "Yes"}, {}),
    "currency": ({"CURRENCYCODE": "CHF"}, {}),
    "customer": ({"ORDERINGCUSTOMERACCOUNTNUMBER": "WITH-TAX"}, {}),
    "quantity with a discount amount": ({"TOTALDISCOUNTAMOUNT": 5}, {"ORDEREDSALESQUANTITY": 20}),
    "discount amount of a line": ({}, {"LINEDISCOUNTAMOUNT": "0.4", "LINEDISCOUNTPERCENTAGE": 0}),
    "quantity": ({}, {"ORDEREDSALESQUANTITY": 7}),
    "price": ({}, {"SALESPRICE": "4.5"}),
    "all": (
        {"CURRENCYCODE": "CHF", "TOTALDISCOUNTAMOUNT": 2, "AREPRICESINCLUDINGSALESTAX": "Yes"},
        {"ITEMNUMBER": "I0020", "SALESPRICE": 3, "LINEDISCOUNTPERCENTAGE": 0},
    ),
}


@pytest.mark.parametrize(("header", "changed"), CHANGES.values(), ids=list(CHANGES))
def test_an_order_changed_by_a_second_file_equals_one_created_from_that_file(
    client: Client, header: Fields, changed: Fields
) -> None:
    """Order A is imported twice with changes; order C is created from only the second file."""

    def files(number: str, header: Fields, changed: Fields) -> dict[str, bytes]:
        lines = [line(number, 1, **FIRST_LINE | changed), line(number, 2, **FIRST_LINE)]
        return orders([head(number, **FIRST_HEAD | header)], lines)

    upload(client, files("A", {}, {}))
    then = upload(client, files("A", header, changed))
    assert then.refused == []
    upload(client, files("C", header, changed))
    ours, theirs = order(client, "A"), order(client, "C")
    assert ours is not None
    assert theirs is not None
    assert ours | {"number": "C"} == theirs
    again = upload(client, files("A", header, changed))
    assert again.counts == {"headersUnchanged": 1, "linesUnchanged": 2}


def document(**fields: Any) -> bytes:
    lines = [{"lineType": "Item", "lineObjectNumber": "I0010", "quantity": 1, "unitPrice": 10}]
    return json.dumps(
        {"customerNumber": "C1", "orderDate": "2026-01-02", **fields, "salesOrderLines": lines}
    ).encode()


@pytest.mark.parametrize("fields", [{}, {"externalDocumentNumber": "PO-1"}], ids=["", "with PO"])
def test_an_order_without_a_number_is_created_once_however_often_it_is_imported(
    client: Client, fields: Fields
) -> None:
    first = upload(client, {"order.json": document(**fields)})
    assert first.counts == {"headersCreated": 1, "linesCreated": 1}
    again = upload(client, {"order.json": document(**fields)})
    assert again.counts == {"headersUnchanged": 1, "linesUnchanged": 1}


def test_two_identical_orders_without_a_number_in_one_file_are_refused(client: Client) -> None:
    twice = (
        document(externalDocumentNumber="PO-1") + b"\n" + document(externalDocumentNumber="PO-1")
    )
    job = upload(client, {"orders.jsonl": twice})
    assert job.refusals("code", "row") == [("DUPLICATE", 2)]
    assert client.ask("{ salesOrders { totalCount } }") == {"salesOrders": {"totalCount": 0}}


def test_rows_without_a_key_update_the_lines_that_no_other_row_identifies(client: Client) -> None:
    lots = [line("A", "", INVENTORYLOTID=lot, ITEMNUMBER=item) for lot, item in LOTS.items()]
    upload(client, orders([head("A")], lots))
    keyed = line("A", "", INVENTORYLOTID="LOT-B", ITEMNUMBER="I0020")
    keyless = line("A", "", INVENTORYLOTID="", ITEMNUMBER="I0010", ORDEREDSALESQUANTITY=8)
    job = upload(client, orders([head("A")], [keyed, keyless]))
    assert job.counts == {"headersUpdated": 1, "linesUpdated": 1, "linesUnchanged": 1}
    result = order(client, "A")
    assert result is not None
    quantities = [(each["item"]["number"], each["quantity"]) for each in result["lines"]]
    assert quantities == [("I0010", "8"), ("I0020", "2")]


LOTS = {"LOT-A": "I0010", "LOT-B": "I0020"}
