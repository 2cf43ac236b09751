"""Which stored order the rows of a file are about, and which of its lines."""

from collections.abc import Mapping, Sequence

from gateway.exchange.imports.order_rows import OrderRows
from gateway.exchange.imports.row_reader import Given
from gateway.storage.tables.column_types import clean
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.writing import Writer

Matched = Mapping[int, SalesOrderLineRow]
"""The line that a row is about, by the identity of the row."""


DOCUMENT = "external_document_number"


async def stored_orders(writer: Writer, orders: Sequence[OrderRows]) -> dict[int, SalesOrderRow]:
    """The order that is there already, by the identity of its rows: the one with its number; without
    a number the one that was imported from it, or that of its customer with the customer's own
    number."""
    numbered = [order.number for order in orders if order.number is not None]
    there = {row.number: row for row in await writer.sales_orders_numbered(numbered)}
    found = {id(order): there[order.number] for order in orders if order.number in there}
    nameless = [order for order in orders if order.number is None and order.header is not None]
    keys = {order.first.change["import_key"] for order in nameless}
    imported = {row.import_key: row for row in await writer.sales_orders_imported(keys)}
    documents = {clean(order.first.change.get(DOCUMENT) or "") for order in nameless} - {""}
    documented: dict[tuple[str | None, str | None], SalesOrderRow] = {
        (row.customer_number, row.external_document_number): row
        for row in reversed(await writer.sales_orders_documented(documents))
    }
    for order in nameless:
        same = imported.get(order.first.change["import_key"]) or documented.get(_own_number(order))
        if same is not None:
            found[id(order)] = same
    return found


def _own_number(order: OrderRows) -> tuple[str | None, str | None]:
    """The customer of an order without a number, and what that calls it."""
    customer = order.first.change.get("customer")
    document = order.first.change.get(DOCUMENT)
    return customer and customer.value, document and clean(document)


def matched(lines: Sequence[Given], row: SalesOrderRow) -> Matched:
    """A row is about the line with its lot, else with its sequence. The rows that have neither are about
    the other lines, in their order."""
    lots = {line.inventory_lot_id: line for line in row.lines if line.inventory_lot_id}
    sequences = {line.sequence: line for line in row.lines}
    found: dict[int, SalesOrderLineRow] = {}
    keyless = []
    for given in lines:
        lot, sequence = given.change.get("inventory_lot_id"), given.change.get("sequence")
        line = lots.get(clean(lot)) if lot else None
        if line is None and sequence is not None:
            line = sequences.get(sequence)
        if line is not None:
            found[id(given)] = line
        elif not lot and sequence is None:
            keyless.append(given)
    taken = {line.id for line in found.values()}
    rest = sorted(
        (line for line in row.lines if line.id not in taken), key=lambda line: line.sequence
    )
    return found | {id(given): line for given, line in zip(keyless, rest, strict=False)}
