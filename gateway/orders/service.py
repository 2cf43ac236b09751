"""The one door by which orders come in: look up, edit in memory, check, derive, store."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.orders.header import new_order
from gateway.orders.lines import add_lines
from gateway.orders.pricing import derive_totals
from gateway.orders.problems import Problem, ProblemCode, Rejected, Report
from gateway.orders.references import Change, References
from gateway.orders.validation import check, tidy
from gateway.storage.columns import now
from gateway.storage.sales_orders import SalesOrder
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

    order: SalesOrder | None
    problems: tuple[Problem, ...] = ()


async def create(writer: Writer, change: Change, rules: Rules) -> SalesOrder:
    """The stored order that `change` describes; raises Rejected with every problem it has."""
    [order] = await create_all(writer, [change], rules)
    return order


async def create_all(writer: Writer, changes: Sequence[Change], rules: Rules) -> list[SalesOrder]:
    """The stored orders, all or none, with a number from the series where none is given.

    The number of statements does not depend on the number of orders and lines. Raises Rejected."""
    drafts = await draft_all(writer, changes, rules)
    if problems := [problem for draft in drafts for problem in draft.problems]:
        raise Rejected(problems)
    orders = [draft.order for draft in drafts if draft.order is not None]
    await store(writer, orders)
    return orders


async def draft_all(writer: Writer, changes: Sequence[Change], rules: Rules) -> list[Draft]:
    """What each change would store; nothing is written. An order of too many lines costs nothing."""
    found = await References.gather(writer, [change for change in changes if _fits(change, rules)])
    today = now().date()
    return [_draft(change, found, today, rules) for change in changes]


async def store(writer: Writer, orders: Sequence[SalesOrder]) -> None:
    """Number and write new orders. The series is locked last, so that others wait no longer than
    for the insert."""
    nameless = [order for order in orders if not order.number]
    if nameless:
        for order, number in zip(nameless, await writer.next_numbers(len(nameless)), strict=True):
            order.number = number
    await writer.add(orders)


def _fits(change: Change, rules: Rules) -> bool:
    return len(change.get("lines") or ()) <= rules.largest_order


def _draft(change: Change, found: References, today: dt.date, rules: Rules) -> Draft:
    report = Report()
    if not _fits(change, rules):
        report.refuse(
            ProblemCode.TOO_MANY_LINES,
            "lines",
            message=f"An order has at most {rules.largest_order} lines.",
            rejected=len(change["lines"]),
            suggestions=(str(rules.largest_order),),
        )
        return Draft(None, tuple(report.problems))
    order = new_order(change, found, today, report)
    if order is not None:
        add_lines(order, change.get("lines") or (), found, report)
        tidy(order)
        check(order, report)
        if not any(problem.path[0] in PRICED_BY for problem in report.problems):
            derive_totals(order, change, found, report)
    return Draft(order, tuple(report.problems))
