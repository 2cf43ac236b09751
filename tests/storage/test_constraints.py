"""Constraints: the database itself refuses rows that break a rule."""

import asyncio
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import FOLDED, Amount, now
from gateway.storage.tables.idempotency import AdministrationRecordRow, IdempotencyRecordRow
from gateway.storage.tables.reference_data import (
    AccountRow,
    CompanyRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    LineObjectRow,
    NumberSeries,
    PaymentTermsRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from tests.support.databases import Templates
from tests.support.served import serving
from tests.support.world import load_world

TABLES = {
    name: table
    for name, table in SalesOrderRow.metadata.tables.items()
    if not name.startswith("import_")
}
"""Imported rows are stored as they are, valid or not, so their tables have fewer constraints."""

NOBODY = "00000000-0000-4000-8000-0000000000ff"
OTHER = "00000000-0000-4000-8000-0000000000cc"
CREATE = """mutation ($input: CreateSalesOrderInput!) {
  createSalesOrder(input: $input) { userErrors { code path } } }"""
FK, UNIQUE, NOT_NULL = "(?i)foreign key", "(?i)unique", "(?i)not.null"


def key_of(model: Any) -> Any:
    """The column that identifies rows of `model` below; lines have their sequence."""
    columns = model.__table__.c
    names = ("number", "code", "sequence", "name", "id")
    return next(columns[name] for name in names if name in columns)


def id_of(model: Any, key: str) -> Any:
    """The id of a row, as part of a statement."""
    return sa.select(model.__table__.c.id).where(key_of(model) == key).scalar_subquery()


def is_amount(column: Any) -> bool:
    return isinstance(column.type, Amount)


def change(model: Any, key: Any, **values: Any) -> sa.Update:
    """Numbers are passed as text."""
    columns = model.__table__.c
    typed = {
        name: Decimal(value) if isinstance(value, str) and is_amount(columns[name]) else value
        for name, value in values.items()
    }
    return sa.update(model.__table__).where(key_of(model) == key).values(typed)


def drop(model: Any, key: str) -> sa.Delete:
    return sa.delete(model.__table__).where(key_of(model) == key)


def order(**values: Any) -> sa.Update:
    return change(SalesOrderRow, "SO-000001", **values)


def line(place: int, **values: Any) -> sa.Update:
    return change(SalesOrderLineRow, place, **values)


COMMENT, ACCOUNT, ITEM, CHARGE = 1, 2, 3, 4
AN_ITEM, AN_ACCOUNT = id_of(ItemRow, "I0001"), id_of(AccountRow, "6110")
LIST = "_list"
ORDERED, SIGN = "quantities_order", "quantities_sign"
A_CHARGE, TAXED = id_of(LineObjectRow, "CHARGE"), id_of(TaxCodeRow, "S20")

BROKEN: dict[str, tuple[Any, str]] = {
    # a line's type and its object
    "item on a comment": (line(COMMENT, item_id=AN_ITEM), "item_type"),
    "item on an account line": (line(ACCOUNT, item_id=AN_ITEM), "item_type"),
    "account on an item line": (line(ITEM, account_id=AN_ACCOUNT), "account_type"),
    "charge on an item line": (line(ITEM, line_object_id=A_CHARGE), "line_object_type"),
    "type that leaves its item": (line(ITEM, line_type="RESOURCE"), "item_type"),
    "type that leaves its account": (line(ACCOUNT, line_type="CHARGE"), "account_type"),
    "type that leaves its charge": (line(CHARGE, line_type="ITEM"), "line_object_type"),
    "comment with a quantity": (line(COMMENT, quantity="1"), "comment_amounts"),
    "comment with a price": (line(COMMENT, unit_price="1"), "comment_amounts"),
    "comment that costs": (line(COMMENT, amount_including_tax="1"), "comment_amounts"),
    "taxed comment": (line(COMMENT, tax_code_id=TAXED), "comment_amounts"),
    # quantities; each line but the comment has 5
    "shipped beyond order": (line(ITEM, shipped_quantity="5.00001"), ORDERED),
    "ordered below shipped": (line(ITEM, quantity="2", shipped_quantity="3"), ORDERED),
    "invoiced beyond shipped": (line(ITEM, shipped_quantity="3", invoiced_quantity="4"), ORDERED),
    "shipped the other way": (line(ITEM, shipped_quantity="-1"), SIGN),
    "invoiced the other way": (line(ITEM, shipped_quantity="2", invoiced_quantity="-1"), SIGN),
    "return shipped as a sale": (line(ITEM, quantity="-5", shipped_quantity="1"), SIGN),
    # percentages and amounts
    "line discount below 0 %": (line(ITEM, discount_percent="-0.00001"), "percent_range"),
    "line discount above 100 %": (line(ITEM, discount_percent="100.00001"), "percent_range"),
    "tax below 0 % on a line": (line(ITEM, tax_percent="-0.00001"), "tax_percent_sign"),
    "order discount below 0 %": (order(discount_percent="-0.00001"), "percent_range"),
    "order discount above 100 %": (order(discount_percent="100.00001"), "percent_range"),
    "line rounding in three steps": (order(line_rounding="THREE_STEP"), "line_rounding"),
    "tax code below 0 %": (change(TaxCodeRow, "S20", percent="-1"), "percent_sign"),
    "terms above 100 %": (change(PaymentTermsRow, "30D", discount_percent="101"), "percent_range"),
    "currency with step 0": (change(CurrencyRow, "EUR", amount_rounding_precision="0"), "_step"),
    "series below 0": (change(NumberSeries, "SALES_ORDERS", last_number=-1), "last_number_sign"),
    # keys
    "sequence 0": (line(ITEM, sequence=0), "sequence_sign"),
    "lines with one sequence": (line(ITEM, sequence=1), UNIQUE),
    "order without a number": (order(number=""), "number_given"),
    "orders with one number": (change(SalesOrderRow, "SO-000002", number="SO-000001"), UNIQUE),
    "customers with one number": (change(CustomerRow, "C1", number="PAYER"), UNIQUE),
    "customers with one contact": (change(CustomerRow, "PAYER", contact_id="contact-1"), UNIQUE),
    "items with one number": (change(ItemRow, "I0001", number="I0002"), UNIQUE),
    "accounts with one number": (change(AccountRow, "6110", number="A-BLOCKED"), UNIQUE),
    "charges with one number": (change(LineObjectRow, "X-BLOCKED", number="CHARGE"), UNIQUE),
    "currencies with one code": (change(CurrencyRow, "EUR", code="JPY"), UNIQUE),
    "tax codes with one code": (change(TaxCodeRow, "S20", code="S21"), UNIQUE),
    "units with one code": (change(UnitOfMeasureRow, "PCS", code="BOX"), UNIQUE),
    "companies with one name": (change(CompanyRow, "Other", name="World"), UNIQUE),
    # lists of keys
    **{
        f"{column} of a key that are {text!r}": (
            change(ApiKeyRow, "Partner", **{column: text}),
            LIST,
        )
        for column in ("scopes", "companies", "customers")
        for text in ("", "null", "{}", "a", '"a"', "[1]", '["a"', '["a"] or so')
    },
    # relations
    "order of nobody": (order(customer_id=NOBODY), FK),
    "order of a stranger": (order(customer_id=id_of(CustomerRow, "STRANGER")), FK),
    "order that nobody pays": (order(bill_to_customer_id=NOBODY), FK),
    "order in no currency": (order(currency_id=NOBODY), FK),
    "order on no terms": (order(payment_terms_id=NOBODY), FK),
    "order by no method": (order(shipment_method_id=NOBODY), FK),
    "order in another company": (change(SalesOrderRow, "SO-000002", company_id=OTHER), FK),
    "line of no order": (line(ITEM, sales_order_id=NOBODY), FK),
    "line of no item": (line(ITEM, item_id=NOBODY), FK),
    "line of no account": (line(ACCOUNT, account_id=NOBODY), FK),
    "line of no object": (line(CHARGE, line_object_id=NOBODY), FK),
    "line in no unit": (line(ITEM, unit_of_measure_id=NOBODY), FK),
    "line under no tax code": (line(ITEM, tax_code_id=NOBODY), FK),
    "item in no unit": (change(ItemRow, "I0001", base_unit_of_measure_id=NOBODY), FK),
    "customer with no payer": (change(CustomerRow, "C1", bill_to_customer_id=NOBODY), FK),
    "dropped customer with orders": (drop(CustomerRow, "C1"), FK),
    "dropped item of a line": (drop(ItemRow, "I0001"), FK),
    "dropped account of a line": (drop(AccountRow, "6110"), FK),
    "dropped unit of an item": (drop(UnitOfMeasureRow, "PCS"), FK),
    "dropped tax code of an item": (drop(TaxCodeRow, "S20"), FK),
    "dropped currency of an order": (drop(CurrencyRow, "EUR"), FK),
    "dropped company with rows": (drop(CompanyRow, "World"), FK),
    # required values
    "order without customer": (order(customer_id=None), NOT_NULL),
    "order without date": (order(order_date=None), NOT_NULL),
    "line without order": (line(ITEM, sales_order_id=None), NOT_NULL),
    "line without quantity": (line(ITEM, quantity=None), NOT_NULL),
}
"""Statements that break a rule, and the constraint in the error."""

ALLOWED: dict[str, Any] = {
    "all shipped, some invoiced": line(ITEM, shipped_quantity="5", invoiced_quantity="4"),
    "return, in part shipped": line(ITEM, quantity="-5", shipped_quantity="-2"),
    "line discount of 100 %": line(ITEM, discount_percent="100"),
    "order discount of 0 %": order(discount_percent="0"),
    "tax above 100 %": line(ITEM, tax_percent="120"),
    "kinds of object with one number": change(LineObjectRow, "X-BLOCKED", number="RESOURCE"),
    "key without scopes": change(ApiKeyRow, "Partner", scopes="[]"),
    "key with two scopes": change(ApiKeyRow, "Partner", scopes='["orders:read","orders:write"]'),
    "key for all companies": change(ApiKeyRow, "Partner", companies=None),
    "one more customer without a contact": change(CustomerRow, "C1", contact_id=None),
}

ADDRESS = {"address_line1": 100, "address_line2": 50, "city": 30, "state": 30, "country": 10}
ADDRESS["post_code"] = 20
PERSON = {"phone_number": 30, "email": 80, "salesperson": 20, "contact_id": 250}
CODE, NAMED = {"code": 10}, {"number": 20, "display_name": 100}
LENGTHS: dict[str, dict[str, int]] = {
    "sales_orders": {"number": 20, "external_document_number": 35, "customer_number": 20}
    | dict.fromkeys(("customer_name", "bill_to_name", "ship_to_name", "ship_to_contact"), 100)
    | {f"{who}_to_{part}": ADDRESS[part] for who in ("sell", "bill", "ship") for part in ADDRESS}
    | PERSON,
    "sales_order_lines": {"line_object_number": 20, "description": 100, "description2": 50},
    "customers": {"website": 255, "tax_registration_number": 20} | NAMED | PERSON | ADDRESS,
    "items": {"display_name2": 50, "gtin": 14, "item_category_code": 20} | NAMED,
    "currencies": {"symbol": 10, "amount_decimal_places": 5} | CODE,
    "payment_terms": {"display_name": 100} | CODE,
    "shipment_methods": {"display_name": 100} | CODE,
    "units_of_measure": {"display_name": 50, "international_standard_code": 10, "symbol": 10}
    | CODE,
    "tax_codes": {"code": 50},
    "accounts": {"number": 20},
    "line_objects": {"number": 20},
}
"""The maximum lengths of texts, as in the vendor's fields (RULES.md 1.3 and 5.2)."""


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    """A world with two orders, one with a line of each kind, and a stranger in another company.
    All tests of this module share it: each rolls back what it writes."""
    url = templates.copy("world", load_world)
    five = {"quantity": 5, "unitPrice": 10}
    lines = [
        {"description": "text alone"},
        {"account": {"number": "6110"}, **five},
        {"item": {"number": "I0001"}, **five},
        {"lineType": "CHARGE", "lineObjectNumber": "CHARGE", **five},
    ]
    numbered = [{"sequence": place, **line} for place, line in enumerate(lines, 1)]
    with serving(Settings(database_url=url)) as client:
        for lines in (numbered, []):
            order = {"customer": {"number": "C1"}, "lines": lines}
            assert not client.ask(CREATE, input=order)["createSalesOrder"]["userErrors"]
    asyncio.run(add_stranger(url))
    return url


async def add_stranger(url: str) -> None:
    database = Database(url, poolclass=NullPool)
    async with database.write() as session:
        session.add(CompanyRow(id=OTHER, name="Other", currency_code="EUR"))
        await session.flush()
        session.add(CustomerRow(company_id=OTHER, number="STRANGER", display_name="Stranger"))
        session.add(ApiKeyRow(name="Partner", prefix="so_live_abcd", digest="0" * 64, scopes="[]"))
        record = {"digest": "0" * 64, "fingerprint": "0" * 64, "answer": b""}
        session.add(IdempotencyRecordRow(company_id=OTHER, expires_date_time=now(), **record))
        session.add(AdministrationRecordRow(expires_date_time=now(), **record))
    await database.dispose()


@pytest.fixture
async def connection(url: str) -> AsyncIterator[AsyncConnection]:
    database = Database(url, poolclass=NullPool)
    async with database.engine.connect() as connection:
        yield connection
    await database.dispose()


async def refusal(connection: AsyncConnection, statement: sa.Executable) -> str:
    """The error of the database for `statement`; empty if it is accepted."""
    try:
        async with connection.begin_nested():
            result = await connection.execute(statement)
    except sa.exc.DBAPIError as error:
        return str(error.orig)
    assert result.rowcount == 1, "the statement must concern one row"
    return ""


@pytest.mark.anyio
@pytest.mark.parametrize("broken", BROKEN)
async def test_the_database_refuses(connection: AsyncConnection, broken: str) -> None:
    statement, reason = BROKEN[broken]
    assert re.search(reason, await refusal(connection, statement))


@pytest.mark.anyio
@pytest.mark.parametrize("allowed", ALLOWED)
async def test_the_database_accepts(connection: AsyncConnection, allowed: str) -> None:
    assert await refusal(connection, ALLOWED[allowed]) == ""


@pytest.mark.anyio
@pytest.mark.parametrize("table", LENGTHS)
async def test_text_may_have_the_length_of_the_rules(
    connection: AsyncConnection, table: str
) -> None:
    """Length is counted in code points on both databases, and neither in bytes nor UTF-16 units."""
    rows = TABLES[table]
    some = await connection.scalar(sa.select(rows.c.id).limit(1))
    update = sa.update(rows).where(rows.c.id == some)
    for column, longest in LENGTHS[table].items():
        fits, excess = "\U0001f600" * longest, "x" * (longest + 1)
        assert await refusal(connection, update.values({column: fits})) == "", column
        message = await refusal(connection, update.values({column: excess}))
        assert re.search(f"{column}_length|too long", message), column


@pytest.mark.anyio
@pytest.mark.parametrize("table", TABLES)
async def test_every_text_number_and_choice_has_a_check(
    connection: AsyncConnection, table: str
) -> None:
    """These are written without the column types, which would refuse the values before the database. A
    derived column has the length of its source."""
    scale = 10**5 if connection.dialect.name == "sqlite" else 1
    for column in TABLES[table].columns:
        wrong: list[Any] = []
        if is_amount(column):
            wrong = ["'NaN'", "'Infinity'", 10**13 * scale, -(10**13) * scale]
        elif isinstance(column.type, sa.Enum):
            wrong = ["'NONSENSE'", "'draft'", "''"]
        elif isinstance(column.type, sa.String) and not column.name.endswith(FOLDED):
            wrong = [f"'{'x' * 256}'"]
        for value in wrong:
            update = sa.text(f"UPDATE {table} SET {column.name} = {value}")
            message = await refusal(connection, update)
            assert re.search("ck_|overflow|too long", message), (column.name, value)


@pytest.mark.anyio
async def test_deleting_an_order_deletes_its_lines(connection: AsyncConnection) -> None:
    count = sa.select(sa.func.count()).select_from(SalesOrderLineRow)
    assert await connection.scalar(count) == 4
    assert await refusal(connection, drop(SalesOrderRow, "SO-000001")) == ""
    assert await connection.scalar(count) == 0
