"""The one door by which orders come in and change: look up, edit in memory, check, derive, store."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.orders.header import new_order
from gateway.orders.life_cycle import Event, check_editable, check_transition, take_place
from gateway.orders.line_prices import PriceContext
from gateway.orders.lines import add_lines
from gateway.orders.patch import apply_patch, remember, removed_lines, size_of
from gateway.orders.pricing import Place, derive_totals, step_of
from gateway.orders.problems import Problem, ProblemCode, Rejected, Report
from gateway.orders.quantities import Quantities, is_fully_shipped
from gateway.orders.references import Change, References
from gateway.orders.suggestions import with_suggestions
from gateway.orders.validation import check, tidy
from gateway.storage.tables.column_types import now
from gateway.storage.tables.sales_orders import SalesOrderRow
from gateway.storage.writing import Writer

PRICED_BY = {"customer", "currency", "lines", "discount_amount", "discount_percent"}
"""Totals cannot be told while one of these is in doubt."""


@dataclass(frozen=True)
class Rules:
    """What a deployment decides."""

    largest_order: int = 1000


@dataclass(frozen=True)
class Draft:
    """An order that is ready to be stored, or the problems that stand against it."""

    order: SalesOrderRow | None
    problems: tuple[Problem, ...] = ()


async def create(writer: Writer, change: Change, rules: Rules) -> SalesOrderRow:
    """The stored order that `change` describes; raises Rejected with every problem it has."""
    [order] = await create_all(writer, [change], rules)
    return order


async def create_all(
    writer: Writer, changes: Sequence[Change], rules: Rules
) -> list[SalesOrderRow]:
    """The stored orders, all or none, with a number from the series where none is given.

    The number of statements does not depend on the number of orders and lines. Raises Rejected."""
    drafts = await draft_all(writer, changes, rules)
    if problems := [problem for draft in drafts for problem in draft.problems]:
        raise Rejected(await with_suggestions(writer, problems))
    orders = [draft.order for draft in drafts if draft.order is not None]
    await store(writer, orders)
    return orders


async def draft_all(writer: Writer, changes: Sequence[Change], rules: Rules) -> list[Draft]:
    """What each change would store; nothing is written. An order of too many lines costs nothing."""
    found = await References.gather(writer, [change for change in changes if _fits(change, rules)])
    today = now().date()
    return [_draft(change, found, today, rules) for change in changes]


async def store(writer: Writer, orders: Sequence[SalesOrderRow]) -> None:
    """Number and write new orders. The series is locked last, so that others wait no longer than
    for the insert."""
    nameless = [order for order in orders if not order.number]
    if nameless:
        for order, number in zip(nameless, await writer.next_numbers(len(nameless)), strict=True):
            order.number = number
    for order in orders:
        order.lines.sort(key=lambda line: line.sequence)
    await writer.insert(orders)


async def update(
    writer: Writer, key: str, change: Change, if_match: str | None, rules: Rules
) -> SalesOrderRow:
    """The order with this id after the patch `change`, all or nothing; raises Rejected."""
    order = await _stored(writer, key, if_match)
    report = Report()
    size = size_of(order, change)
    if size > max(rules.largest_order, len(order.lines)):
        _refuse_size(size, rules, report)
        _raise(report)
    is_editable = check_editable(order, change, report)
    removed = removed_lines(order, change, report)
    if not is_editable:
        _raise(report)
    found = await References.gather(writer, [change], order)
    before = remember(order)
    await writer.remove_lines(order, removed)
    places = apply_patch(order, before, change, found, now().date(), report)
    _complete(order, change, found, lambda line: places.get(line.id, ("lines",)), report)
    if report.problems:
        raise Rejected(await with_suggestions(writer, report.problems))
    await writer.save(order, has_lost_lines=bool(removed))
    return order


async def happen(
    writer: Writer,
    key: str,
    event: Event,
    if_match: str | None,
    quantities: Quantities | None = None,
) -> SalesOrderRow:
    """The order with this id after `event`; raises Rejected if its state or a guard forbids it."""
    order = await _stored(writer, key, if_match)
    report = Report()
    found = await References.gather(writer, [], order)
    check_transition(event, order, found, report)
    _raise(report)
    take_place(event, order, quantities, report)
    _raise(report)
    order.fully_shipped = is_fully_shipped(order)
    await writer.save(order)
    return order


async def delete(writer: Writer, key: str, if_match: str | None) -> str:
    """Take an order away and return its id; raises Rejected."""
    order = await _stored(writer, key, if_match)
    report = Report()
    check_transition(Event.DELETE, order, await References.gather(writer, [], order), report)
    _raise(report)
    await writer.delete(order)
    return order.id


async def _stored(writer: Writer, key: str, if_match: str | None) -> SalesOrderRow:
    report = Report()
    order = await writer.sales_order(key)
    if order is None:
        report.refuse(
            ProblemCode.NOT_FOUND, "id", message="There is no order with this id.", rejected=key
        )
        raise Rejected(report.problems)
    if if_match is not None and if_match != str(order.etag):
        report.refuse(
            ProblemCode.STALE,
            "if_match",
            message=f"Order {order.number} has changed since: read it again.",
            rejected=if_match,
            suggestions=(str(order.etag),),
        )
    _raise(report)
    return order


def _raise(report: Report) -> None:
    if report.problems:
        raise Rejected(report.problems)


def _fits(change: Change, rules: Rules) -> bool:
    return len(change.get("lines") or ()) <= rules.largest_order


def _draft(change: Change, found: References, today: dt.date, rules: Rules) -> Draft:
    report = Report()
    if not _fits(change, rules):
        _refuse_size(len(change["lines"]), rules, report)
        return Draft(None, tuple(report.problems))
    order = new_order(change, found, today, report)
    context = PriceContext(order, found, step_of(order, found))
    lines = add_lines(order, change.get("lines") or (), context, report, "lines")
    places = {new.line.id: new.path for new in lines}
    _complete(order, change, found, lambda line: places[line.id], report)
    return Draft(order, tuple(report.problems))


def _complete(
    order: SalesOrderRow, change: Change, found: References, place: Place, report: Report
) -> None:
    """Check an order that was written, and derive its totals if they can be told."""
    tidy(order)
    check(order, change, place, report)
    if not any(problem.path[0] in PRICED_BY for problem in report.problems):
        derive_totals(order, change, found, place, report)


def _refuse_size(size: int, rules: Rules, report: Report) -> None:
    report.refuse(
        ProblemCode.TOO_MANY_LINES,
        "lines",
        message=f"An order has at most {rules.largest_order} lines.",
        rejected=size,
        suggestions=(str(rules.largest_order),),
    )
