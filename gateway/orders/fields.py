"""The fields that a change may set, declared once for each kind of row.

New and changed orders, input checks, differences, imports and exports all follow these declarations. A
field has the type and the length of its column in storage.tables. A change with a field that is not
declared here raises KeyError.

A new column of an order changes four files: storage/tables/sales_orders.py (the column), this one (how
it may be set), api/order_types.py (reading) and api/inputs.py (writing). It also needs a migration and
a new schema.graphql, and an entry in exchange/mappings if files contain it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Required, TypedDict, get_type_hints

from gateway.orders.amounts import HUNDRED, ZERO
from gateway.storage.tables.column_types import DECIMALS, Base
from gateway.storage.tables.model_columns import table_columns, value_type
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
from gateway.storage.tables.sales_orders import (
    LineRounding,
    SalesOrderLineType,
    SalesOrderStatus,
)


@dataclass(frozen=True)
class Reference:
    """A reference to a record. `by` is id, number, code or contact_id; for a line object it is its
    kind."""

    by: str
    value: str

    def __str__(self) -> str:
        return self.value


class Null(Enum):
    """The value that a field gets when a change sets it to null."""

    EMPTY = "no value"
    TODAY = "today, in UTC"
    PARTY = "the value of the customer, or of the payer, as for a new order"
    DERIVED = "the value of a new row that does not name the field"


class Until(Enum):
    """When the value of a field becomes fixed."""

    ALWAYS = "as long as the order is editable"
    INVOICED = "until something is invoiced"
    SHIPPED = "until something is shipped"
    CREATED = "never: it is set when the row is created"


Bound = Decimal | dt.date | int | None
EARLIEST, LATEST = dt.date(1753, 1, 1), dt.date(9999, 12, 31)
LAST_SEQUENCE = 2**31 - 1
FINEST = Decimal(1).scaleb(-DECIMALS)
"""The smallest number above 0 that can be stored."""

WHILE_DRAFT = (SalesOrderStatus.DRAFT,)
UNTIL_INVOICED = (*WHILE_DRAFT, SalesOrderStatus.OPEN, SalesOrderStatus.RELEASED)
"""The statuses in which fields that affect no amount may change."""


@dataclass(frozen=True)
class Field:
    """How a change sets a field.

    `model` is the type of the referenced record; its id is in the column `<field>_id`. New orders copy
    the column `customer` of their customer, or the column `payer` of the customer who pays. Values lie
    between `least` and `most`. A field with `has_rule` is written by its own function, any other as it
    comes. Only imports set a field with `is_import_only`. Comments may only have fields with `is_text`.
    The field may change while the order has one of `statuses`."""

    model: type[Base] | None = None
    customer: str = ""
    payer: str = ""
    null: Null = Null.EMPTY
    until: Until = Until.ALWAYS
    least: Bound = None
    most: Bound = None
    has_rule: bool = False
    is_import_only: bool = False
    is_text: bool = True
    statuses: tuple[SalesOrderStatus, ...] = WHILE_DRAFT


RULE = Field(has_rule=True)


def date(*, null: Null = Null.EMPTY, **options: Any) -> Field:
    """A date of the order."""
    return Field(null=null, least=EARLIEST, most=LATEST, **options)


def free(**options: Any) -> Field:
    """A field that affects no amount."""
    return Field(statuses=UNTIL_INVOICED, **options)


def sold(*, null: Null = Null.EMPTY, **options: Any) -> Field:
    """A field of a line that sells something."""
    return Field(null=null, has_rule=True, is_text=False, **options)


class AddressChange(TypedDict, total=False):
    """The parts of an address. Omitted parts stay unchanged."""

    address_line1: str | None
    address_line2: str | None
    city: str | None
    state: str | None
    country: str | None
    post_code: str | None


class HeaderChange(TypedDict, total=False):
    """The header fields that a change sets. Omitted fields stay unchanged, or get their default in a
    new order."""

    number: Annotated[str, Field(has_rule=True, until=Until.CREATED, is_import_only=True)]
    import_key: Annotated[str, Field(has_rule=True, until=Until.CREATED, is_import_only=True)]
    external_document_number: Annotated[str | None, free()]
    order_date: Annotated[dt.date | None, date(null=Null.TODAY)]
    posting_date: Annotated[dt.date | None, date(null=Null.TODAY, statuses=UNTIL_INVOICED)]
    customer: Annotated[Reference | None, Field(CustomerRow, has_rule=True, until=Until.SHIPPED)]
    bill_to_customer: Annotated[
        Reference | None,
        Field(CustomerRow, null=Null.DERIVED, has_rule=True, until=Until.SHIPPED),
    ]
    ship_to_name: Annotated[str | None, free(customer="display_name")]
    ship_to_contact: Annotated[str | None, free(customer="contact_name")]
    sell_to_address: Annotated[AddressChange | None, RULE]
    ship_to_address: Annotated[AddressChange | None, free(has_rule=True)]
    bill_to_address: Annotated[AddressChange | None, RULE]
    currency: Annotated[
        Reference | None,
        Field(
            CurrencyRow,
            payer="currency_id",
            null=Null.DERIVED,
            until=Until.SHIPPED,
            has_rule=True,
        ),
    ]
    prices_include_tax: Annotated[
        bool | None, Field(payer="prices_include_tax", null=Null.PARTY, until=Until.INVOICED)
    ]
    line_rounding: Annotated[
        LineRounding | None, Field(null=Null.DERIVED, has_rule=True, until=Until.INVOICED)
    ]
    payment_terms: Annotated[
        Reference | None, free(model=PaymentTermsRow, payer="payment_terms_id")
    ]
    shipment_method: Annotated[
        Reference | None, free(model=ShipmentMethodRow, customer="shipment_method_id")
    ]
    salesperson: Annotated[str | None, free(payer="salesperson")]
    partial_shipping: Annotated[bool | None, Field(customer="partial_shipping", null=Null.PARTY)]
    requested_delivery_date: Annotated[dt.date | None, date(statuses=UNTIL_INVOICED)]
    discount_percent: Annotated[
        Decimal | None,
        Field(null=Null.DERIVED, until=Until.INVOICED, least=ZERO, most=HUNDRED, has_rule=True),
    ]
    discount_amount: Annotated[
        Decimal | None, Field(null=Null.DERIVED, until=Until.INVOICED, has_rule=True)
    ]
    phone_number: Annotated[str | None, free(customer="phone_number")]
    email: Annotated[str | None, free(customer="email")]


class LineChange(TypedDict, total=False):
    """The fields of a line that a change sets."""

    sequence: Annotated[
        int | None,
        Field(null=Null.DERIVED, until=Until.CREATED, least=1, most=LAST_SEQUENCE, has_rule=True),
    ]
    inventory_lot_id: Annotated[str | None, Field(is_import_only=True)]
    line_type: Annotated[
        SalesOrderLineType | None, Field(null=Null.DERIVED, until=Until.SHIPPED, has_rule=True)
    ]
    item: Annotated[Reference | None, Field(ItemRow, until=Until.SHIPPED, has_rule=True)]
    account: Annotated[Reference | None, Field(AccountRow, until=Until.SHIPPED, has_rule=True)]
    line_object_number: Annotated[
        str | None, Field(null=Null.DERIVED, until=Until.SHIPPED, has_rule=True)
    ]
    description: Annotated[str | None, free()]
    description2: Annotated[str | None, free()]
    unit_of_measure: Annotated[
        Reference | None, sold(model=UnitOfMeasureRow, null=Null.DERIVED, until=Until.SHIPPED)
    ]
    quantity: Annotated[Decimal | None, sold()]
    unit_price: Annotated[Decimal | None, sold(null=Null.DERIVED, until=Until.INVOICED)]
    discount_percent: Annotated[
        Decimal | None,
        sold(null=Null.DERIVED, until=Until.INVOICED, least=ZERO, most=HUNDRED),
    ]
    discount_amount: Annotated[Decimal | None, sold(null=Null.DERIVED, until=Until.INVOICED)]
    tax_code: Annotated[Reference | None, sold(model=TaxCodeRow, until=Until.INVOICED)]
    shipment_date: Annotated[
        dt.date | None,
        sold(null=Null.DERIVED, least=EARLIEST, most=LATEST, statuses=UNTIL_INVOICED),
    ]
    ship_quantity: Annotated[Decimal | None, sold(null=Null.DERIVED, statuses=UNTIL_INVOICED)]
    invoice_quantity: Annotated[Decimal | None, sold(null=Null.DERIVED, statuses=UNTIL_INVOICED)]


class LinePatch(LineChange, total=False):
    """A change of the line with this id."""

    id: Required[str]


class LinesPatch(TypedDict, total=False):
    """Lines to add and to update, and the ids of those to remove."""

    add: Sequence[LineChange] | None
    update: Sequence[LinePatch] | None
    remove: Sequence[str] | None


class NewOrder(HeaderChange, total=False):
    """An order with all its lines."""

    lines: Sequence[LineChange]


class OrderPatch(HeaderChange, total=False):
    """A change of an order and of its lines."""

    lines: LinesPatch | None


def declared(change: type) -> Mapping[str, Field]:
    """The fields of a TypedDict by name, in the order in which they are declared."""
    return {
        name: hint.__metadata__[0]
        for name, hint in get_type_hints(change, include_extras=True).items()
    }


HEADER = declared(HeaderChange)
LINE = declared(LineChange)
ADDRESSES = ("sell_to_address", "ship_to_address", "bill_to_address")


def column_of(name: str, of: Field) -> str:
    """The column that stores a field."""
    return name if of.model is None else f"{name}_id"


def names_of(fields: Mapping[str, Field], row: type[Base], kind: type) -> tuple[str, ...]:
    """The fields whose column in `row` has the Python type `kind`, such as Decimal."""
    columns = table_columns(row)
    return tuple(name for name in fields if name in columns and value_type(row, name)[0] is kind)
