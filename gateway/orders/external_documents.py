"""External document numbers that several orders of one customer share (RULES.md 1.8)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.orders import refusals
from gateway.orders.fields import OrderPatch
from gateway.orders.problems import Path, Problem, Report
from gateway.storage.documented_orders import Document
from gateway.storage.tables.sales_orders import SalesOrderRow, SalesOrderStatus
from gateway.storage.writing import Writer

DOCUMENT = ("external_document_number",)
"""The path of the external document number in a change."""


@dataclass(frozen=True)
class Repetitions:
    """The orders, by row, that repeat an external document number of their customer, and whether the
    company refuses them."""

    problems: Mapping[int, Problem]
    are_refused: bool = False

    @property
    def refused(self) -> Mapping[int, Problem]:
        return self.problems if self.are_refused else {}

    def warnings(self, row: int) -> tuple[Problem, ...]:
        has_warning = row in self.problems and not self.are_refused
        return (self.problems[row],) if has_warning else ()


def document_of(order: SalesOrderRow) -> Document | None:
    """The customer and the external document number of an order; None if the order has no number or is
    cancelled."""
    number = order.external_document_number
    if number is None or order.status is SalesOrderStatus.CANCELLED:
        return None
    return order.customer_id, number


async def repetitions_of_new(writer: Writer, orders: Mapping[int, SalesOrderRow]) -> Repetitions:
    """The new orders, by row, that repeat an external document number."""
    return await _find(writer, orders, dict.fromkeys(orders, DOCUMENT))


async def repetitions_of_stored(
    writer: Writer,
    orders: Mapping[int, SalesOrderRow],
    before: Mapping[int, Document | None],
    changes: Mapping[int, OrderPatch],
) -> Repetitions:
    """The patched orders, by row, that repeat an external document number which they did not have
    `before`."""
    paths = {
        row: DOCUMENT if DOCUMENT[0] in changes[row] else ("customer",)
        for row, order in orders.items()
        if document_of(order) != before[row]
    }
    return await _find(writer, orders, paths)


async def _find(
    writer: Writer, orders: Mapping[int, SalesOrderRow], paths: Mapping[int, Path]
) -> Repetitions:
    """The orders with `paths` that repeat the document of another order, either stored or in `orders`,
    which are all orders of one call. Reads nothing if none of them has a document."""
    documents = {row: document_of(orders[row]) for row in paths}
    present = {row: document for row, document in documents.items() if document is not None}
    if not present:
        return Repetitions({})
    ids = {order.id for order in orders.values()}
    existing = await writer.documented_orders.find(set(present.values()), ids)
    first = _first_rows(orders, present)
    problems: dict[int, Problem] = {}
    for row, document in present.items():
        if document in existing.orders or first[document] != row:
            number = existing.orders.get(document) or orders[first[document]].number
            problems[row] = _problem(orders[row], number, paths[row])
    return Repetitions(problems, existing.are_unique)


def _problem(order: SalesOrderRow, number: str | None, path: Path) -> Problem:
    """The problem of an order that repeats the document of the order `number`, which is None for a new
    order."""
    report = Report()
    refusal = refusals.DOCUMENT_REPEATED if number else refusals.DOCUMENT_REPEATED_HERE
    parameters: dict[str, Any] = {"number": number} if number else {}
    report.refuse(
        refusal,
        *path,
        rejected=order.external_document_number,
        customer=order.customer_number,
        **parameters,
    )
    return report.problems[0]


def _first_rows(
    orders: Mapping[int, SalesOrderRow], changed: Collection[int]
) -> dict[Document, int]:
    """The row of the order with each document. An order that already has the document takes precedence
    over one that gets it."""
    first: dict[Document, int] = {}
    for row in sorted(orders, key=lambda row: (row in changed, row)):
        document = document_of(orders[row])
        if document is not None:
            first.setdefault(document, row)
    return first
