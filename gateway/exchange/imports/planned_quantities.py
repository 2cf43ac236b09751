"""The quantities to ship and to invoice next on partly shipped lines. They are set after the shipments,
which would change them."""

from collections.abc import Sequence

from gateway.exchange.imports.matching import matched
from gateway.exchange.imports.order_rows import PLANNED
from gateway.exchange.imports.row_reader import ParsedRow
from gateway.orders import refusals
from gateway.orders.quantities import invoiceable, is_part, outstanding
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow


def plan_again(lines: Sequence[ParsedRow], order: SalesOrderRow) -> None:
    """Set the planned quantities of an order that has just been shipped in part."""
    planned = [line for line in lines if any(f"+{name}" in line.extras for name in PLANNED)]
    stored = matched(lines, order) if planned else {}
    for line in planned:
        for name in PLANNED:
            _set(line, stored[id(line)], name)


def _set(line: ParsedRow, row: SalesOrderLineRow, name: str) -> None:
    planned = line.extras.get(f"+{name}")
    if planned is None:
        return
    if name == "ship_quantity":
        most, refusal = outstanding(row), refusals.SHIP_NEXT_TOO_MANY
    else:
        most, refusal = invoiceable(row), refusals.INVOICE_NEXT_TOO_MANY
    if is_part(planned, most):
        setattr(row, name, planned)
    else:
        line.refuse(refusal, (name,), planned, left=most, ready=most)
