"""The orders of the query benchmark, the same in every run and on both databases."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from decimal import Decimal

from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.reference_data import (
    CurrencyRow,
    CustomerRow,
    ItemRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow, SalesOrderStatus
from gateway.storage.transactions import writing
from gateway.storage.unsaved_orders import UnsavedOrder
from gateway.storage.writing import Writer

COMPANY, CURRENCY = "Bench", "EUR"
CUSTOMERS, ITEMS = 5000, 2000
ORDERS_A_DAY = 125
FIRST_DAY = dt.date(2024, 1, 1)
TAX_PERCENT = Decimal(20)
BATCH = 500
"""The number of orders that are inserted together."""


def guid(kind: str, number: int) -> str:
    """The id of the row of this kind with this number."""
    return str(
        uuid.UUID(hashlib.md5(f"{kind} {number}".encode(), usedforsecurity=False).hexdigest())
    )


def pick(kind: str, number: int, choices: int) -> int:
    """A number from 0 to `choices` - 1 that looks random and is always the same."""
    return uuid.UUID(guid(kind, number)).int % choices


def day(orders: int, number: int) -> dt.date:
    """A day on which a database with this many orders has ORDERS_A_DAY of them."""
    return FIRST_DAY + dt.timedelta(days=number % (orders // ORDERS_A_DAY))


def price(number: int) -> Decimal:
    """A price for which no quantity results in tax with a fraction of a cent."""
    return Decimal(20 + pick("price", number, 20_000)) / 20


async def fill(database: Database, orders: int) -> None:
    """Create the tables, and in them one company with its customers, items and orders."""
    await migrate(database)
    await create_company(database, COMPANY, CURRENCY)
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        currency = await writer.company_currency()
        tax_code = await _add_reference_data(writer)
    for first in range(0, orders, BATCH):
        numbers = range(first, min(first + BATCH, orders))
        async with writing(database, ScopeRequest(COMPANY)) as writer:
            await writer.insert([_order(currency, tax_code, number) for number in numbers])
    await database.analyze()


async def _add_reference_data(writer: Writer) -> TaxCodeRow:
    company = writer.scope.company
    tax_code = TaxCodeRow(
        company_id=company, code="S20", display_name="Standard rate", percent=TAX_PERCENT
    )
    pieces = UnitOfMeasureRow(company_id=company, code="PCS", display_name="Piece")
    await writer.add([tax_code, pieces])
    await writer.add([_customer(company, number) for number in range(CUSTOMERS)])
    await writer.add([_item(tax_code, pieces, number) for number in range(ITEMS)])
    return tax_code


def _customer(company: str, number: int) -> CustomerRow:
    return CustomerRow(
        company_id=company,
        id=guid("customer", number),
        number=f"C{number:05}",
        display_name=_customer_name(number),
        email=f"buyer{number}@example.com",
        address_line1=f"{number} Main Street",
        city="Zürich",
        country="CH",
        post_code=f"{8000 + number % 1000}",
    )


def _customer_name(number: int) -> str:
    return f'Customer "{number}" Ltd'


def _item(tax_code: TaxCodeRow, unit: UnitOfMeasureRow, number: int) -> ItemRow:
    return ItemRow(
        company_id=tax_code.company_id,
        id=guid("item", number),
        number=f"ITEM-{number:05}",
        display_name=_item_name(number),
        unit_price=price(number),
        tax_code_id=tax_code.id,
        base_unit_of_measure_id=unit.id,
    )


def _item_name(number: int) -> str:
    return f'Item {number}; "größer"'


def _order(currency: CurrencyRow, tax_code: TaxCodeRow, number: int) -> SalesOrderRow:
    customer = pick("customer of order", number, CUSTOMERS)
    ordered = FIRST_DAY + dt.timedelta(days=number // ORDERS_A_DAY)
    modified = dt.datetime.combine(ordered, dt.time(9), dt.UTC) + dt.timedelta(seconds=number)
    order = UnsavedOrder(
        company_id=currency.company_id,
        id=guid("order", number),
        number=f"B{number:07}",
        external_document_number=f"PO-{number}" if number % 3 else None,
        order_date=ordered,
        posting_date=ordered + dt.timedelta(days=1),
        requested_delivery_date=ordered + dt.timedelta(days=14) if number % 4 else None,
        customer_id=guid("customer", customer),
        customer_number=f"C{customer:05}",
        customer_name=_customer_name(customer),
        bill_to_customer_id=guid("customer", customer),
        bill_to_name=_customer_name(customer),
        currency_id=currency.id,
        status=list(SalesOrderStatus)[pick("status of order", number, 4)],
        last_modified_date_time=modified,
    )
    order.lines.extend(_lines(order, tax_code, number))
    order.total_amount_excluding_tax = sum(line.net_amount for line in order.lines)
    order.total_tax_amount = sum(line.net_tax_amount for line in order.lines)
    order.total_amount_including_tax = sum(line.net_amount_including_tax for line in order.lines)
    return order


def _lines(order: SalesOrderRow, tax_code: TaxCodeRow, number: int) -> Iterator[object]:
    """Four to twelve lines, eight on average."""
    make = order.new_line
    for place in range(1, 5 + pick("lines of order", number, 9)):
        line = number * 16 + place
        item = pick("item of line", line, ITEMS)
        quantity = Decimal(1 + pick("quantity of line", line, 200))
        net = quantity * price(item)
        tax = net * TAX_PERCENT / 100
        yield make(
            company_id=order.company_id,
            id=guid("line", line),
            sequence=place * 10000,
            line_type=SalesOrderLineType.ITEM,
            item_id=guid("item", item),
            line_object_number=f"ITEM-{item:05}",
            description=_item_name(item),
            quantity=quantity,
            unit_price=price(item),
            discount_applied_before_tax=True,
            amount_excluding_tax=net,
            tax_code_id=tax_code.id,
            tax_percent=TAX_PERCENT,
            total_tax_amount=tax,
            amount_including_tax=net + tax,
            net_amount=net,
            net_tax_amount=tax,
            net_amount_including_tax=net + tax,
            shipment_date=order.order_date + dt.timedelta(days=10) if place % 4 else None,
            ship_quantity=quantity,
            invoice_quantity=quantity,
        )
