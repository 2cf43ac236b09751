"""How much of an order is shipped and invoiced, and how that moves (RULES.md 4.4 to 4.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.orders.amounts import ZERO
from gateway.orders.problems import Path, ProblemCode, Report, plain
from gateway.storage.tables.column_types import is_storable
from gateway.storage.tables.sales_orders import (
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
    SalesOrderStatus,
)

Quantities = Sequence[tuple[str, Decimal]]
"""Line ids, each with how many."""


@dataclass(frozen=True)
class Part:
    """How much of a line is shipped or invoiced, and where that stands in the arguments."""

    line: SalesOrderLineRow
    path: Path
    quantity: Decimal


def sold_lines(order: SalesOrderRow) -> list[SalesOrderLineRow]:
    """The lines that sell something: all but comments, with a quantity."""
    return [
        line
        for line in order.lines
        if line.line_type is not SalesOrderLineType.COMMENT and line.quantity
    ]


def is_fully_shipped(order: SalesOrderRow) -> bool:
    """Whether there is something to ship and all of it is shipped (RULES.md 4.5)."""
    sold = sold_lines(order)
    return bool(sold) and all(line.shipped_quantity == line.quantity for line in sold)


def is_fully_invoiced(order: SalesOrderRow) -> bool:
    """Whether something is sold and all of it is invoiced."""
    sold = sold_lines(order)
    return bool(sold) and all(line.invoiced_quantity == line.quantity for line in sold)


def is_part(quantity: Decimal, whole: Decimal) -> bool:
    """Whether it is nothing, all of `whole`, or something between."""
    return min(whole, ZERO) <= quantity <= max(whole, ZERO)


def outstanding(line: SalesOrderLineRow) -> Decimal:
    """What is ordered and not shipped: the quantity to ship unless told otherwise."""
    return line.quantity - line.shipped_quantity


def invoiceable(line: SalesOrderLineRow) -> Decimal:
    """What is shipped or about to be, and not invoiced: the quantity to invoice unless told otherwise."""
    return line.shipped_quantity + line.ship_quantity - line.invoiced_quantity


def ship(order: SalesOrderRow, given: Quantities | None, report: Report) -> None:
    """Ship the given quantities, or what each line says is to be shipped next."""
    parts = _parts(order, given, "ship_quantity", report)
    for part in parts:
        left = outstanding(part.line)
        if not is_part(part.quantity, left):
            _refuse_size(part, left, ProblemCode.SHIP_TOO_MANY, "outstanding", report)
    if report.problems:
        return
    if not any(part.quantity for part in parts):
        report.refuse(ProblemCode.NOTHING_TO_SHIP, "id", message="Nothing is left to ship.")
        return
    for part in parts:
        _ship_part(part)
    _check_complete(order, "id" if given is None else "lines", report)


def _ship_part(part: Part) -> None:
    """The quantity to invoice follows unless it was told."""
    line = part.line
    follows = line.invoice_quantity == invoiceable(line)
    line.shipped_quantity += part.quantity
    line.ship_quantity = outstanding(line)
    if follows:
        line.invoice_quantity = invoiceable(line)


def _check_complete(order: SalesOrderRow, field: str, report: Report) -> None:
    left = [line for line in sold_lines(order) if line.shipped_quantity != line.quantity]
    if left and not order.partial_shipping:
        report.refuse(
            ProblemCode.PARTIAL_NOT_ALLOWED,
            field,
            message="The order must be shipped complete; lines "
            + ", ".join(str(line.sequence) for line in left)
            + " would be left.",
            suggestions=tuple(plain(line.ship_quantity) for line in left),
        )


def invoice(order: SalesOrderRow, given: Quantities | None, report: Report) -> None:
    """Invoice the given quantities, or what each line says, of what is shipped; an order that is
    invoiced in full is INVOICED."""
    parts = _parts(order, given, "invoice_quantity", report)
    if given is None:
        parts = [Part(each.line, each.path, _nearer(each.quantity, each.line)) for each in parts]
    for part in parts:
        ready = part.line.shipped_quantity - part.line.invoiced_quantity
        if not is_part(part.quantity, ready):
            what = "shipped and not invoiced"
            _refuse_size(part, ready, ProblemCode.INVOICE_TOO_MANY, what, report)
    if report.problems:
        return
    if not any(part.quantity for part in parts):
        report.refuse(
            ProblemCode.NOTHING_TO_INVOICE, "id", message="Nothing shipped is left to invoice."
        )
        return
    for part in parts:
        part.line.invoiced_quantity += part.quantity
        part.line.invoice_quantity = invoiceable(part.line)
    if is_fully_invoiced(order):
        order.status = SalesOrderStatus.INVOICED


def _nearer(quantity: Decimal, line: SalesOrderLineRow) -> Decimal:
    """`quantity`, but no more than is shipped and not invoiced, with its sign."""
    ready = line.shipped_quantity - line.invoiced_quantity
    return min(max(quantity, min(ready, ZERO)), max(ready, ZERO))


def _parts(
    order: SalesOrderRow, given: Quantities | None, column: str, report: Report
) -> list[Part]:
    """What takes part: the given lines, or all that sell something with what `column` says."""
    lines = {line.id: line for line in sold_lines(order)}
    if given is None:
        return [Part(line, ("id",), getattr(line, column)) for line in lines.values()]
    parts: dict[str, Part] = {}
    for place, (key, quantity) in enumerate(given):
        where = report.at("lines", str(place))
        line = lines.get(key.lower())
        if line is None:
            where.refuse(
                ProblemCode.NOT_FOUND,
                "id",
                message="The order has no line to sell with this id.",
                rejected=key,
                suggestions=tuple(lines)[:5],
            )
        elif line.id in parts:
            where.refuse(
                ProblemCode.DUPLICATE, "id", message="The line is named twice.", rejected=key
            )
        else:
            parts[line.id] = Part(line, ("lines", str(place), "quantity"), quantity)
    return [part for part in parts.values() if _is_kept(part, report)]


def _is_kept(part: Part, report: Report) -> bool:
    if is_storable(part.quantity):
        return True
    report.refuse(
        ProblemCode.OUT_OF_RANGE,
        *part.path,
        message="A quantity has at most 13 digits before the point and 5 after it.",
        rejected=part.quantity,
    )
    return False


def _refuse_size(part: Part, most: Decimal, code: ProblemCode, what: str, report: Report) -> None:
    report.refuse(
        code,
        *part.path,
        message=f"{plain(most)} of line {part.line.sequence} are {what}.",
        rejected=part.quantity,
        suggestions=(plain(most),),
    )
