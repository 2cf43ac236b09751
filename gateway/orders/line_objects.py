"""What a line sells: its type and its item, account or other object (RULES.md 3.1 and 3.2)."""

from typing import Any

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.fields import LineChange, Reference
from gateway.orders.problems import Missing, Path, Report
from gateway.orders.references import LINE_OBJECTS, References, object_reference
from gateway.storage.tables.column_types import Base, case_folded
from gateway.storage.tables.reference_data import AccountRow, ItemRow, LineObjectRow
from gateway.storage.tables.reference_enums import AccountType, LineObjectKind
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType

SoldObject = ItemRow | AccountRow | LineObjectRow

_FIELD_OF = {SalesOrderLineType.ITEM: "item", SalesOrderLineType.ACCOUNT: "account"}


def names_object(change: LineChange) -> bool:
    """Whether the change says what the line sells."""
    return any(change.get(name) is not None for name in ("item", "account", "line_object_number"))


def sold_by(line: SalesOrderLineRow, references: References) -> SoldObject | None:
    """The object that a stored line sells, or None if it sells nothing."""
    if line.item_id is not None:
        return references.by_id(ItemRow, line.item_id)
    if line.account_id is not None:
        return references.by_id(AccountRow, line.account_id)
    if line.line_object_id is not None:
        return references.by_id(LineObjectRow, line.line_object_id)
    return None


def clear_line(line: SalesOrderLineRow, line_type: SalesOrderLineType) -> None:
    """Turn the line into one of this type that does not sell anything yet."""
    line.line_type = line_type
    line.item_id = line.account_id = line.line_object_id = line.line_object_number = None
    line.unit_of_measure_id = line.tax_code_id = None
    line.unit_price = line.tax_percent = line.discount_amount = line.discount_percent = ZERO
    line.allow_invoice_discount = False


def type_of_line(change: LineChange, report: Report) -> SalesOrderLineType:
    """The type in the change, or else the type of its object. Without an object, the line is a
    comment."""
    line_type = change.get("line_type")
    implied = _implied_type(change, report)
    if implied is None and line_type is None and change.get("line_object_number") is not None:
        report.refuse(
            refusals.LINE_TYPE_REQUIRED,
            "line_type",
            suggestions=tuple(kind.name for kind in LINE_OBJECTS),
        )
    if line_type is not None and implied is not None and line_type is not implied:
        report.refuse(
            refusals.LINE_TYPES_DISAGREE,
            "line_type",
            rejected=line_type,
            suggestions=(implied.name,),
            label=implied.name.lower(),
            line_type=implied,
        )
    return implied or line_type or SalesOrderLineType.COMMENT


def _implied_type(change: LineChange, report: Report) -> SalesOrderLineType | None:
    item, account = change.get("item"), change.get("account")
    if item is not None and account is not None:
        report.refuse(refusals.ITEM_AND_ACCOUNT, "account", rejected=account)
    if item is not None:
        return SalesOrderLineType.ITEM
    return None if account is None else SalesOrderLineType.ACCOUNT


def sold_object(
    line_type: SalesOrderLineType, change: LineChange, references: References, report: Report
) -> SoldObject | None:
    """The object that the line sells. Reports an object that does not exist, is closed or is named
    inconsistently."""
    model, reference = object_reference(change)
    field = _FIELD_OF.get(line_type, "line_object_number")
    if reference is None:
        report.refuse(refusals.OBJECT_REQUIRED, field, line_type=line_type)
    if reference is None or model is not LINE_OBJECTS[line_type]:
        return None
    is_by_field = change.get(field) is reference
    path = (field, reference.by) if is_by_field else ("line_object_number",)
    label = line_type.name.lower().replace("_", " ")
    sold: Any = references.get(model, reference)
    if sold is None:
        _refuse_missing(model, reference, label, path, report)
        return None
    if reason := why_closed(sold):
        report.refuse(
            refusals.OBJECT_CLOSED,
            *path,
            rejected=reference,
            label=label.capitalize(),
            number=sold.number,
            reason=reason,
        )
    _check_number_agrees(sold.number, change, report)
    return sold  # type: ignore[no-any-return]


def _refuse_missing(
    model: type[Base], reference: Reference, label: str, path: Path, report: Report
) -> None:
    is_kind = model is LineObjectRow
    column = "number" if is_kind else reference.by
    kind = LineObjectKind(reference.by) if is_kind else None
    report.refuse(
        refusals.OBJECT_NOT_FOUND,
        *path,
        rejected=reference,
        missing=Missing(model, column, reference.value, kind),
        label=label,
        by="number" if path[-1] == "line_object_number" else path[-1],
    )


def _check_number_agrees(number: str, change: LineChange, report: Report) -> None:
    object_number = change.get("line_object_number")
    if object_number is not None and case_folded(object_number) != case_folded(number):
        report.refuse(
            refusals.OBJECT_NUMBERS_DISAGREE,
            "line_object_number",
            rejected=object_number,
            suggestions=(number,),
            number=number,
        )


def why_closed(sold: SoldObject) -> str | None:
    """The reason why lines may not sell this object, or None."""
    if sold.blocked:
        return "is blocked"
    if isinstance(sold, ItemRow) and sold.sales_blocked:
        return "is blocked for sales"
    if isinstance(sold, AccountRow) and sold.account_type is not AccountType.POSTING:
        return "is not a posting account"
    if isinstance(sold, AccountRow) and not sold.direct_posting:
        return "does not allow direct posting"
    return None
