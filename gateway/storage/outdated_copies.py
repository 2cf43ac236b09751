"""Values that orders copied from other records, and that have changed there since.

No file can restore them, because an import copies the current values."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from gateway.storage.conditions import Filter
from gateway.storage.scope import Scope, within
from gateway.storage.snapshots import Snapshot
from gateway.storage.tables.reference_data import CustomerRow, ItemRow, TaxCodeRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

ORDER, LINE = SalesOrderRow.__table__.c, SalesOrderLineRow.__table__.c
CUSTOMER = CustomerRow.__table__.alias("customer")
PAYER = CustomerRow.__table__.alias("bill_to_customer")
ITEM, TAX_CODE = ItemRow.__table__, TaxCodeRow.__table__

Copies = Mapping[str, sa.ColumnElement[bool]]
HEADER_COPIES: Copies = {
    "customer_name": ORDER.customer_name.is_distinct_from(CUSTOMER.c.display_name),
    "contact_id": ORDER.contact_id.is_distinct_from(CUSTOMER.c.contact_id),
    "bill_to_name": ORDER.bill_to_name.is_distinct_from(PAYER.c.display_name),
}
LINE_COPIES: Copies = {
    "tax_percent": LINE.tax_percent != sa.func.coalesce(TAX_CODE.c.percent, 0),
    "allow_invoice_discount": (LINE.item_id.is_not(None))
    & LINE.allow_invoice_discount.is_distinct_from(ITEM.c.allow_invoice_discount),
}
"""By the column with the copy: whether the record has another value now."""


async def count_outdated_copies(
    snapshot: Snapshot, scope: Scope, listed: Filter | None
) -> dict[str, int]:
    """How many of the orders that match, or of their lines, have an outdated copy, by its column. Two
    statements."""
    joined = _joined(SalesOrderRow.__table__, CUSTOMER, "customer_id")
    joined = _joined(joined, PAYER, "bill_to_customer_id", SalesOrderRow.__table__)
    headers = _counts(HEADER_COPIES).select_from(joined)
    line: Any = SalesOrderLineRow.__table__
    of_line = _joined(line, SalesOrderRow.__table__, "sales_order_id")
    of_line = _joined(of_line, TAX_CODE, "tax_code_id", line)
    of_line = _joined(of_line, ITEM, "item_id", line)
    lines = _counts(LINE_COPIES).select_from(of_line)
    result: dict[str, int] = {}
    for copies, statement in ((HEADER_COPIES, headers), (LINE_COPIES, lines)):
        listing = [] if listed is None else [listed.condition(scope)]
        [row] = await snapshot.rows(statement.where(within(scope, SalesOrderRow), *listing))
        result |= {name: count for name, count in zip(copies, row, strict=True) if count}
    return result


def _counts(copies: Copies) -> sa.Select[Any]:
    return sa.select(
        *(
            sa.func.sum(sa.case((is_outdated, 1), else_=0)).label(name)
            for name, is_outdated in copies.items()
        )
    )


def _joined(left: Any, right: Any, key: str, of: Any = None) -> Any:
    """`left` with the record that the column `key` of `of` refers to."""
    table = left if of is None else of
    return left.outerjoin(
        right, (right.c.company_id == table.c.company_id) & (right.c.id == table.c[key])
    )
