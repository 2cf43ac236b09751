"""One deep patch of an order: header fields, and lines added, updated and removed (RULES.md 2.7 to 2.9
and 3.7). The header is written first, then the lines, then the discount."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from gateway.orders import refusals
from gateway.orders.amounts import HUNDRED, ZERO
from gateway.orders.fields import LinePatch, LinesPatch, OrderPatch
from gateway.orders.header import patch_header
from gateway.orders.line_patches import patch_line, sells_other
from gateway.orders.line_prices import PriceContext, rescale_price
from gateway.orders.lines import add_lines
from gateway.orders.pricing import raw_share, step_of
from gateway.orders.problems import Path, Report
from gateway.orders.references import References
from gateway.orders.rounding import rounded
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow

Places = Mapping[str, Path]
"""The place of each line in the patch, by its id."""


@dataclass(frozen=True)
class Share:
    """A line's share of the header discount before the patch, and the percent of tax on it."""

    amount: Decimal
    tax_percent: Decimal


@dataclass(frozen=True)
class Before:
    """The order before the patch, as far as prices and discount depend on it; the shares are by line
    id."""

    prices_include_tax: bool
    currency_id: str
    discount_percent: Decimal | None
    shares: Mapping[str, Share]


@dataclass(frozen=True)
class Updated:
    """An updated line: its place in the patch, whether the patch states its price, and whether it has
    another price than before, so that it loses its share of the header discount."""

    path: Path
    has_price: bool
    is_repriced: bool


def size_of(order: SalesOrderRow, change: OrderPatch) -> int:
    """The number of lines that the order would have, or that the patch names, if these are more."""
    patch = _lines_of(change)
    removed = {key.lower() for key in patch.get("remove") or ()}
    rest = sum(line.id not in removed for line in order.lines)
    named = len(patch.get("update") or ()) + len(patch.get("remove") or ())
    return max(rest + len(patch.get("add") or ()), named)


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


def removed_lines(
    order: SalesOrderRow, change: OrderPatch, report: Report
) -> list[SalesOrderLineRow]:
    """The lines that the patch removes. Reports those that do not exist or cannot be removed."""
    lines = {line.id: line for line in order.lines}
    named = {update["id"].lower() for update in _lines_of(change).get("update") or ()}
    removed: list[SalesOrderLineRow] = []
    for place, key in enumerate(_lines_of(change).get("remove") or ()):
        where = report.at("lines", "remove", str(place))
        line = lines.get(key.lower())
        if line is None:
            _refuse_unknown(key, lines, where)
        elif line.id in named:
            where.refuse(refusals.LINE_UPDATED_AND_REMOVED, rejected=key)
        elif line.shipped_quantity:
            where.refuse(refusals.LINE_STAYS, rejected=key, sequence=line.sequence)
        else:
            named.add(line.id)
            removed.append(line)
    return removed


def apply_patch(
    order: SalesOrderRow,
    before: Before,
    change: OrderPatch,
    references: References,
    today: dt.date,
    report: Report,
) -> Places:
    """Write the patch to `order`, from which the removed lines are gone already."""
    patch_header(order, change, references, today, report)
    is_new_currency = order.currency_id != before.currency_id
    context = PriceContext(order, references, step_of(order, references), is_new_currency)
    if order.prices_include_tax != before.prices_include_tax:
        for line in order.lines:
            rescale_price(line, context)
    updated = _update_lines(order, change, context, report)
    if is_new_currency:
        _need_prices(order, updated, report)
    added = add_lines(order, _lines_of(change).get("add") or (), context, report, "lines", "add")
    if _keeps_amount(before, change):
        order.discount_amount = _kept_discount(order, before, updated, context)
    places = {key: each.path for key, each in updated.items()}
    return {**places, **{new.line.id: new.path for new in added}}


def _lines_of(change: OrderPatch) -> LinesPatch:
    return change.get("lines") or {}


def _update_lines(
    order: SalesOrderRow, change: OrderPatch, context: PriceContext, report: Report
) -> dict[str, Updated]:
    lines = {line.id: line for line in order.lines}
    updated: dict[str, Updated] = {}
    for place, update in enumerate(_lines_of(change).get("update") or ()):
        path = ("lines", "update", str(place))
        key = update["id"].lower()
        if key not in lines:
            _refuse_unknown(update["id"], lines, report.at(*path, "id"))
        elif key in updated:
            report.refuse(refusals.LINE_UPDATED_TWICE, *path, "id", rejected=update["id"])
        else:
            updated[key] = _update_line(lines[key], update, context, report, path)
    return updated


def _update_line(
    line: SalesOrderLineRow, update: LinePatch, context: PriceContext, report: Report, path: Path
) -> Updated:
    has_price = "unit_price" in update or sells_other(line, update, context.references)
    priced, percent = _priced(line), line.discount_percent
    patch_line(line, update, context, report.at(*path))
    is_other_percent = _has_percent(update) and line.discount_percent != percent
    return Updated(path, has_price, _priced(line) != priced or is_other_percent)


def _priced(line: SalesOrderLineRow) -> tuple[Any, ...]:
    """The values whose change makes a line lose its share of the header discount, like a new discount
    percent (RULES.md 2.9)."""
    sold = (line.item_id, line.account_id, line.line_object_id)
    return line.quantity, line.unit_price, sold


def _has_percent(update: LinePatch) -> bool:
    """Whether the update states the line's discount as a percent, or clears it."""
    is_cleared = "discount_percent" in update and update.get("discount_amount") is None
    return update.get("discount_percent") is not None or is_cleared


def _refuse_unknown(key: str, lines: Mapping[str, SalesOrderLineRow], report: Report) -> None:
    report.refuse(
        refusals.LINE_NOT_FOUND,
        rejected=key,
        suggestions=tuple(lines)[:5],
    )


def _need_prices(order: SalesOrderRow, updated: Mapping[str, Updated], report: Report) -> None:
    """There are no exchange rates, so a new currency needs new prices (RULES.md 2.8)."""
    for line in order.lines:
        update = updated.get(line.id)
        has_price = update is not None and update.has_price
        if line.line_type is not SalesOrderLineType.COMMENT and not has_price:
            report.refuse(
                refusals.CURRENCY_NEEDS_PRICES,
                *(("lines",) if update is None else (*update.path, "unit_price")),
                rejected=line.unit_price,
                sequence=line.sequence,
            )


def _keeps_amount(before: Before, change: OrderPatch) -> bool:
    """Whether the header discount is an amount, and the patch states no other."""
    is_stated = "discount_amount" in change or change.get("discount_percent") is not None
    return before.discount_percent is None and not is_stated


def _kept_discount(
    order: SalesOrderRow, before: Before, updated: Mapping[str, Updated], context: PriceContext
) -> Decimal:
    """The shares of all lines that are not repriced, rescaled with the prices where these begin or cease
    to include tax (RULES.md 2.7 and 2.9). Without lines there are no shares, and the whole discount
    stays. In another currency none of it stays."""
    if context.is_new_currency:
        return ZERO
    if not before.shares:
        return order.discount_amount
    kept = Fraction(0)
    for key, share in before.shares.items():
        if key not in updated or not updated[key].is_repriced:
            kept += Fraction(share.amount) * _rescaling(order, before, share.tax_percent)
    exact = Decimal(kept.numerator), Decimal(kept.denominator)
    return max(rounded(*exact, context.step), ZERO)


def _rescaling(order: SalesOrderRow, before: Before, tax_percent: Decimal) -> Fraction:
    """The factor by which the prices of lines with this tax changed."""
    if order.prices_include_tax == before.prices_include_tax:
        return Fraction(1)
    with_tax = Fraction(HUNDRED + tax_percent) / Fraction(HUNDRED)
    return with_tax if order.prices_include_tax else 1 / with_tax
