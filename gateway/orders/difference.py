"""What a change would change: the fields in which it differs from what is stored, so that saying the
same again is no change at all."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.orders.references import Change, Reference, References
from gateway.storage.tables.column_types import Base, clean
from gateway.storage.tables.reference_data import (
    AccountRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

MODELS: Mapping[str, type[Base]] = {
    "customer": CustomerRow,
    "bill_to_customer": CustomerRow,
    "currency": CurrencyRow,
    "payment_terms": PaymentTermsRow,
    "shipment_method": ShipmentMethodRow,
    "item": ItemRow,
    "account": AccountRow,
    "unit_of_measure": UnitOfMeasureRow,
    "tax_code": TaxCodeRow,
}
DEFAULTED = {
    "order_date", "posting_date", "prices_include_tax", "partial_shipping", "bill_to_customer",
    "sequence", "line_type", "line_object_number", "unit_of_measure", "unit_price", "shipment_date",
    "ship_quantity", "invoice_quantity", "discount_percent", "discount_amount", "currency",
}  # fmt: skip
"""Fields for which None stands for a default that the stored value may well be."""


def difference(row: SalesOrderRow | SalesOrderLineRow, change: Change, found: References) -> Change:
    """The fields of `change`, lines aside, that say something else than `row`."""
    percent = change.get("discount_percent")
    return {
        name: value
        for name, value in change.items()
        if name not in ("lines", "number", "import_key", "id")
        and not (name == "discount_amount" and percent)
        and _differs(row, name, value, found)
    }


def _differs(
    row: SalesOrderRow | SalesOrderLineRow, name: str, value: Any, found: References
) -> bool:
    if value is None and name in DEFAULTED:
        return False
    if name in MODELS:
        return _names_other(getattr(row, f"{name}_id"), MODELS[name], value, found)
    if isinstance(value, Mapping):
        prefix = name.removesuffix("address")
        return any(_unlike(getattr(row, prefix + part), text) for part, text in value.items())
    return _unlike(getattr(row, name), value)


def _names_other(
    key: str | None, model: type[Base], reference: Reference | None, found: References
) -> bool:
    if reference is None:
        return key is not None
    named: Any = found.get(model, reference)
    return named is None or named.id != key


def _unlike(stored: Any, value: Any) -> bool:
    if isinstance(value, str):
        value = clean(value) or None
    if isinstance(value, Decimal):
        stored = stored or Decimal(0)
    return bool(stored != value)
