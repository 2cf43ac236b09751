"""The units of items in imports and exports (RULES.md 3.3 and 7.1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.pool import NullPool

from gateway.demo.northwind import load_demo
from gateway.exchange.exports.export_request import ExportFormat
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.exporting import exported, imported
from tests.support.importing import Job, gate, load_empty, table, upload
from tests.support.served import Client

UNITS = """{ items { nodes { number unitsOfMeasure { quantityPerUnit
  unitOfMeasure { code isWhole } } } } }"""
CODES = table([{"code": code, "displayName": code} for code in ("EA", "BOX", "BAG")])
TEA = {"number": "TEA", "displayName": "Tea", "baseUnitOfMeasureCode": "EA"}
ITEMS = table([{**TEA, "salesUnitOfMeasureCode": "BOX"}])
FACTORS = [
    {"itemNumber": "TEA", "unitOfMeasureCode": "BOX", "quantityPerUnit": "12"},
    {"itemNumber": "TEA", "unitOfMeasureCode": "BAG", "quantityPerUnit": "0.5"},
]


@pytest.fixture
def client(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    with gate(templates.copy("empty_company", load_empty), tmp_path) as client:
        yield client


def units(client: Client) -> dict[tuple[str, str], str | None]:
    """The quantity per unit of each unit of each item."""
    return {
        (item["number"], unit["unitOfMeasure"]["code"]): unit["quantityPerUnit"]
        for item in client.ask(UNITS)["items"]["nodes"]
        for unit in item["unitsOfMeasure"]
    }


def bring(client: Client, **files: bytes) -> Job:
    return upload(client, {f"{name.replace('_', '-')}.csv": rows for name, rows in files.items()})


def test_an_imported_item_lists_its_base_unit_and_its_sales_unit(client: Client) -> None:
    bring(client, units=CODES, items=ITEMS)
    assert units(client) == {("TEA", "EA"): "1", ("TEA", "BOX"): None}


def test_units_of_items_are_imported_with_their_factors(client: Client) -> None:
    job = bring(client, units=CODES, items=ITEMS, item_units=table(FACTORS))
    assert job.status == "SUCCEEDED", job
    assert units(client) == {("TEA", "EA"): "1", ("TEA", "BOX"): "12", ("TEA", "BAG"): "0.5"}
    again = bring(client, item_units=table([*FACTORS[:1], {**FACTORS[1], "quantityPerUnit": 2}]))
    assert again.counts == {"referencesUnchanged": 1, "referencesUpdated": 1}
    assert units(client)["TEA", "BAG"] == "2"


def test_a_file_that_changes_the_units_of_an_item_changes_its_etag_once(client: Client) -> None:
    """Two new units count as one change, and a file without changes does not change the etag."""

    def etags() -> list[str]:
        return [
            item["etag"] for item in client.ask("{ items { nodes { etag } } }")["items"]["nodes"]
        ]

    bring(client, units=CODES, items=ITEMS)
    assert etags() == ["1"]
    bring(client, item_units=table(FACTORS))
    assert etags() == ["2"]
    bring(client, item_units=table(FACTORS))
    assert etags() == ["2"]
    bring(client, item_units=table([{**FACTORS[0], "quantityPerUnit": "24"}]))
    assert etags() == ["3"]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"quantityPerUnit": "0"}, "OUT_OF_RANGE"),
        ({"quantityPerUnit": "-1"}, "OUT_OF_RANGE"),
        ({"quantityPerUnit": "0.000001"}, "OUT_OF_RANGE"),
        ({"unitOfMeasureCode": "EA", "quantityPerUnit": "2"}, "CONFLICTING"),
        ({"unitOfMeasureCode": "NOPE"}, "NOT_FOUND"),
        ({"itemNumber": "NOPE"}, "NOT_FOUND"),
        ({"itemNumber": ""}, "REQUIRED"),
    ],
)
def test_an_invalid_unit_of_an_item_is_refused(
    client: Client, cells: dict[str, str], code: str
) -> None:
    bring(client, units=CODES, items=ITEMS)
    job = bring(client, item_units=table([{**FACTORS[0], **cells}]))
    assert job.refusals("code") == [(code,)]
    assert units(client) == {("TEA", "EA"): "1", ("TEA", "BOX"): None}


def test_two_rows_for_one_unit_of_an_item_are_refused(client: Client) -> None:
    bring(client, units=CODES, items=ITEMS)
    job = bring(client, item_units=table([FACTORS[0], FACTORS[0]]))
    assert job.refusals("code") == [("DUPLICATE",)]


def test_a_new_base_unit_clears_the_factors_of_the_old_one(client: Client) -> None:
    bring(client, units=CODES, items=ITEMS, item_units=table(FACTORS))
    bring(client, items=table([{**TEA, "baseUnitOfMeasureCode": "BAG"}]))
    assert units(client) == {("TEA", "EA"): None, ("TEA", "BOX"): None, ("TEA", "BAG"): "1"}


@pytest.fixture
def demo(templates: Templates) -> Database:
    return Database(templates.copy("demo", load_demo), poolclass=NullPool)


@pytest.fixture
def other(templates: Templates) -> Database:
    return Database(templates.copy("empty_company", load_empty), poolclass=NullPool)


@pytest.mark.anyio
async def test_the_units_of_items_survive_an_export_and_an_import(
    demo: Database, other: Database, tmp_path: Path
) -> None:
    """All 77 items of the demo have their base unit, and 68 the piece as well."""
    path = tmp_path / "everything.zip"
    path.write_bytes(await exported(demo, Dataset.EVERYTHING))
    job, _ = await imported(other, path)
    assert job.problems == 0
    before, after = [await _rows(each) for each in (demo, other)]
    await demo.dispose()
    await other.dispose()
    assert len(before) == 77 + 68
    assert after == before


async def _rows(database: Database) -> list[str]:
    file = await exported(database, Dataset.ITEM_UNITS, ExportFormat.CSV)
    heading, *rows = file.decode().splitlines()
    assert heading.lstrip("\ufeff") == "itemNumber,unitOfMeasureCode,quantityPerUnit"
    return sorted(rows)
