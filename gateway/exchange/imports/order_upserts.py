"""Writes orders from files, many at a time but independently: new orders are created, stored orders
that differ are patched, and each is brought to its status."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from gateway.exchange.imports.matching import (
    matched,
    refuse_misplaced,
    stored_orders,
)
from gateway.exchange.imports.order_changes import order_changes, order_patch
from gateway.exchange.imports.order_rows import OrderRows, choose_discounts, combine_columns
from gateway.exchange.imports.order_targets import note_created, note_updated
from gateway.exchange.imports.order_warnings import compare_amounts, warn_of
from gateway.exchange.imports.planned_quantities import plan_again
from gateway.exchange.imports.row_reader import ParsedRow
from gateway.exchange.imports.status_replay import Destination, Step, steps
from gateway.orders import refusals
from gateway.orders.external_documents import repetitions_of_new
from gateway.orders.problems import Problem, Rejected
from gateway.orders.references import References
from gateway.orders.service import (
    Draft,
    Rules,
    advance,
    carry_out_transition,
    draft_all,
    store,
    update,
)
from gateway.orders.suggestions import with_suggestions
from gateway.storage.tables.column_types import case_folded, clean
from gateway.storage.tables.reference_data import CurrencyRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.writing import Writer

Counts = Counter[str]
"""Numbers of rows by kind and result, such as `headers_created`."""


async def apply_orders(writer: Writer, orders: Sequence[OrderRows], rules: Rules) -> Counts:
    """Write the orders without problems; the problems of the others are in their rows.

    If the database refuses one of them, none is written, and its error is raised."""
    counts: Counts = Counter()
    currencies = await _currencies(writer, orders)
    own = await writer.company_currency()
    steps_of = {None: own.amount_rounding_precision} | {
        code: currency.amount_rounding_precision for code, currency in currencies.items()
    }
    steps_by_id = {each.id: each.amount_rounding_precision for each in (own, *currencies.values())}
    for order in orders:
        order.steps = steps_by_id
        combine_columns(order)
        choose_discounts(order, steps_of)
    stored = await stored_orders(writer, orders)
    there_already = [order.change for order in orders if id(order) in stored]
    references = await References.gather(writer, there_already)
    new = []
    for order in orders:
        there = stored.get(id(order))
        if there is None:
            _refuse_orphans(order)
        else:
            _refuse_other_currency(order, there, currencies)
            refuse_misplaced(order, there)
        if order.is_refused:
            counts += _failed(order)
        elif there is None:
            new.append(order)
        else:
            counts += await _patch(writer, order, there, references, rules)
    return counts + await _create(
        writer, await _with_free_numbers(writer, new, counts), currencies, rules
    )


async def _with_free_numbers(
    writer: Writer, orders: Sequence[OrderRows], counts: Counts
) -> list[OrderRows]:
    """The orders whose numbers no order outside the scope has. The others are refused, and counted."""
    numbers = [order.number for order in orders if order.number is not None]
    taken = await writer.hidden.order_numbers(numbers)
    for order in orders:
        if order.header is not None and order.number and case_folded(order.number) in taken:
            order.header.refuse(
                refusals.RECORD_EXISTS, ("number",), order.number, label="order", field="number"
            )
            counts += _failed(order)
    return [order for order in orders if not order.is_refused]


def _failed(order: OrderRows) -> Counts:
    return Counter(headers_failed=len(order.headers), lines_failed=len(order.lines))


async def _currencies(writer: Writer, orders: Sequence[OrderRows]) -> dict[str | None, CurrencyRow]:
    """The currencies in headers and lines, by code."""
    named = [order.header.change.get("currency") for order in orders if order.header is not None]
    codes = {reference.value for reference in named if reference is not None}
    codes |= {clean(line.extras.get("+currency") or "") for each in orders for line in each.lines}
    return {row.code_folded: row for row in await writer.find(CurrencyRow, {"code": codes - {""}})}


def _refuse_other_currency(
    order: OrderRows, row: SalesOrderRow, currencies: Mapping[str | None, CurrencyRow]
) -> None:
    """Refuse a line in another currency than its order. combine_columns checks it if the header has a
    currency."""
    if order.header is not None and order.header.change.get("currency") is not None:
        return
    for line in order.lines:
        own = line.extras.get("+currency")
        named = currencies.get(case_folded(clean(own))) if own else None
        if own and (named is None or named.id != row.currency_id):
            line.refuse(refusals.ORDER_IN_OTHER_CURRENCY, ("+currency",), own)


def _refuse_orphans(order: OrderRows) -> None:
    """Refuse a new order without a header or a customer."""
    if order.header is not None:
        if order.header.change.get("customer") is None:
            order.header.refuse(refusals.CUSTOMER_REQUIRED, ("customer",))
        return
    for line in order.lines:
        if order.number is None and line.extras.get("+document_id"):
            line.refuse(refusals.DOCUMENT_NOT_FOUND, ("+document_id",), line.extras["+document_id"])
        elif order.number is None and not line.is_refused:
            line.refuse(refusals.LINE_WITHOUT_ORDER, ("+order_number",))
        elif order.number is not None:
            number = order.number
            line.refuse(refusals.HEADER_NOT_FOUND, ("+order_number",), number, number=number)


async def _create(
    writer: Writer,
    orders: Sequence[OrderRows],
    currencies: Mapping[str | None, CurrencyRow],
    rules: Rules,
) -> Counts:
    counts: Counts = Counter()
    drafts = await draft_all(writer, [order.change for order in orders], rules)
    created: list[tuple[OrderRows, SalesOrderRow]] = []
    lines_of: dict[str, list[SalesOrderLineRow]] = {}
    for order, draft in zip(orders, drafts, strict=True):
        if draft.order is not None:
            _refuse_other_currency(order, draft.order, currencies)
        _add_problems(order, await with_suggestions(writer, draft.problems), order.lines)
        if not order.is_refused:
            _advance_draft(order, draft)
        if order.is_refused or draft.order is None:
            counts += _failed(order)
        else:
            created.append((order, draft.order))
            lines_of[draft.order.id] = list(draft.order.lines)
    repetitions = await repetitions_of_new(writer, {n: row for n, (_, row) in enumerate(created)})
    for number, problem in repetitions.refused.items():
        _add_problems(created[number][0], [problem], ())
    stored = [(order, row) for order, row in created if not order.is_refused]
    await store(writer, [row for _, row in stored])
    for number, (order, row) in enumerate(created):
        if order.is_refused:
            counts += _failed(order)
            continue
        warn_of(order, repetitions.warnings(number))
        compare_amounts(order, row)
        note_created(order, row, lines_of[row.id])
        counts += Counter(headers_created=1, lines_created=len(order.lines))
    return counts


def _advance_draft(order: OrderRows, draft: Draft) -> None:
    """Bring a new order to the status in the file before it is stored, which costs no statement. A
    partial shipment may have been made before the order had to be shipped as a whole."""
    if draft.order is None:
        return
    stated, draft.order.partial_shipping = draft.order.partial_shipping, True
    try:
        for transition, quantities in list(_steps(order, draft.order)):
            advance(draft.order, transition, draft.references, quantities)
        plan_again(order.lines, draft.order)
    except Rejected as rejected:
        _add_problems(order, _at_status(rejected), order.lines)
    finally:
        draft.order.partial_shipping = stated


async def _patch(
    writer: Writer, order: OrderRows, row: SalesOrderRow, references: References, rules: Rules
) -> Counts:
    """Patch a stored order where it differs from its rows."""
    changes = order_changes(order, row, references)
    there = matched(order.lines, row, by_object=order.has_all_lines)
    old = {line.id for line in row.lines}
    if changes.is_empty and not list(_steps(order, row)):
        compare_amounts(order, row)
        note_updated(order, row, there, old)
        return Counter(headers_unchanged=len(order.headers), lines_unchanged=len(order.lines))
    updated, patch = order_patch(order, row, changes)
    try:
        async with writer.savepoint():
            written = await update(writer, row.id, patch, None, rules)
            await _replay(writer, order, written.order)
    except Rejected as rejected:
        _add_problems(order, rejected.problems, changes.added, updated)
        return _failed(order)
    warn_of(order, written.warnings)
    compare_amounts(order, written.order)
    note_updated(order, written.order, there, old, changes.lines)
    return Counter(
        headers_updated=len(order.headers),
        lines_created=len(changes.added),
        lines_updated=len(changes.lines),
        lines_unchanged=len(order.lines) - len(changes.added) - len(changes.lines),
    )


async def _replay(writer: Writer, order: OrderRows, row: SalesOrderRow) -> None:
    """Carry out the transitions that lead to the status in the file.

    The problems of Rejected have the status as their path."""
    for transition, quantities in list(_steps(order, row)):
        try:
            await carry_out_transition(writer, row.id, transition, None, quantities)
        except Rejected as rejected:
            raise Rejected(_at_status(rejected)) from rejected


def _at_status(rejected: Rejected) -> list[Problem]:
    return [replace(problem, path=("+status",)) for problem in rejected.problems]


def _steps(order: OrderRows, row: SalesOrderRow) -> Iterator[Step]:
    if order.header is not None:
        destination = Destination(
            order.header.extras.get("+status"),
            order.header.extras.get("+on_hold"),
            _quantities(order, row, "+shipped"),
            _quantities(order, row, "+invoiced"),
        )
        yield from steps(row, destination)


def _quantities(order: OrderRows, row: SalesOrderRow, name: str) -> dict[str, Decimal]:
    """The quantities that the rows of lines state under `name`, by line id."""
    stated = [line for line in order.lines if line.extras.get(name)]
    lines = matched(order.lines, row, by_object=order.has_all_lines) if stated else {}
    return {lines[id(line)].id: line.extras[name] for line in stated}


def _add_problems(
    order: OrderRows,
    problems: Sequence[Problem],
    added: Sequence[ParsedRow],
    updated: Sequence[ParsedRow] = (),
) -> None:
    """Add each problem to the row that it concerns."""
    for problem in problems:
        row, path = _place(order, problem, added, updated)
        row.add(problem, path)


def _place(
    order: OrderRows, problem: Problem, added: Sequence[ParsedRow], updated: Sequence[ParsedRow]
) -> tuple[ParsedRow, tuple[str, ...]]:
    match problem.path:
        case ("lines", "add", place, *rest) | ("lines", place, *rest) if place.isdigit():
            return added[int(place)], tuple(rest)
        case ("lines", "update", place, *rest):
            return updated[int(place)], tuple(rest)
        case path:
            return order.first, path
