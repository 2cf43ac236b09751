"""What a line sells: its type and its item, account or other object (RULES.md 3.1 and 3.2)."""

from typing import Any

from gateway.orders.amounts import ZERO
from gateway.orders.problems import Missing, Path, ProblemCode, Report
from gateway.orders.references import (
    LINE_OBJECTS,
    Change,
    Reference,
    References,
    object_reference,
)
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import (
    AccountRow,
    AccountType,
    ItemRow,
    LineObjectKind,
    LineObjectRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType

SoldObject = ItemRow | AccountRow | LineObjectRow

_FIELD_OF = {SalesOrderLineType.ITEM: "item", SalesOrderLineType.ACCOUNT: "account"}


def names_object(change: Change) -> bool:
    """Whether the change says what the line sells."""
    return any(change.get(field) is not None for field in ("item", "account", "line_object_number"))


def sold_by(line: SalesOrderLineRow, found: References) -> SoldObject | None:
    """What a stored line sells, or None if it has lost it."""
    if line.item_id is not None:
        return found.by_id(ItemRow, line.item_id)
    if line.account_id is not None:
        return found.by_id(AccountRow, line.account_id)
    if line.line_object_id is not None:
        return found.by_id(LineObjectRow, line.line_object_id)
    return None


def clear_line(line: SalesOrderLineRow, line_type: SalesOrderLineType) -> None:
    """Make it a line of this type that sells nothing yet."""
    line.line_type = line_type
    line.item_id = line.account_id = line.line_object_id = line.line_object_number = None
    line.unit_of_measure_id = line.tax_code_id = None
    line.unit_price = line.tax_percent = line.discount_amount = line.discount_percent = ZERO
    line.allow_invoice_discount = False


def type_of_line(change: Change, report: Report) -> SalesOrderLineType:
    """The given type, else the one that the named object has; nothing named is a comment."""
    given: SalesOrderLineType | None = change.get("line_type")
    implied = _implied_type(change, report)
    if implied is None and given is None and change.get("line_object_number") is not None:
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


def _implied_type(change: Change, report: Report) -> SalesOrderLineType | None:
    item, account = change.get("item"), change.get("account")
    if item is not None and account is not None:
        report.refuse(
            ProblemCode.CONFLICTING,
            "account",
            message="A line sells an item or posts to an account, not both.",
            rejected=account,
        )
    if item is not None:
        return SalesOrderLineType.ITEM
    return None if account is None else SalesOrderLineType.ACCOUNT


def sold_object(
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
        _refuse_missing(model, reference, label, path, report)
        return None
    if reason := why_closed(sold):
        message = f"{label.capitalize()} {sold.number} {reason}."
        report.refuse(ProblemCode.BLOCKED, *path, message=message, rejected=reference)
    _check_number_agrees(sold.number, change, report)
    return sold  # type: ignore[no-any-return]


def _refuse_missing(
    model: type[Base], reference: Reference, label: str, path: Path, report: Report
) -> None:
    is_kind = model is LineObjectRow
    column = "number" if is_kind else reference.by
    kind = LineObjectKind(reference.by) if is_kind else None
    report.refuse(
        ProblemCode.NOT_FOUND,
        *path,
        message=f"There is no {label} with this {path[-1].replace('_', ' ')}.",
        rejected=reference,
        missing=Missing(model, column, reference.value, kind),
    )


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


def why_closed(sold: SoldObject) -> str | None:
    """Why nothing may be sold through this object, or None."""
    if sold.blocked:
        return "is blocked"
    if isinstance(sold, ItemRow) and sold.sales_blocked:
        return "is blocked for sales"
    if isinstance(sold, AccountRow) and sold.account_type is not AccountType.POSTING:
        return "is no posting account"
    if isinstance(sold, AccountRow) and not sold.direct_posting:
        return "does not allow direct posting"
    return None
