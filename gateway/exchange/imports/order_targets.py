"""Records in the rows of an order which order and lines they wrote."""

from collections.abc import Collection, Sequence

from gateway.exchange.imports.matching import MatchedLines
from gateway.exchange.imports.order_rows import OrderRows
from gateway.exchange.imports.row_reader import Target
from gateway.orders.records import RecordOutcome
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

CREATED, UPDATED, UNCHANGED = RecordOutcome


def note_created(order: OrderRows, row: SalesOrderRow, lines: Sequence[SalesOrderLineRow]) -> None:
    """Record a new order; `lines` are the lines of the rows, in order."""
    for header in order.headers:
        header.target = Target(CREATED, row.id, row.number, row.etag)
    for line_row, line in zip(order.lines, lines, strict=True):
        line_row.target = Target(CREATED, row.id, row.number, row.etag, line.id)


def note_updated(
    order: OrderRows,
    row: SalesOrderRow,
    matches: MatchedLines,
    old: Collection[str],
    changed: Collection[int] | None = None,
) -> None:
    """Record a stored order, which had the lines with the ids `old`. `changed` has the `id()` of the
    rows whose line changed, and is None if nothing changed."""
    of_header = UNCHANGED if changed is None else UPDATED
    for header in order.headers:
        header.target = Target(of_header, row.id, row.number, row.etag)
    added = _added(order, [line for line in row.lines if line.id not in old], matches)
    for line_row in order.lines:
        line = matches.get(id(line_row))
        outcome = UPDATED if id(line_row) in (changed or ()) else UNCHANGED
        if line is None:
            line, outcome = added[id(line_row)], CREATED
        line_row.target = Target(outcome, row.id, row.number, row.etag, line.id)


def _added(
    order: OrderRows, new: Sequence[SalesOrderLineRow], matches: MatchedLines
) -> dict[int, SalesOrderLineRow]:
    """The new line of each row without a match: the one with its sequence, or else the next one."""
    rows = [line_row for line_row in order.lines if id(line_row) not in matches]
    by_sequence = {line.sequence: line for line in sorted(new, key=lambda line: line.sequence)}
    result = {}
    for line_row in rows:
        sequence = line_row.change.get("sequence")
        if sequence in by_sequence:
            result[id(line_row)] = by_sequence.pop(sequence)
    rest = (line_row for line_row in rows if id(line_row) not in result)
    result |= {id(row): line for row, line in zip(rest, by_sequence.values(), strict=True)}
    return result
