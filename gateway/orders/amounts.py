"""The input and the output of the calculation of totals.

Amounts are in the order's currency, percentages range from 0 to 100."""

from dataclasses import dataclass
from decimal import Decimal

from gateway.orders.rounding import Direction
from gateway.storage.tables.sales_orders import LineRounding

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class PricedLine:
    """What the price of a line depends on. A comment is a line with quantity and price 0.

    If `discount_amount` is None, the discount is derived from `discount_percent`; an amount is used as
    it is."""

    sequence: int
    quantity: Decimal = ZERO
    unit_price: Decimal = ZERO
    discount_percent: Decimal = ZERO
    discount_amount: Decimal | None = None
    takes_discount: bool = False
    tax_code: str = ""
    tax_percent: Decimal = ZERO


@dataclass(frozen=True)
class Terms:
    """What the prices of all lines depend on. `discount_percent` takes precedence over
    `discount_amount`."""

    step: Decimal
    prices_include_tax: bool = False
    tax_rounding: Direction = Direction.NEAREST
    discount_amount: Decimal = ZERO
    discount_percent: Decimal | None = None
    line_rounding: LineRounding = LineRounding.TWO_STEP


@dataclass(frozen=True)
class LineTotals:
    """The amounts of a line before (`amount_...`) and after (`net_...`) the header discount.

    `allocation` is the share of the header discount as it was taken, tax included when prices
    include tax; `invoice_discount_allocation` is the same without tax."""

    sequence: int
    gross_amount: Decimal
    discount_amount: Decimal
    line_amount: Decimal
    amount_excluding_tax: Decimal
    total_tax_amount: Decimal
    amount_including_tax: Decimal
    allocation: Decimal
    invoice_discount_allocation: Decimal
    net_amount: Decimal
    net_tax_amount: Decimal
    net_amount_including_tax: Decimal


@dataclass(frozen=True)
class Totals:
    """The totals of an order and of its lines by sequence."""

    discount_amount: Decimal
    total_amount_excluding_tax: Decimal
    total_tax_amount: Decimal
    total_amount_including_tax: Decimal
    lines: tuple[LineTotals, ...]
