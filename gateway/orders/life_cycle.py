"""What each state of an order allows: the tables of RULES.md 4.2 and 4.3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.orders.amounts import ZERO
from gateway.orders.line_objects import names_object
from gateway.orders.problems import ProblemCode, Report, plain
from gateway.orders.quantities import Quantities, invoice, is_fully_invoiced, ship, sold_lines
from gateway.orders.references import Change, References, given_lines
from gateway.storage.tables.reference_data import CustomerBlocked, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow, SalesOrderStatus

DRAFT = SalesOrderStatus.DRAFT
IN_REVIEW = SalesOrderStatus.IN_REVIEW
OPEN = SalesOrderStatus.OPEN
RELEASED = SalesOrderStatus.RELEASED
INVOICED = SalesOrderStatus.INVOICED
PAID = SalesOrderStatus.PAID
CANCELLED = SalesOrderStatus.CANCELLED

Guard = Callable[[SalesOrderRow, References, Report], None]


class Event(StrEnum):
    """What may happen to an order; the value is the mutation that makes it happen."""

    UPDATE = "updateSalesOrder"
    SUBMIT_FOR_REVIEW = "submitSalesOrderForReview"
    APPROVE = "approveSalesOrder"
    REJECT = "rejectSalesOrder"
    RELEASE = "releaseSalesOrder"
    REOPEN = "reopenSalesOrder"
    SHIP = "shipSalesOrder"
    INVOICE = "invoiceSalesOrder"
    SHIP_AND_INVOICE = "shipAndInvoiceSalesOrder"
    REGISTER_PAYMENT = "registerSalesOrderPayment"
    CANCEL = "cancelSalesOrder"
    HOLD = "holdSalesOrder"
    RESUME = "resumeSalesOrder"
    DELETE = "deleteSalesOrder"


@dataclass(frozen=True)
class Transition:
    """From which states an event may happen, to which it leads (None: the same), and what else must
    hold."""

    event: Event
    sources: tuple[SalesOrderStatus, ...]
    target: SalesOrderStatus | None = None
    guards: tuple[Guard, ...] = ()


def _sells_something(order: SalesOrderRow, _found: References, report: Report) -> None:
    if not sold_lines(order):
        report.refuse(
            ProblemCode.NOTHING_TO_RELEASE,
            "id",
            message="The order has no line with something to sell and a quantity.",
        )


def _lines_complete(order: SalesOrderRow, _found: References, report: Report) -> None:
    for line in order.lines:
        if line.line_type is SalesOrderLineType.COMMENT:
            continue
        sells = line.item_id or line.account_id or line.line_object_id
        if not sells or (line.item_id is not None and line.unit_of_measure_id is None):
            report.refuse(
                ProblemCode.LINE_INCOMPLETE,
                "id",
                message=f"Line {line.sequence} does not say what it sells, or in which unit.",
                rejected=line.sequence,
            )


def _customer_open(order: SalesOrderRow, found: References, report: Report) -> None:
    for key in {order.customer_id, order.bill_to_customer_id}:
        customer = found.by_id(CustomerRow, key)
        if customer.blocked is not CustomerBlocked.NONE or customer.privacy_blocked:
            report.refuse(
                ProblemCode.BLOCKED,
                "id",
                message=f"Customer {customer.number} is blocked.",
                rejected=customer.number,
            )


def _not_on_hold(order: SalesOrderRow, _found: References, report: Report) -> None:
    if order.on_hold:
        report.refuse(
            ProblemCode.ON_HOLD,
            "id",
            message=f"Order {order.number} is on hold.",
            suggestions=(Event.RESUME.value,),
        )


def _nothing_shipped(order: SalesOrderRow, _found: References, report: Report) -> None:
    for line in order.lines:
        if line.shipped_quantity or line.invoiced_quantity:
            report.refuse(
                ProblemCode.HAS_SHIPMENTS,
                "id",
                message=f"{plain(line.shipped_quantity)} of line {line.sequence} are shipped.",
                rejected=line.shipped_quantity,
            )


def _total_not_negative(order: SalesOrderRow, _found: References, report: Report) -> None:
    if order.total_amount_including_tax < ZERO:
        report.refuse(
            ProblemCode.OUT_OF_RANGE,
            "id",
            message="An order whose total is negative cannot be invoiced.",
            rejected=order.total_amount_including_tax,
            suggestions=("0",),
        )


def _not_negative_if_invoiced(order: SalesOrderRow, found: References, report: Report) -> None:
    """A release that finds everything invoiced asks what the last invoice would have asked."""
    if is_fully_invoiced(order):
        _total_not_negative(order, found, report)


def _not_fully_invoiced(order: SalesOrderRow, found: References, report: Report) -> None:
    """What is invoiced in full goes on, unless only a draft can be mended so that it does."""
    flaws = Report()
    for guard in (_lines_complete, _total_not_negative):
        guard(order, found, flaws)
    if is_fully_invoiced(order) and not flaws.problems:
        report.refuse(
            ProblemCode.HAS_SHIPMENTS,
            "id",
            message=f"Everything of order {order.number} is invoiced, so it is no draft any more.",
            suggestions=(Event.RELEASE.value,),
        )


READY = (_not_on_hold, _sells_something, _lines_complete, _customer_open)

TABLE: dict[Event, Transition] = {
    transition.event: transition
    for transition in (
        Transition(Event.SUBMIT_FOR_REVIEW, (DRAFT,), IN_REVIEW, (_sells_something,)),
        Transition(Event.APPROVE, (IN_REVIEW,), OPEN),
        Transition(Event.REJECT, (IN_REVIEW,), DRAFT),
        Transition(Event.RELEASE, (DRAFT, OPEN), RELEASED, (*READY, _not_negative_if_invoiced)),
        Transition(Event.REOPEN, (OPEN, RELEASED), DRAFT, (_not_fully_invoiced,)),
        Transition(Event.SHIP, (RELEASED,), None, (_not_on_hold, _customer_open)),
        Transition(Event.INVOICE, (RELEASED,), None, (_not_on_hold, _total_not_negative)),
        Transition(
            Event.SHIP_AND_INVOICE,
            (DRAFT, OPEN, RELEASED),
            RELEASED,
            (*READY, _total_not_negative),
        ),
        Transition(Event.REGISTER_PAYMENT, (INVOICED,), PAID),
        Transition(
            Event.CANCEL, (DRAFT, IN_REVIEW, OPEN, RELEASED), CANCELLED, (_nothing_shipped,)
        ),
        Transition(Event.HOLD, (DRAFT, IN_REVIEW, OPEN, RELEASED, INVOICED)),
        Transition(Event.RESUME, (DRAFT, IN_REVIEW, OPEN, RELEASED, INVOICED)),
        Transition(Event.DELETE, (DRAFT, OPEN, RELEASED), None, (_nothing_shipped,)),
    )
}
"""PAID and CANCELLED are final: nothing leads out of them."""


def check_transition(event: Event, order: SalesOrderRow, found: References, report: Report) -> None:
    """Report why `event` may not happen to `order` now."""
    transition = TABLE[event]
    if order.status not in transition.sources:
        refuse_status(order, transition.sources, report)
        return
    for guard in transition.guards:
        guard(order, found, report)


def check_editable(order: SalesOrderRow, change: Change, report: Report) -> bool:
    """A draft may change in every way; comments may also while an order is accepted or released."""
    if order.status is DRAFT:
        return True
    if order.status in (OPEN, RELEASED) and _only_comments(order, change):
        return True
    refuse_status(order, (DRAFT,), report, ProblemCode.NOT_EDITABLE)
    return False


def _only_comments(order: SalesOrderRow, change: Change) -> bool:
    if set(change) - {"lines"}:
        return False
    lines = change.get("lines") or {}
    comments = {line.id for line in order.lines if line.line_type is SalesOrderLineType.COMMENT}
    touched = {
        *(key.lower() for key in lines.get("remove") or ()),
        *(each["id"].lower() for each in lines.get("update") or ()),
    }
    written = given_lines(change)
    return touched <= comments and not any(_sells(each) for each in written)


def _sells(change: Change) -> bool:
    return names_object(change) or change.get("line_type") not in (
        None,
        SalesOrderLineType.COMMENT,
    )


def take_place(
    event: Event, order: SalesOrderRow, quantities: Quantities | None, report: Report
) -> None:
    """Do to `order` what `event` says, once nothing forbids it. An order that lost what was not
    invoiced while it was a draft is INVOICED as soon as it is released."""
    target = TABLE[event].target
    if target is not None:
        order.status = target
    match event:
        case Event.RELEASE | Event.SHIP_AND_INVOICE if is_fully_invoiced(order):
            order.status = INVOICED
        case Event.SHIP:
            ship(order, quantities, report)
        case Event.INVOICE:
            invoice(order, quantities, report)
        case Event.SHIP_AND_INVOICE:
            if any(line.ship_quantity for line in sold_lines(order)):
                ship(order, None, report)
            if not report.problems:
                invoice(order, None, report)
        case Event.HOLD | Event.RESUME:
            order.on_hold = event is Event.HOLD


def refuse_status(
    order: SalesOrderRow,
    allowed: Sequence[SalesOrderStatus],
    report: Report,
    code: ProblemCode = ProblemCode.WRONG_STATUS,
) -> None:
    """The states in which it would be allowed are the suggestions, and how to get there the advice."""
    possible = [
        transition.event.value
        for transition in TABLE.values()
        if order.status in transition.sources and transition.target in allowed
    ]
    advice = f" First {' or '.join(possible)}." if possible else ""
    report.refuse(
        code,
        "id",
        message=f"Order {order.number} is {order.status.name}.{advice}",
        rejected=order.status,
        suggestions=tuple(status.name for status in allowed),
    )
