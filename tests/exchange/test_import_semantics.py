"""How headers and lines are imported: their keys, amounts, statuses and refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.importing import (
    Client,
    Fields,
    gate,
    head,
    line,
    numbers,
    order,
    orders,
    stored_content,
    table,
    upload,
)
from tests.support.requests import execute


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


def only_line(client: Client, number: str) -> Fields:
    """The only line of an order."""
    result = order(client, number)
    assert result is not None
    [only] = result["lines"]
    return dict(only)


def test_lines_without_a_header_are_refused_and_the_rest_is_imported(
    client: Client,
) -> None:
    job = upload(client, orders([head("A")], [line("A"), line("NOWHERE"), line("NOWHERE", 2)]))
    assert job.status == "PARTIALLY_SUCCEEDED"
    assert job.refusals("code", "orderNumber", "row", "columnName") == [
        ("HEADER_NOT_FOUND", "NOWHERE", 3, "SALESORDERNUMBER"),
        ("HEADER_NOT_FOUND", "NOWHERE", 4, "SALESORDERNUMBER"),
    ]
    assert all("NOWHERE" in problem["message"] for problem in job.refused)
    assert job.counts == {"headersCreated": 1, "linesCreated": 1, "linesFailed": 2}
    assert numbers(client) == ["A"]


def test_a_line_whose_order_number_is_too_long_has_no_header(
    world: Client,
) -> None:
    number = "X" * 21
    job = upload(world, orders([], [line(number), line("")]))
    assert job.refusals("code", "orderNumber") == [("HEADER_NOT_FOUND", number), ("REQUIRED", None)]


def test_lines_are_added_to_an_order_from_an_earlier_import(world: Client, number: str) -> None:
    upload(world, orders([head(number)], [line(number, 1)]))
    job = upload(world, orders([], [line(number, 2, ORDEREDSALESQUANTITY=5)]))
    assert job.counts == {"linesCreated": 1}
    result = order(world, number)
    assert [each["quantity"] for each in result["lines"]] == ["2", "5"]
    assert result["totalAmountExcludingTax"] == "70"


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_duplicate_customer_reference_is_reported(
    client: Client, world_url: str, is_refused: bool
) -> None:
    """It causes a warning, unless the company refuses it; within a file, the first order takes
    precedence."""
    upload(client, orders([head("A", CUSTOMERSORDERREFERENCE="PO-1")], []))
    if is_refused:
        execute(world_url, "UPDATE companies SET refuse_duplicate_external_document_numbers = true")
    headers = [head(name, CUSTOMERSORDERREFERENCE=f"PO-{n}") for name, n in ("B1", "C2", "D2")]
    job = upload(client, orders(headers, []))
    result = job.refused if is_refused else job.warnings
    column = "CUSTOMERSORDERREFERENCE"
    assert [(each["code"], each["orderNumber"], each["columnName"]) for each in result] == [
        ("DUPLICATE", "B", column),
        ("DUPLICATE", "D", column),
    ]
    assert numbers(client) == (["A", "C"] if is_refused else ["A", "B", "C", "D"])


KEYS: dict[str, tuple[Fields, Fields]] = {
    "lot": (
        {"INVENTORYLOTID": "LOT-1", "LINECREATIONSEQUENCENUMBER": 1},
        {"INVENTORYLOTID": "LOT-1", "LINECREATIONSEQUENCENUMBER": ""},
    ),
    "sequence": ({"LINECREATIONSEQUENCENUMBER": 7}, {"LINECREATIONSEQUENCENUMBER": 7}),
    "position": ({"LINECREATIONSEQUENCENUMBER": ""}, {"LINECREATIONSEQUENCENUMBER": ""}),
}


@pytest.mark.parametrize(("first", "then"), KEYS.values(), ids=list(KEYS))
def test_a_line_is_identified_by_its_lot_its_sequence_or_its_position(
    world: Client, number: str, first: Fields, then: Fields
) -> None:
    upload(world, orders([head(number)], [line(number, **first)]))
    same = upload(world, orders([head(number)], [line(number, **then)]))
    assert same.counts == {"headersUnchanged": 1, "linesUnchanged": 1}
    other = upload(world, orders([head(number)], [line(number, **then, ORDEREDSALESQUANTITY=9)]))
    assert other.counts == {"headersUpdated": 1, "linesUpdated": 1}
    assert only_line(world, number)["quantity"] == "9"


def test_only_orders_that_are_not_editable_and_differ_are_refused(
    client: Client,
) -> None:
    released = [head(number, SALESORDERSTATUS="Delivered") for number in "AB"]
    upload(client, orders(released, [line("A"), line("B")]))
    job = upload(
        client,
        orders([*released, head("C")], [line("A", ORDEREDSALESQUANTITY=3), line("B"), line("C")]),
    )
    assert job.refusals("code", "orderNumber") == [("NOT_EDITABLE", "A")]
    assert job.counts == {
        "headersFailed": 1,
        "linesFailed": 1,
        "headersUnchanged": 1,
        "linesUnchanged": 1,
        "headersCreated": 1,
        "linesCreated": 1,
    }
    assert only_line(client, "A")["quantity"] == "2"


@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_an_atomic_import_stores_nothing_if_one_row_is_invalid(
    client: Client, world_url: str, dry_run: str
) -> None:
    before = stored_content(world_url)
    files = orders([head("A"), head("B")], [line("A"), line("B", ITEMNUMBER="NOPE")])
    job = upload(client, files, policy="atomic", dryRun=dry_run)
    assert job.status == "FAILED"
    assert job.refusals("code", "orderNumber") == [("NOT_FOUND", "B")]
    assert stored_content(world_url) == before
    good = orders([head("A"), head("B")], [line("A"), line("B")])
    assert upload(client, good, policy="atomic").status == "SUCCEEDED"
    assert numbers(client) == ["A", "B"]


def test_a_dry_run_reports_like_the_real_run_and_stores_nothing(
    client: Client, world_url: str
) -> None:
    upload(client, orders([head("OLD")], [line("OLD")]))
    before = stored_content(world_url)
    files = {
        "customers.csv": table([{"number": "NEW", "displayName": "New"}, {"number": "C1"}]),
        **orders(
            [
                head("OLD", EMAIL="new@example.com"),
                head("NEW", ORDERINGCUSTOMERACCOUNTNUMBER="NEW", SALESORDERSTATUS="Invoiced"),
                head("", CUSTOMERSORDERREFERENCE="without a number"),
                head("BAD", EMAIL="nobody"),
            ],
            [line("OLD"), line("NEW", LINEAMOUNT=21), line("BAD"), line("NOWHERE")],
        ),
    }
    tried = upload(client, files, dryRun="true")
    assert stored_content(world_url) == before
    real = upload(client, files)
    assert stored_content(world_url) != before
    assert tried.findings == real.findings
    own = {"id", "dryRun", "finishedDateTime"}
    assert {name: value for name, value in tried.fields.items() if name not in own} == {
        name: value for name, value in real.fields.items() if name not in own
    }
    assert order(client, "NEW")["status"] == "INVOICED"


TWICE: dict[str, tuple[list[Fields], list[Fields], list[tuple[Any, ...]]]] = {
    "header": (
        [head("A"), head("A")],
        [line("A")],
        [("DUPLICATE", "A", "Sales order headers V2.csv", 3, "SALESORDERNUMBER")],
    ),
    "lot": (
        [head("A")],
        [line("A", 1, INVENTORYLOTID="L"), line("A", 2, INVENTORYLOTID="L")],
        [("DUPLICATE", "A", "Sales order lines V2.csv", 3, "INVENTORYLOTID")],
    ),
    "lot with a blank": (
        [head("A")],
        [line("A", 1, INVENTORYLOTID="L"), line("A", 2, INVENTORYLOTID="L ")],
        [("DUPLICATE", "A", "Sales order lines V2.csv", 3, "INVENTORYLOTID")],
    ),
    "sequence": (
        [head("A")],
        [line("A", 1), line("A", 1)],
        [("DUPLICATE", "A", "Sales order lines V2.csv", 3, "LINECREATIONSEQUENCENUMBER")],
    ),
}


@pytest.mark.parametrize(("headers", "lines", "expected"), TWICE.values(), ids=list(TWICE))
def test_a_duplicate_key_refuses_the_order_at_the_second_row(
    client: Client, headers: list[Fields], lines: list[Fields], expected: list[tuple[Any, ...]]
) -> None:
    job = upload(client, orders([*headers, head("B")], [*lines, line("B")]))
    assert job.refusals("code", "orderNumber", "file", "row", "columnName") == expected
    assert numbers(client) == ["B"]


def test_a_long_description_is_truncated_with_a_warning(world: Client, number: str) -> None:
    job = upload(world, orders([head(number)], [line(number, LINEDESCRIPTION="x" * 101)]))
    assert [(each["code"], each["columnName"]) for each in job.warnings] == [
        ("TOO_LONG", "LINEDESCRIPTION")
    ]
    assert only_line(world, number)["description"] == "x" * 100


PRICES: dict[str, tuple[Fields, Fields]] = {
    "price for a hundred": (
        {"SALESPRICE": 250, "SALESPRICEQUANTITY": 100},
        {"unitPrice": "2.5", "amountExcludingTax": "5"},
    ),
    "price quantity of zero": (
        {"SALESPRICEQUANTITY": 0},
        {"unitPrice": "10", "amountExcludingTax": "20"},
    ),
    "percent": (
        {"LINEDISCOUNTPERCENTAGE": 10},
        {"discountPercent": "10", "amountExcludingTax": "18"},
    ),
    "amount per unit": (
        {"LINEDISCOUNTAMOUNT": "1.5"},
        {"discountAmount": "3", "amountExcludingTax": "17"},
    ),
    "amount per price unit": (
        {"SALESPRICE": 250, "SALESPRICEQUANTITY": 10, "LINEDISCOUNTAMOUNT": 50},
        {"unitPrice": "25", "discountAmount": "10", "amountExcludingTax": "40"},
    ),
    "percents multiply": (
        {"LINEDISCOUNTPERCENTAGE": 10, "MULTILINEDISCOUNTPERCENTAGE": 20},
        {"discountPercent": "28", "amountExcludingTax": "14.4"},
    ),
    "amounts add": (
        {"LINEDISCOUNTAMOUNT": 1, "MULTILINEDISCOUNTAMOUNT": 2},
        {"discountAmount": "6", "amountExcludingTax": "14"},
    ),
}


@pytest.mark.parametrize(("columns", "expected"), PRICES.values(), ids=list(PRICES))
def test_prices_and_discounts_of_finance_operations_are_converted(
    world: Client, number: str, columns: Fields, expected: Fields
) -> None:
    files = orders([head(number)], [line(number, **columns)])
    assert upload(world, files).status == "SUCCEEDED"
    result = only_line(world, number)
    assert {name: result[name] for name in expected} == expected
    assert upload(world, files).counts == {"headersUnchanged": 1, "linesUnchanged": 1}


def test_a_different_amount_in_the_file_causes_a_warning_with_both_values(
    world: Client, number: str
) -> None:
    job = upload(
        world,
        orders(
            [head(number)], [line(number, 1, LINEAMOUNT="20"), line(number, 2, LINEAMOUNT="20.01")]
        ),
    )
    [warning] = job.warnings
    assert (warning["code"], warning["row"], warning["rejectedValue"]) == (
        "AMOUNT_DIFFERS",
        3,
        "20.01",
    )
    assert warning["message"] == "The line comes to 20, the file says 20.01."
    assert job.status == "SUCCEEDED"
