"""What is unusual about an imported order but allowed."""

from collections.abc import Sequence

from gateway.exchange.imports.matching import matched
from gateway.exchange.imports.order_rows import OrderRows
from gateway.orders.problems import Problem, plain
from gateway.storage.tables.sales_orders import SalesOrderRow


def compare_amounts(order: OrderRows, row: SalesOrderRow) -> None:
    """Warn where an amount of the file differs from the derived amount."""
    rows = [each for each in order.lines if each.extras.get("+amount") is not None]
    lines = matched(order.lines, row) if rows else {}
    for each in rows:
        stated, line = each.extras["+amount"], lines[id(each)]
        derived = line.amount_including_tax if row.prices_include_tax else line.amount_excluding_tax
        if stated != derived:
            message = f"The line comes to {plain(derived)}, the file says {plain(stated)}."
            each.warn("AMOUNT_DIFFERS", message, ("+amount",), plain(stated))


def warn_of(order: OrderRows, warnings: Sequence[Problem]) -> None:
    """Add the warnings of an order to its first row."""
    for each in warnings:
        order.first.warn(each.code.name, each.message, each.path, each.rejected_value)
