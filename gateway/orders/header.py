"""The header of an order: the fields that a change sets, and those copied from the customer and the
payer (RULES.md 1.1 and 1.4). Its addresses are in addresses.py."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.orders import refusals
from gateway.orders.addresses import (
    bill_to_address,
    customer_addresses,
    whole_addresses,
    write_addresses,
)
from gateway.orders.amounts import ONE, ZERO
from gateway.orders.assignment import assign
from gateway.orders.fields import HEADER, HeaderChange, NewOrder, Until, column_of
from gateway.orders.pricing import step_of
from gateway.orders.problems import Report
from gateway.orders.references import References
from gateway.orders.rounding import rounded
from gateway.storage.tables.column_types import is_storable
from gateway.storage.tables.reference_data import CurrencyRow, CustomerRow
from gateway.storage.tables.reference_enums import CustomerBlocked
from gateway.storage.tables.sales_orders import LineRounding, SalesOrderRow
from gateway.storage.unsaved_orders import UnsavedOrder


def new_order(
    change: NewOrder, references: References, today: dt.date, report: Report
) -> SalesOrderRow:
    """An order without lines. A placeholder stands in for a customer or a payer who does not exist, so
    that all other problems are reported as well."""
    customer = _open_customer("customer", change, references, report) or references.placeholder
    payer = _payer(customer, change, references, report) or references.placeholder
    order = UnsavedOrder(
        company_id=customer.company_id,
        number=change.get("number") or "",
        import_key=change.get("import_key"),
        order_date=today,
        posting_date=today,
        customer_id=customer.id,
        customer_number=customer.number,
        customer_name=customer.display_name,
        bill_to_customer_id=payer.id,
        bill_to_name=payer.display_name,
        currency_id=references.company_currency.id,
    )
    _copy_customer(order, customer)
    _copy_payer(order, payer, references)
    _write(order, whole_addresses(change), references, today, report)
    _check_payer(order, change, references, report)
    return order


def patch_header(
    order: SalesOrderRow,
    change: HeaderChange,
    references: References,
    today: dt.date,
    report: Report,
) -> None:
    """Write the fields of the change. A new customer or payer supplies the fields that the change
    omits."""
    if "customer" in change and change["customer"] is None:
        report.refuse(refusals.CUSTOMER_REQUIRED, "customer")
    before = {name: _fixed_value(order, name) for name in FIXED}
    customer = _open_customer("customer", change, references, report)
    is_other = customer is not None and customer.id != order.customer_id
    if customer is not None and is_other:
        _copy_customer(order, customer)
    if is_other or "bill_to_customer" in change:
        _change_payer(order, change, references, report)
    _write(order, change, references, today, report)
    _check_fixed(order, before, change, report)
    if customer is not None:
        _check_payer(order, change, references, report)


FIXED = {
    name: field for name, field in HEADER.items() if field.until in (Until.SHIPPED, Until.INVOICED)
}


def _check_fixed(
    order: SalesOrderRow,
    before: Mapping[str, Any],
    change: Mapping[str, object],
    report: Report,
) -> None:
    """The customer, the payer and the currency are fixed once something is shipped; the discount, the
    rounding and whether prices include tax are fixed once something is invoiced (RULES.md 4.10)."""
    done = {
        Until.SHIPPED: any(line.shipped_quantity for line in order.lines),
        Until.INVOICED: any(line.invoiced_quantity for line in order.lines),
    }
    for name, field in FIXED.items():
        is_other = _fixed_value(order, name) != before[name]
        if done[field.until] and name in change and is_other:
            report.refuse(
                refusals.HEADER_FIXED,
                name,
                rejected=change[name],
                done=field.until.name.lower(),
            )


def _fixed_value(order: SalesOrderRow, name: str) -> Any:
    """The value of a field. The amount of a discount counts only if it has no percentage."""
    if name in ("discount_percent", "discount_amount"):
        percent = order.discount_percent
        return percent, order.discount_amount if percent is None else None
    return getattr(order, column_of(name, HEADER[name]))


def _copy_customer(order: SalesOrderRow, customer: CustomerRow) -> None:
    """Copy the fields that come from the customer (RULES.md 1.4)."""
    order.customer_id = customer.id
    order.customer_number = customer.number
    order.customer_name = customer.display_name
    order.contact_id = customer.contact_id
    for name, field in HEADER.items():
        if field.customer:
            setattr(order, column_of(name, field), getattr(customer, field.customer))
    customer_addresses(order, customer)


def _copy_payer(order: SalesOrderRow, payer: CustomerRow, references: References) -> None:
    """Copy the fields that come from the customer who pays (RULES.md 1.4)."""
    order.bill_to_customer_id = payer.id
    order.bill_to_name = payer.display_name
    for name, field in HEADER.items():
        if field.payer:
            setattr(order, column_of(name, field), getattr(payer, field.payer))
    order.currency_id = order.currency_id or references.company_currency.id
    bill_to_address(order, payer)


def _write(
    order: SalesOrderRow,
    change: HeaderChange,
    references: References,
    today: dt.date,
    report: Report,
) -> None:
    customer = references.by_id(CustomerRow, order.customer_id)
    payer = references.by_id(CustomerRow, order.bill_to_customer_id)
    if "currency" in change:
        currency = references.named(CurrencyRow, change, "currency", report)
        order.currency_id = (currency or references.company_currency).id
    assign(order, change, HEADER, references, report, today=today, customer=customer, payer=payer)
    if "line_rounding" in change:
        order.line_rounding = change["line_rounding"] or LineRounding.TWO_STEP
    write_addresses(order, change, report)
    _write_discount(order, change, step_of(order, references))


def _payer(
    customer: CustomerRow, change: HeaderChange, references: References, report: Report
) -> CustomerRow | None:
    """The payer in the change, or else the customer's usual payer, or else the customer; None if the
    change has a payer who does not exist."""
    if change.get("bill_to_customer") is not None:
        return _open_customer("bill_to_customer", change, references, report)
    return references.by_id(CustomerRow, customer.bill_to_customer_id or customer.id)


def _change_payer(
    order: SalesOrderRow, change: HeaderChange, references: References, report: Report
) -> None:
    """Copy the values of a different payer. If the payer stays the same, so do the values that the
    order copied. A caller who is limited to customers may repeat a payer outside this limit."""
    named = change.get("bill_to_customer")
    if named is not None and references.is_hidden(order.bill_to_customer_id, named):
        return
    customer = references.by_id(CustomerRow, order.customer_id)
    payer = _payer(customer, change, references, report)
    if payer is not None and payer.id != order.bill_to_customer_id:
        _copy_payer(order, payer, references)


def _check_payer(
    order: SalesOrderRow, change: HeaderChange, references: References, report: Report
) -> None:
    """A payer that is not in the change comes with the customer, but may be blocked."""
    payer = references.by_id(CustomerRow, order.bill_to_customer_id)
    is_named = change.get("bill_to_customer") is not None
    if why_blocked(payer) is not None and not is_named and payer.id != order.customer_id:
        report.refuse(
            refusals.PAYER_BLOCKED, "customer", rejected=payer.number, number=payer.number
        )


def why_blocked(customer: CustomerRow) -> str | None:
    """The reason why no order may be taken from a customer, or None."""
    if customer.privacy_blocked:
        return "privacy"
    is_open = customer.blocked is CustomerBlocked.NONE
    return None if is_open else customer.blocked.name.lower()


def _open_customer(
    name: str, change: Mapping[str, object], references: References, report: Report
) -> CustomerRow | None:
    """The customer in a field; reports a customer from whom no orders may be taken."""
    customer = references.named(CustomerRow, change, name, report)
    if customer is None:
        return None
    reference: Any = change[name]
    why = why_blocked(customer)
    if why is not None:
        report.refuse(
            refusals.CUSTOMER_BLOCKED,
            name,
            reference.by,
            rejected=reference.value,
            number=customer.number,
            why=why,
        )
    return customer


def _write_discount(order: SalesOrderRow, change: HeaderChange, step: Decimal) -> None:
    """Write the header discount, an amount or a percentage; pricing.py checks it against the lines.
    Null clears either, but a null percentage does not clear an amount that was entered as one."""
    amount, percent = change.get("discount_amount"), change.get("discount_percent")
    is_cleared = "discount_percent" in change and order.discount_percent is not None
    if "discount_amount" in change or percent is not None or is_cleared:
        order.discount_percent = percent
        order.discount_amount = ZERO if amount is None else amount
        if is_storable(order.discount_amount):
            order.discount_amount = rounded(order.discount_amount, ONE, step)
