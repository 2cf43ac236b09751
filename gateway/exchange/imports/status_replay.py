"""The way of an imported order to its status: the transitions that lead there, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.exchange.mappings.business_central import HOLD
from gateway.exchange.mappings.finance_operations import DELIVERED
from gateway.orders.life_cycle import Event
from gateway.orders.quantities import Quantities
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow, SalesOrderStatus

DRAFT, OPEN = SalesOrderStatus.DRAFT, SalesOrderStatus.OPEN
IN_REVIEW = SalesOrderStatus.IN_REVIEW
SHIPPED = (DELIVERED, SalesOrderStatus.INVOICED, SalesOrderStatus.PAID)
FINAL = (SalesOrderStatus.PAID, SalesOrderStatus.CANCELLED)
Step = tuple[Event, Quantities | None]


@dataclass(frozen=True)
class Destination:
    """Where a file says that an order stands: its status, whether it is held, and what of its lines
    is shipped and invoiced, by the id of the line; all or nothing where a line is not named."""

    status: SalesOrderStatus | str | None = None
    on_hold: bool | None = None
    shipped: dict[str, Decimal] | None = None
    invoiced: dict[str, Decimal] | None = None


def steps(order: SalesOrderRow, destination: Destination) -> Iterator[Step]:
    """The transitions that bring `order`, a draft, to its destination. An order that has left its
    draft is not touched: the file is older than what happened here since. A hold comes last, but for
    the step into a state in which nothing can happen any more."""
    if order.status is not DRAFT or any(line.shipped_quantity for line in order.lines):
        return
    status = DRAFT if destination.status in (None, HOLD) else destination.status
    way = list(_towards(order, status, destination))
    if (destination.status == HOLD or destination.on_hold) and not order.on_hold:
        way.insert(len(way) - 1 if status in FINAL else len(way), (Event.HOLD, None))
    yield from way


def _towards(
    order: SalesOrderRow, status: SalesOrderStatus | str | None, destination: Destination
) -> Iterator[Step]:
    shipped = _quantities(order, destination.shipped, whole=status in SHIPPED)
    invoiced = _quantities(order, destination.invoiced, whole=status in SHIPPED[1:])
    if status is SalesOrderStatus.CANCELLED:
        yield Event.CANCEL, None
    elif shipped or status in (*SHIPPED, SalesOrderStatus.RELEASED):
        yield Event.RELEASE, None
        if shipped:
            yield Event.SHIP, shipped
        if invoiced:
            yield Event.INVOICE, invoiced
        if status in (DRAFT, IN_REVIEW, OPEN):
            yield Event.REOPEN, None
    if status in (IN_REVIEW, OPEN):
        yield Event.SUBMIT_FOR_REVIEW, None
    if status is OPEN:
        yield Event.APPROVE, None
    if status is SalesOrderStatus.PAID:
        yield Event.REGISTER_PAYMENT, None


def _quantities(
    order: SalesOrderRow, given: dict[str, Decimal] | None, *, whole: bool
) -> list[tuple[str, Decimal]]:
    sold = [line for line in order.lines if line.line_type is not SalesOrderLineType.COMMENT]
    if given:
        return [(line.id, given[line.id]) for line in sold if given.get(line.id)]
    return [(line.id, line.quantity) for line in sold if line.quantity] if whole else []
