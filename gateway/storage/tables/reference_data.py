"""The records that orders refer to: companies, customers, items and code tables (RULES.md 1.3)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.storage.tables.column_types import (
    Amount,
    Base,
    CompanyScoped,
    Guid,
    Instant,
    enum_type,
    folded_from,
    foreign_key,
    index,
    new_guid,
    now,
    text_type,
    unique,
)
from gateway.storage.tables.reference_enums import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)

ZERO = Decimal(0)
ADDRESS_PARTS = ("address_line1", "address_line2", "city", "state", "country", "post_code")
"""The columns of a customer's address. An order has each of them three times, with a prefix."""


class CompanyRow(Base, kw_only=True):
    __tablename__ = "companies"

    id: Mapped[str] = mapped_column(Guid, primary_key=True, default_factory=new_guid)
    name: Mapped[str] = mapped_column(text_type(100), unique=True)
    currency_code: Mapped[str] = mapped_column(text_type(10))
    refuse_duplicate_external_document_numbers: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false()
    )


class MaintainedRow(CompanyScoped, kw_only=True, eq=False, repr=False):
    """A row that people maintain. The etag counts its changes; `created_by` and `last_modified_by` are
    the names of the credentials that created and last changed it, if known."""

    etag: Mapped[int] = mapped_column(default=1)
    created_date_time: Mapped[dt.datetime] = mapped_column(Instant, default_factory=now)
    last_modified_date_time: Mapped[dt.datetime] = mapped_column(Instant, default_factory=now)
    created_by: Mapped[str | None] = mapped_column(text_type(100), default=None)
    last_modified_by: Mapped[str | None] = mapped_column(text_type(100), default=None)


class CurrencyRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "currencies"

    code: Mapped[str] = mapped_column(text_type(10))
    code_folded: Mapped[str] = folded_from("code")
    display_name: Mapped[str] = mapped_column(text_type(100))
    symbol: Mapped[str | None] = mapped_column(text_type(10), default=None)
    amount_decimal_places: Mapped[str] = mapped_column(text_type(5), default="2:2")
    amount_rounding_precision: Mapped[Decimal] = mapped_column(Amount, default=Decimal("0.01"))
    unit_amount_rounding_precision: Mapped[Decimal] = mapped_column(
        Amount, default=Decimal("0.00001")
    )
    tax_rounding: Mapped[TaxRounding] = mapped_column(
        enum_type(TaxRounding), default=TaxRounding.NEAREST
    )
    __table_args__ = (
        unique("code"),
        index("code_folded", unique=True),
        sa.CheckConstraint("amount_rounding_precision > 0", name="amount_rounding_precision_step"),
    )


class PaymentTermsRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "payment_terms"

    code: Mapped[str] = mapped_column(text_type(10))
    code_folded: Mapped[str] = folded_from("code")
    display_name: Mapped[str] = mapped_column(text_type(100))
    due_date_calculation: Mapped[str | None] = mapped_column(text_type(32), default=None)
    discount_date_calculation: Mapped[str | None] = mapped_column(text_type(32), default=None)
    discount_percent: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    calculate_discount_on_credit_memos: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (unique("code"), index("code_folded", unique=True))


class ShipmentMethodRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "shipment_methods"

    code: Mapped[str] = mapped_column(text_type(10))
    code_folded: Mapped[str] = folded_from("code")
    display_name: Mapped[str] = mapped_column(text_type(100))
    __table_args__ = (unique("code"), index("code_folded", unique=True))


class UnitOfMeasureRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "units_of_measure"

    code: Mapped[str] = mapped_column(text_type(10))
    code_folded: Mapped[str] = folded_from("code")
    display_name: Mapped[str] = mapped_column(text_type(50))
    international_standard_code: Mapped[str | None] = mapped_column(text_type(10), default=None)
    symbol: Mapped[str | None] = mapped_column(text_type(10), default=None)
    is_whole: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    __table_args__ = (unique("code"), index("code_folded", unique=True))


class TaxCodeRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "tax_codes"

    code: Mapped[str] = mapped_column(text_type(50))
    code_folded: Mapped[str] = folded_from("code")
    display_name: Mapped[str] = mapped_column(text_type(100))
    percent: Mapped[Decimal] = mapped_column(Amount)
    __table_args__ = (
        unique("code"),
        index("code_folded", unique=True),
        sa.CheckConstraint("percent >= 0", name="percent_sign"),
    )


class CustomerRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "customers"

    number: Mapped[str] = mapped_column(text_type(20))
    number_folded: Mapped[str] = folded_from("number")
    display_name: Mapped[str] = mapped_column(text_type(100))
    type: Mapped[CustomerType] = mapped_column(
        enum_type(CustomerType), default=CustomerType.COMPANY
    )
    contact_id: Mapped[str | None] = mapped_column(text_type(250), default=None)
    contact_name: Mapped[str | None] = mapped_column(text_type(100), default=None)
    address_line1: Mapped[str | None] = mapped_column(text_type(100), default=None)
    address_line2: Mapped[str | None] = mapped_column(text_type(50), default=None)
    city: Mapped[str | None] = mapped_column(text_type(30), default=None)
    state: Mapped[str | None] = mapped_column(text_type(30), default=None)
    country: Mapped[str | None] = mapped_column(text_type(10), default=None)
    post_code: Mapped[str | None] = mapped_column(text_type(20), default=None)
    phone_number: Mapped[str | None] = mapped_column(text_type(30), default=None)
    email: Mapped[str | None] = mapped_column(text_type(80), default=None)
    website: Mapped[str | None] = mapped_column(text_type(255), default=None)
    salesperson: Mapped[str | None] = mapped_column(text_type(20), default=None)
    credit_limit: Mapped[Decimal | None] = mapped_column(Amount, default=None)
    tax_liable: Mapped[bool] = mapped_column(default=True)
    tax_registration_number: Mapped[str | None] = mapped_column(text_type(20), default=None)
    bill_to_customer_id: Mapped[str | None] = mapped_column(Guid, default=None)
    currency_id: Mapped[str | None] = mapped_column(Guid, default=None)
    payment_terms_id: Mapped[str | None] = mapped_column(Guid, default=None)
    shipment_method_id: Mapped[str | None] = mapped_column(Guid, default=None)
    prices_include_tax: Mapped[bool] = mapped_column(default=False)
    partial_shipping: Mapped[bool] = mapped_column(default=True)
    blocked: Mapped[CustomerBlocked] = mapped_column(
        enum_type(CustomerBlocked), default=CustomerBlocked.NONE
    )
    privacy_blocked: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        unique("number"),
        index("number_folded", unique=True),
        unique("contact_id"),
        foreign_key("bill_to_customer_id", "customers"),
        foreign_key("currency_id", "currencies"),
        foreign_key("payment_terms_id", "payment_terms"),
        foreign_key("shipment_method_id", "shipment_methods"),
        index("display_name", "id"),
        index("last_modified_date_time", "id"),
    )


class ItemRow(MaintainedRow, Base, kw_only=True):
    __tablename__ = "items"

    number: Mapped[str] = mapped_column(text_type(20))
    number_folded: Mapped[str] = folded_from("number")
    display_name: Mapped[str] = mapped_column(text_type(100))
    display_name2: Mapped[str | None] = mapped_column(text_type(50), default=None)
    type: Mapped[ItemType] = mapped_column(enum_type(ItemType), default=ItemType.INVENTORY)
    item_category_code: Mapped[str | None] = mapped_column(text_type(20), default=None)
    gtin: Mapped[str | None] = mapped_column(text_type(14), default=None)
    inventory: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    unit_price: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    price_includes_tax: Mapped[bool] = mapped_column(default=False)
    unit_cost: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    tax_code_id: Mapped[str | None] = mapped_column(Guid, default=None)
    base_unit_of_measure_id: Mapped[str] = mapped_column(Guid)
    sales_unit_of_measure_id: Mapped[str | None] = mapped_column(Guid, default=None)
    allow_invoice_discount: Mapped[bool] = mapped_column(default=True)
    blocked: Mapped[bool] = mapped_column(default=False)
    sales_blocked: Mapped[bool] = mapped_column(default=False)

    units_of_measure: Mapped[list["ItemUnitOfMeasureRow"]] = relationship(
        order_by="ItemUnitOfMeasureRow.id",
        lazy="raise",
        cascade="all, delete-orphan",
        default_factory=list,
    )

    __table_args__ = (
        unique("number"),
        index("number_folded", unique=True),
        foreign_key("base_unit_of_measure_id", "units_of_measure"),
        foreign_key("sales_unit_of_measure_id", "units_of_measure"),
        foreign_key("tax_code_id", "tax_codes"),
        index("display_name", "id"),
        index("last_modified_date_time", "id"),
        index("unit_price", "id"),
    )


class ItemUnitOfMeasureRow(CompanyScoped, Base, kw_only=True):
    """A unit in which an item may be sold. `quantity_per_unit` is its number of base units, or None if it
    is unknown; that of the base unit is 1."""

    __tablename__ = "item_units_of_measure"

    item_id: Mapped[str] = mapped_column(Guid)
    unit_of_measure_id: Mapped[str] = mapped_column(Guid)
    quantity_per_unit: Mapped[Decimal | None] = mapped_column(Amount, default=None)
    __table_args__ = (
        sa.CheckConstraint("quantity_per_unit > 0", name="quantity_per_unit_sign"),
        unique("item_id", "unit_of_measure_id"),
        foreign_key("item_id", "items", ondelete="CASCADE"),
        foreign_key("unit_of_measure_id", "units_of_measure"),
    )


class AccountRow(MaintainedRow, Base, kw_only=True):
    """A general-ledger account."""

    __tablename__ = "accounts"

    number: Mapped[str] = mapped_column(text_type(20))
    number_folded: Mapped[str] = folded_from("number")
    display_name: Mapped[str] = mapped_column(text_type(100))
    category: Mapped[str | None] = mapped_column(text_type(50), default=None)
    sub_category: Mapped[str | None] = mapped_column(text_type(80), default=None)
    account_type: Mapped[AccountType] = mapped_column(
        enum_type(AccountType), default=AccountType.POSTING
    )
    direct_posting: Mapped[bool] = mapped_column(default=True)
    tax_code_id: Mapped[str | None] = mapped_column(Guid, default=None)
    blocked: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        unique("number"),
        index("number_folded", unique=True),
        foreign_key("tax_code_id", "tax_codes"),
    )


class LineObjectRow(MaintainedRow, Base, kw_only=True):
    """A resource, fixed asset or charge, which lines refer to by number."""

    __tablename__ = "line_objects"

    kind: Mapped[LineObjectKind] = mapped_column(enum_type(LineObjectKind))
    number: Mapped[str] = mapped_column(text_type(20))
    number_folded: Mapped[str] = folded_from("number")
    display_name: Mapped[str] = mapped_column(text_type(100))
    unit_price: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    tax_code_id: Mapped[str | None] = mapped_column(Guid, default=None)
    blocked: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        unique("kind", "number"),
        index("kind", "number_folded", unique=True),
        foreign_key("tax_code_id", "tax_codes"),
        index("number", "id"),
    )


class NumberSeries(CompanyScoped, Base, kw_only=True):
    """The source of a company's order numbers: `prefix` followed by a running number of `digits` digits."""

    __tablename__ = "number_series"

    code: Mapped[str] = mapped_column(text_type(20))
    prefix: Mapped[str] = mapped_column(text_type(10))
    digits: Mapped[int] = mapped_column(default=6)
    last_number: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    __table_args__ = (
        unique("code"),
        sa.CheckConstraint("last_number >= 0", name="last_number_sign"),
    )
