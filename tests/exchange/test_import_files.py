"""The files that an import recognises, and its messages about the others."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Templates
from tests.support.importing import (
    DATA,
    Client,
    gate,
    head,
    line,
    load_empty,
    order,
    orders,
    post,
    table,
    upload,
)
from tests.support.sap import sap_orders

SAMPLES = DATA / "bc_api_samples"
CENT = Decimal("0.01")


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


@pytest.fixture
def empty(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    """The gateway over a company with US dollars as its currency, and no other records."""
    with gate(templates.copy("empty", load_empty), tmp_path) as client:
        yield client


def test_an_unknown_column_causes_a_warning_that_names_the_nearest_one(client: Client) -> None:
    job = upload(client, orders([head("A", CURENCYCODE="EUR", SALESPOOLX="1")], [line("A")]))
    assert job.status == "SUCCEEDED"
    warnings = {each["columnName"]: (each["code"], each["message"]) for each in job.warnings}
    assert warnings["CURENCYCODE"][0] == "UNKNOWN_COLUMN"
    assert "CurrencyCode" in warnings["CURENCYCODE"][1]
    assert warnings["SALESPOOLX"][0] == "UNKNOWN_COLUMN"


def test_a_json_member_named_like_a_surplus_cell_is_an_unknown_column(
    client: Client,
) -> None:
    files = {"orders.json": b'{"number": "A", "customerNumber": "C1", "(column 3)": "x"}'}
    job = upload(client, files)
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    warnings = [(each["code"], each["columnName"]) for each in job.warnings]
    assert warnings == [("UNKNOWN_COLUMN", "(column 3)")]


def test_an_ambiguous_file_is_refused_until_it_is_named_after_its_content(client: Client) -> None:
    content = table([{"code": "X", "displayName": "Ten"}])
    response = post(client, {"codes.csv": content})
    assert response.status_code == 400
    for name in ("paymentTerms", "shipmentMethods", "unitsOfMeasure"):
        assert name in response.json()["message"]
    assert upload(client, {"payment-terms.csv": content}).counts == {"referencesCreated": 1}


def test_a_line_in_another_currency_than_its_order_is_refused(client: Client) -> None:
    files = orders([head("A", CURRENCYCODE="JPY")], [line("A", CURRENCYCODE="EUR")])
    assert upload(client, files).refusals("code", "columnName", "suggestions") == [
        ("CONFLICTING", "CURRENCYCODE", ["JPY"])
    ]


def test_a_line_in_another_currency_than_its_stored_order_is_refused(client: Client) -> None:
    upload(client, orders([head("A", CURRENCYCODE="JPY")], []))
    job = upload(client, orders([], [line("A", CURRENCYCODE="EUR")]))
    assert job.refusals("code", "columnName") == [("CONFLICTING", "CURRENCYCODE")]


def test_order_date_and_shipment_method_come_from_the_first_column_with_a_value(
    client: Client,
) -> None:
    headers = [
        head("A", ORDERCREATIONDATETIME="7/4/1996 12:00:00 AM", DELIVERYTERMSCODE="CIF"),
        head("B", DELIVERYMODECODE="CIF", CUSTOMERREQUISITIONNUMBER="R1"),
    ]
    assert upload(client, orders(headers, [])).status == "SUCCEEDED"
    assert order(client, "A")["orderDate"] == "1996-07-04"
    query = """{ salesOrders(sort: [{field: NUMBER, direction: ASC}]) {
      nodes { shipmentMethod { code } externalDocumentNumber } } }"""
    result = client.ask(query)["salesOrders"]["nodes"]
    assert [each["shipmentMethod"]["code"] for each in result] == ["CIF", "CIF"]
    assert result[1]["externalDocumentNumber"] == "R1"


def test_a_real_customer_export_is_imported_except_for_its_duplicate_number(
    empty: Client,
) -> None:
    """The file has one account in two companies, but an import belongs to a single company."""
    content = (DATA / "fo_data_package" / "Customers V3.csv").read_bytes()
    files = {
        "payment-terms.csv": table([{"code": "Net30", "displayName": "30 days net"}]),
        "Customers V3.csv": content,
    }
    job = upload(empty, files)
    assert job.refusals("code", "row", "columnName", "rejectedValue") == [
        ("DUPLICATE", 3, "CUSTOMERACCOUNT", "IMP-110143")
    ]
    assert job.counts == {"referencesCreated": 3, "referencesFailed": 1}
    query = "{ customers { nodes { number displayName address { city country } } } }"
    result = {node["number"]: node for node in empty.ask(query)["customers"]["nodes"]}
    assert result["IMP-110143"]["displayName"] == "Import - 110142-1"
    assert result["IMP-110143"]["address"] == {"city": "Redmond", "country": "US"}
    assert sorted(result) == ["IMP-110143", "IMP-910140"]


def test_customers_may_precede_their_payer_and_may_pay_for_themselves(
    empty: Client,
) -> None:
    rows = [
        {"number": " A ", "displayName": "A", "billToCustomerNumber": "Z"},
        {"number": "B", "displayName": "B", "billToCustomerNumber": " B"},
        {"number": "Z", "displayName": "Z", "billToCustomerNumber": "Z"},
    ]
    job = upload(empty, {"customers.csv": table(rows)})
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    assert job.counts == {"referencesCreated": 3}
    again = upload(empty, {"customers.csv": table(rows)})
    assert again.counts == {"referencesUnchanged": 3}


def sample(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return result


def test_the_samples_of_business_central_are_imported_with_their_reference_data(
    empty: Client,
) -> None:
    """The sample order has no lines, so the sample line is nested in it."""
    currency, item = (sample(f"v2.0_{name}_get_2_response") for name in ("currency", "item"))
    created = {"1896-S": item, "1996-S": item | {"number": "1996-S"}}
    references = {
        "currencies.json": json.dumps([currency, {"code": "GBP"}]).encode(),
        "items.json": json.dumps(list(created.values())).encode(),
        "units.csv": table([{"code": "PCS", "displayName": "Piece"}]),
        "tax-codes.csv": table([{"code": "FURNITURE", "displayName": "6 %", "percent": "6.00002"}]),
        "customers.csv": table([{"number": "10000", "displayName": "Adatum Corporation"}]),
    }
    job = upload(empty, references)
    assert job.refused == []
    header, sold = (
        sample(f"v2.0_{name}_response") for name in ("salesorder_get_2", "salesorderline_get_2")
    )
    job = upload(empty, {"orders.json": json.dumps(header | {"salesOrderLines": [sold]}).encode()})
    assert job.refused == []
    not_kept = {each["columnName"] for each in job.warnings if each["code"] == "NOT_KEPT"}
    assert {"id", "customerId", "itemId", "netAmount"} <= not_kept
    result = order(empty, "101005")
    [only] = result["lines"]
    assert (only["sequence"], only["amountExcludingTax"]) == (10000, "16767.6")
    assert result["totalTaxAmount"] == "1006.06"
    assert result["totalAmountIncludingTax"] == "17773.66"


def test_the_totals_of_sap_orders_with_prices_including_tax_match_those_of_sap(
    empty: Client,
) -> None:
    """The gross total is equal; net and tax differ by at most a cent, since the rate has five decimals."""
    references, files, stated = sap_orders()
    assert upload(empty, references).refused == []
    job = upload(empty, files)
    assert job.counts == {"headersCreated": 334, "linesCreated": 1930}
    result: dict[str, Any] = {}
    page = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = empty.ask(
            """query ($after: String) { salesOrders(first: 200, after: $after) {
            pageInfo { hasNextPage endCursor } nodes { number orderDate totalAmountExcludingTax
              totalTaxAmount totalAmountIncludingTax } } }""",
            after=page["endCursor"],
        )["salesOrders"]
        result |= {node["number"]: node for node in answer["nodes"]}
        page = answer["pageInfo"]
    assert len(result) == 334
    for row in stated:
        order = result[row["SALESORDERID"]]
        net, tax = Decimal(order["totalAmountExcludingTax"]), Decimal(order["totalTaxAmount"])
        assert Decimal(order["totalAmountIncludingTax"]) == Decimal(row["GROSSAMOUNT"])
        assert abs(net - Decimal(row["NETAMOUNT"])) <= CENT
        assert abs(tax - Decimal(row["TAXAMOUNT"])) <= CENT
        assert order["orderDate"].replace("-", "") == row["CREATEDAT"]


ORDER = {"number": "A", "customerNumber": "C1"}
NEXT = "https://example.com/salesOrders?$skiptoken=1"
PAGES: dict[str, tuple[Any, list[str]]] = {
    "the link after the orders": ({"value": [ORDER], "@odata.nextLink": NEXT}, ["MORE_PAGES"]),
    "the link before them": ({"@odata.nextLink": NEXT, "value": [ORDER]}, ["MORE_PAGES"]),
    "the lines of an order go on": (
        {"value": [ORDER | {"salesOrderLines": [], "salesOrderLines@odata.nextLink": NEXT}]},
        ["MORE_PAGES"],
    ),
    "no link": ({"@odata.context": "x", "value": [ORDER]}, []),
    "no link after the last page": ({"value": [ORDER], "@odata.nextLink": None}, []),
    "no link before the last page": ({"@odata.nextLink": None, "value": [ORDER]}, []),
}


@pytest.mark.parametrize(("page", "codes"), PAGES.values(), ids=list(PAGES))
def test_an_odata_page_that_is_not_the_last_causes_a_warning(
    client: Client, page: Any, codes: list[str]
) -> None:
    job = upload(client, {"orders.json": json.dumps(page).encode()})
    assert job.status == "SUCCEEDED"
    assert [warning["code"] for warning in job.warnings] == codes
    assert all("not in the file" in warning["message"] for warning in job.warnings)
