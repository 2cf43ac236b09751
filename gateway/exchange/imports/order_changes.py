"""The changes that the rows of an order in a file make to the stored order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gateway.exchange.imports.matching import matched, missing_lines
from gateway.exchange.imports.order_rows import OrderRows
from gateway.exchange.imports.row_reader import ParsedRow
from gateway.orders.difference import difference
from gateway.orders.fields import HEADER, LINE, OrderPatch, Until
from gateway.orders.references import References
from gateway.storage.tables.sales_orders import SalesOrderRow, SalesOrderStatus

KEYS = {name for name, field in {**HEADER, **LINE}.items() if field.until is Until.CREATED}
"""The fields that identify an order or a line, and never change."""


@dataclass(frozen=True)
class OrderChanges:
    """The changes of an order: those of its header, those of its lines (by `id()` of their rows), the
    rows of new lines, and the ids of deleted lines."""

    header: Mapping[str, Any]
    lines: Mapping[int, Mapping[str, Any]]
    added: Sequence[ParsedRow]
    removed: Sequence[str]

    @property
    def is_empty(self) -> bool:
        return not self.header and not self.lines and not self.added and not self.removed


def order_changes(order: OrderRows, row: SalesOrderRow, references: References) -> OrderChanges:
    """The changes that the rows of an order make to the stored order."""
    there = matched(order.lines, row, by_object=order.has_all_lines)
    differences = {
        id(line): difference(there[id(line)], line.change, LINE, references)
        for line in order.lines
        if id(line) in there
    }
    return OrderChanges(
        difference(row, order.header_change, HEADER, references),
        {key: changes for key, changes in differences.items() if changes},
        [line for line in order.lines if id(line) not in there],
        missing_lines(order, row, there),
    )


def order_patch(
    order: OrderRows, row: SalesOrderRow, changes: OrderChanges
) -> tuple[Sequence[ParsedRow], OrderPatch]:
    """The patch, and the rows of the lines that it updates.

    The patch of a draft has all fields of the file, not only those that differ, since omitted fields
    follow others: a price its item, an amount its percentage."""
    there = matched(order.lines, row, by_object=order.has_all_lines)
    is_draft = row.status is SalesOrderStatus.DRAFT
    whole = order.header_change
    updated = [line for line in order.lines if id(line) in (there if is_draft else changes.lines)]
    updates = [
        {
            "id": there[id(line)].id,
            **_without_keys(line.change if is_draft else changes.lines[id(line)]),
        }
        for line in updated
    ]
    lines = {
        "add": [line.change for line in changes.added],
        "update": updates,
        "remove": changes.removed,
    }
    patch: Any = {**_without_keys(whole if is_draft else changes.header), "lines": lines}
    return updated, cast(OrderPatch, patch)


def _without_keys(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name not in KEYS}
