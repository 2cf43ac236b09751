"""Derives the totals of an order from its rows, and writes them back (RULES.md 2)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from gateway.orders import refusals
from gateway.orders.amounts import ZERO, PricedLine, Terms, Totals
from gateway.orders.explanation import CalculationStep, Trace
from gateway.orders.fields import HeaderChange
from gateway.orders.problems import Path, Report, plain
from gateway.orders.quantities import is_fully_shipped
from gateway.orders.references import References
from gateway.orders.rounding import Direction
from gateway.orders.totals import derive, discount_base, header_discount
from gateway.storage.tables.column_types import LARGEST
from gateway.storage.tables.reference_data import CurrencyRow, TaxCodeRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

Place = Callable[[SalesOrderLineRow], Path]
"""Returns the path of a line in the change."""


def step_of(order: SalesOrderRow, references: References) -> Decimal:
    """The smallest amount of the order's currency."""
    return references.by_id(CurrencyRow, order.currency_id).amount_rounding_precision


def raw_share(line: SalesOrderLineRow, prices_include_tax: bool) -> Decimal:
    """A stored line's share of the header discount, including tax if the prices do."""
    if prices_include_tax:
        return line.amount_including_tax - line.net_amount_including_tax
    return line.amount_excluding_tax - line.net_amount


def derive_totals(
    order: SalesOrderRow, change: HeaderChange, references: References, place: Place, report: Report
) -> None:
    """Set every derived value of `order` and its lines. Reports a header discount of `change` that does
    not fit, and amounts that are too large to store."""
    terms = terms_of(order, references.by_id(CurrencyRow, order.currency_id))
    lines = [priced(line, _tax_code(line, references)) for line in order.lines]
    if _discount_fits(change, lines, terms, report):
        totals = derive(terms, lines)
        if _amounts_fit(order, totals, place, report):
            _write_totals(order, totals)


def terms_of(order: Any, currency: Any) -> Terms:
    """The terms of an order."""
    return Terms(
        step=currency.amount_rounding_precision,
        prices_include_tax=order.prices_include_tax,
        tax_rounding=Direction[currency.tax_rounding.name],
        discount_amount=order.discount_amount,
        discount_percent=order.discount_percent,
        line_rounding=order.line_rounding,
    )


def priced(line: Any, tax_code: str) -> PricedLine:
    """What the price of a line depends on."""
    sells = bool(line.quantity and line.unit_price)
    return PricedLine(
        sequence=line.sequence,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
        discount_amount=line.discount_amount,
        takes_discount=sells and line.allow_invoice_discount,
        tax_code=tax_code,
        tax_percent=line.tax_percent,
    )


def explain_totals(
    order: Any, currency: Any, lines: Sequence[tuple[Any, str]]
) -> list[CalculationStep]:
    """The calculation of an order's totals, from the rows of the order, of its currency, and of its
    lines with their tax codes."""
    terms = terms_of(order, currency)
    trace = Trace(terms)
    derive(terms, [priced(line, code) for line, code in lines], trace)
    return trace.steps


def _tax_code(line: SalesOrderLineRow, references: References) -> str:
    return "" if line.tax_code_id is None else references.by_id(TaxCodeRow, line.tax_code_id).code


def _discount_fits(
    change: HeaderChange, lines: list[PricedLine], terms: Terms, report: Report
) -> bool:
    """Check that a discount has the sign of its base and is at most as large; it stays when the last
    line is removed (RULES.md 2.5 and 2.9). An amount next to a percentage must agree with it."""
    derived = header_discount(lines, terms)
    amount, percent = change.get("discount_amount"), change.get("discount_percent")
    if not derived and not amount:
        return True
    base = discount_base(lines, terms)
    if amount is not None and percent is not None and amount != derived:
        report.refuse(
            refusals.HEADER_DISCOUNTS_DISAGREE,
            "discount_amount",
            rejected=amount,
            suggestions=(plain(derived),),
            percent=percent,
            base=base,
            derived=derived,
        )
        return False
    is_within = min(base, ZERO) <= derived <= max(base, ZERO)
    if terms.discount_percent is None and not is_within and (lines or amount is not None):
        report.refuse(
            refusals.HEADER_DISCOUNT_TOO_LARGE,
            "discount_amount",
            rejected=derived,
            suggestions=(plain(base),),
            base=base,
        )
        return False
    return True


def _amounts_fit(order: SalesOrderRow, totals: Totals, place: Place, report: Report) -> bool:
    """Whether every amount can be stored. The largest amount of a line is the one with tax."""
    lines = {line.sequence: line for line in order.lines}
    for derived in totals.lines:
        if abs(derived.amount_including_tax) > LARGEST:
            where = report.at(*place(lines[derived.sequence]))
            _refuse_size(derived.amount_including_tax, where, "quantity")
            return False
    wholes = (
        totals.discount_amount,
        totals.total_tax_amount,
        totals.total_amount_excluding_tax,
        totals.total_amount_including_tax,
    )
    largest = max(wholes, key=abs)
    if abs(largest) > LARGEST:
        _refuse_size(largest, report, "lines")
        return False
    return True


def _refuse_size(amount: Decimal, report: Report, field: str) -> None:
    report.refuse(
        refusals.TOTAL_TOO_LARGE,
        field,
        rejected=amount,
        suggestions=(plain(LARGEST),),
        amount=amount,
        largest=LARGEST,
    )


def _write_totals(order: SalesOrderRow, totals: Totals) -> None:
    order.discount_amount = totals.discount_amount
    order.total_amount_excluding_tax = totals.total_amount_excluding_tax
    order.total_tax_amount = totals.total_tax_amount
    order.total_amount_including_tax = totals.total_amount_including_tax
    order.discount_applied_before_tax = bool(order.lines) and not order.prices_include_tax
    by_sequence = {line.sequence: line for line in order.lines}
    for derived in totals.lines:
        line = by_sequence[derived.sequence]
        line.discount_applied_before_tax = not order.prices_include_tax
        line.discount_amount = derived.discount_amount
        line.amount_excluding_tax = derived.amount_excluding_tax
        line.total_tax_amount = derived.total_tax_amount
        line.amount_including_tax = derived.amount_including_tax
        line.invoice_discount_allocation = derived.invoice_discount_allocation
        line.net_amount = derived.net_amount
        line.net_tax_amount = derived.net_tax_amount
        line.net_amount_including_tax = derived.net_amount_including_tax
    order.fully_shipped = is_fully_shipped(order)
