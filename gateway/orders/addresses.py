"""The three addresses of an order (RULES.md 1.5)."""

from collections.abc import Mapping
from typing import Any

from gateway.orders.fields import ADDRESSES, NewOrder
from gateway.orders.problems import Report
from gateway.orders.value_checks import checked_country
from gateway.storage.tables.reference_data import ADDRESS_PARTS, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderRow

SELL_TO, SHIP_TO, BILL_TO = "sell_to_", "ship_to_", "bill_to_"
"""The column prefix of each address."""


def customer_addresses(order: SalesOrderRow, customer: CustomerRow) -> None:
    """Take the sell-to and the ship-to address from the customer."""
    for part in ADDRESS_PARTS:
        setattr(order, SELL_TO + part, getattr(customer, part))
        setattr(order, SHIP_TO + part, getattr(customer, part))


def bill_to_address(order: SalesOrderRow, payer: CustomerRow) -> None:
    """Take the bill-to address from the customer who pays."""
    for part in ADDRESS_PARTS:
        setattr(order, BILL_TO + part, getattr(payer, part))


def whole_addresses(change: NewOrder) -> NewOrder:
    """The change, with every address in it complete: in a new order, omitted parts are empty rather
    than copied from the customer."""
    whole: Any = change.copy()
    for name in ADDRESSES:
        if name in change:
            address = whole[name] or {}
            whole[name] = {part: address.get(part) for part in ADDRESS_PARTS}
    new_order: NewOrder = whole
    return new_order


def write_addresses(order: SalesOrderRow, change: Mapping[str, Any], report: Report) -> None:
    """Write the parts that the change contains; null clears all of them. Reports unknown countries.
    When the sell-to address changes, so does a ship-to address that was the same, and the bill-to
    address of a customer who pays, unless the change contains them."""
    followers = [prefix for prefix in _followers(order) if f"{prefix}address" not in change]
    for name in ADDRESSES:
        if name in change:
            address = change[name]
            parts = dict.fromkeys(ADDRESS_PARTS) if address is None else address
            _write(order, name, parts, report)
    if "sell_to_address" in change:
        for prefix in followers:
            for part in ADDRESS_PARTS:
                setattr(order, prefix + part, getattr(order, SELL_TO + part))


def _followers(order: SalesOrderRow) -> list[str]:
    pays = order.bill_to_customer_id == order.customer_id
    return [
        prefix
        for prefix in (SHIP_TO, *((BILL_TO,) if pays else ()))
        if all(
            getattr(order, prefix + part) == getattr(order, SELL_TO + part)
            for part in ADDRESS_PARTS
        )
    ]


def _write(
    order: SalesOrderRow, name: str, address: Mapping[str, str | None], report: Report
) -> None:
    prefix = name.removesuffix("address")
    stored = getattr(order, f"{prefix}country")
    for part, value in address.items():
        setattr(order, prefix + part, value)
    if "country" in address:
        country = checked_country(address["country"], stored, report, name, "country")
        setattr(order, f"{prefix}country", country)
