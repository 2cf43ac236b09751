"""The lines of an order as clients give them (domain rules 1.2)."""

from collections.abc import Sequence
from decimal import Decimal

from gateway.orders.line_objects import SoldObject, sold_object, type_of_line
from gateway.orders.line_prices import PriceContext, set_discount, set_price
from gateway.orders.pricing import step_of
from gateway.orders.problems import ProblemCode, Report
from gateway.orders.references import Change, Reference, References
from gateway.orders.totals import ZERO
from gateway.storage.reference_data import Account, Item, TaxCode, UnitOfMeasure
from gateway.storage.sales_orders import SalesOrder, SalesOrderLine, SalesOrderLineType

SEQUENCE_STEP = 10000

_NOT_ON_COMMENTS = (
    "quantity",
    "unit_price",
    "discount_amount",
    "discount_percent",
    "ship_quantity",
    "invoice_quantity",
    "tax_code",
    "unit_of_measure",
)


def add_lines(
    order: SalesOrder, changes: Sequence[Change], found: References, report: Report
) -> None:
    """Append a line for each change. Those without a sequence follow the last that has one."""
    context = PriceContext(order, found, step_of(order, found))
    sequence = max((change.get("sequence") or 0 for change in changes), default=0)
    for place, change in enumerate(changes):
        if change.get("sequence") is None:
            sequence += SEQUENCE_STEP
        own = change.get("sequence") or sequence
        order.lines.append(_new_line(own, change, context, report.at("lines", str(place))))


def _new_line(
    sequence: int, change: Change, context: PriceContext, report: Report
) -> SalesOrderLine:
    line_type = type_of_line(change, report)
    line = SalesOrderLine(
        company_id=context.order.company_id,
        sequence=sequence,
        line_type=line_type,
        description=change.get("description"),
        description2=change.get("description2"),
    )
    if line_type is SalesOrderLineType.COMMENT:
        _refuse_amounts_on_comment(change, report)
        return line
    line.quantity = change.get("quantity") or ZERO
    line.shipment_date = (
        change.get("shipment_date")
        or context.order.requested_delivery_date
        or context.order.order_date
    )
    sold = sold_object(line_type, change, context.found, report)
    if sold is not None:
        _take_over(line, sold, change)
        _set_unit(line, sold, change, context.found, report)
        _set_tax(line, sold, change, context.found, report)
        set_price(line, sold, change, context, report)
        set_discount(line, change, context.step, report)
    _set_quantities(line, change)
    return line


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
    given = change.get("invoice_quantity")
    ready = line.shipped_quantity + line.ship_quantity - line.invoiced_quantity
    line.invoice_quantity = ready if given is None else given
