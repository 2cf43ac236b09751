"""Changes of lines that are there (RULES.md 2.2, 3.7 and 4.10). What is given as it is already
changes nothing, whatever depends on it."""

from decimal import Decimal

from gateway.orders.amounts import ZERO
from gateway.orders.line_fields import (
    DISCOUNTS,
    default_date,
    refuse_amounts_on_comment,
    sell_named,
    set_invoice_quantity,
    set_ship_quantity,
    set_tax,
    set_unit,
)
from gateway.orders.line_objects import SoldObject, clear_line, names_object, sold_by, type_of_line
from gateway.orders.line_prices import PriceContext, set_discount, set_price
from gateway.orders.problems import ProblemCode, Report
from gateway.orders.references import Change, References
from gateway.storage.tables.reference_data import AccountRow, ItemRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType

_OBJECT_FIELDS = ("item", "account", "line_object_number", "line_type")


def sells_other(line: SalesOrderLineRow, change: Change, found: References) -> bool:
    """Whether the change names another object or another type than the line has."""
    if change.get("line_type") not in (None, line.line_type):
        return True
    if change.get("line_object_number") not in (None, line.line_object_number):
        return True
    item, account = change.get("item"), change.get("account")
    named = None if item is None else found.get(ItemRow, item)
    posted = None if account is None else found.get(AccountRow, account)
    return (item is not None and (named is None or named.id != line.item_id)) or (
        account is not None and (posted is None or posted.id != line.account_id)
    )


def patch_line(
    line: SalesOrderLineRow, change: Change, context: PriceContext, report: Report
) -> None:
    """Write the given fields of a line that is there. Another object brings its price and tax; another
    type alone leaves the line without an object."""
    for field in ("description", "description2", "inventory_lot_id"):
        if field in change:
            setattr(line, field, change[field])
    quantity = line.quantity
    is_other = sells_other(line, change, context.found)
    if is_other and line.shipped_quantity:
        change = _without_object(line, change, report)
        is_other = False
    if is_other:
        _sell_other(line, change, context, report)
    elif line.line_type is SalesOrderLineType.COMMENT:
        refuse_amounts_on_comment(change, report)
    else:
        _patch_sold(line, change, context, report)
    if line.line_type is not SalesOrderLineType.COMMENT:
        if "shipment_date" in change:
            line.shipment_date = change["shipment_date"] or default_date(context.order)
        _patch_quantities(line, change, quantity)


def _without_object(line: SalesOrderLineRow, change: Change, report: Report) -> Change:
    """The rest of a change that may not take effect as to what the line sells."""
    field = next(name for name in _OBJECT_FIELDS if change.get(name) is not None)
    _refuse_shipped(line, field, change, report)
    return {name: value for name, value in change.items() if name not in _OBJECT_FIELDS}


def _sell_other(
    line: SalesOrderLineRow, change: Change, context: PriceContext, report: Report
) -> None:
    clear_line(line, type_of_line(change, report))
    if line.line_type is SalesOrderLineType.COMMENT:
        line.quantity = line.ship_quantity = line.invoice_quantity = ZERO
        line.shipment_date = None
        refuse_amounts_on_comment(change, report)
        return
    line.quantity = change.get("quantity", line.quantity) or ZERO
    line.shipment_date = line.shipment_date or default_date(context.order)
    if names_object(change):
        sell_named(line, change, context, report)
        return
    set_unit(line, None, change, context.found, report)
    set_tax(line, None, change, context.found, report)
    set_price(line, None, change, context, report)
    set_discount(line, change, context.step, report)


def _patch_sold(
    line: SalesOrderLineRow, change: Change, context: PriceContext, report: Report
) -> None:
    """The line goes on selling what it sells."""
    sold = sold_by(line, context.found)
    before = line.quantity, line.unit_price
    if "quantity" in change:
        line.quantity = change["quantity"] or ZERO
    if "unit_of_measure" in change:
        _patch_unit(line, sold, change, context.found, report)
    if "tax_code" in change:
        set_tax(line, sold, change, context.found, report)
    if "unit_price" in change:
        set_price(line, sold, change, context, report)
    is_repriced = (line.quantity, line.unit_price) != before or context.is_new_currency
    _patch_discount(line, change, context.step, report, is_repriced=is_repriced)


def _patch_unit(
    line: SalesOrderLineRow,
    sold: SoldObject | None,
    change: Change,
    found: References,
    report: Report,
) -> None:
    before = line.unit_of_measure_id
    set_unit(line, sold, change, found, report)
    if line.shipped_quantity and line.unit_of_measure_id != before:
        _refuse_shipped(line, "unit_of_measure", change, report)


def _patch_discount(
    line: SalesOrderLineRow, change: Change, step: Decimal, report: Report, *, is_repriced: bool
) -> None:
    """Of a discount that is not given, the percent stays when quantity or price change (RULES.md 2.2)."""
    given = {name: change[name] for name in DISCOUNTS if name in change}
    if any((value or ZERO) != getattr(line, name) for name, value in given.items()):
        set_discount(line, given, step, report)
    elif is_repriced:
        set_discount(line, given or {"discount_percent": line.discount_percent}, step, report)


def _patch_quantities(line: SalesOrderLineRow, change: Change, quantity: Decimal) -> None:
    """What is to be shipped and invoiced next follows the quantity, unless it is told."""
    is_other = line.quantity != quantity
    ship_quantity = line.ship_quantity
    if "ship_quantity" in change or is_other:
        set_ship_quantity(line, change)
    is_other = is_other or line.ship_quantity != ship_quantity
    if "invoice_quantity" in change or is_other:
        set_invoice_quantity(line, change)


def _refuse_shipped(line: SalesOrderLineRow, field: str, change: Change, report: Report) -> None:
    report.refuse(
        ProblemCode.HAS_SHIPMENTS,
        field,
        message=f"Line {line.sequence} is shipped in part: what it sells, and in which unit, stays.",
        rejected=change[field],
    )
