"""One deep patch of an order: header fields, and lines added, updated and removed (RULES.md 2.7 to
2.10 and 3.7). The header comes first, then the lines, then the discount."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from gateway.orders.amounts import HUNDRED, ZERO
from gateway.orders.header import patch_header
from gateway.orders.line_patches import patch_line, sells_other
from gateway.orders.line_prices import PriceContext, rescale_price
from gateway.orders.lines import add_lines
from gateway.orders.pricing import raw_share, step_of
from gateway.orders.problems import Path, ProblemCode, Report
from gateway.orders.references import Change, References
from gateway.orders.rounding import rounded
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow

Places = Mapping[str, Path]
"""Where in the patch a line is, by its id."""


@dataclass(frozen=True)
class Share:
    """What a line had of the header discount, and the tax that is in it or comes on top."""

    amount: Decimal
    tax_percent: Decimal


@dataclass(frozen=True)
class Before:
    """What an order was before the patch, as far as prices and discount depend on it; the shares are
    by line."""

    prices_include_tax: bool
    currency_id: str
    discount_percent: Decimal | None
    shares: Mapping[str, Share]


@dataclass(frozen=True)
class Updated:
    """Where a line stands in the patch, whether that says what the line costs, and whether the line
    came to be priced otherwise and loses its share of the header discount."""

    path: Path
    says_price: bool
    is_priced_anew: bool


def size_of(order: SalesOrderRow, change: Change) -> int:
    """The number of lines that the order would have, or that the patch says it has."""
    removed = {key.lower() for key in _part(change, "remove")}
    kept = sum(line.id not in removed for line in order.lines)
    named = len(_part(change, "update")) + len(_part(change, "remove"))
    return max(kept + len(_part(change, "add")), named)


def remember(order: SalesOrderRow) -> Before:
    return Before(
        order.prices_include_tax,
        order.currency_id,
        order.discount_percent,
        {
            line.id: Share(raw_share(line, order.prices_include_tax), line.tax_percent)
            for line in order.lines
        },
    )


def removed_lines(order: SalesOrderRow, change: Change, report: Report) -> list[SalesOrderLineRow]:
    """The lines that the patch takes away; reports those that are not there or cannot go."""
    lines = {line.id: line for line in order.lines}
    named = {update["id"].lower() for update in _part(change, "update")}
    removed: list[SalesOrderLineRow] = []
    for place, key in enumerate(_part(change, "remove")):
        where = report.at("lines", "remove", str(place))
        line = lines.get(key.lower())
        if line is None:
            _refuse_unknown(key, lines, where)
        elif line.id in named:
            message = "The line is named twice in the patch."
            where.refuse(ProblemCode.CONFLICTING, message=message, rejected=key)
        elif line.shipped_quantity:
            where.refuse(
                ProblemCode.HAS_SHIPMENTS,
                message=f"Line {line.sequence} is shipped in part, so it stays.",
                rejected=key,
            )
        else:
            named.add(line.id)
            removed.append(line)
    return removed


def apply_patch(
    order: SalesOrderRow,
    before: Before,
    change: Change,
    found: References,
    today: dt.date,
    report: Report,
) -> Places:
    """Write the patch onto `order`, whose removed lines are gone already."""
    patch_header(order, change, found, today, report)
    is_new_currency = order.currency_id != before.currency_id
    context = PriceContext(order, found, step_of(order, found), is_new_currency)
    if order.prices_include_tax != before.prices_include_tax:
        for line in order.lines:
            rescale_price(line, context)
    updated = _update_lines(order, change, context, report)
    if is_new_currency:
        _need_prices(order, updated, report)
    added = add_lines(order, _part(change, "add"), context, report, "lines", "add")
    if _keeps_amount(before, change):
        order.discount_amount = _kept_discount(order, before, updated, context)
    places = {key: each.path for key, each in updated.items()}
    return {**places, **{new.line.id: new.path for new in added}}


def _part(change: Change, name: str) -> Sequence[Any]:
    return (change.get("lines") or {}).get(name) or ()


def _update_lines(
    order: SalesOrderRow, change: Change, context: PriceContext, report: Report
) -> dict[str, Updated]:
    lines = {line.id: line for line in order.lines}
    updated: dict[str, Updated] = {}
    for place, update in enumerate(_part(change, "update")):
        path = ("lines", "update", str(place))
        key = update["id"].lower()
        if key not in lines:
            _refuse_unknown(update["id"], lines, report.at(*path, "id"))
        elif key in updated:
            report.refuse(
                ProblemCode.DUPLICATE,
                *path,
                "id",
                message="The line is updated twice.",
                rejected=update["id"],
            )
        else:
            updated[key] = _update_line(lines[key], update, context, report, path)
    return updated


def _update_line(
    line: SalesOrderLineRow, update: Change, context: PriceContext, report: Report, path: Path
) -> Updated:
    says_price = "unit_price" in update or sells_other(line, update, context.found)
    priced, percent = _priced(line), line.discount_percent
    patch_line(line, update, context, report.at(*path))
    is_other_percent = _gives_percent(update) and line.discount_percent != percent
    return Updated(path, says_price, _priced(line) != priced or is_other_percent)


def _priced(line: SalesOrderLineRow) -> tuple[Any, ...]:
    """What makes a line lose its share of the header discount when it changes, beside a percent that
    is given (RULES.md 2.9)."""
    sold = (line.item_id, line.account_id, line.line_object_id)
    return line.quantity, line.unit_price, sold


def _gives_percent(update: Change) -> bool:
    """Whether a line's discount is given as a percent, even if none; an amount alone is none."""
    is_cleared = "discount_percent" in update and update.get("discount_amount") is None
    return update.get("discount_percent") is not None or is_cleared


def _refuse_unknown(key: str, lines: Mapping[str, SalesOrderLineRow], report: Report) -> None:
    report.refuse(
        ProblemCode.NOT_FOUND,
        message="The order has no line with this id.",
        rejected=key,
        suggestions=tuple(lines)[:5],
    )


def _need_prices(order: SalesOrderRow, updated: Mapping[str, Updated], report: Report) -> None:
    """No exchange rates are kept, so a new currency needs new prices (RULES.md 2.8)."""
    for line in order.lines:
        update = updated.get(line.id)
        says_price = update is not None and update.says_price
        if line.line_type is not SalesOrderLineType.COMMENT and not says_price:
            report.refuse(
                ProblemCode.PRICE_REQUIRED,
                *(("lines",) if update is None else (*update.path, "unit_price")),
                message=f"Line {line.sequence} needs its price in the new currency.",
                rejected=line.unit_price,
            )


def _keeps_amount(before: Before, change: Change) -> bool:
    """Whether the header discount is an amount, and no other is given."""
    is_given = "discount_amount" in change or change.get("discount_percent") is not None
    return before.discount_percent is None and not is_given


def _kept_discount(
    order: SalesOrderRow, before: Before, updated: Mapping[str, Updated], context: PriceContext
) -> Decimal:
    """The shares of all lines but those that are priced anew, rescaled with the prices when these take
    tax in or leave it out (RULES.md 2.7 and 2.9). Without lines there are no shares, and all is
    kept. Nothing is kept in another currency."""
    if context.is_new_currency:
        return ZERO
    if not before.shares:
        return order.discount_amount
    kept = Fraction(0)
    for key, share in before.shares.items():
        if key not in updated or not updated[key].is_priced_anew:
            kept += Fraction(share.amount) * _rescaling(order, before, share.tax_percent)
    exact = Decimal(kept.numerator), Decimal(kept.denominator)
    return max(rounded(*exact, context.step), ZERO)


def _rescaling(order: SalesOrderRow, before: Before, tax_percent: Decimal) -> Fraction:
    """By what the prices of lines with this tax were multiplied."""
    if order.prices_include_tax == before.prices_include_tax:
        return Fraction(1)
    with_tax = Fraction(HUNDRED + tax_percent) / Fraction(HUNDRED)
    return with_tax if order.prices_include_tax else 1 / with_tax
