"""One deep patch of an order: header fields, and lines added, updated and removed (RULES.md 2.7 to 2.9
and 3.7). The header is written first, then the lines, then the discount."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from gateway.orders import refusals
from gateway.orders.amounts import HUNDRED
from gateway.orders.external_documents import document_of
from gateway.orders.fields import LinePatch, LinesPatch, OrderPatch
from gateway.orders.header import patch_header
from gateway.orders.line_patches import patch_line, sells_other
from gateway.orders.line_prices import PriceContext, derive_discount, rescale_price
from gateway.orders.lines import add_lines
from gateway.orders.preview import is_preview
from gateway.orders.pricing import raw_share, step_of
from gateway.orders.problems import Path, Report
from gateway.orders.references import References
from gateway.orders.rounding import rounded
from gateway.storage.documented_orders import Document
from gateway.storage.tables.sales_orders import (
    LineRounding,
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
)

Places = Mapping[str, Path]
"""The path of each line in the patch, by its id."""


@dataclass(frozen=True)
class Share:
    """A line's share of the header discount before the patch, and the tax percentage on it."""

    amount: Decimal
    tax_percent: Decimal


@dataclass(frozen=True)
class Before:
    """The values of the order before the patch that prices, the discount and warnings depend on, with
    the shares of its lines."""

    prices_include_tax: bool
    currency_id: str
    line_rounding: LineRounding
    shares: Sequence[Share]
    document: Document | None


@dataclass(frozen=True)
class Updated:
    """An updated line, its path in the patch, and whether the patch sets its price."""

    path: Path
    has_price: bool


def size_of(order: SalesOrderRow, change: OrderPatch) -> int:
    """The number of lines that the order would have, or that the patch contains, whichever is
    larger."""
    patch = _lines_of(change)
    removed = {key.lower() for key in patch.get("remove") or ()}
    rest = sum(line.id not in removed for line in order.lines)
    mentioned = len(patch.get("update") or ()) + len(patch.get("remove") or ())
    return max(rest + len(patch.get("add") or ()), mentioned)


def remember(order: SalesOrderRow) -> Before:
    return Before(
        order.prices_include_tax,
        order.currency_id,
        order.line_rounding,
        [
            Share(raw_share(line, order.prices_include_tax), line.tax_percent)
            for line in order.lines
        ],
        document_of(order),
    )


def removed_lines(
    order: SalesOrderRow, change: OrderPatch, report: Report
) -> list[SalesOrderLineRow]:
    """The lines that the patch removes. Reports those that do not exist or cannot be removed."""
    lines = {line.id: line for line in order.lines}
    updated = {update["id"].lower() for update in _lines_of(change).get("update") or ()}
    removed: list[SalesOrderLineRow] = []
    for place, key in enumerate(_lines_of(change).get("remove") or ()):
        where = report.at("lines", "remove", str(place))
        line = lines.get(key.lower())
        if line is None:
            _refuse_unknown(key, lines, where)
        elif line.id in updated:
            where.refuse(refusals.LINE_UPDATED_AND_REMOVED, rejected=key)
        elif line.shipped_quantity:
            where.refuse(refusals.LINE_STAYS, rejected=key, sequence=line.sequence)
        else:
            updated.add(line.id)
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
    """Write the patch to `order`, whose removed lines have already been deleted."""
    patch_header(order, change, references, today, report)
    is_new_currency = order.currency_id != before.currency_id
    context = PriceContext(order, references, step_of(order, references), is_new_currency)
    _derive_lines_again(order, before, context)
    updated = _update_lines(order, change, context, report)
    if is_new_currency:
        _need_prices(order, updated, report)
        _need_discount(order, change, report)
    added = add_lines(order, _lines_of(change).get("add") or (), context, report, "lines", "add")
    if order.prices_include_tax != before.prices_include_tax and not _has_discount(change):
        order.discount_amount = _rescaled_discount(order, before, context)
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
    patch_line(line, update, context, report.at(*path))
    return Updated(path, has_price)


def _refuse_unknown(key: str, lines: Mapping[str, SalesOrderLineRow], report: Report) -> None:
    report.refuse(
        refusals.LINE_PREVIEWED if is_preview(key) else refusals.LINE_NOT_FOUND,
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


def _need_discount(order: SalesOrderRow, change: OrderPatch, report: Report) -> None:
    """A discount amount in the old currency has no meaning in the new one (RULES.md 2.9)."""
    is_amount = order.discount_percent is None and order.discount_amount
    if is_amount and not _has_discount(change):
        report.refuse(
            refusals.DISCOUNT_NEEDS_CURRENCY, "discount_amount", rejected=order.discount_amount
        )


def _has_discount(change: OrderPatch) -> bool:
    """Whether the patch sets the header discount."""
    return "discount_amount" in change or change.get("discount_percent") is not None


def _derive_lines_again(order: SalesOrderRow, before: Before, context: PriceContext) -> None:
    """Update the prices and the discounts of stored lines for the new header."""
    is_rescaled = order.prices_include_tax != before.prices_include_tax
    for line in order.lines:
        if is_rescaled:
            rescale_price(line, context)
        elif order.line_rounding is not before.line_rounding:
            derive_discount(line, context)


def _rescaled_discount(order: SalesOrderRow, before: Before, context: PriceContext) -> Decimal:
    """Convert the header discount to one with or without tax, share by share (RULES.md 2.7). Without
    lines there are no shares, and the discount stays."""
    if not before.shares:
        return order.discount_amount
    total = sum(Fraction(each.amount) * _rescaling(order, each) for each in before.shares)
    return rounded(Decimal(total.numerator), Decimal(total.denominator), context.step)


def _rescaling(order: SalesOrderRow, share: Share) -> Fraction:
    """The factor by which the price of the line with this share changed."""
    with_tax = Fraction(HUNDRED + share.tax_percent) / Fraction(HUNDRED)
    return with_tax if order.prices_include_tax else 1 / with_tax
