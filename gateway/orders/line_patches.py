"""Changes of stored lines (RULES.md 2.2, 3.7 and 4.10). A value equal to the stored one changes neither
the line nor anything that depends on it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.assignment import assign
from gateway.orders.fields import LINE, LineChange, LinePatch, Until
from gateway.orders.line_fields import (
    check_comment,
    default_date,
    sell_named,
    set_invoice_quantity,
    set_ship_quantity,
    set_tax,
    set_unit,
)
from gateway.orders.line_objects import SoldObject, clear_line, names_object, sold_by, type_of_line
from gateway.orders.line_prices import PriceContext, default_price, set_discount, set_price
from gateway.orders.problems import Report
from gateway.orders.references import References
from gateway.orders.whole_units import check_line, stored_quantities
from gateway.storage.tables.column_types import case_folded
from gateway.storage.tables.reference_data import AccountRow, ItemRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType

_FIXED = tuple(name for name, field in LINE.items() if field.until is Until.INVOICED)
"""The fields that are fixed once some of a line is invoiced."""

_OBJECT_FIELDS = ("item", "account", "line_object_number", "line_type")


def sells_other(line: SalesOrderLineRow, change: LineChange, references: References) -> bool:
    """Whether the change has a different object or type from the line."""
    if change.get("line_type") not in (None, line.line_type):
        return True
    number = change.get("line_object_number")
    if number is not None and case_folded(number) != case_folded(line.line_object_number or ""):
        return True
    item, account = change.get("item"), change.get("account")
    sold = None if item is None else references.get(ItemRow, item)
    posted = None if account is None else references.get(AccountRow, account)
    return (item is not None and (sold is None or sold.id != line.item_id)) or (
        account is not None and (posted is None or posted.id != line.account_id)
    )


def patch_line(
    line: SalesOrderLineRow, change: LinePatch, context: PriceContext, report: Report
) -> None:
    """Write the fields of the change. A different object brings its own price and tax; a different type
    on its own leaves the line without an object."""
    assign(line, change, LINE, context.references, report)
    before, unit = stored_quantities(line), line.unit_of_measure_id
    is_other = sells_other(line, change, context.references)
    if is_other and line.shipped_quantity:
        change = _without_object(line, change, report)
        is_other = False
    if is_other:
        _sell_other(line, change, context, report)
    elif line.line_type is SalesOrderLineType.COMMENT:
        check_comment(change, report)
    else:
        fixed = _fixed_values(line)
        _patch_sold(line, change, context, report)
        _check_fixed(line, fixed, change, report)
    if line.line_type is not SalesOrderLineType.COMMENT:
        if "shipment_date" in change:
            line.shipment_date = change["shipment_date"] or default_date(context.order)
        _patch_quantities(line, change, before["quantity"])
        is_same_unit = line.unit_of_measure_id == unit
        check_line(line, before if is_same_unit else {}, context.references, report)


def _without_object(line: SalesOrderLineRow, change: LinePatch, report: Report) -> LinePatch:
    """Refuse a different object, and return the rest of the change."""
    field = next(name for name in _OBJECT_FIELDS if change.get(name) is not None)
    _refuse_shipped(line, field, change, report)
    rest: Any = {name: value for name, value in change.items() if name not in _OBJECT_FIELDS}
    return cast(LinePatch, rest)


def _sell_other(
    line: SalesOrderLineRow, change: LinePatch, context: PriceContext, report: Report
) -> None:
    clear_line(line, type_of_line(change, report))
    if line.line_type is SalesOrderLineType.COMMENT:
        line.quantity = line.ship_quantity = line.invoice_quantity = ZERO
        line.shipment_date = None
        check_comment(change, report)
        return
    line.quantity = change.get("quantity", line.quantity) or ZERO
    line.shipment_date = line.shipment_date or default_date(context.order)
    if names_object(change):
        sell_named(line, change, context, report)
        return
    set_unit(line, None, change, context.references, report)
    set_tax(line, None, change, context.references, report)
    set_price(line, None, change, context, report)
    percent, amount = change.get("discount_percent"), change.get("discount_amount")
    set_discount(line, percent, amount, context, report)


def _patch_sold(
    line: SalesOrderLineRow, change: LinePatch, context: PriceContext, report: Report
) -> None:
    """Write a change that leaves the object unchanged. A price that comes from the item follows the
    unit (RULES.md 2.10)."""
    sold = sold_by(line, context.references)
    before = line.quantity, line.unit_price
    unit, default = line.unit_of_measure_id, default_price(line, sold, context)
    if "quantity" in change:
        line.quantity = change["quantity"] or ZERO
    if "unit_of_measure" in change:
        _patch_unit(line, sold, change, context.references, report)
    if "tax_code" in change:
        set_tax(line, sold, change, context.references, report)
    has_item_price = isinstance(sold, ItemRow) and line.unit_price == default
    if "unit_price" in change or (has_item_price and line.unit_of_measure_id != unit):
        set_price(line, sold, change, context, report)
    is_repriced = (line.quantity, line.unit_price) != before or context.is_new_currency
    _patch_discount(line, change, context, report, is_repriced=is_repriced)


def _fixed_values(line: SalesOrderLineRow) -> dict[str, Any]:
    """The values that are fixed once some of the line is invoiced. A discount is fixed as a percentage,
    since its amount follows the quantity."""
    return {
        "unit_price": line.unit_price,
        "discount_percent": line.discount_percent,
        "discount_amount": line.discount_percent,
        "tax_code": (line.tax_code_id, line.tax_percent),
    }


def _check_fixed(
    line: SalesOrderLineRow, before: Mapping[str, Any], change: LinePatch, report: Report
) -> None:
    """Refuse changes of the price, the discount or the tax of a line that is at least partly invoiced
    (RULES.md 4.10)."""
    after = _fixed_values(line)
    changed = [name for name in _FIXED if name in change and after[name] != before[name]]
    if line.invoiced_quantity and changed:
        report.refuse(
            refusals.LINE_INVOICED,
            changed[0],
            rejected=change.get(changed[0]),
            sequence=line.sequence,
        )


def _patch_unit(
    line: SalesOrderLineRow,
    sold: SoldObject | None,
    change: LinePatch,
    references: References,
    report: Report,
) -> None:
    before = line.unit_of_measure_id
    set_unit(line, sold, change, references, report)
    if line.shipped_quantity and line.unit_of_measure_id != before:
        _refuse_shipped(line, "unit_of_measure", change, report)


def _patch_discount(
    line: SalesOrderLineRow,
    change: LinePatch,
    context: PriceContext,
    report: Report,
    *,
    is_repriced: bool,
) -> None:
    """Write the discount. If it is not in the change, its percentage stays when the quantity or the
    price changes."""
    names = {"discount_percent", "discount_amount"} & change.keys()
    percent, amount = change.get("discount_percent"), change.get("discount_amount")
    values = {"discount_percent": percent or ZERO, "discount_amount": amount or ZERO}
    if any(values[name] != getattr(line, name) for name in names):
        set_discount(line, percent, amount, context, report)
    elif is_repriced:
        own = percent if names else line.discount_percent
        set_discount(line, own, amount, context, report)


def _patch_quantities(line: SalesOrderLineRow, change: LinePatch, quantity: Decimal) -> None:
    """The quantities to ship and to invoice next follow the quantity, unless the change has its own."""
    is_other = line.quantity != quantity
    ship_quantity = line.ship_quantity
    if "ship_quantity" in change or is_other:
        set_ship_quantity(line, change)
    is_other = is_other or line.ship_quantity != ship_quantity
    if "invoice_quantity" in change or is_other:
        set_invoice_quantity(line, change)


def _refuse_shipped(line: SalesOrderLineRow, field: str, change: LinePatch, report: Report) -> None:
    report.refuse(refusals.LINE_FIXED, field, rejected=change.get(field), sequence=line.sequence)
