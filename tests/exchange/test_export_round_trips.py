"""Round trips: importing an export restores the same data."""

import datetime as dt
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.pool import NullPool

from gateway.exchange.exports.export_request import ExportFormat
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.orders.fields import Reference
from gateway.orders.service import carry_out_transition, create
from gateway.orders.transitions import Transition
from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.import_jobs import ImportJobStatus
from gateway.storage.tables.reference_data import AccountRow, CustomerRow, ItemRow
from gateway.storage.tables.sales_orders import SalesOrderLineType
from gateway.storage.transactions import writing
from gateway.storage.writing import Writer
from tests.support.databases import Templates
from tests.support.default_rules import RULES
from tests.support.exporting import exported, imported, stored, without
from tests.support.northwind import load_drafts
from tests.support.sap import load_sap
from tests.support.world import COMPANY, load_world

Way = tuple[tuple[Transition, dict[int, str] | None], ...]
"""Transitions, each with quantities by the position of the line."""

RELEASED: Way = ((Transition.RELEASE, None),)
SOME: Way = (*RELEASED, (Transition.SHIP, {0: "2", 1: "0.5"}))
PARTLY_INVOICED: Way = (*SOME, (Transition.INVOICE, {0: "1"}))
DELIVERED: Way = (*RELEASED, (Transition.SHIP, None))
INVOICED: Way = (*DELIVERED, (Transition.INVOICE, None))
HELD: Way = ((Transition.HOLD, None),)
REVIEWED: Way = ((Transition.SUBMIT_FOR_REVIEW, None),)
WAYS: dict[str, Way] = {
    "DRAFT": (),
    "DRAFT-HELD": HELD,
    "DRAFT-SHIPPED": (*SOME, (Transition.REOPEN, None)),
    "DRAFT-INVOICED": (*PARTLY_INVOICED, (Transition.REOPEN, None)),
    "REVIEW": REVIEWED,
    "REVIEW-HELD": (*REVIEWED, *HELD),
    "OPEN": (*REVIEWED, (Transition.APPROVE, None)),
    "OPEN-SHIPPED": (*SOME, (Transition.REOPEN, None), *REVIEWED, (Transition.APPROVE, None)),
    "RELEASED": RELEASED,
    "RELEASED-HELD": (*RELEASED, *HELD),
    "RELEASED-SHIPPED": SOME,
    "RELEASED-INVOICED": (*PARTLY_INVOICED, *HELD),
    "DELIVERED": DELIVERED,
    "INVOICED": INVOICED,
    "INVOICED-HELD": (*INVOICED, *HELD),
    "PAID": (*INVOICED, (Transition.REGISTER_PAYMENT, None)),
    "PAID-HELD": (*INVOICED, *HELD, (Transition.REGISTER_PAYMENT, None)),
    "CANCELLED": ((Transition.CANCEL, None),),
    "CANCELLED-HELD": (*HELD, (Transition.CANCEL, None)),
}


def number(value: str) -> Reference:
    return Reference("number", value)


def code(value: str) -> Reference:
    return Reference("code", value)


def amounts(**given: str) -> dict[str, Any]:
    return {name: Decimal(value) for name, value in given.items()}


LINES: list[dict[str, Any]] = [
    {"item": number("I0010"), **amounts(quantity="5", discount_percent="12.5")},
    {"item": number("I0007"), **amounts(quantity="3", unit_price="3.33333")},
    {"item": number("BOXED"), **amounts(quantity="3", unit_price="999", discount_amount="0.01")},
    {"item": number("NO-DISCOUNT"), "description": None, "tax_code": None, **amounts(quantity="1")},
    {
        "account": number("6110"),
        "description2": "by agreement",
        **amounts(quantity="1", unit_price="7"),
    },
    *(
        {
            "line_type": kind,
            "line_object_number": kind.name,
            **amounts(quantity="2", unit_price="9"),
        }
        for kind in (
            SalesOrderLineType.RESOURCE,
            SalesOrderLineType.FIXED_ASSET,
            SalesOrderLineType.CHARGE,
        )
    ),
    {"description": "=1+1 is a comment, 'quoted' \"twice\"; and more"},
]
FEW = LINES[:2]
DAY = dt.date(2026, 3, 1)
HEADERS: dict[str, dict[str, Any]] = {
    "AMOUNT": amounts(discount_amount="10"),
    "PERCENT": amounts(discount_percent="7.5"),
    "NO-PERCENT": amounts(discount_percent="0"),
    "CLEARED": {
        "payment_terms": None,
        "shipment_method": None,
        "salesperson": None,
        "email": None,
        "phone_number": None,
        "ship_to_name": None,
        "ship_to_contact": None,
        "sell_to_address": None,
        "requested_delivery_date": None,
    },
    "GIVEN": {
        "external_document_number": "'=A1",
        "order_date": DAY,
        "posting_date": DAY + dt.timedelta(1),
        "requested_delivery_date": DAY + dt.timedelta(2),
        "partial_shipping": False,
        "ship_to_name": "@home",
        "ship_to_address": {"city": "Zürich", "country": "CH"},
        "email": "a@b.example",
    },
    "GROSS": {"customer": number("WITH-TAX"), **amounts(discount_amount="3")},
    "PAYER": {"customer": number("PAID-BY-OTHER")},
    "JPY": {"customer": number("IN-YEN")},
    "KWD": {"currency": code("KWD"), **amounts(discount_percent="3.333")},
}


def change(name: str, lines: list[dict[str, Any]], **header: Any) -> dict[str, Any]:
    priced = [{"unit_price": Decimal(11), **line} if "item" in line else line for line in lines]
    return {
        "number": name,
        "customer": number("C1"),
        "lines": [{**line, "inventory_lot_id": f"LOT{place}"} for place, line in enumerate(priced)],
        **header,
    }


OTHERS = 4
"""Orders that `load_history` adds to those of WAYS and HEADERS."""


async def load_history(database: Database) -> None:
    """The world with orders of every kind in every state, some of whose records are blocked afterwards."""
    await load_world(database)
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        for name, way in WAYS.items():
            await _follow(writer, name, LINES, way)
        for name, header in HEADERS.items():
            await create(writer, change(name, LINES, **header), RULES)
        await create(writer, change("EMPTY", []), RULES)
        returned = [{**FEW[0], **amounts(quantity="-2")}]
        await create(writer, change("RETURN", returned), RULES)
        planned = [{**FEW[0], **amounts(ship_quantity="4", invoice_quantity="3")}]
        await create(writer, change("PLANNED", planned), RULES)
        await _follow(writer, "PLANNED-SHIPPED", planned, (*RELEASED, (Transition.SHIP, {0: "2"})))
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        for model, key in ((ItemRow, "I0010"), (AccountRow, "6110"), (CustomerRow, "C1")):
            [row] = await writer.find(model, {"number": {key}})
            row.blocked = "ALL" if model is CustomerRow else True  # type: ignore[attr-defined]


async def _follow(writer: Writer, name: str, lines: list[dict[str, Any]], way: Way) -> None:
    order = (await create(writer, change(name, lines), RULES)).order
    for event, given in way:
        keys = [line.id for line in order.lines]
        quantities = given and [(keys[place], Decimal(much)) for place, much in given.items()]
        await carry_out_transition(writer, order.id, event, None, quantities)


def copied(templates: Templates, name: str, fill: Callable[[Database], Awaitable[Any]]) -> Database:
    return Database(templates.copy(name, fill), poolclass=NullPool)


@pytest.fixture
def history(templates: Templates) -> Database:
    return copied(templates, "history", load_history)


@pytest.fixture
def new_world(templates: Templates) -> Database:
    """The company of the world without any records."""
    return copied(templates, "new_world", lambda new: create_company(new, COMPANY, "EUR"))


@pytest.mark.anyio
async def test_a_full_export_imported_into_an_empty_database_recreates_the_original(
    history: Database, new_world: Database, tmp_path: Path
) -> None:
    path = tmp_path / "everything.zip"
    path.write_bytes(await exported(history, Dataset.EVERYTHING))
    job, counts = await imported(new_world, path)
    result, expected = await stored(new_world), await stored(history)
    assert counts["headers_created"] == len(WAYS) + len(HEADERS) + OTHERS
    assert (job.status, job.problems) == (ImportJobStatus.SUCCEEDED, 0)
    for table, rows in expected.items():
        assert rows, table
        assert result[table] == rows


@pytest.mark.anyio
@pytest.mark.parametrize(
    "form",
    [
        ExportFormat.FO_PACKAGE,
        ExportFormat.JSON_LINES,
        pytest.param(ExportFormat.CSV, marks=pytest.mark.full),
    ],
)
async def test_orders_exported_and_imported_into_the_same_database_change_nothing(
    history: Database, tmp_path: Path, form: ExportFormat
) -> None:
    before = await stored(history)
    path = tmp_path / ("o.jsonl" if form is ExportFormat.JSON_LINES else "o.zip")
    path.write_bytes(await exported(history, form=form))
    _, counts = await imported(history, path)
    assert set(counts) == {"headers_unchanged", "lines_unchanged"}
    assert counts["headers_unchanged"] == len(WAYS) + len(HEADERS) + OTHERS
    assert await stored(history) == before


HEADER_COLUMNS = (
    *("number", "customer_id", "bill_to_customer_id", "currency_id", "external_document_number"),
    *("order_date", "requested_delivery_date", "prices_include_tax", "payment_terms_id"),
    *(
        "shipment_method_id",
        "discount_percent",
        "discount_amount",
        "salesperson",
        "email",
        "status",
    ),
    *("on_hold", "ship_to_contact", "ship_to_name", "ship_to_address_line1", "ship_to_city"),
    *("ship_to_address_line2", "ship_to_state", "ship_to_post_code", "ship_to_country"),
    *("total_amount_excluding_tax", "total_tax_amount", "total_amount_including_tax"),
)
LINE_COLUMNS = (
    *("sales_order_id", "inventory_lot_id", "sequence", "item_id", "account_id", "description"),
    *("quantity", "unit_of_measure_id", "unit_price", "discount_amount", "discount_percent"),
    *("amount_excluding_tax", "tax_code_id", "shipment_date"),
)
"""The stored columns of the fields in the two entities of Finance & Operations."""


ORDERS_OF = {"northwind": ("drafts", load_drafts), "sap": ("sap", load_sap)}
CREATED = {
    "northwind": {"headers_created": 830, "lines_created": 2155},
    "sap": {"headers_created": 334, "lines_created": 1930},
}


@pytest.fixture
def others(templates: Templates, whose: str) -> Database:
    return copied(templates, *ORDERS_OF[whose])


@pytest.fixture
def new(templates: Templates) -> Database:
    """A company with US dollars as its currency, and no other records."""
    return copied(templates, "new", lambda new: create_company(new, "New", "USD"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("whose", "form"),
    [
        ("northwind", ExportFormat.FO_PACKAGE),
        ("sap", ExportFormat.FO_PACKAGE),
        pytest.param("northwind", ExportFormat.CSV, marks=pytest.mark.full),
    ],
)
async def test_the_orders_of_other_systems_survive_an_export_as_a_data_package(
    others: Database, new: Database, tmp_path: Path, whose: str, form: ExportFormat
) -> None:
    """All columns that the two entities have a field for are equal. The reference data is imported first."""
    for what in (Dataset.EVERYTHING, Dataset.ORDERS):
        path = tmp_path / f"{what}.zip"
        chosen = ExportFormat.JSON_LINES if what is Dataset.EVERYTHING else form
        path.write_bytes(await exported(others, what, chosen))
        if what is Dataset.EVERYTHING:
            without(path, "orders.jsonl", "item-blocks.jsonl")
        job, counts = await imported(new, path)
        assert job.problems == 0
    result, expected = await stored(new), await stored(others)
    assert counts == CREATED[whose]
    for table, columns in (("sales_orders", HEADER_COLUMNS), ("sales_order_lines", LINE_COLUMNS)):
        assert _parts(result[table], columns) == _parts(expected[table], columns)


def _parts(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=repr)
