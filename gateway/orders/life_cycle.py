"""The transitions that each status of an order allows (RULES.md 4.3 to 4.8)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.problems import Refusal, Report
from gateway.orders.quantities import Quantities, invoice, is_fully_invoiced, ship, sold_lines
from gateway.orders.transitions import Transition
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.reference_enums import CustomerBlocked
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
    """The statuses that allow a transition, the status that it leads to (None if the status stays), and
    the other conditions. `ends` is the status if everything is invoiced."""

    transition: Transition
    sources: tuple[SalesOrderStatus, ...]
    target: SalesOrderStatus | None = None
    guards: tuple[Guard, ...] = ()
    ends: SalesOrderStatus | None = None

    @property
    def leads_to(self) -> SalesOrderStatus | None:
        """The status that the transition usually aims at."""
        return self.ends or self.target


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


def _not_negative_if_invoicing(order: SalesOrderRow, references: Records, report: Report) -> None:
    """The total is checked only if the transition invoices something."""
    if any(line.invoice_quantity for line in sold_lines(order)):
        _total_not_negative(order, references, report)


def _not_negative_if_invoiced(order: SalesOrderRow, references: Records, report: Report) -> None:
    """The release of a fully invoiced order is checked like its last invoice."""
    if is_fully_invoiced(order):
        _total_not_negative(order, references, report)


def _not_fully_invoiced(order: SalesOrderRow, references: Records, report: Report) -> None:
    """A fully invoiced order cannot become a draft again, unless it needs a repair that only a draft
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
        TransitionRule(
            Transition.INVOICE, (RELEASED,), None, (_not_on_hold, _total_not_negative), INVOICED
        ),
        TransitionRule(
            Transition.SHIP_AND_INVOICE,
            (DRAFT, OPEN, RELEASED),
            RELEASED,
            (*READY, _not_negative_if_invoicing, _not_negative_if_invoiced),
            INVOICED,
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

FINAL = (PAID, CANCELLED)
"""No transition leaves these statuses."""


def check_transition(
    transition: Transition, order: SalesOrderRow, references: Records, report: Report
) -> None:
    """Report the reasons why `order` does not allow the transition now."""
    rule = TRANSITIONS[transition]
    if order.status not in rule.sources:
        refuse_status(refusals.WRONG_STATUS, order, rule.sources, report, rule.target)
        return
    for guard in rule.guards:
        guard(order, references, report)


def carry_out(
    transition: Transition, order: SalesOrderRow, quantities: Quantities | None, report: Report
) -> None:
    """Carry out a transition that check_transition allows. A draft of which all remaining lines are
    invoiced becomes INVOICED when it is released. A final status ends a hold."""
    target = TRANSITIONS[transition].target
    if target is not None:
        order.status = target
        order.on_hold = order.on_hold and target not in FINAL
    match transition:
        case Transition.RELEASE | Transition.SHIP_AND_INVOICE if is_fully_invoiced(order):
            order.status = INVOICED
        case Transition.SHIP:
            ship(order, quantities, report)
        case Transition.INVOICE:
            invoice(order, quantities, report)
        case Transition.SHIP_AND_INVOICE:
            _ship_and_invoice(order, report)
        case Transition.HOLD | Transition.RESUME:
            order.on_hold = transition is Transition.HOLD


def _ship_and_invoice(order: SalesOrderRow, report: Report) -> None:
    """Ship and invoice the planned quantities. If there are none of either, the refusal is that nothing
    is left to invoice."""
    sold = sold_lines(order)
    ships = any(line.ship_quantity for line in sold)
    if ships:
        ship(order, None, report)
    if not report.problems and not (ships and not any(line.invoice_quantity for line in sold)):
        invoice(order, None, report)


def refuse_status(
    refusal: Refusal,
    order: SalesOrderRow,
    allowed: Sequence[SalesOrderStatus],
    report: Report,
    goal: SalesOrderStatus | None = None,
    parts: str = "",
) -> None:
    """Report that the order has none of the `allowed` statuses, and suggest the transitions that lead
    to the caller's `goal` now, or else those that lead to an allowed status first. The suggested
    statuses are the allowed ones that the order can still reach. `parts` are the parts of a change that
    the status does not allow."""
    instead = _leading(order.status, (goal,)) if goal is not None else ()
    first = () if instead else _leading(order.status, allowed)
    if goal is not None and len(first) > 1:
        first = (max(first, key=lambda each: _FURTHEST.index(TRANSITIONS[each].leads_to)),)
    reachable = _reachable(order.status)
    report.refuse(
        refusal,
        "id",
        rejected=order.status,
        suggestions=tuple(status.name for status in allowed if status in reachable),
        first=first,
        instead=instead,
        number=order.number,
        status=order.status,
        finality="" if reachable else ", which is final",
        parts=parts,
    )


_FURTHEST = (None, *SalesOrderStatus)
"""The statuses in the order of the life cycle."""


def _leading(
    source: SalesOrderStatus, targets: Collection[SalesOrderStatus]
) -> tuple[Transition, ...]:
    """The transitions from one status to any of `targets`."""
    return tuple(
        rule.transition
        for rule in TRANSITIONS.values()
        if source in rule.sources and rule.leads_to in targets
    )


def _reachable(source: SalesOrderStatus) -> set[SalesOrderStatus]:
    """The statuses that can be reached from `source` by any number of transitions."""
    reached: set[SalesOrderStatus] = set()
    last = {source}
    while last:
        leading = (rule for rule in TRANSITIONS.values() if last.intersection(rule.sources))
        last = {rule.leads_to for rule in leading if rule.leads_to is not None} - reached
        reached |= last
    return reached
