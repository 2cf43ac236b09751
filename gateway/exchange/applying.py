"""Orders from files into the database, many at a time, each for itself: those that are new are created,
those that are there are patched where they differ, and each goes its way to its status."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from gateway.exchange.order_rows import OrderRows, settle, settle_discounts
from gateway.exchange.records import Given
from gateway.exchange.replay import Destination, Step, steps
from gateway.orders.difference import difference
from gateway.orders.problems import Problem, ProblemCode, Rejected, plain
from gateway.orders.references import References
from gateway.orders.service import Rules, draft_all, happen, store, update
from gateway.orders.suggestions import with_suggestions
from gateway.storage.columns import clean
from gateway.storage.reference_data import Currency
from gateway.storage.sales_orders import SalesOrder, SalesOrderLine, SalesOrderStatus
from gateway.storage.writing import Writer

Counts = Counter[str]


@dataclass
class Applied:
    """What became of the orders of a batch: how many rows of which kind, and the refused orders."""

    counts: Counts = field(default_factory=Counter)
    refused: list[OrderRows] = field(default_factory=list)

    def refuse(self, order: OrderRows) -> None:
        self.refused.append(order)
        self.counts["headers_failed"] += len(order.headers)
        self.counts["lines_failed"] += len(order.lines)


async def apply_orders(writer: Writer, orders: Sequence[OrderRows], rules: Rules) -> Applied:
    """Write what can be written of `orders`; what is wrong with the others stands in their rows.

    A database that refuses one of them refuses them all, by its own error."""
    applied = Applied()
    currencies = await _currencies(writer, orders)
    own = await writer.company_currency()
    steps_of = {None: own.amount_rounding_precision} | {
        code: currency.amount_rounding_precision for code, currency in currencies.items()
    }
    for order in orders:
        settle(order)
        settle_discounts(order, steps_of)
    stored = await _stored(writer, orders)
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
            applied.refuse(order)
        elif there is None:
            new.append(order)
        else:
            await _patch(writer, order, there, found, rules, applied)
    await _create(writer, new, currencies, rules, applied)
    return applied


async def _currencies(writer: Writer, orders: Sequence[OrderRows]) -> dict[str | None, Currency]:
    """The currencies that headers and lines name, by code."""
    named = [order.header.change.get("currency") for order in orders if order.header is not None]
    codes = {reference.value for reference in named if reference is not None}
    codes |= {clean(line.extras.get("+currency") or "") for each in orders for line in each.lines}
    return {row.code: row for row in await writer.find(Currency, {"code": codes - {""}})}


def _refuse_other_currency(
    order: OrderRows, row: SalesOrder, currencies: Mapping[str | None, Currency]
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


async def _stored(writer: Writer, orders: Sequence[OrderRows]) -> dict[int, SalesOrder]:
    """The order that is there already, by the identity of its rows: the one with its number; without
    a number the one that was imported from it, or that of its customer with the customer's own
    number."""
    numbered = [order.number for order in orders if order.number is not None]
    there = {row.number: row for row in await writer.sales_orders_numbered(numbered)}
    found = {id(order): there[order.number] for order in orders if order.number in there}
    nameless = [order for order in orders if order.number is None and order.header is not None]
    keys = {order.first.change["import_key"] for order in nameless}
    imported = {row.import_key: row for row in await writer.sales_orders_imported(keys)}
    for order in nameless:
        if order.first.change["import_key"] in imported:
            found[id(order)] = imported[order.first.change["import_key"]]
        else:
            customer = order.first.change.get("customer")
            document = order.first.change.get("external_document_number")
            if customer is not None and document is not None:
                same = await writer.sales_orders_of(customer.value, clean(document))
                found.update({id(order): row for row in same[:1]})
    return found


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
    currencies: Mapping[str | None, Currency],
    rules: Rules,
    applied: Applied,
) -> None:
    drafts = await draft_all(writer, [order.change for order in orders], rules)
    created: list[tuple[OrderRows, SalesOrder]] = []
    for order, draft in zip(orders, drafts, strict=True):
        if draft.order is not None:
            _refuse_other_currency(order, draft.order, currencies)
        _tell(order, await with_suggestions(writer, draft.problems), order.lines)
        if order.is_refused or draft.order is None:
            applied.refuse(order)
        else:
            created.append((order, draft.order))
    await store(writer, [row for _, row in created])
    for order, row in created:
        _compare_amounts(order, row)
        try:
            await _follow(writer, order, row)
        except Rejected as rejected:
            _tell(order, rejected.problems, order.lines)
            applied.refuse(order)
            await writer.discard(row.id)
        else:
            applied.counts["headers_created"] += 1
            applied.counts["lines_created"] += len(order.lines)


UNPATCHED = {"number", "import_key"}
"""What an order is known by; it never changes."""


async def _patch(
    writer: Writer,
    order: OrderRows,
    row: SalesOrder,
    found: References,
    rules: Rules,
    applied: Applied,
) -> None:
    """Change what is different. A draft is told all that the file says, since a field that is left out
    of a patch follows those that are given: a price its item, an amount its percent."""
    header = {} if order.header is None else difference(row, order.header.change, found)
    matched = _matched(order.lines, row)
    added = [line for line in order.lines if id(line) not in matched]
    there = [line for line in order.lines if id(line) in matched]
    changes = {id(line): difference(matched[id(line)], line.change, found) for line in there}
    changed = [line for line in there if changes[id(line)]]
    if not header and not added and not changed and not list(_steps(order, row)):
        _compare_amounts(order, row)
        applied.counts["headers_unchanged"] += len(order.headers)
        applied.counts["lines_unchanged"] += len(order.lines)
        return
    updated = len(changed)
    if row.status is SalesOrderStatus.DRAFT:
        header = {} if order.header is None else dict(order.header.change)
        changed, changes = there, {id(line): line.change for line in there}
    patch = {
        **{name: value for name, value in header.items() if name not in UNPATCHED},
        "lines": {
            "add": [line.change for line in added],
            "update": [
                {"id": matched[id(line)].id, **_without_sequence(changes[id(line)])}
                for line in changed
            ],
        },
    }
    try:
        async with writer.savepoint():
            row = await update(writer, row.id, patch, None, rules)
            await _follow(writer, order, row)
    except Rejected as rejected:
        _tell(order, rejected.problems, added, changed)
        applied.refuse(order)
        return
    _compare_amounts(order, row)
    applied.counts["headers_updated"] += len(order.headers)
    applied.counts["lines_created"] += len(added)
    applied.counts["lines_updated"] += updated
    applied.counts["lines_unchanged"] += len(order.lines) - len(added) - updated


def _without_sequence(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name != "sequence"}


def _matched(lines: Sequence[Given], row: SalesOrder) -> dict[int, SalesOrderLine]:
    """The line that each row is about, by the identity of the row: the one with its lot, else with its
    sequence. The rows that have neither are about the other lines, in their order."""
    lots = {line.inventory_lot_id: line for line in row.lines if line.inventory_lot_id}
    sequences = {line.sequence: line for line in row.lines}
    matched: dict[int, SalesOrderLine] = {}
    keyless = []
    for given in lines:
        lot, sequence = given.change.get("inventory_lot_id"), given.change.get("sequence")
        line = lots.get(clean(lot)) if lot else None
        if line is None and sequence is not None:
            line = sequences.get(sequence)
        if line is not None:
            matched[id(given)] = line
        elif not lot and sequence is None:
            keyless.append(given)
    taken = {line.id for line in matched.values()}
    rest = sorted(
        (line for line in row.lines if line.id not in taken), key=lambda line: line.sequence
    )
    return matched | {id(given): line for given, line in zip(keyless, rest, strict=False)}


async def _follow(writer: Writer, order: OrderRows, row: SalesOrder) -> None:
    """Take the order through the transitions to where its file says that it stands.

    Raises Rejected with the status as the place of its problems."""
    for event, quantities in list(_steps(order, row)):
        try:
            await happen(writer, row.id, event, None, quantities)
        except Rejected as rejected:
            raise Rejected(
                [replace(problem, path=("+status",)) for problem in rejected.problems]
            ) from rejected


def _steps(order: OrderRows, row: SalesOrder) -> Iterator[Step]:
    if order.header is not None:
        lines = _matched(order.lines, row)
        destination = Destination(
            order.header.extras.get("+status"),
            order.header.extras.get("+on_hold"),
            _quantities(order, lines, "+shipped"),
            _quantities(order, lines, "+invoiced"),
        )
        yield from steps(row, destination)


def _quantities(
    order: OrderRows, lines: Mapping[int, SalesOrderLine], name: str
) -> dict[str, Decimal]:
    given = ((lines[id(line)].id, line.extras.get(name)) for line in order.lines)
    return {key: quantity for key, quantity in given if quantity}


def _compare_amounts(order: OrderRows, row: SalesOrder) -> None:
    """A stated amount is a check: it warns where it is not what we derive."""
    lines = _matched(order.lines, row)
    for given in order.lines:
        stated = given.extras.get("+amount")
        if stated is None:
            continue
        line = lines[id(given)]
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
