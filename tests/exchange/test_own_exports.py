"""Our own exports: random orders in every format, values that a format cannot contain, and exports of
earlier versions."""

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.demo.northwind import load_demo
from gateway.exchange.exports.export_request import ExportFormat, ExportRequest
from gateway.exchange.exports.export_stream import open_download
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.import_jobs import ImportJobStatus
from gateway.storage.tables.reference_data import CustomerRow, ItemRow, TaxCodeRow
from gateway.storage.tables.sales_orders import SalesOrderRow, SalesOrderStatus
from gateway.storage.transactions import read_only
from tests.support.databases import Templates
from tests.support.exporting import exported, imported, stored
from tests.support.paths import DATA
from tests.support.random_orders import load_random_orders
from tests.support.world import load_world

SUFFIXES = {
    ExportFormat.FO_PACKAGE: "zip",
    ExportFormat.CSV: "zip",
    ExportFormat.XLSX: "zip",
    ExportFormat.BC_JSON: "json",
    ExportFormat.JSON_LINES: "jsonl",
}
SEED, FEW = 7, 60


async def load_few(database: Database) -> None:
    await load_random_orders(database, SEED, FEW)


async def load_many(database: Database) -> None:
    await load_random_orders(database, SEED + 1, 1000)


@pytest.fixture
def few(templates: Templates) -> Database:
    return Database(templates.copy("few_random_orders", load_few), poolclass=NullPool)


@pytest.fixture
def many(templates: Templates) -> Database:
    return Database(templates.copy("many_random_orders", load_many), poolclass=NullPool)


@pytest.fixture
def world(templates: Templates) -> Database:
    """The world without orders."""
    return Database(templates.copy("world", load_world), poolclass=NullPool)


@pytest.fixture
def demo_database(templates: Templates) -> Database:
    return Database(templates.copy("demo", load_demo), poolclass=NullPool)


async def _check_round_trip(
    full: Database, empty: Database, folder: Path, form: ExportFormat
) -> None:
    path = folder / f"orders.{SUFFIXES[form]}"
    path.write_bytes(await exported(full, form=form))
    job, _ = await imported(empty, path)
    result, expected = await stored(empty), await stored(full)
    assert (job.status, job.problems) == (ImportJobStatus.SUCCEEDED, 0)
    assert result["sales_orders"] == expected["sales_orders"]
    assert result["sales_order_lines"] == expected["sales_order_lines"]


@pytest.mark.anyio
@pytest.mark.parametrize("form", list(SUFFIXES))
async def test_random_orders_survive_an_export_and_an_import_in_every_format(
    few: Database, world: Database, tmp_path: Path, form: ExportFormat
) -> None:
    await _check_round_trip(few, world, tmp_path, form)


@pytest.mark.anyio
@pytest.mark.full
@pytest.mark.parametrize("form", list(SUFFIXES))
async def test_a_thousand_random_orders_survive_an_export_and_an_import(
    many: Database, world: Database, tmp_path: Path, form: ExportFormat
) -> None:
    await _check_round_trip(many, world, tmp_path, form)


async def losses(database: Database, form: ExportFormat) -> dict[str, int]:
    download = await open_download(database, ScopeRequest(), ExportRequest(format=form))
    await download.close()
    return {loss.field: loss.count for loss in download.losses}


@pytest.mark.anyio
@pytest.mark.parametrize("form", list(SUFFIXES))
async def test_an_export_counts_outdated_copies_and_nothing_else(
    few: Database, form: ExportFormat
) -> None:
    assert await losses(few, form) == {}
    before = await stored(few)
    async with few.write() as session:
        for model, key, values in (
            (CustomerRow, "C1", {"display_name": "New name", "contact_id": "new"}),
            (ItemRow, "NO-DISCOUNT", {"allow_invoice_discount": True}),
            (TaxCodeRow, "S20", {"percent": Decimal(22)}),
        ):
            name = "code" if model is TaxCodeRow else "number"
            column = model.__table__.c[name]
            await session.execute(sa.update(model).where(column == key).values(values))
    of_customer = [row for row in before["sales_orders"] if row["customer_id"] == "C1"]
    paid = [row for row in before["sales_orders"] if row["bill_to_customer_id"] == "C1"]
    lines = before["sales_order_lines"]
    assert await losses(few, form) == {
        "customerName": len(of_customer),
        "contactId": len(of_customer),
        "billToName": len(paid),
        "taxPercent": sum(line["tax_code_id"] == "S20" for line in lines),
        "allowInvoiceDiscount": sum(line["item_id"] == "NO-DISCOUNT" for line in lines),
    }


@pytest.mark.anyio
async def test_a_fully_invoiced_order_of_business_central_is_invoiced(
    demo_database: Database,
) -> None:
    """Business Central shows its status as Open."""
    path = DATA / "files" / "25-own-bc-json-invoiced" / "salesOrders.json"
    job, _ = await imported(demo_database, path)
    assert (job.status, job.problems) == (ImportJobStatus.SUCCEEDED, 0)
    async with read_only(demo_database, ScopeRequest()) as writer:
        [order] = await writer.find(SalesOrderRow, {"number": {"SO-000004"}})
    assert (order.status, order.fully_shipped) == (SalesOrderStatus.INVOICED, True)
    assert order.total_amount_including_tax == Decimal("298.73")


@pytest.mark.anyio
async def test_a_charge_of_a_package_without_our_columns_is_refused_with_its_order(
    demo_database: Database,
) -> None:
    """Earlier versions had no column for charges; the line looks like a comment with a price."""
    path = DATA / "files" / "24-own-fo-package-with-charge" / "fo.zip"
    job, counts = await imported(demo_database, path)
    assert counts == {"headers_failed": 1, "lines_failed": 4}
    async with read_only(demo_database, ScopeRequest()) as writer:
        problems, _ = await writer.staging.first_problems(job.id, 10, is_warning=False)
    assert {(problem.row, problem.code) for problem in problems} == {(5, "CONFLICTING")}
