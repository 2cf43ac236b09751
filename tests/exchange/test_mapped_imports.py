"""Imports of foreign files with a mapping: the shipped examples, and mistakes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.imports.import_request import ImportRequest
from gateway.exchange.imports.runner import Runner
from gateway.exchange.mappings.mapping_file import read_mapping
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from tests.support.databases import Templates
from tests.support.default_rules import RULES
from tests.support.importing import (
    DATA,
    Client,
    Files,
    bring_in,
    ended,
    gate,
    load_empty,
    order,
    post,
    upload,
    written,
)
from tests.support.paths import ROOT

EXAMPLES = ROOT / "gateway" / "exchange" / "mappings" / "examples"
FOREIGN = DATA / "foreign"
LONGEST_EXAMPLE = 25
"""Lines."""

Lines = list[tuple[str, str, str, str]]
ORDERS: dict[str, dict[str, tuple[str, str, str, Lines]]] = {
    "shopify": {
        "#1001": (
            "RELEASED",
            "2026-03-04",
            "55.5",
            [("MUG", "2", "18", "36"), ("POT", "1", "24.5", "24.5")],
        ),
        "#1002": ("DRAFT", "2026-03-05", "54", [("MUG", "3", "18", "54")]),
    },
    "woocommerce": {
        "5001": (
            "RELEASED",
            "2026-03-04",
            "60.5",
            [("MUG", "2", "18", "36"), ("POT", "1", "24.5", "24.5")],
        ),
        "5002": ("PAID", "2026-03-05", "98", [("POT", "4", "24.5", "98")]),
    },
    "odoo": {
        "S00021": (
            "RELEASED",
            "2026-03-04",
            "211",
            [("MUG", "10", "18", "162"), ("POT", "2", "24.5", "49")],
        ),
        "S00022": ("DRAFT", "2026-03-05", "24.5", [("POT", "1", "24.5", "24.5")]),
    },
    "sap": {
        "0000004711": (
            "DRAFT",
            "2026-03-04",
            "289.5",
            [("MUG", "12", "18", "216"), ("POT", "3", "24.5", "73.5")],
        ),
        "0000004712": ("DRAFT", "2026-03-06", "1800", [("MUG", "100", "18", "1800")]),
    },
}
"""The orders of the samples by number: status, date, total, and the item, quantity, price and amount of
each line. The totals are those in the files."""


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


async def load_shop(database: Database) -> None:
    """A company with the records that the foreign samples refer to."""
    await load_empty(database)
    await bring_in(database, files_of(FOREIGN / "reference"))


@pytest.fixture
def shop(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    with gate(templates.copy("shop", load_shop), tmp_path) as client:
        yield client


def stored(client: Client, number: str) -> tuple[Any, ...]:
    result = order(client, number)
    assert result is not None
    lines = [
        (line["item"]["number"], line["quantity"], line["unitPrice"], line["amountExcludingTax"])
        for line in result["lines"]
    ]
    return result["status"], result["orderDate"], result["totalAmountExcludingTax"], lines


@pytest.mark.parametrize("system", ORDERS)
def test_a_shipped_mapping_imports_the_orders_of_a_foreign_system(
    shop: Client, system: str
) -> None:
    mapping = (EXAMPLES / f"{system}.toml").read_bytes()
    job = upload(shop, files_of(FOREIGN / system), mapping)
    assert (job.refused, job.status) == ([], "SUCCEEDED")
    assert {number: stored(shop, number) for number in ORDERS[system]} == ORDERS[system]


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_a_shipped_mapping_is_short_and_tested(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_EXAMPLE
    assert path.stem in ORDERS


def test_a_shipped_mapping_imports_the_discount_and_the_address_of_an_order(shop: Client) -> None:
    upload(shop, files_of(FOREIGN / "shopify"), (EXAMPLES / "shopify.toml").read_bytes())
    result = order(shop, "#1001")
    assert result is not None
    assert (result["customer"]["number"], result["currency"]["code"]) == ("WEBSHOP", "EUR")
    assert (result["discountAmount"], result["discountPercent"]) == ("5", None)


def test_the_report_of_a_job_states_how_a_mapped_file_is_read(shop: Client) -> None:
    mapping = (EXAMPLES / "sap.toml").read_bytes()
    response = post(shop, files_of(FOREIGN / "sap"), mapping=mapping)
    headers = {
        "name": "VBAK.csv",
        "entity": "Sales order headers V2",
        "reason": "The mapping states the entity.",
        "format": "CSV",
        "encoding": "utf-8",
        "separator": ";",
        "dateOrder": "DMY",
        "decimalSign": ",",
        "columnsUsed": ["VBELN", "AUDAT", "KUNNR", "WAERK", "BSTNK"],
        "columnsSkipped": ["ERDAT", "VBTYP", "AUART", "VKORG", "NETWR"],
    }
    assert response.json()["files"][0] == headers
    assert ended(shop, response.json()["id"]).files[0] == headers | {"rows": 2}


def test_the_report_of_a_job_states_which_files_are_skipped_and_why(shop: Client) -> None:
    job = upload(
        shop,
        {"units.csv": b"code,displayName,Noise\nBOX,box,1\n", "invoices.csv": b"a,b\n1,2\n"},
        dryRun="true",
    )
    units, invoices = job.files
    assert (units["reason"], units["rows"]) == ("The name states the entity.", 1)
    assert (units["columnsUsed"], units["columnsSkipped"]) == (["code", "displayName"], ["Noise"])
    assert (invoices["entity"], invoices["rows"]) == (None, None)
    assert invoices["reason"].startswith("Skipped: it is named 'invoices'")


TINY = b"""[[files]]
pattern = "a.csv"
entity = "items"
[files.columns]
Sku = "number"
Title = "displayName"
[files.values]
displayName = { "" = "unnamed" }
[files.constants]
baseUnitOfMeasureCode = "PCS"
"""


def test_messages_name_the_headings_of_the_file_and_the_constants(shop: Client) -> None:
    mapping = TINY.replace(b"PCS", b"BOX") + b"type = 'Gadget'"
    job = upload(shop, {"a.csv": b"Sku,Title,Noise\nA,Apple,x\n"}, mapping)
    assert job.refusals("columnName", "code") == [
        ("type (constant)", "INVALID"),
        ("baseUnitOfMeasureCode (constant)", "NOT_FOUND"),
    ]
    assert job.warnings == []


def test_a_mapping_also_refuses_cells_beyond_the_headings(
    shop: Client,
) -> None:
    job = upload(shop, {"a.csv": b"Sku,Title\nA,Apple,x\nB,\n"}, TINY)
    assert job.refusals("row", "code") == [(2, "INVALID")]
    assert job.counts == {"referencesCreated": 1, "referencesFailed": 1}
    result = shop.ask('{ items(filter: { number: { eq: "B" } }) { nodes { displayName } } }')
    assert result["items"]["nodes"] == [{"displayName": "unnamed"}]


def test_the_error_report_of_a_mapped_file_can_be_imported_without_the_mapping(
    shop: Client,
) -> None:
    job = upload(shop, {"a.csv": b"Sku,Title\nA,Apple\n"}, TINY.replace(b"PCS", b"BOX"))
    report = shop.http.get(f"{shop.url}/imports/{job.fields['id']}/refused").text
    corrected = report.replace("BOX", "PCS").encode()
    again = upload(shop, {"items.csv": corrected})
    assert again.counts == {"referencesCreated": 1}


REFUSED: dict[str, tuple[Files, bytes, str, str]] = {
    "mistake": (
        {"a.csv": b"Sku\n1\n"},
        TINY.replace(b'"number"', b'"numbr"'),
        "BAD_MAPPING",
        "mapping.toml has a mistake: files[1].columns.Sku names 'numbr', which items does not have; the"
        " nearest is number.",
    ),
    "no file": (
        {"b.csv": b"Sku\n1\n"},
        TINY,
        "BAD_MAPPING",
        "mapping.toml matches none of the files: its patterns are a.csv.",
    ),
    "no column": (
        {"a.csv": b"SKU,Tital\n1,x\n"},
        TINY,
        "FILE_REFUSED",
        "a.csv lacks the column 'Title' of the mapping; the nearest is 'Tital'.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_of_a_mapping_refuses_the_upload(shop: Client, name: str) -> None:
    files, mapping, code, message = REFUSED[name]
    response = post(shop, files, mapping=mapping)
    assert response.status_code == 400
    assert response.json() == {"code": code, "message": message}


async def stopped_and_resumed(url: str, folder: Path) -> None:
    """Accept the files of Odoo, stop before a row is staged, and resume in another runner."""
    database = Database(url)
    mapping = read_mapping("odoo.toml", (EXAMPLES / "odoo.toml").read_bytes())
    (folder / "sent").mkdir()
    paths = written(folder / "sent", files_of(FOREIGN / "odoo"))
    runner = Runner(database, RULES, folder / "uploads")
    await runner.accept(ScopeRequest(), paths, ImportOptions(), ImportRequest(), mapping)
    await runner.close()
    other = Runner(database, RULES, folder / "uploads")
    await other.resume()
    await asyncio.gather(*other._runs.values())
    await database.dispose()


def test_a_job_that_resumes_after_a_restart_uses_its_mapping(
    templates: Templates, tmp_path: Path
) -> None:
    url = templates.copy("shop", load_shop)
    asyncio.run(stopped_and_resumed(url, tmp_path))
    with gate(url, tmp_path) as client:
        assert stored(client, "S00021") == ORDERS["odoo"]["S00021"]
