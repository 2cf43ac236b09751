"""The transitions of each order of Northwind, derived from its dates as of the last day of the data."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.demo.northwind_data import Record
from gateway.orders.fields import NewOrder
from gateway.orders.transitions import Transition

TO_OPEN = (Transition.SUBMIT_FOR_REVIEW, Transition.APPROVE)
TO_INVOICED = (Transition.RELEASE, Transition.SHIP, Transition.INVOICE)
TO_PAID = (*TO_INVOICED, Transition.REGISTER_PAYMENT)

PAID_AFTER = dt.timedelta(days=30)
"""Northwind records no payments: every customer pays thirty days after shipment."""

RELEASED_AFTER = dt.timedelta(days=7)
ORDERS_ON_HOLD = 2


@dataclass(frozen=True)
class DemoOrder:
    """A new order and the transitions that follow."""

    new: NewOrder
    transitions: Sequence[Transition] = ()


def transitions_of_orders(records: Sequence[Record]) -> dict[str, tuple[Transition, ...]]:
    """The transitions of each order by its OrderID.

    Shipped orders become PAID, or INVOICED if they were shipped less than thirty days ago. Of the
    others, the order with the earliest required date becomes CANCELLED and the next two go on hold.
    Orders of the last day stay DRAFT, those of the week before become OPEN, and older ones RELEASED."""
    today = max(_date(record, "OrderDate") for record in records)
    transitions = {record["OrderID"]: _transitions(record, today) for record in records}
    unshipped = [record for record in records if not record["ShippedDate"]]
    unshipped.sort(key=lambda record: (record["RequiredDate"], record["OrderID"]))
    cancelled, *others = [record["OrderID"] for record in unshipped]
    transitions[cancelled] = (Transition.CANCEL,)
    for order in others[:ORDERS_ON_HOLD]:
        transitions[order] += (Transition.HOLD,)
    return transitions


def _transitions(record: Record, today: dt.date) -> tuple[Transition, ...]:
    if record["ShippedDate"]:
        is_paid = _date(record, "ShippedDate") + PAID_AFTER <= today
        return TO_PAID if is_paid else TO_INVOICED
    age = today - _date(record, "OrderDate")
    if age > RELEASED_AFTER:
        return (Transition.RELEASE,)
    return TO_OPEN if age else ()


def _date(record: Record, column: str) -> dt.date:
    return dt.date.fromisoformat(record[column])
