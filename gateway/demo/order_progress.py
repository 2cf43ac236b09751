"""How far each order of Northwind has come on the last day of its data, as its dates tell."""

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
HELD_ORDERS = 2


@dataclass(frozen=True)
class DemoOrder:
    """What is entered as a draft, and the transitions that it goes through."""

    new: NewOrder
    transitions: Sequence[Transition] = ()


def transitions_of_orders(records: Sequence[Record]) -> dict[str, tuple[Transition, ...]]:
    """The transitions of each order by its OrderID.

    Shipped orders are PAID, or INVOICED if they were shipped less than thirty days ago. Of the others,
    the one that is required first is CANCELLED and the next two are on hold. Those that were placed on
    the last day are DRAFT, those of the week before OPEN, and older ones RELEASED."""
    today = max(_date(record, "OrderDate") for record in records)
    transitions = {record["OrderID"]: _transitions(record, today) for record in records}
    waiting = [record for record in records if not record["ShippedDate"]]
    waiting.sort(key=lambda record: (record["RequiredDate"], record["OrderID"]))
    cancelled, *others = [record["OrderID"] for record in waiting]
    transitions[cancelled] = (Transition.CANCEL,)
    for order in others[:HELD_ORDERS]:
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
