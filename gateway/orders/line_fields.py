"""The fields of a line that sells something, new or not (RULES.md 1.2)."""

import datetime as dt
from decimal import Decimal

from gateway.orders.amounts import ZERO
from gateway.orders.line_objects import SoldObject, sold_object
from gateway.orders.line_prices import PriceContext, set_discount, set_price
from gateway.orders.problems import ProblemCode, Report
from gateway.orders.quantities import invoiceable, outstanding
from gateway.orders.references import Change, Reference, References
from gateway.storage.tables.reference_data import AccountRow, ItemRow, TaxCodeRow, UnitOfMeasureRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow

DISCOUNTS = ("discount_percent", "discount_amount")

_NOT_ON_COMMENTS = (
    "quantity",
    "unit_price",
    "discount_amount",
    "discount_percent",
    "ship_quantity",
    "invoice_quantity",
    "tax_code",
    "unit_of_measure",
    "shipment_date",
)


def refuse_amounts_on_comment(change: Change, report: Report) -> None:
    """A line that names an object without its type is told so, and nothing else."""
    number = change.get("line_object_number")
    if number is not None and change.get("line_type") is None:
        return
    for field in _NOT_ON_COMMENTS:
        if change.get(field):
            report.refuse(
                ProblemCode.CONFLICTING,
                field,
                message="The line names nothing to sell, so it is a comment: text alone.",
                rejected=change[field],
            )
    if number is not None:
        report.refuse(
            ProblemCode.CONFLICTING,
            "line_object_number",
            message="A comment names no object.",
            rejected=number,
        )


def sell_named(
    line: SalesOrderLineRow, change: Change, context: PriceContext, report: Report
) -> None:
    """Everything that a line has from the object that `change` names, where nothing else is given.

    If there is none, whatever else is wrong with the line comes to light as well, but not what
    depends on its price."""
    sold = sold_object(line.line_type, change, context.found, report)
    if sold is not None:
        _take_over(line, sold, change)
    set_unit(line, sold, change, context.found, report)
    set_tax(line, sold, change, context.found, report)
    set_price(line, sold, change, context, report)
    if sold is not None:
        set_discount(line, change, context.step, report)
        return
    for field in DISCOUNTS:
        setattr(line, field, change.get(field) or ZERO)


def _take_over(line: SalesOrderLineRow, sold: SoldObject, change: Change) -> None:
    """What the line keeps of its object. Items say themselves whether they share in a header
    discount; of the rest only resources do (RULES.md 2.5)."""
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
    change: Change,
    found: References,
    report: Report,
) -> None:
    """The given unit, which an item must be sold in, else the item's sales or base unit."""
    reference: Reference | None = change.get("unit_of_measure")
    if reference is None:
        line.unit_of_measure_id = _own_unit(sold)
        return
    allowed = None
    if isinstance(sold, ItemRow):
        allowed = tuple(unit.code for unit in found.units_of(sold))
    unit = found.named(UnitOfMeasureRow, change, "unit_of_measure", report, allowed)
    if unit is None:
        return
    line.unit_of_measure_id = unit.id
    if isinstance(sold, ItemRow) and allowed is not None and unit.code not in allowed:
        report.refuse(
            ProblemCode.INVALID,
            "unit_of_measure",
            reference.by,
            message=f"Item {sold.number} is not sold in {unit.code}.",
            rejected=reference,
            suggestions=allowed,
        )


def _own_unit(sold: SoldObject | None) -> str | None:
    if isinstance(sold, ItemRow):
        return sold.sales_unit_of_measure_id or sold.base_unit_of_measure_id
    return None


def set_tax(
    line: SalesOrderLineRow,
    sold: SoldObject | None,
    change: Change,
    found: References,
    report: Report,
) -> None:
    """The percent is copied: it never follows the code afterwards (RULES.md 2.11)."""
    tax_code = None
    if "tax_code" in change:
        tax_code = found.named(TaxCodeRow, change, "tax_code", report)
    elif sold is not None and sold.tax_code_id is not None:
        tax_code = found.by_id(TaxCodeRow, sold.tax_code_id)
    line.tax_code_id = None if tax_code is None else tax_code.id
    line.tax_percent = ZERO if tax_code is None else tax_code.percent


def default_date(order: SalesOrderRow) -> dt.date:
    """When a line is shipped if nothing else is said."""
    return order.requested_delivery_date or order.order_date


def set_ship_quantity(line: SalesOrderLineRow, change: Change) -> None:
    given: Decimal | None = change.get("ship_quantity")
    line.ship_quantity = outstanding(line) if given is None else given


def set_invoice_quantity(line: SalesOrderLineRow, change: Change) -> None:
    given: Decimal | None = change.get("invoice_quantity")
    line.invoice_quantity = invoiceable(line) if given is None else given
