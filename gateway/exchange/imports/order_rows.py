"""The rows of one order: its header, its lines, and what their columns mean together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.exchange.imports.row_reader import Given, Place
from gateway.orders.amounts import HUNDRED, ONE, ZERO
from gateway.orders.problems import ProblemCode, plain
from gateway.orders.rounding import EXACT, rounded
from gateway.storage.tables.column_types import DECIMALS, clean, text_lengths
from gateway.storage.tables.sales_orders import SalesOrderLineRow

LONGEST_DESCRIPTION = text_lengths(SalesOrderLineRow)["description"]
FINEST = Decimal(1).scaleb(-DECIMALS)


@dataclass
class OrderRows:
    """What the files say of one order. Without a header the lines are meant for an order that is
    there already."""

    number: str | None
    headers: list[Given] = field(default_factory=list)
    lines: list[Given] = field(default_factory=list)

    @property
    def header(self) -> Given | None:
        return self.headers[0] if self.headers else None

    @property
    def rows(self) -> list[Given]:
        return [*self.headers, *self.lines]

    @property
    def first(self) -> Given:
        """The row that stands for the order as a whole."""
        return self.rows[0]

    @property
    def is_refused(self) -> bool:
        return any(row.is_refused for row in self.rows)

    @property
    def change(self) -> dict[str, Any]:
        header = {} if self.header is None else self.header.change
        return {**header, "lines": [line.change for line in self.lines]}


def settle(order: OrderRows) -> None:
    """Work out what follows from several columns, and refuse what contradicts itself."""
    for again in order.headers[1:]:
        message = f"There is another header of order {order.number} in row {order.first.place.row}."
        again.refuse(ProblemCode.DUPLICATE, ("number",), message, order.number)
    for header in order.headers:
        _settle_header_discount(header)
    for line in order.lines:
        _settle_line(line)
    _settle_currency(order)
    _refuse_twins(order.lines)


def _settle_header_discount(header: Given) -> None:
    """The percentage is what was agreed; the amount is what came of it. A percentage of 0 beside an
    amount was not meant."""
    percent, amount = (header.change.get(f"discount_{kind}") for kind in ("percent", "amount"))
    if percent or (percent is not None and not amount):
        header.change.pop("discount_amount", None)
    elif amount is not None:
        header.change.pop("discount_percent", None)


def _settle_line(line: Given) -> None:
    change = line.change
    if change.get("item") is not None:
        change.pop("account", None)
    description = change.get("description")
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        change["description"] = description[:LONGEST_DESCRIPTION]
        line.warn(
            "TOO_LONG",
            f"The description is cut after {LONGEST_DESCRIPTION} characters.",
            ("description",),
            description[:LONGEST_DESCRIPTION],
        )
    if line.extras.get("+shipped"):
        change.pop("ship_quantity", None)
    if line.extras.get("+invoiced"):
        change.pop("invoice_quantity", None)
    _settle_price(line)
    _settle_line_discount(line)


def _settle_price(line: Given) -> None:
    """The price is for so many units; an absent or zero number of units is one."""
    units = line.extras.get("+price_quantity") or Decimal(1)
    price = line.change.get("unit_price")
    if price is not None and units != 1:
        exact = EXACT.divide(price, units)
        line.change["unit_price"] = exact.quantize(FINEST)
        if exact != line.change["unit_price"]:
            line.refuse(
                ProblemCode.OUT_OF_RANGE,
                ("unit_price",),
                f"The price of one unit has more than {DECIMALS} decimals.",
                plain(price),
            )


def _settle_line_discount(line: Given) -> None:
    """Amounts are for one price unit and taken first, percentages of what is left (RULES.md 7.2)."""
    units = line.extras.get("+price_quantity") or Decimal(1)
    per_unit = (line.extras.get("+unit_discount") or ZERO) + (
        line.extras.get("+multiline_discount") or ZERO
    )
    further = line.extras.get("+multiline_percent") or ZERO
    percent = line.change.get("discount_percent") or ZERO
    if further:
        percent = HUNDRED - (HUNDRED - percent) * (HUNDRED - further) / HUNDRED
        line.change["discount_percent"] = percent.quantize(FINEST)
    if per_unit:
        quantity = line.change.get("quantity") or ZERO
        price = line.change.get("unit_price") or ZERO
        amount = EXACT.divide(EXACT.multiply(quantity, per_unit), units)
        rest = EXACT.multiply(quantity, price) - amount
        whole = amount + EXACT.divide(EXACT.multiply(rest, percent), HUNDRED)
        line.change["discount_amount"] = whole.quantize(FINEST)
        line.change.pop("discount_percent", None)


def settle_discounts(order: OrderRows, steps: Mapping[str | None, Decimal]) -> None:
    """A line that states a percent and an amount keeps the percent if the amount is what it comes to,
    else the amount. `steps` are the smallest amounts of currencies by code."""
    currency = None if order.header is None else order.header.change.get("currency")
    step = steps.get(None if currency is None else currency.value, FINEST)
    for line in order.lines:
        percent, amount = (line.change.get(f"discount_{kind}") for kind in ("percent", "amount"))
        if percent is None or amount is None:
            continue
        quantity, price = (line.change.get(name) or ZERO for name in ("quantity", "unit_price"))
        gross = rounded(EXACT.multiply(quantity, price), ONE, step)
        fits = rounded(EXACT.multiply(gross, percent), HUNDRED, step) == amount
        line.change.pop("discount_amount" if fits else "discount_percent")


def _settle_currency(order: OrderRows) -> None:
    currency = None if order.header is None else order.header.change.get("currency")
    for line in order.lines:
        given = line.extras.get("+currency")
        if currency is not None and given is not None and given.strip() != currency.value:
            line.refuse(
                ProblemCode.CONFLICTING,
                ("+currency",),
                f"The order is in {currency.value}.",
                given,
                currency.value,
            )


def _refuse_twins(lines: Sequence[Given]) -> None:
    """Two rows with one key would be one line."""
    for name, word in (("inventory_lot_id", "lot"), ("sequence", "sequence")):
        seen: dict[Any, Place] = {}
        for line in lines:
            key = line.change.get(name)
            if isinstance(key, str):
                key = clean(key) or None
            if key is None:
                continue
            if key in seen:
                message = f"Row {seen[key].row} has this {word} already."
                line.refuse(ProblemCode.DUPLICATE, (name,), message, str(key))
            seen.setdefault(key, line.place)
