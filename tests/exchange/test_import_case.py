"""An import finds orders, customers and codes in any case, and keeps them as they were first written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.importing import Client, gate, head, line, order, orders, upload


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


def test_an_order_is_found_in_any_case_and_keeps_the_number_that_it_was_given_first(
    client: Client,
) -> None:
    first = orders([head("Sale-A")], [line("SALE-a", SALESUNITSYMBOL="pcs", ITEMNUMBER="i0010")])
    assert upload(client, first).status == "SUCCEEDED"
    again = orders([head("sale-a", EMAIL="a@example.com")], [line("Sale-a", CURRENCYCODE="eur")])
    job = upload(client, again)
    assert (job.status, job.counts.get("headersUpdated")) == ("SUCCEEDED", 1)
    found = order(client, "SALE-A")
    assert found is not None
    assert (found["number"], len(found["lines"])) == ("Sale-A", 1)


def test_a_customer_is_updated_in_any_case_and_keeps_its_number(client: Client) -> None:
    upload(client, {"customers.csv": b"number,displayName\nc1,Other Name\n"})
    found = client.ask(
        '{ customers(filter: {displayName: {eq: "Other Name"}}) { nodes { number } } }'
    )
    assert found["customers"]["nodes"] == [{"number": "C1"}]


def test_two_new_records_whose_codes_differ_only_in_case_are_one_code_twice(
    client: Client,
) -> None:
    job = upload(client, {"units-of-measure.csv": b"code,displayName\nKg,Kilo\nKG,Kilo\n"})
    assert job.refusals("code") == [("DUPLICATE",)]
