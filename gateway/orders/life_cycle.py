"""What each state of an order allows (RULES.md 4.2 and 4.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.fields import LineChange, OrderPatch
from gateway.orders.line_objects import names_object
from gateway.orders.problems import Refusal, Report
from gateway.orders.quantities import Quantities, invoice, is_fully_invoiced, ship, sold_lines
from gateway.orders.references import written_lines
from gateway.orders.transitions import Transition
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import CustomerBlocked, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow, SalesOrderStatus

DRAFT = SalesOrderStatus.DRAFT
IN_REVIEW = SalesOrderStatus.IN_REVIEW
OPEN = SalesOrderStatus.OPEN
RELEASED = SalesOrderStatus.RELEASED
INVOICED = SalesOrderStatus.INVOICED
PAID = SalesOrderStatus.PAID
CANCELLED = SalesOrderStatus.CANCELLED

Model = TypeVar("Model", bound=Base)


class Records(Protocol):
    """The records that an order refers to."""

    def by_id(self, model: type[Model], key: str) -> Model: ...


Guard = Callable[[SalesOrderRow, Records, Report], None]


@dataclass(frozen=True)
class TransitionRule:
    """The states that allow a transition, the state that it leads to (None: the same), and what else
    must hold."""

    transition: Transition
    sources: tuple[SalesOrderStatus, ...]
    target: SalesOrderStatus | None = None
    guards: tuple[Guard, ...] = ()


def _sells_something(order: SalesOrderRow, _references: Records, report: Report) -> None:
    if not sold_lines(order):
        report.refuse(refusals.NOTHING_TO_RELEASE, "id")


def _lines_complete(order: SalesOrderRow, _references: Records, report: Report) -> None:
    for line in order.lines:
        if line.line_type is SalesOrderLineType.COMMENT:
            continue
        sells = line.item_id or line.account_id or line.line_object_id
        if not sells or (line.item_id is not None and line.unit_of_measure_id is None):
            report.refuse(
                refusals.LINE_INCOMPLETE, "id", rejected=line.sequence, sequence=line.sequence
            )


def _customer_open(order: SalesOrderRow, references: Records, report: Report) -> None:
    for key in {order.customer_id, order.bill_to_customer_id}:
        customer = references.by_id(CustomerRow, key)
        if customer.blocked is not CustomerBlocked.NONE or customer.privacy_blocked:
            number = customer.number
            report.refuse(refusals.CUSTOMER_CLOSED, "id", rejected=number, number=number)


def _not_on_hold(order: SalesOrderRow, _references: Records, report: Report) -> None:
    if order.on_hold:
        report.refuse(refusals.ON_HOLD, "id", instead=(Transition.RESUME,), number=order.number)


def _nothing_shipped(order: SalesOrderRow, _references: Records, report: Report) -> None:
    for line in order.lines:
        if line.shipped_quantity or line.invoiced_quantity:
            report.refuse(
                refusals.ORDER_SHIPPED,
                "id",
                rejected=line.shipped_quantity,
                quantity=line.shipped_quantity,
                sequence=line.sequence,
            )


def _total_not_negative(order: SalesOrderRow, _references: Records, report: Report) -> None:
    if order.total_amount_including_tax < ZERO:
        report.refuse(
            refusals.TOTAL_NEGATIVE,
            "id",
            rejected=order.total_amount_including_tax,
            suggestions=("0",),
        )


def _not_negative_if_invoiced(order: SalesOrderRow, references: Records, report: Report) -> None:
    """A release of an order that is invoiced in full has the guard of the last invoice."""
    if is_fully_invoiced(order):
        _total_not_negative(order, references, report)


def _not_fully_invoiced(order: SalesOrderRow, references: Records, report: Report) -> None:
    """An order that is invoiced in full cannot be a draft again, unless it needs a repair that only a draft
    allows."""
    flaws = Report()
    for guard in (_lines_complete, _total_not_negative):
        guard(order, references, flaws)
    if is_fully_invoiced(order) and not flaws.problems:
        report.refuse(
            refusals.ORDER_INVOICED, "id", instead=(Transition.RELEASE,), number=order.number
        )


READY = (_not_on_hold, _sells_something, _lines_complete, _customer_open)

TRANSITIONS: dict[Transition, TransitionRule] = {
    rule.transition: rule
    for rule in (
        TransitionRule(Transition.SUBMIT_FOR_REVIEW, (DRAFT,), IN_REVIEW, (_sells_something,)),
        TransitionRule(Transition.APPROVE, (IN_REVIEW,), OPEN),
        TransitionRule(Transition.REJECT, (IN_REVIEW,), DRAFT),
        TransitionRule(
            Transition.RELEASE, (DRAFT, OPEN), RELEASED, (*READY, _not_negative_if_invoiced)
        ),
        TransitionRule(Transition.REOPEN, (OPEN, RELEASED), DRAFT, (_not_fully_invoiced,)),
        TransitionRule(Transition.SHIP, (RELEASED,), None, (_not_on_hold, _customer_open)),
        TransitionRule(Transition.INVOICE, (RELEASED,), None, (_not_on_hold, _total_not_negative)),
        TransitionRule(
            Transition.SHIP_AND_INVOICE,
            (DRAFT, OPEN, RELEASED),
            RELEASED,
            (*READY, _total_not_negative),
        ),
        TransitionRule(Transition.REGISTER_PAYMENT, (INVOICED,), PAID),
        TransitionRule(
            Transition.CANCEL, (DRAFT, IN_REVIEW, OPEN, RELEASED), CANCELLED, (_nothing_shipped,)
        ),
        TransitionRule(Transition.HOLD, (DRAFT, IN_REVIEW, OPEN, RELEASED, INVOICED)),
        TransitionRule(Transition.RESUME, (DRAFT, IN_REVIEW, OPEN, RELEASED, INVOICED)),
        TransitionRule(Transition.DELETE, (DRAFT, OPEN, RELEASED), None, (_nothing_shipped,)),
    )
}
"""PAID and CANCELLED are final: nothing leads out of them."""


def check_transition(
    transition: Transition, order: SalesOrderRow, references: Records, report: Report
) -> None:
    """Report why `order` does not allow the transition now."""
    rule = TRANSITIONS[transition]
    if order.status not in rule.sources:
        _refuse_status(refusals.WRONG_STATUS, order, rule.sources, report)
        return
    for guard in rule.guards:
        guard(order, references, report)


def check_editable(order: SalesOrderRow, change: OrderPatch, report: Report) -> bool:
    """Whether the change is allowed: a draft may change in every way, an open or released order only in
    its comments (RULES.md 4.2)."""
    if order.status is DRAFT:
        return True
    if order.status in (OPEN, RELEASED) and _only_comments(order, change):
        return True
    _refuse_status(refusals.NOT_EDITABLE, order, (DRAFT,), report)
    return False


def _only_comments(order: SalesOrderRow, change: OrderPatch) -> bool:
    if set(change) - {"lines"}:
        return False
    lines = change.get("lines") or {}
    comments = {line.id for line in order.lines if line.line_type is SalesOrderLineType.COMMENT}
    touched = {
        *(key.lower() for key in lines.get("remove") or ()),
        *(each["id"].lower() for each in lines.get("update") or ()),
    }
    written = written_lines(change)
    return touched <= comments and not any(_sells(each) for each in written)


def _sells(change: LineChange) -> bool:
    return names_object(change) or change.get("line_type") not in (
        None,
        SalesOrderLineType.COMMENT,
    )


def carry_out(
    transition: Transition, order: SalesOrderRow, quantities: Quantities | None, report: Report
) -> None:
    """Carry out a transition that check_transition allows. An order that lost all lines that were not
    invoiced while it was a draft is INVOICED as soon as it is released."""
    target = TRANSITIONS[transition].target
    if target is not None:
        order.status = target
    match transition:
        case Transition.RELEASE | Transition.SHIP_AND_INVOICE if is_fully_invoiced(order):
            order.status = INVOICED
        case Transition.SHIP:
            ship(order, quantities, report)
        case Transition.INVOICE:
            invoice(order, quantities, report)
        case Transition.SHIP_AND_INVOICE:
            if any(line.ship_quantity for line in sold_lines(order)):
                ship(order, None, report)
            if not report.problems:
                invoice(order, None, report)
        case Transition.HOLD | Transition.RESUME:
            order.on_hold = transition is Transition.HOLD


def _refuse_status(
    refusal: Refusal, order: SalesOrderRow, allowed: Sequence[SalesOrderStatus], report: Report
) -> None:
    """Suggest the states that would do, and name the transitions that lead there."""
    report.refuse(
        refusal,
        "id",
        rejected=order.status,
        suggestions=tuple(status.name for status in allowed),
        first=tuple(
            rule.transition
            for rule in TRANSITIONS.values()
            if order.status in rule.sources and rule.target in allowed
        ),
        number=order.number,
        status=order.status,
    )
