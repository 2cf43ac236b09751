"""New lines (RULES.md 1.2 and 3.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.orders.amounts import ZERO
from gateway.orders.assignment import assign
from gateway.orders.fields import LINE, LineChange
from gateway.orders.line_fields import (
    check_comment,
    default_date,
    sell_named,
    set_invoice_quantity,
    set_ship_quantity,
)
from gateway.orders.line_objects import type_of_line
from gateway.orders.line_prices import PriceContext
from gateway.orders.problems import Path, Report
from gateway.orders.whole_units import check_line
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow

SEQUENCE_STEP = 10000


@dataclass(frozen=True)
class AddedLine:
    """A new line, and the path of its values in the change."""

    line: SalesOrderLineRow
    path: Path


def add_lines(
    order: SalesOrderRow,
    changes: Sequence[LineChange],
    context: PriceContext,
    report: Report,
    *path: str,
) -> list[AddedLine]:
    """Append a line for each change. Lines without a sequence follow the last line that has one."""
    sequences = [line.sequence for line in order.lines]
    sequence = max([*sequences, *(change.get("sequence") or 0 for change in changes)], default=0)
    added = []
    for place, change in enumerate(changes):
        if change.get("sequence") is None:
            sequence += SEQUENCE_STEP
        own = change.get("sequence")
        where = (*path, str(place))
        line = _new_line(sequence if own is None else own, change, context, report.at(*where))
        order.lines.append(line)
        added.append(AddedLine(line, where))
    return added


def _new_line(
    sequence: int, change: LineChange, context: PriceContext, report: Report
) -> SalesOrderLineRow:
    line = context.order.new_line(
        company_id=context.order.company_id,
        sequence=sequence,
        line_type=type_of_line(change, report),
    )
    assign(line, change, LINE, context.references, report)
    if line.line_type is SalesOrderLineType.COMMENT:
        check_comment(change, report)
        return line
    line.quantity = change.get("quantity") or ZERO
    line.shipment_date = change.get("shipment_date") or default_date(context.order)
    sell_named(line, change, context, report)
    set_ship_quantity(line, change)
    set_invoice_quantity(line, change)
    check_line(line, {}, context.references, report)
    return line
