"""The lines of an order: what they sell and at what price (domain rules 1.2, 2.2 and 3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.orders.pricing import step_of
from gateway.orders.problems import ProblemCode, Report, plain
from gateway.orders.references import (
    LINE_OBJECTS,
    Change,
    Reference,
    References,
    object_reference,
)
from gateway.orders.rounding import EXACT, rounded
from gateway.orders.totals import (
    HUNDRED,
    ONE,
    ZERO,
    discount_percent_of,
    gross_amount,
    price_with_tax,
    price_without_tax,
)
from gateway.storage.columns import LARGEST, is_storable
from gateway.storage.reference_data import (
    Account,
    AccountType,
    Item,
    LineObject,
    TaxCode,
    UnitOfMeasure,
)
from gateway.storage.sales_orders import SalesOrder, SalesOrderLine, SalesOrderLineType

SEQUENCE_STEP = 10000

SoldObject = Item | Account | LineObject

_FIELD_OF = {SalesOrderLineType.ITEM: "item", SalesOrderLineType.ACCOUNT: "account"}
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


@dataclass(frozen=True)
class Context:
    """What a line is written against."""

    order: SalesOrder
    found: References
    step: Decimal

    @property
    def in_company_currency(self) -> bool:
        return self.order.currency_id == self.found.company_currency.id


def add_lines(
    order: SalesOrder, changes: Sequence[Change], found: References, report: Report
) -> None:
    """Append a line for each change. Those without a sequence follow the last that has one."""
    context = Context(order, found, step_of(order, found))
    sequence = max((change.get("sequence") or 0 for change in changes), default=0)
    for place, change in enumerate(changes):
        if change.get("sequence") is None:
            sequence += SEQUENCE_STEP
        own = change.get("sequence") or sequence
        order.lines.append(_new_line(own, change, context, report.at("lines", str(place))))


def _new_line(sequence: int, change: Change, context: Context, report: Report) -> SalesOrderLine:
    line_type = _line_type(change, report)
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
    sold = _sold_object(line_type, change, context.found, report)
    if sold is not None:
        _take_over(line, sold, change)
        _set_unit(line, sold, change, context.found, report)
        _set_tax(line, sold, change, context.found, report)
        _set_price(line, sold, change, context, report)
        _set_discount(line, change, context.step, report)
    _set_quantities(line, change)
    return line


def _line_type(change: Change, report: Report) -> SalesOrderLineType:
    """The given type, else the one that the named object has; nothing named is a comment."""
    given: SalesOrderLineType | None = change.get("line_type")
    if change.get("item") is not None and change.get("account") is not None:
        report.refuse(
            ProblemCode.CONFLICTING,
            "account",
            message="A line sells an item or posts to an account, not both.",
        )
    implied = None
    if change.get("item") is not None:
        implied = SalesOrderLineType.ITEM
    elif change.get("account") is not None:
        implied = SalesOrderLineType.ACCOUNT
    elif change.get("line_object_number") is not None and given is None:
        report.refuse(
            ProblemCode.REQUIRED,
            "line_type",
            message="Say of which type the object with this number is.",
            suggestions=tuple(kind.name for kind in LINE_OBJECTS),
        )
    if given is not None and implied is not None and given is not implied:
        report.refuse(
            ProblemCode.CONFLICTING,
            "line_type",
            message=f"The line names an {implied.name.lower()}, so its type is {implied.name}.",
            rejected=given,
            suggestions=(implied.name,),
        )
    return implied or given or SalesOrderLineType.COMMENT


def _refuse_amounts_on_comment(change: Change, report: Report) -> None:
    for field in _NOT_ON_COMMENTS:
        if change.get(field):
            report.refuse(
                ProblemCode.CONFLICTING,
                field,
                message="The line names nothing to sell, so it is a comment: text alone.",
                rejected=change[field] if isinstance(change[field], Decimal) else None,
            )
    if change.get("line_object_number") is not None and change.get("line_type") is not None:
        report.refuse(
            ProblemCode.CONFLICTING,
            "line_object_number",
            message="A comment names no object.",
            rejected=change["line_object_number"],
        )


def _sold_object(
    line_type: SalesOrderLineType, change: Change, found: References, report: Report
) -> SoldObject | None:
    """What the line sells; reports an object that is missing, closed or named in two ways."""
    model, reference = object_reference(change)
    field = _FIELD_OF.get(line_type, "line_object_number")
    if reference is None:
        report.refuse(
            ProblemCode.REQUIRED,
            field,
            message=f"A line of type {line_type.name} names what it sells.",
        )
    if reference is None or model is not LINE_OBJECTS[line_type]:
        return None
    is_by_field = change.get(field) is reference
    path = (field, reference.by) if is_by_field else ("line_object_number",)
    label = line_type.name.lower().replace("_", " ")
    sold: Any = found.get(model, reference)
    if sold is None:
        report.refuse(
            ProblemCode.NOT_FOUND,
            *path,
            message=f"There is no {label} with this {path[-1].replace('_', ' ')}.",
            rejected=reference.value,
        )
        return None
    if reason := _closed(sold):
        report.refuse(
            ProblemCode.BLOCKED,
            *path,
            message=f"{label.capitalize()} {sold.number} {reason}.",
            rejected=reference.value,
        )
    _check_number_agrees(sold.number, change, report)
    return sold  # type: ignore[no-any-return]


def _check_number_agrees(number: str, change: Change, report: Report) -> None:
    given = change.get("line_object_number")
    if given is not None and given != number:
        report.refuse(
            ProblemCode.CONFLICTING,
            "line_object_number",
            message=f"The line names number {number}.",
            rejected=given,
            suggestions=(number,),
        )


def _closed(sold: SoldObject) -> str | None:
    """Why nothing may be sold through this object, or None."""
    if sold.blocked:
        return "is blocked"
    if isinstance(sold, Item) and sold.sales_blocked:
        return "is blocked for sales"
    if isinstance(sold, Account) and sold.account_type is not AccountType.POSTING:
        return "is no posting account"
    if isinstance(sold, Account) and not sold.direct_posting:
        return "does not allow direct posting"
    return None


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


def _set_price(
    line: SalesOrderLine, sold: SoldObject, change: Change, context: Context, report: Report
) -> None:
    """The given price, else the object's, which is in the company's currency (decision 4)."""
    given: Decimal | None = change.get("unit_price")
    if given is not None:
        line.unit_price = given
    elif isinstance(sold, Account):
        line.unit_price = ZERO
    elif context.in_company_currency:
        line.unit_price = _own_price(sold, line.tax_percent, context.order.prices_include_tax)
    else:
        report.refuse(
            ProblemCode.PRICE_REQUIRED,
            "unit_price",
            message=f"{sold.number} has a price in {context.found.company_currency.code} only.",
        )


def _own_price(sold: Item | LineObject, tax_percent: Decimal, with_tax: bool) -> Decimal:
    has_tax = isinstance(sold, Item) and sold.price_includes_tax
    if has_tax and not with_tax:
        return price_without_tax(sold.unit_price, tax_percent)
    if with_tax and not has_tax:
        return price_with_tax(sold.unit_price, tax_percent)
    return sold.unit_price


def _set_discount(line: SalesOrderLine, change: Change, step: Decimal, report: Report) -> None:
    """Percent and amount of the line discount, either from the other (domain rules 2.2)."""
    percent: Decimal | None = change.get("discount_percent")
    amount: Decimal | None = change.get("discount_amount")
    line.discount_percent, line.discount_amount = percent or ZERO, amount or ZERO
    numbers = (line.quantity, line.unit_price, line.discount_percent, line.discount_amount)
    if not all(map(is_storable, numbers)):
        return
    gross = gross_amount(line.quantity, line.unit_price, step)
    if abs(gross) > LARGEST:
        report.refuse(
            ProblemCode.OUT_OF_RANGE,
            "quantity",
            message=f"The line comes to {plain(gross)}, more than {plain(LARGEST)}.",
            rejected=line.quantity,
        )
        return
    derived = rounded(EXACT.multiply(gross, percent or ZERO), HUNDRED, step)
    if amount is None:
        line.discount_amount = derived
        return
    amount = rounded(amount, ONE, step)
    if percent is not None:
        if amount != derived:
            report.refuse(
                ProblemCode.CONFLICTING,
                "discount_amount",
                message=f"{plain(percent)} % of {plain(gross)} is {plain(derived)}."
                " Give the amount or the percent.",
                rejected=amount,
                suggestions=(plain(derived),),
            )
        return
    if amount and not line.quantity:
        report.refuse(
            ProblemCode.REQUIRED, "quantity", message="A discount amount needs a quantity."
        )
        return
    line.discount_amount, line.discount_percent = amount, discount_percent_of(amount, gross)
    if not ZERO <= line.discount_percent <= HUNDRED or (amount and not gross):
        report.refuse(
            ProblemCode.OUT_OF_RANGE,
            "discount_amount",
            message=f"The discount is between 0 and the {plain(gross)} that the line costs.",
            rejected=amount,
            suggestions=(plain(gross),),
        )
        line.discount_percent = ZERO


def _set_quantities(line: SalesOrderLine, change: Change) -> None:
    """What to ship and to invoice next: all that is left, if not given (domain rules 1.2)."""
    given: Decimal | None = change.get("ship_quantity")
    line.ship_quantity = line.quantity - line.shipped_quantity if given is None else given
    given = change.get("invoice_quantity")
    ready = line.shipped_quantity + line.ship_quantity - line.invoiced_quantity
    line.invoice_quantity = ready if given is None else given
