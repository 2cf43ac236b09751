"""Matches the rows of a file with stored orders and their lines."""

from collections.abc import Mapping, Sequence

from gateway.exchange.imports.order_rows import OrderRows
from gateway.exchange.imports.row_reader import ParsedRow
from gateway.orders import refusals
from gateway.storage.tables.column_types import case_folded, clean
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.writing import Writer

MatchedLines = Mapping[int, SalesOrderLineRow]
"""The stored lines of rows, by the `id()` of the row."""


DOCUMENT = "external_document_number"


async def stored_orders(writer: Writer, orders: Sequence[OrderRows]) -> dict[int, SalesOrderRow]:
    """The stored order of each order in a file, by the `id()` of the latter: the one with the same
    number or, for an order without a number, the one that was imported from the same rows or has the
    same customer and external document number."""
    numbered = [order.number for order in orders if order.number is not None]
    by_number = {row.number_folded: row for row in await writer.sales_orders_numbered(numbered)}
    matches = {
        id(order): by_number[case_folded(order.number)]
        for order in orders
        if order.number is not None and case_folded(order.number) in by_number
    }
    unnumbered = [order for order in orders if order.number is None and order.header is not None]
    keys = {order.first.change["import_key"] for order in unnumbered}
    imported = {row.import_key: row for row in await writer.sales_orders_imported(keys)}
    documents = {clean(order.first.change.get(DOCUMENT) or "") for order in unnumbered} - {""}
    documented: dict[tuple[str | None, str | None], SalesOrderRow] = {
        (case_folded(row.customer_number), row.external_document_number): row
        for row in reversed(await writer.sales_orders_documented(documents))
    }
    for order in unnumbered:
        same = imported.get(order.first.change["import_key"]) or documented.get(
            _external_number(order)
        )
        if same is not None:
            matches[id(order)] = same
    return matches


def _external_number(order: OrderRows) -> tuple[str | None, str | None]:
    """The customer and the external document number of an order."""
    customer = order.first.change.get("customer")
    document = order.first.change.get(DOCUMENT)
    return customer and case_folded(customer.value), document and clean(document)


def matched(
    lines: Sequence[ParsedRow], row: SalesOrderRow, *, by_object: bool = False
) -> MatchedLines:
    """A row matches the line with its lot, or else the one with its sequence. Rows without either match
    the remaining lines in order or, with `by_object`, those that sell the same object."""
    lots = {line.inventory_lot_id: line for line in row.lines if line.inventory_lot_id}
    sequences = {line.sequence: line for line in row.lines}
    matches: dict[int, SalesOrderLineRow] = {}
    keyless = []
    for line_row in lines:
        lot, sequence = line_row.change.get("inventory_lot_id"), line_row.change.get("sequence")
        line = lots.get(clean(lot)) if lot else None
        if line is None and sequence is not None:
            line = sequences.get(sequence)
        if line is not None:
            matches[id(line_row)] = line
        elif is_keyless(line_row):
            keyless.append(line_row)
    taken = {line.id for line in matches.values()}
    rest = sorted(
        (line for line in row.lines if line.id not in taken), key=lambda line: line.sequence
    )
    return matches | (_by_object if by_object else _in_order)(keyless, rest)


def is_keyless(line_row: ParsedRow) -> bool:
    change = line_row.change
    return not change.get("inventory_lot_id") and change.get("sequence") is None


def _in_order(
    keyless: Sequence[ParsedRow], rest: Sequence[SalesOrderLineRow]
) -> dict[int, SalesOrderLineRow]:
    return {id(line_row): line for line_row, line in zip(keyless, rest, strict=False)}


def _by_object(
    keyless: Sequence[ParsedRow], rest: Sequence[SalesOrderLineRow]
) -> dict[int, SalesOrderLineRow]:
    matches = {}
    free = list(rest)
    for line_row in keyless:
        line = next((each for each in free if not names_other_object(line_row, each)), None)
        if line is not None:
            matches[id(line_row)] = line
            free.remove(line)
    return matches


def names_other_object(line_row: ParsedRow, line: SalesOrderLineRow) -> bool:
    """Whether the object of a row is not the one that a stored line sells."""
    number = line_row.change.get("line_object_number")
    for name in ("item", "account"):
        reference = line_row.change.get(name)
        if reference is not None and reference.by == "number":
            number = reference.value
    own = line.line_object_number or ""
    return number is not None and case_folded(clean(number)) != case_folded(own)


def refuse_misplaced(order: OrderRows, row: SalesOrderRow) -> None:
    """Refuse rows without a key at the position of a line that sells something else."""
    if order.has_all_lines:
        return
    lines = matched(order.lines, row)
    for line_row in order.lines:
        line = lines.get(id(line_row))
        if line is not None and is_keyless(line_row) and names_other_object(line_row, line):
            line_row.refuse(
                refusals.LINE_KEY_MISSING,
                ("item",),
                None,
                sequence=line.sequence,
                number=line.line_object_number,
            )


def missing_lines(order: OrderRows, row: SalesOrderRow, matches: MatchedLines) -> list[str]:
    """The ids of stored lines without a row, if the files have all lines of the order."""
    if not order.has_all_lines or not order.lines:
        return []
    matched_ids = {line.id for line in matches.values()}
    return [line.id for line in row.lines if line.id not in matched_ids]
