"""The header of an order: what is given, and what comes from the customer (domain rules 1.1)."""

import datetime as dt
from typing import Any

from gateway.orders.pricing import step_of
from gateway.orders.problems import ProblemCode, Report
from gateway.orders.references import Change, References
from gateway.orders.rounding import rounded
from gateway.orders.totals import ONE
from gateway.storage.reference_data import (
    Currency,
    Customer,
    CustomerBlocked,
    PaymentTerms,
    ShipmentMethod,
)
from gateway.storage.sales_orders import SalesOrder

ADDRESS_PARTS = ("address_line1", "address_line2", "city", "state", "country", "post_code")


def new_order(
    change: Change, found: References, today: dt.date, report: Report
) -> SalesOrder | None:
    """An order without lines, or None if its customer is missing, without whom nothing follows."""
    customer = _open_customer("customer", change, found, report)
    if customer is None:
        return None
    bill_to = _open_customer("bill_to_customer", change, found, report)
    if bill_to is None:
        bill_to = found.by_id(Customer, customer.bill_to_customer_id or customer.id)
    order = SalesOrder(
        company_id=customer.company_id,
        number=change.get("number") or "",
        order_date=change.get("order_date") or today,
        posting_date=change.get("posting_date") or today,
        requested_delivery_date=change.get("requested_delivery_date"),
        external_document_number=change.get("external_document_number"),
        customer_id=customer.id,
        customer_number=customer.number,
        customer_name=customer.display_name,
        contact_id=customer.contact_id,
        bill_to_customer_id=bill_to.id,
        bill_to_name=bill_to.display_name,
        ship_to_name=change.get("ship_to_name", customer.display_name),
        ship_to_contact=change.get("ship_to_contact", customer.contact_name),
        phone_number=change.get("phone_number", customer.phone_number),
        email=change.get("email", customer.email),
        salesperson=change.get("salesperson", customer.salesperson),
        currency_id=_currency(change, customer, found, report).id,
        prices_include_tax=_flag(change, "prices_include_tax", customer.prices_include_tax),
        partial_shipping=_flag(change, "partial_shipping", customer.partial_shipping),
    )
    order.payment_terms_id = _chosen(
        PaymentTerms, "payment_terms", customer.payment_terms_id, change, found, report
    )
    order.shipment_method_id = _chosen(
        ShipmentMethod, "shipment_method", customer.shipment_method_id, change, found, report
    )
    _place_addresses(order, change, customer, bill_to)
    _discount(order, change, step_of(order, found), report)
    return order


def _open_customer(
    field: str, change: Change, found: References, report: Report
) -> Customer | None:
    """The customer that `field` names, if orders may be taken from them."""
    customer = found.named(Customer, change, field, report)
    if customer is None:
        return None
    reference = change[field]
    if customer.privacy_blocked or customer.blocked is not CustomerBlocked.NONE:
        why = "privacy" if customer.privacy_blocked else customer.blocked.name.lower()
        report.refuse(
            ProblemCode.BLOCKED,
            field,
            reference.by,
            message=f"Customer {customer.number} is blocked ({why}), so no order can be created.",
            rejected=reference.value,
        )
    return customer


def _flag(change: Change, field: str, default: bool) -> bool:
    value: bool | None = change.get(field)
    return default if value is None else value


def _currency(change: Change, customer: Customer, found: References, report: Report) -> Currency:
    """The given currency, else the customer's; clearing it means the company's own."""
    named = found.named(Currency, change, "currency", report)
    if named is not None:
        return named
    if "currency" in change or customer.currency_id is None:
        return found.company_currency
    return found.by_id(Currency, customer.currency_id)


def _chosen(
    model: Any, field: str, default: str | None, change: Change, found: References, report: Report
) -> str | None:
    """The id of the record that `field` names; the customer's if it is not given, none for None."""
    if field not in change:
        return default
    named = found.named(model, change, field, report)
    return None if named is None else named.id


def _place_addresses(
    order: SalesOrder, change: Change, customer: Customer, bill_to: Customer
) -> None:
    """A given address counts as a whole: parts left out are empty, never somebody else's."""
    sell_to = change.get("sell_to_address", _address(customer))
    payer = sell_to if bill_to.id == customer.id else _address(bill_to)
    addresses = {
        "sell_to": sell_to,
        "bill_to": payer,
        "ship_to": change.get("ship_to_address", sell_to),
    }
    for prefix, address in addresses.items():
        for part in ADDRESS_PARTS:
            setattr(order, f"{prefix}_{part}", (address or {}).get(part))


def _address(customer: Customer) -> Change:
    return {part: getattr(customer, part) for part in ADDRESS_PARTS}


def _discount(order: SalesOrder, change: Change, step: Any, report: Report) -> None:
    """The header discount as given; whether it fits the lines is seen when totals are derived."""
    order.discount_percent = change.get("discount_percent")
    amount = change.get("discount_amount")
    if amount is not None:
        order.discount_amount = rounded(amount, ONE, step)
