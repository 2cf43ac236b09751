"""The kinds of record that orders refer to, and the fields that a change may set. They are derived from
the columns of storage.tables.reference_data; imports and exports follow them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from gateway.orders.amounts import HUNDRED, ZERO
from gateway.orders.fields import FINEST, Field, Until, column_of
from gateway.storage.tables.column_types import FOLDED, Base
from gateway.storage.tables.model_columns import (
    column_default,
    referenced_models,
    table_columns,
    value_type,
)
from gateway.storage.tables.reference_data import (
    AccountRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    ItemUnitOfMeasureRow,
    LineObjectRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)

SET_BY_GATEWAY = {
    *("company_id", "id", "etag", "created_date_time", "last_modified_date_time"),
    *("created_by", "last_modified_by"),
}
"""The columns of a record that no change may set."""

KEYS_OF_RECORDS = ("number", "code", "unit_of_measure")
FIXED = ("number", "code", "kind")
"""The columns of a record that never change, because orders and files refer to the record by them."""


@dataclass(frozen=True)
class Record:
    """A kind of record that orders refer to. Every column except those of SET_BY_GATEWAY is a field; a
    foreign key is a reference. `label` and `have` are words for refusals. The columns in `unique` have
    unique values. `parts` are lists of dependent records, by relation; their column `owner` has the id
    of the record that they belong to."""

    model: type[Base]
    label: str
    have: str = "has"
    least: Mapping[str, Decimal] = field(default_factory=dict)
    most: Mapping[str, Decimal] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    parts: Mapping[str, "Record"] = field(default_factory=dict)
    owner: str = ""

    @property
    def key(self) -> str:
        """The field by which people refer to a record."""
        return next(name for name in KEYS_OF_RECORDS if name in self.fields)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        models = referenced_models(self.model)
        return {
            column.removesuffix("_id") if column in models else column: Field(
                models.get(column),
                until=Until.CREATED if column in FIXED else Until.ALWAYS,
                least=self.least.get(column),
                most=self.most.get(column),
            )
            for column in table_columns(self.model)
            if column not in {*SET_BY_GATEWAY, self.owner} and not column.endswith(FOLDED)
        }

    def is_required(self, name: str) -> bool:
        """Whether the field is required in a new record, because it cannot be null and has no
        default."""
        column = column_of(name, self.fields[name])
        return not value_type(self.model, column)[1] and column_default(self.model, column) is None


RECORDS: Mapping[type[Base], Record] = {
    record.model: record
    for record in (
        Record(
            CurrencyRow,
            "currency",
            least={"amount_rounding_precision": FINEST, "unit_amount_rounding_precision": FINEST},
        ),
        Record(
            PaymentTermsRow,
            "payment terms",
            "have",
            {"discount_percent": ZERO},
            {"discount_percent": HUNDRED},
        ),
        Record(ShipmentMethodRow, "shipment method"),
        Record(UnitOfMeasureRow, "unit of measure"),
        Record(TaxCodeRow, "tax code", least={"percent": ZERO}),
        Record(AccountRow, "account"),
        Record(LineObjectRow, "line object"),
        Record(
            ItemRow,
            "item",
            parts={
                "units_of_measure": Record(ItemUnitOfMeasureRow, "unit of an item", owner="item_id")
            },
        ),
        Record(CustomerRow, "customer", unique=("contact_id",)),
    )
}
"""The kinds of record, each after those that it refers to."""
