"""The header of an order: what is given, and what comes from the customer (RULES.md 1.1)."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.orders.amounts import ONE, ZERO
from gateway.orders.pricing import step_of
from gateway.orders.problems import ProblemCode, Report
from gateway.orders.references import Change, References
from gateway.orders.rounding import rounded
from gateway.storage.drafts import draft_order
from gateway.storage.tables.column_types import is_storable
from gateway.storage.tables.reference_data import (
    ADDRESS_PARTS,
    CurrencyRow,
    CustomerBlocked,
    CustomerRow,
    PaymentTermsRow,
    ShipmentMethodRow,
)
from gateway.storage.tables.sales_orders import SalesOrderRow

ADDRESSES = ("sell_to_address", "ship_to_address")
CLEARABLE = (
    "external_document_number",
    "requested_delivery_date",
    "ship_to_name",
    "ship_to_contact",
    "phone_number",
    "email",
    "salesperson",
)
CODES = {"payment_terms": PaymentTermsRow, "shipment_method": ShipmentMethodRow}
FIXED = {
    "customer": "customer_id",
    "bill_to_customer": "bill_to_customer_id",
    "currency": "currency_id",
    "prices_include_tax": "prices_include_tax",
}
"""What cannot change any more at some time, by the field that changes it."""


def new_order(change: Change, found: References, today: dt.date, report: Report) -> SalesOrderRow:
    """An order without lines. If its customer is missing, nobody stands in, so that whatever else is
    wrong comes to light as well."""
    customer = _open_customer("customer", change, found, report) or found.nobody
    order = draft_order(
        company_id=customer.company_id,
        number=change.get("number") or "",
        import_key=change.get("import_key"),
        order_date=today,
        posting_date=today,
        customer_id=customer.id,
        customer_number=customer.number,
        customer_name=customer.display_name,
        bill_to_customer_id=customer.id,
        bill_to_name=customer.display_name,
        currency_id=found.company_currency.id,
    )
    _take_over(order, customer, found)
    _write(order, _whole_addresses(change), found, today, report)
    _check_payer(order, change, found, report)
    return order


def patch_header(
    order: SalesOrderRow, change: Change, found: References, today: dt.date, report: Report
) -> None:
    """Write the given fields; a new customer brings its defaults for those that are not given."""
    if "customer" in change and change["customer"] is None:
        report.refuse(ProblemCode.REQUIRED, "customer", message="Every order has a customer.")
    before = {column: getattr(order, column) for column in FIXED.values()}
    customer = _open_customer("customer", change, found, report)
    if customer is not None and customer.id != order.customer_id:
        _take_over(order, customer, found)
    _write(order, change, found, today, report)
    _check_fixed(order, before, change, report)
    if customer is not None:
        _check_payer(order, change, found, report)


def _check_fixed(
    order: SalesOrderRow, before: Mapping[str, Any], change: Change, report: Report
) -> None:
    """Who orders, who pays and in which currency stays once something is shipped; whether prices
    include tax, once something is invoiced (RULES.md 4.10)."""
    is_shipped = any(line.shipped_quantity for line in order.lines)
    is_invoiced = any(line.invoiced_quantity for line in order.lines)
    for field, column in FIXED.items():
        is_fixed = is_invoiced if field == "prices_include_tax" else is_shipped
        if is_fixed and field in change and getattr(order, column) != before[column]:
            report.refuse(
                ProblemCode.HAS_SHIPMENTS,
                field,
                message="This cannot change: some of the order is "
                + ("invoiced." if field == "prices_include_tax" else "shipped."),
                rejected=change[field],
            )


def _take_over(order: SalesOrderRow, customer: CustomerRow, found: References) -> None:
    """Everything that comes from the customer (RULES.md 1.4)."""
    order.customer_id = customer.id
    order.customer_number = customer.number
    order.customer_name = customer.display_name
    order.contact_id = customer.contact_id
    order.ship_to_name = customer.display_name
    order.ship_to_contact = customer.contact_name
    order.phone_number = customer.phone_number
    order.email = customer.email
    order.salesperson = customer.salesperson
    order.currency_id = customer.currency_id or found.company_currency.id
    order.prices_include_tax = customer.prices_include_tax
    order.partial_shipping = customer.partial_shipping
    order.payment_terms_id = customer.payment_terms_id
    order.shipment_method_id = customer.shipment_method_id
    for part in ADDRESS_PARTS:
        setattr(order, f"sell_to_{part}", getattr(customer, part))
        setattr(order, f"ship_to_{part}", getattr(customer, part))
    _set_payer(order, found.by_id(CustomerRow, customer.bill_to_customer_id or customer.id))


def _set_payer(order: SalesOrderRow, payer: CustomerRow) -> None:
    order.bill_to_customer_id = payer.id
    order.bill_to_name = payer.display_name
    for part in ADDRESS_PARTS:
        setattr(order, f"bill_to_{part}", getattr(payer, part))


def _write(
    order: SalesOrderRow, change: Change, found: References, today: dt.date, report: Report
) -> None:
    customer = found.by_id(CustomerRow, order.customer_id)
    _write_payer(order, customer, change, found, report)
    for field in CLEARABLE:
        if field in change:
            setattr(order, field, change[field])
    defaults = {
        "order_date": today,
        "posting_date": today,
        "prices_include_tax": customer.prices_include_tax,
        "partial_shipping": customer.partial_shipping,
    }
    for field, default in defaults.items():
        if field in change:
            setattr(order, field, default if change[field] is None else change[field])
    _write_codes(order, change, found, report)
    _write_addresses(order, change)
    _write_discount(order, change, step_of(order, found))


def _write_payer(
    order: SalesOrderRow, customer: CustomerRow, change: Change, found: References, report: Report
) -> None:
    """A payer whose address was changed on the order keeps it, if it is named once more."""
    if "bill_to_customer" not in change:
        return
    payer = _open_customer("bill_to_customer", change, found, report)
    if payer is None:
        payer = found.by_id(CustomerRow, customer.bill_to_customer_id or customer.id)
    if payer.id != order.bill_to_customer_id:
        _set_payer(order, payer)


def _check_payer(order: SalesOrderRow, change: Change, found: References, report: Report) -> None:
    """A payer who is not named comes with the customer, and may be blocked all the same."""
    payer = found.by_id(CustomerRow, order.bill_to_customer_id)
    is_named = change.get("bill_to_customer") is not None
    if why_blocked(payer) is not None and not is_named and payer.id != order.customer_id:
        report.refuse(
            ProblemCode.BLOCKED,
            "customer",
            message=f"Customer {payer.number}, who would pay, is blocked.",
            rejected=payer.number,
        )


def why_blocked(customer: CustomerRow) -> str | None:
    """Why no order may be taken from a customer, or None."""
    if customer.privacy_blocked:
        return "privacy"
    is_open = customer.blocked is CustomerBlocked.NONE
    return None if is_open else customer.blocked.name.lower()


def _write_codes(order: SalesOrderRow, change: Change, found: References, report: Report) -> None:
    if "currency" in change:
        currency = found.named(CurrencyRow, change, "currency", report)
        order.currency_id = (currency or found.company_currency).id
    for field, model in CODES.items():
        if field in change:
            named: Any = found.named(model, change, field, report)
            setattr(order, f"{field}_id", None if named is None else named.id)


def _open_customer(
    field: str, change: Change, found: References, report: Report
) -> CustomerRow | None:
    """The customer that `field` names, if orders may be taken from them."""
    customer = found.named(CustomerRow, change, field, report)
    if customer is None:
        return None
    reference = change[field]
    why = why_blocked(customer)
    if why is not None:
        report.refuse(
            ProblemCode.BLOCKED,
            field,
            reference.by,
            message=f"Customer {customer.number} is blocked ({why}), so no order can be created.",
            rejected=reference.value,
        )
    return customer


def _whole_addresses(change: Change) -> Change:
    """A new order's address counts as a whole: parts left out are empty, never the customer's. Goods
    go to the sell-to address if nothing else is said."""
    whole = {
        field: {part: (change[field] or {}).get(part) for part in ADDRESS_PARTS}
        for field in ADDRESSES
        if field in change
    }
    if "sell_to_address" in whole:
        whole.setdefault("ship_to_address", whole["sell_to_address"])
    return {**change, **whole}


def _write_addresses(order: SalesOrderRow, change: Change) -> None:
    """Given parts replace, None clears them all. A customer who pays is billed where it is."""
    for field in ADDRESSES:
        if field not in change:
            continue
        given = change[field]
        prefix = field.removesuffix("address")
        for part in ADDRESS_PARTS:
            if given is None or part in given:
                setattr(order, prefix + part, None if given is None else given[part])
    if "sell_to_address" in change and order.bill_to_customer_id == order.customer_id:
        for part in ADDRESS_PARTS:
            setattr(order, f"bill_to_{part}", getattr(order, f"sell_to_{part}"))


def _write_discount(order: SalesOrderRow, change: Change, step: Decimal) -> None:
    """The header discount as given, an amount or a percent; whether it fits the lines is seen when
    totals are derived. None clears either, but no amount by way of a percent that there is not."""
    amount, percent = change.get("discount_amount"), change.get("discount_percent")
    is_cleared = "discount_percent" in change and order.discount_percent is not None
    if "discount_amount" in change or percent is not None or is_cleared:
        order.discount_percent = percent
        order.discount_amount = ZERO if amount is None else amount
        if order.discount_amount > ZERO and is_storable(order.discount_amount):
            order.discount_amount = rounded(order.discount_amount, ONE, step)
