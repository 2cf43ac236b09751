"""One deep patch of an order: header fields, and lines added, updated and removed (domain rules 2.5,
2.7 and 2.8; decisions 3, 4 and 7)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.orders.amounts import HUNDRED, ONE, ZERO
from gateway.orders.header import patch_header
from gateway.orders.line_prices import PriceContext, rescale_price, set_discount
from gateway.orders.lines import add_lines, patch_line
from gateway.orders.pricing import raw_share, step_of
from gateway.orders.problems import Path, ProblemCode, Report
from gateway.orders.references import Change, References
from gateway.orders.rounding import EXACT, rounded
from gateway.storage.sales_orders import SalesOrder, SalesOrderLine, SalesOrderLineType

Places = Mapping[str, Path]
"""Where in the patch a line is, by its id."""


@dataclass(frozen=True)
class Before:
    """What an order was before the patch, as far as its discount depends on it."""

    prices_include_tax: bool
    currency_id: str
    discount_amount: Decimal
    shares: Mapping[str, Decimal]
    pricing: Mapping[str, tuple[Any, ...]]


def removed_lines(order: SalesOrder, change: Change, report: Report) -> list[SalesOrderLine]:
    """The lines that the patch takes away; reports those that are not there or cannot go."""
    lines = {line.id: line for line in order.lines}
    updated = {update["id"].lower() for update in _part(change, "update")}
    removed: list[SalesOrderLine] = []
    for place, key in enumerate(_part(change, "remove")):
        where = report.at("lines", "remove", str(place))
        line = lines.get(key.lower())
        if line is None:
            _refuse_unknown(key, lines, where)
        elif line.id in updated or line in removed:
            where.refuse(
                ProblemCode.CONFLICTING,
                message="The line is named twice in the patch.",
                rejected=key,
            )
        elif line.shipped_quantity:
            where.refuse(
                ProblemCode.HAS_SHIPMENTS,
                message=f"Line {line.sequence} is shipped in part, so it stays.",
                rejected=key,
            )
        else:
            removed.append(line)
    return removed


def apply_patch(
    order: SalesOrder, change: Change, found: References, today: dt.date, report: Report
) -> Places:
    """Write the patch onto `order`, whose removed lines are gone already."""
    before = _before(order)
    patch_header(order, change, found, today, report)
    context = PriceContext(order, found, step_of(order, found))
    places = _update_lines(order, change, context, report)
    if order.prices_include_tax != before.prices_include_tax:
        _rescale_prices(order, change, context, report)
    if order.currency_id != before.currency_id:
        _need_prices(order, change, places, report)
    added = add_lines(order, _part(change, "add"), context, report, "lines", "add")
    is_given = "discount_amount" in change or "discount_percent" in change
    if not is_given and order.discount_percent is None:
        order.discount_amount = _kept_discount(order, before, context.step)
    return {**places, **{new.line.id: new.path for new in added}}


def _part(change: Change, name: str) -> Sequence[Any]:
    return (change.get("lines") or {}).get(name) or ()


def _before(order: SalesOrder) -> Before:
    return Before(
        order.prices_include_tax,
        order.currency_id,
        order.discount_amount,
        {line.id: raw_share(line, order.prices_include_tax) for line in order.lines},
        {line.id: _pricing(line) for line in order.lines},
    )


def _pricing(line: SalesOrderLine) -> tuple[Any, ...]:
    """What makes a line lose its share of the header discount when it changes (domain rules 2.5)."""
    sold = (line.item_id, line.account_id, line.line_object_id)
    return line.quantity, line.unit_price, line.discount_percent, sold


def _update_lines(
    order: SalesOrder, change: Change, context: PriceContext, report: Report
) -> dict[str, Path]:
    lines = {line.id: line for line in order.lines}
    places: dict[str, Path] = {}
    for place, update in enumerate(_part(change, "update")):
        path = ("lines", "update", str(place))
        key = update["id"].lower()
        if key not in lines:
            _refuse_unknown(key, lines, report.at(*path, "id"))
        elif key in places:
            report.refuse(
                ProblemCode.DUPLICATE,
                *path,
                "id",
                message="The line is updated twice.",
                rejected=key,
            )
        else:
            places[key] = path
            patch_line(lines[key], update, context, report.at(*path))
    return places


def _refuse_unknown(key: str, lines: Mapping[str, SalesOrderLine], report: Report) -> None:
    report.refuse(
        ProblemCode.NOT_FOUND,
        message="The order has no line with this id.",
        rejected=key,
        suggestions=tuple(lines)[:5],
    )


def _priced_in_patch(change: Change) -> set[str]:
    return {
        update["id"].lower()
        for update in _part(change, "update")
        if update.get("unit_price") is not None or update.get("item") is not None
    }


def _rescale_prices(
    order: SalesOrder, change: Change, context: PriceContext, report: Report
) -> None:
    """Prices go on meaning the same with or without tax; those in the patch are meant as they are."""
    given = _priced_in_patch(change)
    for line in order.lines:
        if line.id not in given:
            rescale_price(line, with_tax=order.prices_include_tax)
            kept = {"discount_percent": line.discount_percent}
            set_discount(line, kept, context.step, report)


def _need_prices(order: SalesOrder, change: Change, places: Places, report: Report) -> None:
    """No exchange rates are kept, so a new currency needs new prices (decision 7)."""
    given = _priced_in_patch(change)
    for line in order.lines:
        if line.line_type is not SalesOrderLineType.COMMENT and line.id not in given:
            where = (*places[line.id], "unit_price") if line.id in places else ("lines",)
            report.refuse(
                ProblemCode.PRICE_REQUIRED,
                *where,
                message=f"Line {line.sequence} needs its price in the new currency.",
                rejected=line.unit_price,
            )


def _kept_discount(order: SalesOrder, before: Before, step: Decimal) -> Decimal:
    """The amount less the shares of the lines that are priced anew; rescaled with the prices when
    these take tax in or leave it out (domain rules 2.5 and 2.7)."""
    toggled = order.prices_include_tax != before.prices_include_tax
    kept = before.discount_amount
    scaled = ZERO
    for line in order.lines:
        share = before.shares.get(line.id, ZERO)
        if not toggled and line.id in before.pricing and _pricing(line) != before.pricing[line.id]:
            kept -= share
        factor = HUNDRED + line.tax_percent
        scaled += (
            EXACT.multiply(share, factor) / HUNDRED
            if order.prices_include_tax
            else EXACT.divide(EXACT.multiply(share, HUNDRED), factor)
        )
    return rounded(scaled if toggled else kept, ONE, step)
