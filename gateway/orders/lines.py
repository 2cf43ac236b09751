"""New lines as clients give them (RULES.md 1.2 and 3.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.orders.amounts import ZERO
from gateway.orders.line_fields import (
    default_date,
    refuse_amounts_on_comment,
    sell_named,
    set_invoice_quantity,
    set_ship_quantity,
)
from gateway.orders.line_objects import type_of_line
from gateway.orders.line_prices import PriceContext
from gateway.orders.problems import Path, Report
from gateway.orders.references import Change
from gateway.storage.drafts import line_class
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow

SEQUENCE_STEP = 10000


@dataclass(frozen=True)
class LineChange:
    """A line with what is given for it and where that stands in the change."""

    line: SalesOrderLineRow
    change: Change
    path: Path


def add_lines(
    order: SalesOrderRow,
    changes: Sequence[Change],
    context: PriceContext,
    report: Report,
    *path: str,
) -> list[LineChange]:
    """Append a line for each change. Those without a sequence follow the last that has one."""
    taken = [line.sequence for line in order.lines]
    sequence = max([*taken, *(change.get("sequence") or 0 for change in changes)], default=0)
    added = []
    for place, change in enumerate(changes):
        if change.get("sequence") is None:
            sequence += SEQUENCE_STEP
        given = change.get("sequence")
        own = sequence if given is None else given
        where = (*path, str(place))
        line = _new_line(own, change, context, report.at(*where))
        order.lines.append(line)
        added.append(LineChange(line, change, where))
    return added


def _new_line(
    sequence: int, change: Change, context: PriceContext, report: Report
) -> SalesOrderLineRow:
    line = line_class(context.order)(
        company_id=context.order.company_id,
        sequence=sequence,
        line_type=type_of_line(change, report),
        description=change.get("description"),
        description2=change.get("description2"),
        inventory_lot_id=change.get("inventory_lot_id"),
    )
    if line.line_type is SalesOrderLineType.COMMENT:
        refuse_amounts_on_comment(change, report)
        return line
    line.quantity = change.get("quantity") or ZERO
    line.shipment_date = change.get("shipment_date") or default_date(context.order)
    sell_named(line, change, context, report)
    set_ship_quantity(line, change)
    set_invoice_quantity(line, change)
    return line
