"""The fields of a line that sells something, new or not (RULES.md 1.2)."""

import datetime as dt

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.fields import LINE, LineChange, Reference
from gateway.orders.item_units import check_unit
from gateway.orders.line_objects import SoldObject, sold_object
from gateway.orders.line_prices import PriceContext, set_discount, set_price
from gateway.orders.problems import Report
from gateway.orders.quantities import invoiceable, outstanding
from gateway.orders.references import References
from gateway.storage.tables.reference_data import AccountRow, ItemRow, TaxCodeRow, UnitOfMeasureRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow


def check_comment(change: LineChange, report: Report) -> None:
    """Refuse everything but text (RULES.md 3.4). If the line has an object number without a type, the
    missing type is the only problem."""
    number = change.get("line_object_number")
    if number is not None and change.get("line_type") is None:
        return
    for name, field in LINE.items():
        if not field.is_text and change.get(name):
            report.refuse(refusals.COMMENT_SELLS_NOTHING, name, rejected=change.get(name))
    if number is not None:
        report.refuse(refusals.COMMENT_NAMES_NO_OBJECT, "line_object_number", rejected=number)


def sell_named(
    line: SalesOrderLineRow, change: LineChange, context: PriceContext, report: Report
) -> None:
    """Write what the line sells, and the values that it copies from this object unless the change has
    its own.

    If the object does not exist, the other problems of the line are reported too, except those that
    depend on the price."""
    sold = sold_object(line.line_type, change, context.references, report)
    if sold is not None:
        _copy_object(line, sold, change)
    set_unit(line, sold, change, context.references, report)
    set_tax(line, sold, change, context.references, report)
    set_price(line, sold, change, context, report)
    if sold is not None:
        percent, amount = change.get("discount_percent"), change.get("discount_amount")
        set_discount(line, percent, amount, context, report)
        return
    line.discount_percent = change.get("discount_percent") or ZERO
    line.discount_amount = change.get("discount_amount") or ZERO


def _copy_object(line: SalesOrderLineRow, sold: SoldObject, change: LineChange) -> None:
    """Copy the values of the object to its line. Each item states whether it takes a share of a header
    discount; of all other objects, only resources do (RULES.md 2.5)."""
    line.line_object_number = sold.number
    if isinstance(sold, ItemRow):
        line.item_id = sold.id
        line.allow_invoice_discount = sold.allow_invoice_discount
        line.description2 = change.get("description2", sold.display_name2)
    elif isinstance(sold, AccountRow):
        line.account_id = sold.id
    else:
        line.line_object_id = sold.id
        line.allow_invoice_discount = line.line_type is SalesOrderLineType.RESOURCE
    line.description = change.get("description", sold.display_name)


def set_unit(
    line: SalesOrderLineRow,
    sold: SoldObject | None,
    change: LineChange,
    references: References,
    report: Report,
) -> None:
    """Set the unit of the change, which must be one of the item's, or else the item's sales or base
    unit (RULES.md 3.3)."""
    reference: Reference | None = change.get("unit_of_measure")
    if reference is None:
        line.unit_of_measure_id = _own_unit(sold)
        return
    allowed = None
    if isinstance(sold, ItemRow):
        allowed = tuple(unit.code for unit in references.units_of(sold))
    unit = references.named(UnitOfMeasureRow, change, "unit_of_measure", report, allowed)
    if unit is None:
        return
    line.unit_of_measure_id = unit.id
    if isinstance(sold, ItemRow) and allowed is not None:
        check_unit(sold, unit, allowed, reference, report)


def _own_unit(sold: SoldObject | None) -> str | None:
    if isinstance(sold, ItemRow):
        return sold.sales_unit_of_measure_id or sold.base_unit_of_measure_id
    return None


def set_tax(
    line: SalesOrderLineRow,
    sold: SoldObject | None,
    change: LineChange,
    references: References,
    report: Report,
) -> None:
    """Copy the percentage, which does not follow later changes of the tax code (RULES.md 2.11)."""
    tax_code = None
    if "tax_code" in change:
        tax_code = references.named(TaxCodeRow, change, "tax_code", report)
    elif sold is not None and sold.tax_code_id is not None:
        tax_code = references.by_id(TaxCodeRow, sold.tax_code_id)
    line.tax_code_id = None if tax_code is None else tax_code.id
    line.tax_percent = ZERO if tax_code is None else tax_code.percent


def default_date(order: SalesOrderRow) -> dt.date:
    """The shipment date of a line that has none of its own (RULES.md 1.6)."""
    return order.requested_delivery_date or order.order_date


def set_ship_quantity(line: SalesOrderLineRow, change: LineChange) -> None:
    quantity = change.get("ship_quantity")
    line.ship_quantity = outstanding(line) if quantity is None else quantity


def set_invoice_quantity(line: SalesOrderLineRow, change: LineChange) -> None:
    quantity = change.get("invoice_quantity")
    line.invoice_quantity = invoiceable(line) if quantity is None else quantity
