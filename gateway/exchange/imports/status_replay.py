"""Replays the transitions that bring an imported order to the status in its file."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.exchange.mappings.business_central import HOLD
from gateway.exchange.mappings.finance_operations import DELIVERED
from gateway.orders.quantities import Quantities, sold_lines
from gateway.orders.transitions import Transition
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow, SalesOrderStatus

DRAFT, OPEN = SalesOrderStatus.DRAFT, SalesOrderStatus.OPEN
IN_REVIEW = SalesOrderStatus.IN_REVIEW
SHIPPED = (DELIVERED, SalesOrderStatus.INVOICED, SalesOrderStatus.PAID)
FINAL = (SalesOrderStatus.PAID, SalesOrderStatus.CANCELLED)
Step = tuple[Transition, Quantities | None]


@dataclass(frozen=True)
class Destination:
    """The state of an order according to its file: its status, whether it is on hold, and the shipped
    and invoiced quantities by line id. Without quantities the status decides whether everything or
    nothing is shipped and invoiced."""

    status: SalesOrderStatus | str | None = None
    on_hold: bool | None = None
    shipped: dict[str, Decimal] | None = None
    invoiced: dict[str, Decimal] | None = None


def steps(order: SalesOrderRow, destination: Destination) -> Iterator[Step]:
    """The transitions that bring a draft to its destination. There are none if the order is no longer a
    draft, because its history here is newer than the file. The hold comes last. An order in a final
    status is never on hold."""
    if order.status is not DRAFT or any(line.shipped_quantity for line in order.lines):
        return
    status = DRAFT if destination.status in (None, HOLD) else destination.status
    if _is_fully_invoiced(order, destination) and status in (DRAFT, IN_REVIEW, OPEN):
        status = SalesOrderStatus.INVOICED
    yield from _towards(order, status, destination)
    is_held = destination.status == HOLD or destination.on_hold
    if is_held and not order.on_hold and status not in FINAL:
        yield Transition.HOLD, None


def _is_fully_invoiced(order: SalesOrderRow, destination: Destination) -> bool:
    """Business Central shows such an order as open. It is INVOICED, and never reopened."""
    invoiced = destination.invoiced or {}
    return bool(invoiced) and all(
        invoiced.get(line.id) == line.quantity for line in sold_lines(order)
    )


def _towards(
    order: SalesOrderRow, status: SalesOrderStatus | str | None, destination: Destination
) -> Iterator[Step]:
    shipped = _quantities(order, destination.shipped, whole=status in SHIPPED)
    invoiced = _quantities(order, destination.invoiced, whole=status in SHIPPED[1:])
    if status is SalesOrderStatus.CANCELLED:
        yield Transition.CANCEL, None
    elif shipped or status in (*SHIPPED, SalesOrderStatus.RELEASED):
        yield Transition.RELEASE, None
        if shipped:
            yield Transition.SHIP, shipped
        if invoiced:
            yield Transition.INVOICE, invoiced
        if status in (DRAFT, IN_REVIEW, OPEN):
            yield Transition.REOPEN, None
    if status in (IN_REVIEW, OPEN):
        yield Transition.SUBMIT_FOR_REVIEW, None
    if status is OPEN:
        yield Transition.APPROVE, None
    if status is SalesOrderStatus.PAID:
        yield Transition.REGISTER_PAYMENT, None


def _quantities(
    order: SalesOrderRow, quantities: dict[str, Decimal] | None, *, whole: bool
) -> list[tuple[str, Decimal]]:
    sold = [line for line in order.lines if line.line_type is not SalesOrderLineType.COMMENT]
    if quantities:
        return [(line.id, quantities[line.id]) for line in sold if quantities.get(line.id)]
    return [(line.id, line.quantity) for line in sold if line.quantity] if whole else []
