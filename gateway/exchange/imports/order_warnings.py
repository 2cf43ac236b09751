"""Warnings about imported orders that are unusual but allowed."""

from collections.abc import Sequence

from gateway.exchange.imports.matching import matched
from gateway.exchange.imports.order_rows import FINEST, OrderRows
from gateway.orders.amounts import ONE
from gateway.orders.problems import Problem, plain
from gateway.orders.rounding import rounded
from gateway.storage.tables.sales_orders import SalesOrderRow


def compare_amounts(order: OrderRows, row: SalesOrderRow) -> None:
    """Warn once about an order whose line amounts differ from those in the file, rounded to the
    currency's step."""
    step = order.steps.get(row.currency_id, FINEST)
    different = []
    rows = [each for each in order.lines if each.extras.get("+amount") is not None]
    lines = matched(order.lines, row, by_object=order.has_all_lines) if rows else {}
    for each in rows:
        stated, line = each.extras["+amount"], lines[id(each)]
        derived = line.amount_including_tax if row.prices_include_tax else line.amount_excluding_tax
        if rounded(stated, ONE, step) != rounded(derived, ONE, step):
            different.append((each, stated, derived))
    if different:
        each, stated, derived = different[0]
        message = f"The line comes to {plain(derived)}, the file says {plain(stated)}."
        if len(different) > 1:
            message += f" {len(different):,} lines of the order differ in all."
        each.warn("AMOUNT_DIFFERS", message, ("+amount",), plain(stated))


def warn_of(order: OrderRows, warnings: Sequence[Problem]) -> None:
    """Add the warnings of an order to its first row."""
    for each in warnings:
        order.first.warn(each.code.name, each.message, each.path, each.rejected_value)
