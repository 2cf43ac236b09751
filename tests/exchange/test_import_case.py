"""An import matches orders, customers and codes in any case without changing them, and reads addresses
in every spelling."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.importing import Client, gate, head, line, order, orders, upload


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


def test_an_order_matches_in_any_case_and_its_number_does_not_change(
    client: Client,
) -> None:
    first = orders([head("Sale-A")], [line("SALE-a", SALESUNITSYMBOL="pcs", ITEMNUMBER="i0010")])
    assert upload(client, first).status == "SUCCEEDED"
    again = orders([head("sale-a", EMAIL="a@example.com")], [line("Sale-a", CURRENCYCODE="eur")])
    job = upload(client, again)
    assert (job.status, job.counts.get("headersUpdated")) == ("SUCCEEDED", 1)
    result = order(client, "SALE-A")
    assert result is not None
    assert (result["number"], len(result["lines"])) == ("Sale-A", 1)


def test_a_customer_matches_in_any_case_and_its_number_does_not_change(client: Client) -> None:
    upload(client, {"customers.csv": b"number,displayName\nc1,Other Name\n"})
    result = client.ask(
        '{ customers(filter: {displayName: {eq: "Other Name"}}) { nodes { number } } }'
    )
    assert result["customers"]["nodes"] == [{"number": "C1"}]


def test_codes_that_differ_only_in_case_are_duplicates(
    client: Client,
) -> None:
    job = upload(client, {"units-of-measure.csv": b"code,displayName\nKg,Kilo\nKG,Kilo\n"})
    assert job.refusals("code") == [("DUPLICATE",)]


def test_an_import_translates_countries_and_refuses_unknown_ones(client: Client) -> None:
    upload(client, {"customers.csv": b"number,displayName,country\nN1,New,DEU\nN2,New,Germany\n"})
    result = client.ask(
        '{ customers(filter: {address: {country: {eq: "DE"}}}) { nodes { number } } }'
    )
    assert result["customers"]["nodes"] == [{"number": "N1"}, {"number": "N2"}]
    job = upload(client, {"customers.csv": b"number,displayName,country\nN3,New,Elbonia\n"})
    assert job.refusals("code", "rejectedValue") == [("INVALID", "Elbonia")]
    files = orders([head("A", DELIVERYADDRESSCOUNTRYREGIONID="fra")], [line("A")])
    assert upload(client, files).status == "SUCCEEDED"


@pytest.mark.parametrize("nesting", ["billToAddress", "billingPostalAddress"])
def test_a_json_import_sets_the_bill_to_address(client: Client, nesting: str) -> None:
    country = "country" if nesting == "billToAddress" else "countryLetterCode"
    given = {"number": "A", "customerNumber": "C1", nesting: {"city": "York", country: "gbr"}}
    content = json.dumps({"value": [given]}).encode()
    assert upload(client, {"salesOrders.json": content}).status == "SUCCEEDED"
    result = client.ask(
        '{ salesOrderByNumber(number: "a") { billToAddress { city country addressLine1 } } }'
    )
    place = {"city": "York", "country": "GB", "addressLine1": None}
    assert result["salesOrderByNumber"]["billToAddress"] == place
