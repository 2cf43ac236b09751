"""The shipped and invoiced quantities of an order, and how they change (RULES.md 4.4 to 4.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.preview import is_preview
from gateway.orders.problems import Path, Refusal, Report, plain
from gateway.orders.value_checks import check_number
from gateway.storage.tables.sales_orders import (
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
    SalesOrderStatus,
)

Quantities = Sequence[tuple[str, Decimal]]
"""The number of units by line id."""


@dataclass(frozen=True)
class LinePart:
    """A quantity of a line to ship or to invoice, and its path in the arguments."""

    line: SalesOrderLineRow
    path: Path
    quantity: Decimal


def sold_lines(order: SalesOrderRow) -> list[SalesOrderLineRow]:
    """The lines that sell something: those that are not comments and have a quantity."""
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
    """Whether there is something to sell and all of it is invoiced."""
    sold = sold_lines(order)
    return bool(sold) and all(line.invoiced_quantity == line.quantity for line in sold)


def is_part(quantity: Decimal, whole: Decimal) -> bool:
    """Whether the quantity lies between 0 and `whole`, inclusive."""
    return min(whole, ZERO) <= quantity <= max(whole, ZERO)


def outstanding(line: SalesOrderLineRow) -> Decimal:
    """The quantity that is ordered but not shipped, which is the default quantity to ship next."""
    return line.quantity - line.shipped_quantity


def invoiceable(line: SalesOrderLineRow) -> Decimal:
    """The quantity that is shipped or about to be but not invoiced, which is the default quantity to
    invoice next."""
    return line.shipped_quantity + line.ship_quantity - line.invoiced_quantity


def to_invoice(line: SalesOrderLineRow) -> Decimal:
    """The quantity that is shipped but not invoiced."""
    return line.shipped_quantity - line.invoiced_quantity


def ship(order: SalesOrderRow, quantities: Quantities | None, report: Report) -> None:
    """Ship these quantities, by default the `ship_quantity` of each line."""
    parts = _parts(order, quantities, "ship_quantity", report)
    for part in parts:
        left = outstanding(part.line)
        if not is_part(part.quantity, left):
            _refuse_size(refusals.SHIP_TOO_MANY, part, left, report)
    if report.problems:
        return
    if not any(part.quantity for part in parts):
        report.refuse(refusals.NOTHING_TO_SHIP, "id")
        return
    for part in parts:
        _ship_part(part)
    _check_complete(order, "id" if quantities is None else "lines", report)


def _ship_part(part: LinePart) -> None:
    """The quantity to invoice next follows, unless it was set explicitly."""
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
            refusals.PARTIAL_NOT_ALLOWED,
            field,
            suggestions=tuple(plain(line.ship_quantity) for line in left),
            lines=", ".join(str(line.sequence) for line in left),
        )


def invoice(order: SalesOrderRow, quantities: Quantities | None, report: Report) -> None:
    """Invoice these quantities, by default the `invoice_quantity` of each line as far as it is shipped.
    An order that is invoiced in full is INVOICED."""
    parts = _parts(order, quantities, "invoice_quantity", report)
    if quantities is None:
        parts = [
            LinePart(each.line, each.path, _nearer(each.quantity, each.line)) for each in parts
        ]
    for part in parts:
        ready = to_invoice(part.line)
        if not is_part(part.quantity, ready):
            _refuse_size(refusals.INVOICE_TOO_MANY, part, ready, report)
    if report.problems:
        return
    if not any(part.quantity for part in parts):
        report.refuse(refusals.NOTHING_TO_INVOICE, "id")
        return
    for part in parts:
        part.line.invoiced_quantity += part.quantity
        part.line.invoice_quantity = invoiceable(part.line)
    if is_fully_invoiced(order):
        order.status = SalesOrderStatus.INVOICED


def _nearer(quantity: Decimal, line: SalesOrderLineRow) -> Decimal:
    """`quantity`, limited to what is shipped but not invoiced."""
    ready = to_invoice(line)
    return min(max(quantity, min(ready, ZERO)), max(ready, ZERO))


def _parts(
    order: SalesOrderRow, quantities: Quantities | None, column: str, report: Report
) -> list[LinePart]:
    """The requested quantities by line, by default the `column` of every line that sells something."""
    lines = {line.id: line for line in sold_lines(order)}
    if quantities is None:
        return [LinePart(line, ("id",), getattr(line, column)) for line in lines.values()]
    parts: dict[str, LinePart] = {}
    for place, (key, quantity) in enumerate(quantities):
        where = report.at("lines", str(place))
        line = lines.get(key.lower())
        if line is None:
            where.refuse(
                refusals.LINE_PREVIEWED if is_preview(key) else refusals.SHIP_LINE_NOT_FOUND,
                "id",
                rejected=key,
                suggestions=tuple(lines)[:5],
            )
        elif line.id in parts:
            where.refuse(refusals.SHIP_LINE_TWICE, "id", rejected=key)
        else:
            parts[line.id] = LinePart(line, ("lines", str(place), "quantity"), quantity)
    return [part for part in parts.values() if check_number(part.quantity, report, *part.path)]


def _refuse_size(refusal: Refusal, part: LinePart, most: Decimal, report: Report) -> None:
    report.refuse(
        refusal,
        *part.path,
        rejected=part.quantity,
        suggestions=(plain(most),),
        most=most,
        sequence=part.line.sequence,
    )
