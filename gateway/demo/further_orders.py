"""Our own orders for what Northwind lacks: returns, other currencies, prices with tax, discounts on the
whole order, charges, partial shipments and reviews.

They are dated after Northwind's last year, so that its totals by year do not change."""

import datetime as dt
from decimal import Decimal
from typing import Unpack

from gateway.demo.order_progress import TO_INVOICED, TO_OPEN, TO_PAID, DemoOrder
from gateway.orders.fields import HeaderChange, LineChange, NewOrder, Reference
from gateway.orders.transitions import Transition
from gateway.storage.tables.sales_orders import SalesOrderLineType

FIRST_DAY = dt.date(1999, 1, 4)


def _item(number: str, quantity: str, unit_price: str, /, **more: Unpack[LineChange]) -> LineChange:
    return {"item": Reference("number", number), **_sold(quantity, unit_price), **more}


def _account(number: str, quantity: str, unit_price: str) -> LineChange:
    return {"account": Reference("number", number), **_sold(quantity, unit_price)}


def _object(kind: SalesOrderLineType, number: str, quantity: str, unit_price: str) -> LineChange:
    return {
        "line_type": kind,
        "line_object_number": number,
        **_sold(quantity, unit_price),
    }


def _sold(quantity: str, unit_price: str) -> LineChange:
    return {"quantity": Decimal(quantity), "unit_price": Decimal(unit_price)}


def _order(
    place: int, customer: str, /, *lines: LineChange, **more: Unpack[HeaderChange]
) -> NewOrder:
    """Order DEMO-000n of the nth day."""
    day = FIRST_DAY + dt.timedelta(days=place - 1)
    return {
        "number": f"DEMO-{place:04}",
        "customer": Reference("number", customer),
        "order_date": day,
        "posting_date": day,
        "requested_delivery_date": day + dt.timedelta(days=28),
        "lines": lines,
        **more,
    }


RETURN = DemoOrder(
    _order(
        1,
        "WARTH",
        {"description": "Returned: delivered after the best-before date"},
        _item("2", "-3", "19"),
    ),
    (Transition.RELEASE, Transition.SHIP),
)
"""The goods have been returned. An order with a negative total cannot be invoiced (RULES.md 4.7)."""

EXCHANGE = DemoOrder(
    _order(
        2,
        "FOLKO",
        _item("10", "6", "31"),
        _item("10", "-1", "31", description2="Broken in the last delivery"),
    ),
    TO_INVOICED,
)

IN_YEN = DemoOrder(
    _order(
        3,
        "HUNGO",
        _item("13", "25", "845", discount_percent=Decimal("7.5")),
        _item("74", "10", "1405"),
        currency=Reference("code", "JPY"),
    ),
    TO_PAID,
)

WITH_TAX_INCLUDED = DemoOrder(
    _order(
        4,
        "BLONP",
        _item("59", "4", "57.75"),
        _item("62", "3", "53.09"),
        currency=Reference("code", "EUR"),
        prices_include_tax=True,
        discount_percent=Decimal(10),
    ),
    TO_OPEN,
)

DISCOUNTED = DemoOrder(
    _order(
        5,
        "SUPRD",
        _item("43", "12", "46", discount_percent=Decimal("12.5")),
        _item("65", "20", "21.05", discount_amount=Decimal(21)),
        discount_amount=Decimal(25),
    ),
    TO_INVOICED,
)

WITH_SERVICES = DemoOrder(
    _order(
        6,
        "CHOPS",
        _item("71", "8", "19.35"),
        _object(SalesOrderLineType.RESOURCE, "CHEF", "3.5", "76.4"),
        _object(SalesOrderLineType.CHARGE, "FREIGHT", "1", "22.45"),
        _account("6120", "1", "50"),
        {"description": "Tasting on the first floor"},
        currency=Reference("code", "CHF"),
    ),
    TO_PAID,
)

SHIPPED_IN_PART = DemoOrder(
    _order(
        7,
        "TORTU",
        _item("41", "20", "9.65", ship_quantity=Decimal(12), invoice_quantity=Decimal(8)),
        _item("77", "30", "13", ship_quantity=Decimal(0)),
    ),
    TO_INVOICED,
)
"""Twelve of the first line are shipped, eight of these are invoiced, and the order stays RELEASED."""

IN_REVIEW = DemoOrder(
    _order(
        8,
        "PICCO",
        _item("69", "15", "11.115"),
        _item("34", "48", "4.325"),
        bill_to_customer=Reference("number", "ERNSH"),
        currency=Reference("code", "KWD"),
        external_document_number="PO-1999-08",
    ),
    (Transition.SUBMIT_FOR_REVIEW,),
)

COMPLETE_ONLY = DemoOrder(
    _order(
        9,
        "AROUT",
        _object(SalesOrderLineType.FIXED_ASSET, "FA-VAN", "1", "7450"),
        _item("35", "24", "14.1"),
        currency=Reference("code", "GBP"),
        partial_shipping=False,
    )
)

FURTHER_ORDERS = (
    RETURN,
    EXCHANGE,
    IN_YEN,
    WITH_TAX_INCLUDED,
    DISCOUNTED,
    WITH_SERVICES,
    SHIPPED_IN_PART,
    IN_REVIEW,
    COMPLETE_ONLY,
)
