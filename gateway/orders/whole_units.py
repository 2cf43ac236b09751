"""Units of measure whose quantities are whole numbers (RULES.md 3.3)."""

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from gateway.orders import refusals
from gateway.orders.problems import Report, plain
from gateway.orders.quantities import Quantities, invoiceable, is_part, outstanding, to_invoice
from gateway.orders.references import References
from gateway.orders.transitions import Transition
from gateway.storage.tables.column_types import is_storable
from gateway.storage.tables.reference_data import UnitOfMeasureRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

Most = Callable[[SalesOrderLineRow], Decimal]

NEXT: Mapping[str, Most] = {"ship_quantity": outstanding, "invoice_quantity": invoiceable}
"""The quantities of a line that cannot exceed the remaining quantity."""

MOVED: Mapping[Transition, Most] = {
    Transition.SHIP: outstanding,
    Transition.INVOICE: to_invoice,
}


def stored_quantities(line: SalesOrderLineRow) -> Mapping[str, Decimal]:
    return {name: getattr(line, name) for name in ("quantity", *NEXT)}


def check_line(
    line: SalesOrderLineRow, before: Mapping[str, Decimal], references: References, report: Report
) -> None:
    """Report fractions in a whole unit, except those that the line already had `before` in the same
    unit, and those that are the whole remaining quantity."""
    unit = _whole_unit(line, references)
    if unit is None:
        return
    now = stored_quantities(line)
    if not all(map(is_storable, now.values())):
        return
    for name, quantity in now.items():
        if quantity != before.get(name) and _is_refused(quantity, line, NEXT.get(name)):
            _refuse(quantity, unit, report, name)


def check_moved(
    order: SalesOrderRow,
    transition: Transition,
    quantities: Quantities,
    references: References,
    report: Report,
) -> None:
    """Report fractions in a whole unit that are to be shipped or invoiced, except the whole remaining
    quantity of a line."""
    lines = {line.id: line for line in order.lines}
    for place, (key, quantity) in enumerate(quantities):
        line = lines.get(key.lower())
        unit = None if line is None else _whole_unit(line, references)
        if line is None or unit is None or not is_storable(quantity):
            continue
        if _is_refused(quantity, line, MOVED[transition]):
            _refuse(quantity, unit, report, "lines", str(place), "quantity")


def _whole_unit(line: SalesOrderLineRow, references: References) -> UnitOfMeasureRow | None:
    if line.unit_of_measure_id is None:
        return None
    unit = references.by_id(UnitOfMeasureRow, line.unit_of_measure_id)
    return unit if unit.is_whole else None


def _is_refused(quantity: Decimal, line: SalesOrderLineRow, most: Most | None) -> bool:
    """Whether the quantity is a fraction. A quantity that exceeds the remaining one is refused for that
    instead."""
    if quantity == quantity.to_integral_value():
        return False
    return most is None or (quantity != most(line) and is_part(quantity, most(line)))


def _refuse(quantity: Decimal, unit: UnitOfMeasureRow, report: Report, *path: str) -> None:
    nearest = (quantity.to_integral_value(way) for way in (ROUND_FLOOR, ROUND_CEILING))
    report.refuse(
        refusals.QUANTITY_NOT_WHOLE,
        *path,
        rejected=quantity,
        suggestions=tuple(map(plain, nearest)),
        unit=unit.code,
    )
