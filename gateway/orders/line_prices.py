"""The price of a line and its discount (RULES.md 2.1, 2.2 and 2.10)."""

from dataclasses import dataclass
from decimal import Decimal

from gateway.orders import refusals
from gateway.orders.amounts import HUNDRED, ONE, ZERO
from gateway.orders.fields import LineChange
from gateway.orders.line_objects import SoldObject
from gateway.orders.problems import Report, plain
from gateway.orders.record_fields import RECORDS
from gateway.orders.references import References
from gateway.orders.rounding import EXACT, PRICE_STEP, rounded
from gateway.orders.totals import (
    discount_percent_of,
    gross_amount,
    line_discount,
    price_with_tax,
    price_without_tax,
)
from gateway.storage.tables.column_types import LARGEST, is_storable
from gateway.storage.tables.reference_data import AccountRow, CurrencyRow, ItemRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow


@dataclass(frozen=True)
class PriceContext:
    """What the price of a line depends on besides the line."""

    order: SalesOrderRow
    references: References
    step: Decimal
    is_new_currency: bool = False

    @property
    def in_company_currency(self) -> bool:
        return self.order.currency_id == self.references.company_currency.id


def set_price(
    line: SalesOrderLineRow,
    sold: SoldObject | None,
    change: LineChange,
    context: PriceContext,
    report: Report,
) -> None:
    """Set the price of the change, or else that of the object, which is in the company's currency
    (RULES.md 2.10)."""
    price = change.get("unit_price")
    if price is None:
        price = default_price(line, sold, context)
    if price is not None:
        line.unit_price = price
    elif isinstance(sold, ItemRow) and context.in_company_currency:
        _refuse_unit(sold, line.unit_of_measure_id, context.references, report)
    elif sold is not None:
        report.refuse(
            refusals.PRICE_REQUIRED,
            "unit_price",
            label=RECORDS[type(sold)].label.capitalize(),
            number=sold.number,
            currency=context.references.by_id(CurrencyRow, context.order.currency_id).code,
        )


def default_price(
    line: SalesOrderLineRow, sold: SoldObject | None, context: PriceContext
) -> Decimal | None:
    """The price of the object, or None if it has none in the currency of the order or in the unit of
    the line."""
    if sold is None or isinstance(sold, AccountRow):
        return ZERO
    if not context.in_company_currency:
        return None
    price = sold.unit_price
    if isinstance(sold, ItemRow):
        factor = context.references.quantity_per_unit(sold, line.unit_of_measure_id)
        if factor is None:
            return None
        price = rounded(EXACT.multiply(price, factor), ONE, PRICE_STEP)
    has_tax = isinstance(sold, ItemRow) and sold.price_includes_tax
    return _converted(price, line.tax_percent, has_tax, context.order.prices_include_tax)


def _refuse_unit(
    item: ItemRow, unit_id: str | None, references: References, report: Report
) -> None:
    """A unit in which the item is not sold has already been refused."""
    names = {unit.id: unit.code for unit in references.units_of(item)}
    if unit_id in names:
        report.refuse(
            refusals.UNIT_WITHOUT_FACTOR,
            "unit_price",
            number=item.number,
            unit=names[unit_id],
            base=names[item.base_unit_of_measure_id],
        )


def rescale_price(line: SalesOrderLineRow, context: PriceContext) -> None:
    """Convert the price to one with or without tax, as the order now requires (RULES.md 2.7); the
    discount percentage stays."""
    change = price_with_tax if context.order.prices_include_tax else price_without_tax
    line.unit_price = change(line.unit_price, line.tax_percent)
    derive_discount(line, context)


def derive_discount(line: SalesOrderLineRow, context: PriceContext) -> None:
    """The amount of the line's discount percentage (RULES.md 2.2)."""
    line.discount_amount = _by_percent(line, context)


def _by_percent(line: SalesOrderLineRow, context: PriceContext) -> Decimal:
    return line_discount(
        line.quantity,
        line.unit_price,
        line.discount_percent,
        context.step,
        context.order.line_rounding,
    )


def _converted(price: Decimal, tax_percent: Decimal, has_tax: bool, with_tax: bool) -> Decimal:
    if has_tax and not with_tax:
        return price_without_tax(price, tax_percent)
    if with_tax and not has_tax:
        return price_with_tax(price, tax_percent)
    return price


def set_discount(
    line: SalesOrderLineRow,
    percent: Decimal | None,
    amount: Decimal | None,
    context: PriceContext,
    report: Report,
) -> None:
    """Set the percentage and the amount of the line discount, one derived from the other (RULES.md
    2.2)."""
    line.discount_percent, line.discount_amount = percent or ZERO, amount or ZERO
    numbers = (line.quantity, line.unit_price, line.discount_percent, line.discount_amount)
    if not all(map(is_storable, numbers)):
        return
    gross = gross_amount(line.quantity, line.unit_price, context.step)
    if abs(gross) > LARGEST:
        report.refuse(
            refusals.LINE_TOO_LARGE,
            "quantity",
            rejected=line.quantity,
            amount=gross,
            largest=LARGEST,
        )
    elif amount is None:
        is_percent = ZERO <= line.discount_percent <= HUNDRED
        line.discount_amount = _by_percent(line, context) if is_percent else ZERO
    else:
        line.discount_amount = rounded(amount, ONE, context.step)
        if percent is None:
            _set_percent(line, gross, report)
        else:
            _check_percent(line, gross, context, report)


def _set_percent(line: SalesOrderLineRow, gross: Decimal, report: Report) -> None:
    """Derive the percentage from the amount."""
    amount = line.discount_amount
    if amount and not line.quantity:
        report.refuse(refusals.LINE_DISCOUNT_NEEDS_QUANTITY, "quantity")
        return
    percent = discount_percent_of(amount, gross)
    if ZERO <= percent <= HUNDRED and (gross or not amount):
        line.discount_percent = percent
        return
    line.discount_amount = ZERO
    report.refuse(
        refusals.LINE_DISCOUNT_OUT_OF_RANGE,
        "discount_amount",
        rejected=amount,
        suggestions=(plain(gross),),
        gross=gross,
    )


def _check_percent(
    line: SalesOrderLineRow, gross: Decimal, context: PriceContext, report: Report
) -> None:
    """Whether the amount and the percentage agree, so that one follows from the other."""
    amount, percent = line.discount_amount, line.discount_percent
    derived = _by_percent(line, context)
    if amount != derived and (not gross or discount_percent_of(amount, gross) != percent):
        line.discount_amount = derived
        report.refuse(
            refusals.LINE_DISCOUNTS_DISAGREE,
            "discount_amount",
            rejected=amount,
            suggestions=(plain(derived),),
            percent=percent,
            base=gross,
            derived=derived,
        )
