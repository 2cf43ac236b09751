"""Every write of an order: look up, edit in memory, check, derive, store. No other code writes orders."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.orders import refusals
from gateway.orders.editability import check_editable
from gateway.orders.etags import check_version
from gateway.orders.external_documents import repetitions_of_new, repetitions_of_stored
from gateway.orders.fields import HeaderChange, NewOrder, OrderPatch
from gateway.orders.header import new_order
from gateway.orders.life_cycle import carry_out, check_transition
from gateway.orders.line_prices import PriceContext
from gateway.orders.lines import add_lines
from gateway.orders.patch import Before, apply_patch, remember, removed_lines, size_of
from gateway.orders.preview import is_preview
from gateway.orders.pricing import Place, derive_totals, step_of
from gateway.orders.problems import Problem, Rejected, Report
from gateway.orders.quantities import Quantities, is_fully_shipped
from gateway.orders.references import References
from gateway.orders.suggestions import with_suggestions
from gateway.orders.transitions import Transition
from gateway.orders.validation import check, tidy
from gateway.orders.whole_units import check_moved
from gateway.storage.tables.column_types import now
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.writing import Writer

PRICED_BY = {"customer", "currency", "lines", "discount_amount", "discount_percent"}
"""Totals are not derived if one of these has a problem."""


@dataclass(frozen=True)
class Rules:
    """The limits that a deployment sets. `largest_order` is a number of lines."""

    largest_order: int


@dataclass(frozen=True)
class Draft:
    """An order that can be stored, or the problems that prevent that, with the references of its
    batch."""

    order: SalesOrderRow | None
    references: References
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Written:
    """An order that was written, and warnings about it."""

    order: SalesOrderRow
    warnings: tuple[Problem, ...] = ()


async def create(writer: Writer, change: NewOrder, rules: Rules) -> Written:
    """Store a new order. Raises Rejected with every problem."""
    [written] = await create_all(writer, [change], rules)
    return written


async def create_all(
    writer: Writer,
    changes: Sequence[NewOrder],
    rules: Rules,
    transitions: Sequence[Sequence[Transition]] | None = None,
) -> list[Written]:
    """Store new orders, all or none, with numbers from the series unless they have their own. The
    transitions of each order, if any, are carried out before it is stored.

    The number of statements does not depend on the number of orders and lines. Raises Rejected."""
    references = await _references(writer, changes, rules)
    drafts = _drafts(changes, references, rules)
    if problems := [problem for draft in drafts for problem in draft.problems]:
        raise Rejected(await with_suggestions(writer, problems))
    orders = [draft.order for draft in drafts if draft.order is not None]
    for order, each in zip(orders, transitions or [()] * len(orders), strict=True):
        for transition in each:
            advance(order, transition, references)
    repetitions = await repetitions_of_new(writer, dict(enumerate(orders)))
    if repetitions.refused:
        raise Rejected(list(repetitions.refused.values()))
    await store(writer, orders)
    return [Written(order, repetitions.warnings(row)) for row, order in enumerate(orders)]


async def draft_all(writer: Writer, changes: Sequence[NewOrder], rules: Rules) -> list[Draft]:
    """The order that each change would store; nothing is written. An order with too many lines is
    refused before anything is read for it."""
    return _drafts(changes, await _references(writer, changes, rules), rules)


async def _references(writer: Writer, changes: Sequence[NewOrder], rules: Rules) -> References:
    return await References.gather(writer, [change for change in changes if _fits(change, rules)])


def _drafts(changes: Sequence[NewOrder], references: References, rules: Rules) -> list[Draft]:
    today = now().date()
    return [_draft(change, references, today, rules) for change in changes]


async def store(writer: Writer, orders: Sequence[SalesOrderRow]) -> None:
    """Number and write new orders. The series is locked last, so that other writers only wait for the
    insert."""
    unnumbered = [order for order in orders if not order.number]
    if unnumbered:
        for order, number in zip(
            unnumbered, await writer.next_numbers(len(unnumbered)), strict=True
        ):
            order.number = number
    for order in orders:
        order.lines.sort(key=lambda line: line.sequence)
    await writer.insert(orders)


async def update(
    writer: Writer, key: str, change: OrderPatch, if_match: str | None, rules: Rules
) -> Written:
    """Apply the patch `change` to the order with this id, all or nothing. Raises Rejected."""
    order = await _stored(writer, key, if_match)
    report = Report()
    removed = begin_update(order, change, rules, report)
    if removed is None:
        raise Rejected(report.problems)
    references = await References.gather(writer, [change], order)
    before = remember(order)
    await writer.remove_lines([(order, removed)])
    finish_update(order, before, change, references, report)
    if report.problems:
        raise Rejected(await with_suggestions(writer, report.problems))
    repetitions = await repetitions_of_stored(writer, {0: order}, {0: before.document}, {0: change})
    if repetitions.refused:
        raise Rejected(list(repetitions.refused.values()))
    await writer.save([(order, bool(removed))])
    return Written(order, repetitions.warnings(0))


def begin_update(
    order: SalesOrderRow, change: OrderPatch, rules: Rules, report: Report
) -> list[SalesOrderLineRow] | None:
    """The lines that a patch removes; None if the order cannot be patched."""
    size = size_of(order, change)
    if size > max(rules.largest_order, len(order.lines)):
        _refuse_size(size, rules, report)
        return None
    is_editable = check_editable(order, change, report)
    removed = removed_lines(order, change, report)
    return removed if is_editable else None


def finish_update(
    order: SalesOrderRow,
    before: Before,
    change: OrderPatch,
    references: References,
    report: Report,
) -> None:
    """Write a patch to an order, whose removed lines have already been deleted, and check the
    result."""
    places = apply_patch(order, before, change, references, now().date(), report)
    _complete(order, change, references, lambda line: places.get(line.id, ("lines",)), report)


async def carry_out_transition(
    writer: Writer,
    key: str,
    transition: Transition,
    if_match: str | None,
    quantities: Quantities | None = None,
) -> SalesOrderRow:
    """Carry out a transition of the order with this id. Raises Rejected if its status or a guard forbids
    it."""
    order = await _stored(writer, key, if_match)
    advance(order, transition, await References.gather(writer, [], order), quantities)
    await writer.save([(order, False)])
    return order


def advance(
    order: SalesOrderRow,
    transition: Transition,
    references: References,
    quantities: Quantities | None = None,
) -> None:
    """Carry out a transition of an order that may not be stored yet. Raises Rejected."""
    report = Report()
    check_transition(transition, order, references, report)
    _raise(report)
    if quantities is not None:
        check_moved(order, transition, quantities, references, report)
    carry_out(transition, order, quantities, report)
    _raise(report)
    order.fully_shipped = is_fully_shipped(order)


async def delete(writer: Writer, key: str, if_match: str | None) -> str:
    """Delete an order and return its id. Raises Rejected."""
    order = await _stored(writer, key, if_match)
    report = Report()
    check_transition(Transition.DELETE, order, await References.gather(writer, [], order), report)
    _raise(report)
    await writer.delete(order)
    return order.id


async def _stored(writer: Writer, key: str, if_match: str | None) -> SalesOrderRow:
    report = Report()
    order = await writer.sales_order(key)
    check_stored(order, key, if_match, report)
    if order is None or report.problems:
        raise Rejected(report.problems)
    return order


def check_stored(
    order: SalesOrderRow | None, key: str, if_match: str | None, report: Report
) -> None:
    """Report an order that does not exist, or whose etag has changed."""
    if order is None:
        refusal = refusals.ORDER_PREVIEWED if is_preview(key) else refusals.ORDER_NOT_FOUND
        report.refuse(refusal, "id", rejected=key)
    else:
        check_version(if_match, order.etag, order.number, report)


def _raise(report: Report) -> None:
    if report.problems:
        raise Rejected(report.problems)


def _fits(change: NewOrder, rules: Rules) -> bool:
    return len(change.get("lines") or ()) <= rules.largest_order


def _draft(change: NewOrder, references: References, today: dt.date, rules: Rules) -> Draft:
    report = Report()
    if not _fits(change, rules):
        _refuse_size(len(change.get("lines") or ()), rules, report)
        return Draft(None, references, tuple(report.problems))
    order = new_order(change, references, today, report)
    context = PriceContext(order, references, step_of(order, references))
    lines = add_lines(order, change.get("lines") or (), context, report, "lines")
    places = {new.line.id: new.path for new in lines}
    _complete(order, change, references, lambda line: places[line.id], report)
    return Draft(order, references, tuple(report.problems))


def _complete(
    order: SalesOrderRow, change: HeaderChange, references: References, place: Place, report: Report
) -> None:
    """Check a changed order, and derive its totals unless a problem prevents that."""
    tidy(order)
    check(order, change, place, report)
    if not any(problem.path[0] in PRICED_BY for problem in report.problems):
        derive_totals(order, change, references, place, report)


def _refuse_size(size: int, rules: Rules, report: Report) -> None:
    report.refuse(
        refusals.TOO_MANY_LINES,
        "lines",
        rejected=size,
        suggestions=(str(rules.largest_order),),
        largest=rules.largest_order,
    )
