"""The orders of the demo with more variety, and all stored data as plain rows.

The demo has few orders on hold, no missing item and no difficult letters, which filters and sorts
should cover."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import build_schema, get_named_type, is_enum_type, is_non_null_type, is_object_type
from sqlalchemy.pool import NullPool

from gateway.demo.northwind import load_demo
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.tables import reference_data, sales_orders
from gateway.storage.tables.column_types import case_folded
from tests.support.databases import Templates
from tests.support.paths import SCHEMA_FILE
from tests.support.requests import execute
from tests.support.served import Client, serving


class Row(dict[str, Any]):
    """A row that contains the rows that it refers to, which contain it in turn."""

    def __repr__(self) -> str:
        return f"<{self.get('id')}>"


Columns = dict[str, Any]

SCHEMA: Any = build_schema(SCHEMA_FILE.read_text("utf-8"))
PARTS = tuple(SCHEMA.type_map["PostalAddress"].fields)
TYPES = (
    *("SalesOrder", "SalesOrderLine", "Customer", "Item", "Account", "LineObject", "Currency"),
    *("PaymentTerms", "ShipmentMethod", "UnitOfMeasure", "TaxCode", "ItemUnitOfMeasure"),
)
LINKS = {
    ("SalesOrder", "lines"): ("SalesOrderLine", "sales_order_id"),
    ("Customer", "salesOrders"): ("SalesOrder", "customer_id"),
    ("Item", "salesOrderLines"): ("SalesOrderLine", "item_id"),
    ("Item", "unitsOfMeasure"): ("ItemUnitOfMeasure", "item_id"),
}
"""The type of each list, and the column by which a row belongs to it."""

STATUSES = ("IN_REVIEW", "OPEN", "RELEASED", "INVOICED", "PAID", "CANCELLED")
TEXTS = (
    "Straße 100%",
    "STRASSE 100_",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "İzmir",
    "ﬁn\\e",
    "é",
    "😀",
    "zz",
    "Zz",
)
VARIED = (
    *(
        f"UPDATE sales_orders SET status = '{status}', etag = {place + 7},"
        f" on_hold = {place < 3}, fully_shipped = {place % 2 == 0} WHERE number LIKE '%{place}'"
        for place, status in enumerate(STATUSES)
    ),
    *(
        f"UPDATE sales_orders SET external_document_number = '{text}', number = '{text[:9]}{place}',"
        f" number_folded = '{case_folded(f'{text[:9]}{place}')}' WHERE number = 'NW-1030{place}'"
        for place, text in enumerate(TEXTS)
    ),
    "UPDATE sales_orders SET salesperson = NULL, discount_percent ="
    " (SELECT percent FROM tax_codes WHERE code = 'R7.7') WHERE number LIKE '%6'",
    "UPDATE sales_orders SET payment_terms_id = NULL, phone_number = NULL WHERE number LIKE '%7'",
    "UPDATE sales_orders SET shipment_method_id = NULL, contact_id = NULL WHERE number LIKE '%8_'",
    "UPDATE sales_orders SET requested_delivery_date = NULL WHERE number LIKE '%9'",
    "UPDATE customers SET payment_terms_id = NULL, contact_id = NULL WHERE number LIKE 'C%'",
    "UPDATE customers SET bill_to_customer_id = (SELECT id FROM customers WHERE number = 'BERGS')"
    " WHERE number LIKE '%A'",
    "UPDATE customers SET currency_id = (SELECT id FROM currencies WHERE code = 'EUR')"
    " WHERE number LIKE 'F%'",
    "UPDATE items SET tax_code_id = NULL WHERE number LIKE '1_'",
    "UPDATE sales_order_lines SET line_type = 'ACCOUNT', item_id = NULL, unit_of_measure_id = NULL,"
    " account_id = (SELECT id FROM accounts WHERE number = '6110') WHERE sequence = 20000 AND line_type = 'ITEM'"
    " AND description LIKE 'C%'",
    "UPDATE sales_order_lines SET line_type = 'RESOURCE', item_id = NULL, tax_code_id = NULL,"
    " line_object_id = (SELECT id FROM line_objects WHERE number = 'CHEF') WHERE sequence = 20000 AND line_type = 'ITEM'"
    " AND description LIKE 'T%'",
    "UPDATE sales_order_lines SET description = NULL, shipment_date = NULL, quantity = -quantity,"
    " ship_quantity = -ship_quantity, shipped_quantity = -shipped_quantity,"
    " invoice_quantity = -invoice_quantity, invoiced_quantity = -invoiced_quantity"
    " WHERE sequence = 30000",
    "DELETE FROM sales_order_lines WHERE sales_order_id IN"
    " (SELECT id FROM sales_orders WHERE number LIKE 'NW-1105_')",
    "ANALYZE",
)


@dataclass(frozen=True)
class Varied:
    """The gateway over the varied demo, and all stored rows by type."""

    client: Client
    rows: dict[str, list[Row]]


@contextmanager
def varied(templates: Templates, **settings: Any) -> Iterator[Varied]:
    """The demo with more variety, in its own database."""
    url = templates.copy("demo", load_demo)
    execute(url, *VARIED)
    with serving(Settings(database_url=url, **settings)) as client:
        yield Varied(client, _linked(asyncio.run(_stored(url))))


@dataclass(frozen=True)
class Field:
    """A field of a type: `kind` is its scalar, "enum", "PostalAddress", "one" or "many"."""

    kind: str
    target: str
    nullable: bool


def _fields(name: str) -> dict[str, Field]:
    """The columns, addresses and relations of a type, without computed fields.

    An etag is an opaque text, like an id."""
    result = {}
    for field, definition in SCHEMA.type_map[name].fields.items():
        named = get_named_type(definition.type)
        kind = "enum" if is_enum_type(named) else "ID" if field == "etag" else named.name
        if (name, field) in LINKS:
            kind, named = "many", SCHEMA.type_map[LINKS[name, field][0]]
        elif is_object_type(named) and named.name != "PostalAddress":
            kind = "one"
        if (definition.args and kind != "many") or (kind == "one" and named.name not in TYPES):
            continue
        result[field] = Field(kind, named.name, not is_non_null_type(definition.type))
    return result


FIELDS = {name: _fields(name) for name in TYPES}
"""The declared fields of every type in a list."""


EQUALITY = ("eq", "ne", "in", "notIn")
ORDER = ("lt", "lte", "gt", "gte")
SEARCH = ("contains", "startsWith", "containsFolded")
OPERATORS = {
    "String": EQUALITY + ORDER + SEARCH,
    **dict.fromkeys(("Int", "Decimal", "Date"), EQUALITY + ORDER),
    "DateTime": (*EQUALITY, *ORDER, "on"),
    **dict.fromkeys(("ID", "Boolean", "enum"), EQUALITY),
}
"""The comparison operators for each kind of value."""


async def _stored(url: str) -> dict[str, list[Columns]]:
    database = Database(url, poolclass=NullPool)
    result = {}
    async with database.engine.connect() as connection:
        for name in TYPES:
            row = f"{name}Row"
            model = getattr(reference_data, row, None) or getattr(sales_orders, row)
            rows = await connection.execute(sa.select(model.__table__))
            result[name] = [dict(row) for row in rows.mappings()]
    await database.dispose()
    return result


def _linked(stored: dict[str, list[Columns]]) -> dict[str, list[Row]]:
    """The rows under their GraphQL names, with the rows that they refer to inside."""
    created = {row["id"]: Row() for name in TYPES for row in stored[name]}
    for name in TYPES:
        for columns in stored[name]:
            created[columns["id"]].update(
                {
                    field: _value(columns, field, form, created)
                    for field, form in FIELDS[name].items()
                }
            )
    for (name, field), (target, column) in LINKS.items():
        for columns in stored[name]:
            created[columns["id"]][field] = []
        for columns in stored[target]:
            if columns[column] is not None:
                created[columns[column]][field].append(created[columns["id"]])
    return {name: [created[columns["id"]] for columns in stored[name]] for name in TYPES}


def _value(columns: Columns, field: str, form: Field, created: dict[str, Row]) -> Any:
    column = _column(field)
    if form.kind == "one":
        return created.get(columns[f"{column}_id"])
    if form.kind == "PostalAddress":
        prefix = column.removesuffix("address")
        return {part: columns[prefix + _column(part)] for part in PARTS}
    if form.kind == "many":
        return []
    return str(columns[field]) if field == "etag" else columns[column]


def _column(field: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", field).lower()
