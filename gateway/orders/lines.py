"""The lines of an order as clients give them (domain rules 1.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.orders.amounts import ZERO
from gateway.orders.line_objects import (
    SoldObject,
    clear_line,
    names_object,
    sold_by,
    sold_object,
    type_of_line,
)
from gateway.orders.line_prices import PriceContext, set_discount, set_price
from gateway.orders.problems import Path, ProblemCode, Report
from gateway.orders.references import Change, Reference, References, object_reference
from gateway.storage.reference_data import Account, Item, TaxCode, UnitOfMeasure
from gateway.storage.sales_orders import SalesOrder, SalesOrderLine, SalesOrderLineType

SEQUENCE_STEP = 10000

PRICING_FIELDS = {"quantity", "unit_price", "discount_amount", "discount_percent"}

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


@dataclass(frozen=True)
class LineChange:
    """A line with what is given for it and where that stands in the change."""

    line: SalesOrderLine
    change: Change
    path: Path


def add_lines(
    order: SalesOrder, changes: Sequence[Change], context: PriceContext, report: Report, *path: str
) -> list[LineChange]:
    """Append a line for each change. Those without a sequence follow the last that has one."""
    taken = [line.sequence for line in order.lines]
    sequence = max([*taken, *(change.get("sequence") or 0 for change in changes)], default=0)
    added = []
    for place, change in enumerate(changes):
        if change.get("sequence") is None:
            sequence += SEQUENCE_STEP
        given = change.get("sequence")
        own = sequence if given is None else given
        where = (*path, str(place))
        line = _new_line(own, change, context, report.at(*where))
        order.lines.append(line)
        added.append(LineChange(line, change, where))
    return added


def _new_line(
    sequence: int, change: Change, context: PriceContext, report: Report
) -> SalesOrderLine:
    line = SalesOrderLine(
        company_id=context.order.company_id,
        sequence=sequence,
        line_type=type_of_line(change, report),
        description=change.get("description"),
        description2=change.get("description2"),
    )
    if line.line_type is SalesOrderLineType.COMMENT:
        _refuse_amounts_on_comment(change, report)
        return line
    line.quantity = change.get("quantity") or ZERO
    line.shipment_date = (
        change.get("shipment_date")
        or context.order.requested_delivery_date
        or context.order.order_date
    )
    sold = sold_object(line.line_type, change, context.found, report)
    if sold is not None:
        _sell(line, sold, change, context, report)
        set_discount(line, change, context.step, report)
    else:
        _write_unsold(line, change, context, report)
    _set_quantities(line, change)
    return line


def _write_unsold(
    line: SalesOrderLine, change: Change, context: PriceContext, report: Report
) -> None:
    """A line whose object is missing: whatever else is wrong with it comes to light as well."""
    context.found.named(UnitOfMeasure, change, "unit_of_measure", report)
    context.found.named(TaxCode, change, "tax_code", report)
    for field in ("unit_price", "discount_percent", "discount_amount"):
        setattr(line, field, change.get(field) or ZERO)


def _sell(
    line: SalesOrderLine, sold: SoldObject, change: Change, context: PriceContext, report: Report
) -> None:
    """Everything that a line has from what it sells, where nothing else is given."""
    _take_over(line, sold, change)
    _set_unit(line, sold, change, context.found, report)
    _set_tax(line, sold, change, context.found, report)
    set_price(line, sold, change, context, report)


def patch_line(line: SalesOrderLine, change: Change, context: PriceContext, report: Report) -> None:
    """Write the given fields of a line that is there. Another object brings its price and tax; another
    type alone leaves the line without an object (domain rules 3.3)."""
    for field in ("description", "description2"):
        if field in change:
            setattr(line, field, change[field])
    if _sells_other(line, change, context.found):
        if line.shipped_quantity:
            _refuse_shipped(line, report)
            return
        _sell_other(line, change, context, report)
    elif line.line_type is SalesOrderLineType.COMMENT:
        _refuse_amounts_on_comment(change, report)
    else:
        _patch_sold(line, change, context, report)
    if line.line_type is SalesOrderLineType.COMMENT:
        return
    _patch_date(line, change, context.order)
    if PRICING_FIELDS & change.keys() or names_object(change):
        set_discount(line, _kept_discount(line, change), context.step, report)
    if "quantity" in change or "ship_quantity" in change:
        _set_quantities(line, change)
    elif "invoice_quantity" in change:
        _set_invoice_quantity(line, change)


def _patch_date(line: SalesOrderLine, change: Change, order: SalesOrder) -> None:
    if "shipment_date" in change:
        wanted = order.requested_delivery_date or order.order_date
        line.shipment_date = change["shipment_date"] or wanted


def _sells_other(line: SalesOrderLine, change: Change, found: References) -> bool:
    """Whether the change names another object or another type than the line has."""
    model, reference = object_reference(change)
    if model is not None and reference is not None:
        sold: Any = found.get(model, reference)
        same = sold is not None and sold.id in (
            line.item_id,
            line.account_id,
            line.line_object_id,
        )
        return not same or change.get("line_type") not in (None, line.line_type)
    return names_object(change) or change.get("line_type") not in (None, line.line_type)


def _sell_other(
    line: SalesOrderLine, change: Change, context: PriceContext, report: Report
) -> None:
    clear_line(line, type_of_line(change, report))
    if line.line_type is SalesOrderLineType.COMMENT:
        line.quantity = line.ship_quantity = line.invoice_quantity = ZERO
        line.shipment_date = None
        _refuse_amounts_on_comment(change, report)
        return
    line.quantity = change.get("quantity", line.quantity) or ZERO
    line.shipment_date = line.shipment_date or context.order.order_date
    if not names_object(change):
        line.unit_price = change.get("unit_price") or ZERO
        return
    sold = sold_object(line.line_type, change, context.found, report)
    if sold is not None:
        _sell(line, sold, change, context, report)


def _patch_sold(
    line: SalesOrderLine, change: Change, context: PriceContext, report: Report
) -> None:
    """The line goes on selling what it sells."""
    sold = sold_by(line, context.found)
    if "quantity" in change:
        line.quantity = change["quantity"] or ZERO
    if "unit_of_measure" in change:
        if line.shipped_quantity:
            _refuse_shipped(line, report)
        elif sold is not None:
            _set_unit(line, sold, change, context.found, report)
    if "tax_code" in change and sold is not None:
        _set_tax(line, sold, change, context.found, report)
    if "unit_price" in change and sold is not None:
        set_price(line, sold, change, context, report)
    elif "unit_price" in change:
        line.unit_price = change["unit_price"] or ZERO


def _kept_discount(line: SalesOrderLine, change: Change) -> Change:
    """The percent is what stays when quantity or price change (domain rules 2.2)."""
    if "discount_amount" in change or "discount_percent" in change:
        return change
    return {"discount_percent": line.discount_percent}


def _refuse_shipped(line: SalesOrderLine, report: Report) -> None:
    report.refuse(
        ProblemCode.HAS_SHIPMENTS,
        message=f"Line {line.sequence} is shipped in part: what it sells, and in which unit, stays.",
        rejected=line.shipped_quantity,
    )


def _refuse_amounts_on_comment(change: Change, report: Report) -> None:
    """A line that names an object without its type is told so, and nothing else."""
    if change.get("line_object_number") is not None and change.get("line_type") is None:
        return
    for field in _NOT_ON_COMMENTS:
        if change.get(field):
            report.refuse(
                ProblemCode.CONFLICTING,
                field,
                message="The line names nothing to sell, so it is a comment: text alone.",
                rejected=change[field] if isinstance(change[field], Decimal) else None,
            )
    if change.get("line_object_number") is not None:
        report.refuse(
            ProblemCode.CONFLICTING,
            "line_object_number",
            message="A comment names no object.",
            rejected=change["line_object_number"],
        )


def _take_over(line: SalesOrderLine, sold: SoldObject, change: Change) -> None:
    """What the line keeps of its object. Items say themselves whether they share in a header
    discount; of the rest only resources do (domain rules 2.5)."""
    line.line_object_number = sold.number
    if isinstance(sold, Item):
        line.item_id = sold.id
        line.allow_invoice_discount = sold.allow_invoice_discount
        line.description2 = change.get("description2", sold.display_name2)
    elif isinstance(sold, Account):
        line.account_id = sold.id
    else:
        line.line_object_id = sold.id
        line.allow_invoice_discount = line.line_type is SalesOrderLineType.RESOURCE
    line.description = change.get("description", sold.display_name)


def _set_unit(
    line: SalesOrderLine, sold: SoldObject, change: Change, found: References, report: Report
) -> None:
    """The given unit, which an item must be sold in, else the item's sales or base unit."""
    unit = found.named(UnitOfMeasure, change, "unit_of_measure", report)
    if unit is not None:
        line.unit_of_measure_id = unit.id
    elif isinstance(sold, Item):
        line.unit_of_measure_id = sold.sales_unit_of_measure_id or sold.base_unit_of_measure_id
    if unit is None or not isinstance(sold, Item):
        return
    allowed = found.units_of(sold)
    if unit not in allowed:
        reference: Reference = change["unit_of_measure"]
        report.refuse(
            ProblemCode.INVALID,
            "unit_of_measure",
            reference.by,
            message=f"Item {sold.number} is not sold in {unit.code}.",
            rejected=reference.value,
            suggestions=tuple(allowed_unit.code for allowed_unit in allowed),
        )


def _set_tax(
    line: SalesOrderLine, sold: SoldObject, change: Change, found: References, report: Report
) -> None:
    """The percent is copied: it never follows the code afterwards (decision 5)."""
    if "tax_code" in change:
        tax_code = found.named(TaxCode, change, "tax_code", report)
    else:
        tax_code = found.by_id(TaxCode, sold.tax_code_id) if sold.tax_code_id else None
    line.tax_code_id = None if tax_code is None else tax_code.id
    line.tax_percent = ZERO if tax_code is None else tax_code.percent


def _set_quantities(line: SalesOrderLine, change: Change) -> None:
    """What to ship and to invoice next: all that is left, if not given (domain rules 1.2)."""
    given: Decimal | None = change.get("ship_quantity")
    line.ship_quantity = line.quantity - line.shipped_quantity if given is None else given
    _set_invoice_quantity(line, change)


def _set_invoice_quantity(line: SalesOrderLine, change: Change) -> None:
    given: Decimal | None = change.get("invoice_quantity")
    ready = line.shipped_quantity + line.ship_quantity - line.invoiced_quantity
    line.invoice_quantity = ready if given is None else given
