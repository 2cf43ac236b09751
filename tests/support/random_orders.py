"""Random orders of the world: all kinds of lines, discounts and currencies, sales and returns, in every
state, some of them edited."""

import datetime as dt
import random
from contextlib import suppress
from decimal import Decimal
from typing import Any

from gateway.orders.fields import Reference
from gateway.orders.life_cycle import TRANSITIONS
from gateway.orders.problems import Rejected
from gateway.orders.service import carry_out_transition, create, update
from gateway.orders.transitions import Transition
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.sales_orders import LineRounding, SalesOrderLineType, SalesOrderRow
from gateway.storage.transactions import writing
from gateway.storage.writing import Writer
from tests.support.default_rules import RULES
from tests.support.world import COMPANY, STEPS, TAX_PERCENTS, load_world

Change = dict[str, Any]
FIRST_DAY = dt.date(2026, 1, 1)
TEXTS = (
    None,
    "#N/A",
    "=1+1",
    "'@x",
    "-b",
    'two "words", and; more',
    "é 中文 🚲",
    "it's",
    "12,5",
    "03/04/2026",
)
OBJECTS = {
    SalesOrderLineType.RESOURCE: "RESOURCE",
    SalesOrderLineType.FIXED_ASSET: "FIXED_ASSET",
    SalesOrderLineType.CHARGE: "CHARGE",
}
EVENTS = (
    *TRANSITIONS,
    *(Transition.RELEASE, Transition.SHIP, Transition.INVOICE, Transition.REGISTER_PAYMENT) * 4,
)
"""Most of the transitions to a paid order, so that many orders get far."""

UNITS = {"BOXED": ("PCS", "BOX"), "TIMED": ("HOUR", "PCS")}


async def load_random_orders(database: Database, seed: int, count: int) -> None:
    """Fill a migrated database with the world and `count` orders drawn from `seed`."""
    await load_world(database)
    draw = random.Random(seed)
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        for place in range(count):
            await _RandomOrder(writer, draw).add(f"R{place:04}")


class _RandomOrder:
    def __init__(self, writer: Writer, draw: random.Random) -> None:
        self._writer = writer
        self._draw = draw

    async def add(self, number: str) -> None:
        """A valid order in a random state. Changes that the rules refuse are skipped."""
        order = None
        while order is None:
            lines = [self._line() for _ in range(self._draw.randint(0, 5))]
            change: Any = {**self._header(), "number": number, "lines": lines}
            with suppress(Rejected):
                order = (await create(self._writer, change, RULES)).order
        for _ in range(self._draw.randint(0, 6)):
            with suppress(Rejected):
                async with self._writer.savepoint():
                    await self._change(order)

    async def _change(self, order: SalesOrderRow) -> None:
        if self._draw.random() < 0.2:
            await update(self._writer, order.id, self._patch(order), None, RULES)
            return
        event = self._draw.choice(EVENTS)
        parts = None
        if event in (Transition.SHIP, Transition.INVOICE) and self._draw.random() < 0.6:
            parts = [
                (line.id, line.quantity * self._draw.choice([1, Decimal("0.5")]))
                for line in order.lines
                if line.quantity and self._draw.random() < 0.7
            ]
        await carry_out_transition(self._writer, order.id, event, None, parts)

    def _patch(self, order: SalesOrderRow) -> Any:
        line = self._draw.choice(order.lines) if order.lines else None
        if line is None or self._draw.random() < 0.5:
            return {"email": self._draw.choice([None, "a@b.example"])}
        planned = self._draw.choice(["ship_quantity", "invoice_quantity"])
        part = {"id": line.id, planned: line.quantity / self._draw.choice([2, 4, 8])}
        return {"partial_shipping": self._draw.random() < 0.5, "lines": {"update": [part]}}

    def _header(self) -> Change:
        draw = self._draw
        change: Change = {
            "customer": Reference(
                "number", draw.choice(["C1", "C1", "PAID-BY-OTHER", "WITH-TAX", "IN-YEN"])
            ),
            "currency": Reference("code", draw.choice(list(STEPS))),
            "order_date": self._day(),
            "posting_date": self._day(),
            "requested_delivery_date": draw.choice([None, self._day()]),
            "prices_include_tax": draw.random() < 0.3,
            "partial_shipping": draw.random() < 0.8,
            "line_rounding": draw.choice(list(LineRounding)),
            **self._discount(20),
        }
        for name in ("external_document_number", "salesperson", "ship_to_name", "ship_to_contact"):
            if draw.random() < 0.5:
                change[name] = draw.choice(TEXTS)
        optional: Change = {
            "phone_number": draw.choice([None, "+44 1", "0221-1"]),
            "email": draw.choice([None, "x@y.example"]),
            "payment_terms": draw.choice([None, Reference("code", "30D")]),
            "shipment_method": draw.choice([None, Reference("code", "CIF")]),
            "sell_to_address": self._address(),
            "ship_to_address": self._address(),
            "bill_to_address": self._address(),
        }
        return change | {name: value for name, value in optional.items() if draw.random() < 0.5}

    def _address(self) -> Change | None:
        parts: Change = {
            "address_line1": "1 High Street",
            "address_line2": "=Back door",
            "city": "Zürich",
            "state": "ZH",
            "post_code": "08001",
            "country": "CH",
        }
        kept = {name: self._draw.choice([None, text]) for name, text in parts.items()}
        return self._draw.choice([None, parts, kept])

    def _line(self) -> Change:
        draw = self._draw
        kind = draw.choice(list(SalesOrderLineType) + [SalesOrderLineType.ITEM] * 3)
        texts = {
            name: draw.choice(TEXTS)
            for name in ("description", "description2")
            if draw.random() < 0.5
        }
        if draw.random() < 0.3:
            texts["inventory_lot_id"] = f"LOT{draw.randint(0, 10**9)}"
        if kind is SalesOrderLineType.COMMENT:
            return {"description": "a comment", **texts}
        sign = draw.choice([1, 1, 1, -1])
        sold: Change = {
            "quantity": sign * self._number(20, 3),
            "unit_price": self._number(1000, draw.choice([0, 2, 5])),
            "shipment_date": self._day(),
            **self._discount(30),
            **texts,
        }
        if draw.random() < 0.4:
            codes = [None, *(Reference("code", code) for code in TAX_PERCENTS)]
            sold["tax_code"] = draw.choice(codes)
        if draw.random() < 0.3:
            sold["ship_quantity"] = sold["quantity"] / 2
        return {**sold, **self._object(kind)}

    def _object(self, kind: SalesOrderLineType) -> Change:
        if kind is SalesOrderLineType.ACCOUNT:
            return {"account": Reference("number", "6110")}
        if kind is not SalesOrderLineType.ITEM:
            return {"line_type": kind, "line_object_number": OBJECTS[kind]}
        item = self._draw.choice(["I0007", "NO-DISCOUNT", "UNTAXED", "GROSS", "BOXED", "TIMED"])
        unit = self._draw.choice(UNITS.get(item, ("PCS",)))
        return {"item": Reference("number", item), "unit_of_measure": Reference("code", unit)}

    def _discount(self, most: int) -> Change:
        kind = self._draw.choice([None, None, "discount_percent", "discount_amount"])
        return {} if kind is None else {kind: self._number(most, 3)}

    def _number(self, most: int, decimals: int) -> Decimal:
        return Decimal(self._draw.randint(1, most * 10**decimals)).scaleb(-decimals)

    def _day(self) -> dt.date:
        return FIRST_DAY + dt.timedelta(days=self._draw.randint(0, 400))
