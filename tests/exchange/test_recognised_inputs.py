"""Small inputs that partners send, each with its right outcome (tests/data/files)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.importing import (
    DATA,
    Client,
    Files,
    Job,
    bring_in,
    gate,
    kept,
    load_empty,
    numbers,
    order,
    post,
    table,
    upload,
)

INPUTS = DATA / "files"
REFERENCE = DATA / "fo_data_package" / "reference"


def contents(folder: Path, pattern: str = "*") -> Files:
    return {path.name: path.read_bytes() for path in sorted(folder.glob(pattern))}


async def load_reference(database: Database) -> None:
    """A company in US dollars with the reference data of the package, and the currencies EUR and GBP."""
    await load_empty(database)
    currencies = table([{"code": "EUR"}, {"code": "GBP"}])
    await bring_in(database, contents(REFERENCE) | {"currencies.csv": currencies})


@pytest.fixture
def url(templates: Templates) -> str:
    return templates.copy("reference", load_reference)


@pytest.fixture
def client(url: str, tmp_path: Path) -> Iterator[Client]:
    with gate(url, tmp_path) as client:
        yield client


@pytest.fixture
def empty(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    """The gateway over a company with US dollars as its currency, and no other records."""
    with gate(templates.copy("empty", load_empty), tmp_path) as client:
        yield client


def skipped(job: Job) -> list[str]:
    return [each["file"] for each in job.warnings if each["code"] == "FILE_SKIPPED"]


def test_a_list_of_orders_never_changes_customers(client: Client, url: str) -> None:
    before = kept(url)
    response = post(client, contents(INPUTS / "list-overwrites-customers"))
    assert (response.status_code, response.json()["code"]) == (400, "FILE_REFUSED")
    assert response.json()["message"].startswith("All sales orders.csv")
    assert kept(url) == before


def test_charges_in_a_package_are_skipped_with_a_warning(client: Client) -> None:
    job = upload(client, contents(INPUTS / "charges-become-lines"))
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    assert skipped(job) == ["package.zip/Sales order header charges.xlsx"]
    [warning] = [each for each in job.warnings if each["code"] == "FILE_SKIPPED"]
    assert "'Sales order header charges'" in warning["message"]
    found = order(client, "T900")
    assert found is not None
    assert [line["item"]["number"] for line in found["lines"]] == ["1"]


def test_a_foreign_entity_does_not_keep_the_rest_of_a_package_out(client: Client) -> None:
    job = upload(client, contents(INPUTS / "unknown-entity-in-package"))
    assert job.status == "SUCCEEDED"
    assert job.counts == {"headersCreated": 1, "linesCreated": 1}
    assert skipped(job) == ["package.zip/Customer groups.xlsx"]


def test_folders_of_an_archive_may_be_separated_by_backslashes(client: Client) -> None:
    job = upload(client, contents(INPUTS / "backslash-zip"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 1})


def test_stray_files_of_an_archive_are_skipped_and_named(client: Client) -> None:
    job = upload(client, contents(INPUTS / "stray-file-in-zip"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 1})
    assert sorted(skipped(job)) == ["package.zip/README.txt", "package.zip/Thumbs.db"]


def test_the_rows_of_a_flat_file_are_grouped_by_order_number(client: Client) -> None:
    job = upload(client, contents(INPUTS / "flat-file"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 2})
    found = order(client, "T38")
    assert found is not None
    assert found["customer"]["number"] == "ALFKI"
    assert [(line["item"]["number"], line["unitPrice"]) for line in found["lines"]] == [
        ("1", "18"),
        ("11", "21"),
    ]


def test_composite_xml_has_lines_within_headers(client: Client) -> None:
    job = upload(client, contents(INPUTS / "composite-xml"))
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    found = order(client, "C1")
    assert found is not None
    assert [(line["item"]["number"], line["quantity"]) for line in found["lines"]] == [("1", "3")]


@pytest.mark.parametrize(
    ("name", "day"), [("Sales order headers V2.csv", "1"), ("package.zip", "1")]
)
def test_headers_with_a_number_and_one_field_patch_orders(
    client: Client, name: str, day: str
) -> None:
    folder = INPUTS / "partial-header-update"
    first = {path[2:]: content for path, content in contents(folder, "1 *").items()}
    assert upload(client, first).status == "SUCCEEDED"
    job = upload(client, {name: (folder / name).read_bytes()})
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersUpdated": 2})
    query = """{ salesOrders(sort: [{field: NUMBER, direction: ASC}]) { nodes {
      requestedDeliveryDate lines { item { number } quantity } } } }"""
    found = client.ask(query)["salesOrders"]["nodes"]
    month = "05" if name.endswith("csv") else "06"
    assert [each["requestedDeliveryDate"] for each in found] == [
        f"2026-{month}-01",
        f"2026-{month}-02",
    ]
    assert all(each["lines"] == [{"item": {"number": "1"}, "quantity": "3"}] for each in found)


def test_a_page_of_lines_joins_its_orders_by_their_ids(empty: Client) -> None:
    job = upload(empty, contents(INPUTS / "bc-lines-page"))
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    found = order(empty, "SO-1001")
    assert found is not None
    assert [(line["item"]["number"], line["quantity"]) for line in found["lines"]] == [
        ("1000", "5")
    ]
    assert found["totalAmountIncludingTax"] == "8062.5"
    assert numbers(empty) == ["SO-1001"]
