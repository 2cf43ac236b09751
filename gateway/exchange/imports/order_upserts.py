"""Orders from files into the database, many at a time, each for itself: those that are new are created,
those that are there are patched where they differ, and each goes its way to its status."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from gateway.exchange.imports.matching import matched, stored_orders
from gateway.exchange.imports.order_rows import OrderRows, settle, settle_discounts
from gateway.exchange.imports.row_reader import Given
from gateway.exchange.imports.status_replay import Destination, Step, steps
from gateway.orders.difference import difference
from gateway.orders.problems import Problem, ProblemCode, Rejected, plain
from gateway.orders.references import Change, References
from gateway.orders.service import Rules, draft_all, happen, store, update
from gateway.orders.suggestions import with_suggestions
from gateway.storage.tables.column_types import clean
from gateway.storage.tables.reference_data import CurrencyRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow, SalesOrderStatus
from gateway.storage.writing import Writer

Counts = Counter[str]
"""How many rows of which kind came to what, such as `headers_created`."""


async def apply_orders(writer: Writer, orders: Sequence[OrderRows], rules: Rules) -> Counts:
    """Write what can be written of `orders`; what is wrong with the others stands in their rows.

    A database that refuses one of them refuses them all, by its own error."""
    counts: Counts = Counter()
    currencies = await _currencies(writer, orders)
    own = await writer.company_currency()
    steps_of = {None: own.amount_rounding_precision} | {
        code: currency.amount_rounding_precision for code, currency in currencies.items()
    }
    for order in orders:
        settle(order)
        settle_discounts(order, steps_of)
    stored = await stored_orders(writer, orders)
    there_already = [order.change for order in orders if id(order) in stored]
    found = await References.gather(writer, there_already)
    new = []
    for order in orders:
        there = stored.get(id(order))
        if there is None:
            _refuse_orphans(order)
        else:
            _refuse_other_currency(order, there, currencies)
        if order.is_refused:
            counts += _failed(order)
        elif there is None:
            new.append(order)
        else:
            counts += await _patch(writer, order, there, found, rules)
    return counts + await _create(writer, new, currencies, rules)


def _failed(order: OrderRows) -> Counts:
    return Counter(headers_failed=len(order.headers), lines_failed=len(order.lines))


async def _currencies(writer: Writer, orders: Sequence[OrderRows]) -> dict[str | None, CurrencyRow]:
    """The currencies that headers and lines name, by code."""
    named = [order.header.change.get("currency") for order in orders if order.header is not None]
    codes = {reference.value for reference in named if reference is not None}
    codes |= {clean(line.extras.get("+currency") or "") for each in orders for line in each.lines}
    return {row.code: row for row in await writer.find(CurrencyRow, {"code": codes - {""}})}


def _refuse_other_currency(
    order: OrderRows, row: SalesOrderRow, currencies: Mapping[str | None, CurrencyRow]
) -> None:
    """A line is in the currency of its order; where the header names one, that is settled."""
    if order.header is not None and order.header.change.get("currency") is not None:
        return
    for line in order.lines:
        given = line.extras.get("+currency")
        named = currencies.get(clean(given)) if given else None
        if given and (named is None or named.id != row.currency_id):
            message = "The order is in another currency."
            line.refuse(ProblemCode.CONFLICTING, ("+currency",), message, given)


def _refuse_orphans(order: OrderRows) -> None:
    """A new order has a header, and that a customer."""
    if order.header is not None:
        if order.header.change.get("customer") is None:
            message = "Every order has a customer."
            order.header.refuse(ProblemCode.REQUIRED, ("customer",), message)
        return
    for line in order.lines:
        if order.number is None:
            message = "The line names no order."
            line.refuse(ProblemCode.REQUIRED, ("+order_number",), message)
        else:
            message = f"There is no order {order.number}, neither in the files nor in the database."
            line.refuse(ProblemCode.HEADER_NOT_FOUND, ("+order_number",), message, order.number)


async def _create(
    writer: Writer,
    orders: Sequence[OrderRows],
    currencies: Mapping[str | None, CurrencyRow],
    rules: Rules,
) -> Counts:
    counts: Counts = Counter()
    drafts = await draft_all(writer, [order.change for order in orders], rules)
    created: list[tuple[OrderRows, SalesOrderRow]] = []
    for order, draft in zip(orders, drafts, strict=True):
        if draft.order is not None:
            _refuse_other_currency(order, draft.order, currencies)
        _tell(order, await with_suggestions(writer, draft.problems), order.lines)
        if order.is_refused or draft.order is None:
            counts += _failed(order)
        else:
            created.append((order, draft.order))
    await store(writer, [row for _, row in created])
    for order, row in created:
        _compare_amounts(order, row)
        try:
            await _follow(writer, order, row)
        except Rejected as rejected:
            _tell(order, rejected.problems, order.lines)
            await writer.discard(row.id)
            counts += _failed(order)
        else:
            counts += Counter(headers_created=1, lines_created=len(order.lines))
    return counts


@dataclass(frozen=True)
class Changes:
    """What the rows of an order would change in it: of the header, of lines that are there (each by the
    identity of its row), and the rows that are new lines."""

    header: Change
    lines: Mapping[int, Change]
    added: Sequence[Given]

    @property
    def are_none(self) -> bool:
        return not self.header and not self.lines and not self.added


def _changes(order: OrderRows, row: SalesOrderRow, found: References) -> Changes:
    there = matched(order.lines, row)
    differences = {
        id(line): difference(there[id(line)], line.change, found)
        for line in order.lines
        if id(line) in there
    }
    return Changes(
        {} if order.header is None else difference(row, order.header.change, found),
        {key: changes for key, changes in differences.items() if changes},
        [line for line in order.lines if id(line) not in there],
    )


async def _patch(
    writer: Writer, order: OrderRows, row: SalesOrderRow, found: References, rules: Rules
) -> Counts:
    """Change what is different in an order that is stored."""
    changes = _changes(order, row, found)
    if changes.are_none and not list(_steps(order, row)):
        _compare_amounts(order, row)
        return Counter(headers_unchanged=len(order.headers), lines_unchanged=len(order.lines))
    told, patch = _patch_of(order, row, changes)
    try:
        async with writer.savepoint():
            row = await update(writer, row.id, patch, None, rules)
            await _follow(writer, order, row)
    except Rejected as rejected:
        _tell(order, rejected.problems, changes.added, told)
        return _failed(order)
    _compare_amounts(order, row)
    return Counter(
        headers_updated=len(order.headers),
        lines_created=len(changes.added),
        lines_updated=len(changes.lines),
        lines_unchanged=len(order.lines) - len(changes.added) - len(changes.lines),
    )


KEYS = {"number", "import_key", "sequence"}
"""What an order or a line is known by; it never changes."""


def _patch_of(
    order: OrderRows, row: SalesOrderRow, changes: Changes
) -> tuple[Sequence[Given], dict[str, Any]]:
    """The patch that makes the changes, with the rows of the lines that it updates.

    A draft is told all that the file says, since a field that is left out of a patch follows those that
    are given: a price its item, an amount its percent."""
    there = matched(order.lines, row)
    is_draft = row.status is SalesOrderStatus.DRAFT
    whole = {} if order.header is None else order.header.change
    told = [line for line in order.lines if id(line) in (there if is_draft else changes.lines)]
    updates = [
        {
            "id": there[id(line)].id,
            **_without_keys(line.change if is_draft else changes.lines[id(line)]),
        }
        for line in told
    ]
    lines = {"add": [line.change for line in changes.added], "update": updates}
    return told, {**_without_keys(whole if is_draft else changes.header), "lines": lines}


def _without_keys(changes: Change) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name not in KEYS}


async def _follow(writer: Writer, order: OrderRows, row: SalesOrderRow) -> None:
    """Take the order through the transitions to where its file says that it stands.

    Raises Rejected with the status as the place of its problems."""
    for event, quantities in list(_steps(order, row)):
        try:
            await happen(writer, row.id, event, None, quantities)
        except Rejected as rejected:
            raise Rejected(
                [replace(problem, path=("+status",)) for problem in rejected.problems]
            ) from rejected


def _steps(order: OrderRows, row: SalesOrderRow) -> Iterator[Step]:
    if order.header is not None:
        lines = matched(order.lines, row)
        destination = Destination(
            order.header.extras.get("+status"),
            order.header.extras.get("+on_hold"),
            _quantities(order, lines, "+shipped"),
            _quantities(order, lines, "+invoiced"),
        )
        yield from steps(row, destination)


def _quantities(
    order: OrderRows, lines: Mapping[int, SalesOrderLineRow], name: str
) -> dict[str, Decimal]:
    given = ((lines[id(line)].id, line.extras.get(name)) for line in order.lines)
    return {key: quantity for key, quantity in given if quantity}


def _compare_amounts(order: OrderRows, row: SalesOrderRow) -> None:
    """A stated amount is a check: it warns where it is not what we derive."""
    stating = [given for given in order.lines if given.extras.get("+amount") is not None]
    lines = matched(order.lines, row) if stating else {}
    for given in stating:
        stated, line = given.extras["+amount"], lines[id(given)]
        derived = line.amount_including_tax if row.prices_include_tax else line.amount_excluding_tax
        if stated != derived:
            message = f"The line comes to {plain(derived)}, the file says {plain(stated)}."
            given.warn("AMOUNT_DIFFERS", message, ("+amount",), plain(stated))


def _tell(
    order: OrderRows,
    problems: Sequence[Problem],
    added: Sequence[Given],
    updated: Sequence[Given] = (),
) -> None:
    """Hand each problem to the row that it is about."""
    for problem in problems:
        row, path = _place(order, problem, added, updated)
        row.find(problem, path)


def _place(
    order: OrderRows, problem: Problem, added: Sequence[Given], updated: Sequence[Given]
) -> tuple[Given, tuple[str, ...]]:
    match problem.path:
        case ("lines", "add", place, *rest) | ("lines", place, *rest) if place.isdigit():
            return added[int(place)], tuple(rest)
        case ("lines", "update", place, *rest):
            return updated[int(place)], tuple(rest)
        case path:
            return order.first, path
