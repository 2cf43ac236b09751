"""Several orders in one call, written either independently or all together (RULES.md 6.5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.orders import refusals
from gateway.orders.external_documents import (
    Repetitions,
    repetitions_of_new,
    repetitions_of_stored,
)
from gateway.orders.fields import NewOrder, OrderPatch
from gateway.orders.patch import remember
from gateway.orders.problems import Problem, Report
from gateway.orders.records import RowResult, by_row, in_row
from gateway.orders.references import References
from gateway.orders.service import (
    Rules,
    begin_update,
    check_stored,
    draft_all,
    finish_update,
    store,
)
from gateway.orders.suggestions import with_suggestions
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.writing import Writer

Refused = Mapping[int, Sequence[Problem]]
"""The problems of rows, by their place; their paths begin with it."""


@dataclass(frozen=True)
class OrderUpdate:
    """A patch of the order with the id `key`, if it still has the etag `if_match`."""

    key: str
    change: OrderPatch
    if_match: str | None = None


async def create_orders(
    writer: Writer, changes: Sequence[NewOrder], rules: Rules, *, is_atomic: bool
) -> list[RowResult]:
    """Store the new orders that are not refused; with `is_atomic`, store none if any is refused. The
    number of statements does not depend on the number of orders."""
    drafts = await draft_all(writer, changes, rules)
    problems = [in_row(each, row) for row, draft in enumerate(drafts) for each in draft.problems]
    refused: dict[int, Sequence[Problem]] = {**by_row(await with_suggestions(writer, problems))}
    orders = {
        row: draft.order
        for row, draft in enumerate(drafts)
        if row not in refused and draft.order is not None
    }
    repetitions = await repetitions_of_new(writer, orders)
    refused |= _in_rows(repetitions.refused)
    if refused and is_atomic:
        return _none_of(len(changes), refused)
    stored = {row: order for row, order in orders.items() if row not in refused}
    await store(writer, list(stored.values()))
    return _results(len(changes), stored, refused, repetitions)


def _in_rows(problems: Mapping[int, Problem]) -> dict[int, Sequence[Problem]]:
    return {row: [in_row(problem, row)] for row, problem in problems.items()}


def _results(
    count: int, orders: Mapping[int, SalesOrderRow], refused: Refused, repetitions: Repetitions
) -> list[RowResult]:
    return [
        RowResult(
            orders.get(row),
            refused.get(row, ()),
            [in_row(each, row) for each in repetitions.warnings(row)],
        )
        for row in range(count)
    ]


async def update_orders(
    writer: Writer, updates: Sequence[OrderUpdate], rules: Rules, *, is_atomic: bool
) -> list[RowResult]:
    """Apply the patches that are not refused; with `is_atomic`, apply none if any is refused. The
    number of statements does not depend on the number of orders.

    A refused patch rolls back the others too, which are then applied again without it."""
    refused: dict[int, Sequence[Problem]] = {}
    orders: Mapping[int, SalesOrderRow] = {}
    while True:
        patching = _Patching(writer, updates, rules, refused)
        async with writer.savepoint(lambda patching=patching: not patching.problems):  # type: ignore[misc]
            orders = await patching.apply()
        if not patching.problems:
            break
        refused |= by_row(await with_suggestions(writer, patching.problems))
        if is_atomic:
            return _none_of(len(updates), refused)
    return _results(len(updates), orders, refused, patching.repetitions)


def _none_of(count: int, refused: Refused) -> list[RowResult]:
    """The results of a call that stored nothing."""
    report = Report()
    for row in range(count):
        if row not in refused:
            report.at(str(row)).refuse(refusals.OTHER_ROW_REFUSED, row=min(refused))
    others = by_row(report.problems)
    return [RowResult(None, refused.get(row) or others[row]) for row in range(count)]


class _Patching:
    """One attempt to apply all updates that are not yet `refused`."""

    def __init__(
        self, writer: Writer, updates: Sequence[OrderUpdate], rules: Rules, refused: Iterable[int]
    ) -> None:
        self._writer = writer
        self._rules = rules
        skipped = set(refused)
        self._updates = {row: each for row, each in enumerate(updates) if row not in skipped}
        self._report = Report()
        self.repetitions = Repetitions({})

    @property
    def problems(self) -> Sequence[Problem]:
        return self._report.problems

    async def apply(self) -> Mapping[int, SalesOrderRow]:
        """Patch and store the orders, unless there are problems. Returns them by row."""
        orders = await self._orders()
        removed = self._begin(orders)
        changes = [self._updates[row].change for row in removed]
        patched = {row: orders[row] for row in removed}
        references = await References.gather(self._writer, changes, *patched.values())
        before = {row: remember(order) for row, order in patched.items()}
        await self._writer.remove_lines([(patched[row], lines) for row, lines in removed.items()])
        for row, order in patched.items():
            change, where = self._updates[row].change, self._report.at(str(row))
            report = Report()
            finish_update(order, before[row], change, references, report)
            where.problems.extend(in_row(problem, row) for problem in report.problems)
        if not self.problems:
            self.repetitions = await repetitions_of_stored(
                self._writer,
                patched,
                {row: each.document for row, each in before.items()},
                {row: self._updates[row].change for row in patched},
            )
            for row, problem in self.repetitions.refused.items():
                self._report.problems.append(in_row(problem, row))
        if not self.problems:
            await self._writer.save([(patched[row], bool(removed[row])) for row in patched])
        return patched

    async def _orders(self) -> dict[int, SalesOrderRow]:
        """The orders of the rows. Reports orders that do not exist, have changed, or occur twice."""
        keys = {row: each.key.lower() for row, each in self._updates.items()}
        stored = {order.id: order for order in await self._writer.sales_orders_of(keys.values())}
        orders: dict[int, SalesOrderRow] = {}
        for row, each in self._updates.items():
            where, order = self._report.at(str(row)), stored.get(keys[row])
            count = len(self.problems)
            if order is not None and order in orders.values():
                where.refuse(refusals.SAME_ROW_TWICE, "id", rejected=each.key, field="id")
            else:
                check_stored(order, each.key, each.if_match, where)
            if order is not None and len(self.problems) == count:
                orders[row] = order
        return orders

    def _begin(self, orders: Mapping[int, SalesOrderRow]) -> dict[int, Sequence[SalesOrderLineRow]]:
        """The lines that the patches remove, for the orders that can be patched."""
        removed: dict[int, Sequence[SalesOrderLineRow]] = {}
        for row, order in orders.items():
            where = self._report.at(str(row))
            lines = begin_update(order, self._updates[row].change, self._rules, where)
            if lines is not None:
                removed[row] = lines
        return removed
