"""Sales orders and their lines (RULES.md 1.1 and 1.2)."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.storage.tables.column_types import (
    IGNORES_CASE,
    Amount,
    Base,
    CompanyScoped,
    Guid,
    Instant,
    enum_type,
    folded_from,
    foreign_key,
    index,
    now,
    text_type,
    unique,
)
from gateway.storage.tables.reference_data import ZERO


class SalesOrderStatus(StrEnum):
    """The stage of an order in its life cycle (RULES.md 4.1)."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    OPEN = "OPEN"
    RELEASED = "RELEASED"
    INVOICED = "INVOICED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"


class SalesOrderLineType(StrEnum):
    """The kind of object that a line sells; COMMENT for text only."""

    COMMENT = "COMMENT"
    ACCOUNT = "ACCOUNT"
    ITEM = "ITEM"
    RESOURCE = "RESOURCE"
    FIXED_ASSET = "FIXED_ASSET"
    CHARGE = "CHARGE"


class LineRounding(StrEnum):
    TWO_STEP = "TWO_STEP"
    ONE_STEP = "ONE_STEP"


class SalesOrderRow(CompanyScoped, Base, kw_only=True):
    __tablename__ = "sales_orders"

    number: Mapped[str] = mapped_column(text_type(20), default="")
    number_folded: Mapped[str] = folded_from("number")
    import_key: Mapped[str | None] = mapped_column(text_type(64), default=None)
    external_document_number: Mapped[str | None] = mapped_column(text_type(35), default=None)
    order_date: Mapped[dt.date]
    posting_date: Mapped[dt.date]
    requested_delivery_date: Mapped[dt.date | None] = mapped_column(default=None)

    customer_id: Mapped[str] = mapped_column(Guid)
    customer_number: Mapped[str] = mapped_column(text_type(20))
    customer_name: Mapped[str] = mapped_column(text_type(100))
    contact_id: Mapped[str | None] = mapped_column(text_type(250), default=None)
    bill_to_customer_id: Mapped[str] = mapped_column(Guid)
    bill_to_name: Mapped[str] = mapped_column(text_type(100))
    ship_to_name: Mapped[str | None] = mapped_column(text_type(100), default=None)
    ship_to_contact: Mapped[str | None] = mapped_column(text_type(100), default=None)
    phone_number: Mapped[str | None] = mapped_column(text_type(30), default=None)
    email: Mapped[str | None] = mapped_column(text_type(80), default=None)
    salesperson: Mapped[str | None] = mapped_column(text_type(20), default=None)

    sell_to_address_line1: Mapped[str | None] = mapped_column(text_type(100), default=None)
    sell_to_address_line2: Mapped[str | None] = mapped_column(text_type(50), default=None)
    sell_to_city: Mapped[str | None] = mapped_column(text_type(30), default=None)
    sell_to_state: Mapped[str | None] = mapped_column(text_type(30), default=None)
    sell_to_country: Mapped[str | None] = mapped_column(text_type(10), default=None)
    sell_to_post_code: Mapped[str | None] = mapped_column(text_type(20), default=None)
    bill_to_address_line1: Mapped[str | None] = mapped_column(text_type(100), default=None)
    bill_to_address_line2: Mapped[str | None] = mapped_column(text_type(50), default=None)
    bill_to_city: Mapped[str | None] = mapped_column(text_type(30), default=None)
    bill_to_state: Mapped[str | None] = mapped_column(text_type(30), default=None)
    bill_to_country: Mapped[str | None] = mapped_column(text_type(10), default=None)
    bill_to_post_code: Mapped[str | None] = mapped_column(text_type(20), default=None)
    ship_to_address_line1: Mapped[str | None] = mapped_column(text_type(100), default=None)
    ship_to_address_line2: Mapped[str | None] = mapped_column(text_type(50), default=None)
    ship_to_city: Mapped[str | None] = mapped_column(text_type(30), default=None)
    ship_to_state: Mapped[str | None] = mapped_column(text_type(30), default=None)
    ship_to_country: Mapped[str | None] = mapped_column(text_type(10), default=None)
    ship_to_post_code: Mapped[str | None] = mapped_column(text_type(20), default=None)

    currency_id: Mapped[str] = mapped_column(Guid)
    prices_include_tax: Mapped[bool] = mapped_column(default=False)
    line_rounding: Mapped[LineRounding] = mapped_column(
        enum_type(LineRounding), default=LineRounding.TWO_STEP
    )
    payment_terms_id: Mapped[str | None] = mapped_column(Guid, default=None)
    shipment_method_id: Mapped[str | None] = mapped_column(Guid, default=None)
    partial_shipping: Mapped[bool] = mapped_column(default=True)
    discount_amount: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    discount_percent: Mapped[Decimal | None] = mapped_column(Amount, default=None)
    discount_applied_before_tax: Mapped[bool] = mapped_column(default=False)
    total_amount_excluding_tax: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    total_tax_amount: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    total_amount_including_tax: Mapped[Decimal] = mapped_column(Amount, default=ZERO)

    status: Mapped[SalesOrderStatus] = mapped_column(
        enum_type(SalesOrderStatus), default=SalesOrderStatus.DRAFT
    )
    on_hold: Mapped[bool] = mapped_column(default=False)
    fully_shipped: Mapped[bool] = mapped_column(default=False)
    etag: Mapped[int] = mapped_column(default=1)
    created_date_time: Mapped[dt.datetime] = mapped_column(Instant, default_factory=now)
    last_modified_date_time: Mapped[dt.datetime] = mapped_column(Instant, default_factory=now)
    created_by: Mapped[str | None] = mapped_column(text_type(100), default=None)
    last_modified_by: Mapped[str | None] = mapped_column(text_type(100), default=None)

    lines: Mapped[list["SalesOrderLineRow"]] = relationship(
        back_populates="sales_order",
        order_by="SalesOrderLineRow.sequence",
        lazy="raise",
        cascade="all, delete-orphan",
        default_factory=list,
    )

    def new_line(self, **values: Any) -> "SalesOrderLineRow":
        """A new line for this order, which is not yet among its lines."""
        return SalesOrderLineRow(**values)

    __table_args__ = (
        unique("number"),
        index("number_folded", unique=True),
        unique("import_key"),
        foreign_key("customer_id", "customers"),
        foreign_key("bill_to_customer_id", "customers"),
        foreign_key("currency_id", "currencies"),
        foreign_key("payment_terms_id", "payment_terms"),
        foreign_key("shipment_method_id", "shipment_methods"),
        index("order_date", "id"),
        index("posting_date", "id"),
        index("customer_number", "id"),
        index("status", "id"),
        index("status", "order_date", "id"),
        index("total_amount_including_tax", "id"),
        index("created_date_time", "id"),
        index("last_modified_date_time", "id"),
        index("customer_id", "order_date", "id"),
        index("customer_name", "id"),
        index("requested_delivery_date", "id"),
        index("external_document_number", "id"),
        index("customer_id", "external_document_number"),
        sa.CheckConstraint("length(number) > 0", name="number_given"),
    )


class SalesOrderLineRow(CompanyScoped, Base, kw_only=True):
    __tablename__ = "sales_order_lines"

    sales_order_id: Mapped[str] = mapped_column(Guid, init=False)
    sequence: Mapped[int]
    inventory_lot_id: Mapped[str | None] = mapped_column(text_type(20), default=None)
    line_type: Mapped[SalesOrderLineType] = mapped_column(enum_type(SalesOrderLineType))
    item_id: Mapped[str | None] = mapped_column(Guid, default=None)
    account_id: Mapped[str | None] = mapped_column(Guid, default=None)
    line_object_id: Mapped[str | None] = mapped_column(Guid, default=None)
    line_object_number: Mapped[str | None] = mapped_column(
        text_type(20), default=None, info={IGNORES_CASE: True}
    )
    description: Mapped[str | None] = mapped_column(text_type(100), default=None)
    description2: Mapped[str | None] = mapped_column(text_type(50), default=None)
    unit_of_measure_id: Mapped[str | None] = mapped_column(Guid, default=None)
    quantity: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    unit_price: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    discount_amount: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    discount_percent: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    discount_applied_before_tax: Mapped[bool] = mapped_column(default=False)
    allow_invoice_discount: Mapped[bool] = mapped_column(default=False)
    amount_excluding_tax: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    tax_code_id: Mapped[str | None] = mapped_column(Guid, default=None)
    tax_percent: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    total_tax_amount: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    amount_including_tax: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    invoice_discount_allocation: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    net_amount: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    net_tax_amount: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    net_amount_including_tax: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    shipment_date: Mapped[dt.date | None] = mapped_column(default=None)
    shipped_quantity: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    invoiced_quantity: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    ship_quantity: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    invoice_quantity: Mapped[Decimal] = mapped_column(Amount, default=ZERO)
    etag: Mapped[int] = mapped_column(default=1)

    sales_order: Mapped[SalesOrderRow] = relationship(
        back_populates="lines", lazy="raise", init=False
    )

    __table_args__ = (
        unique("sales_order_id", "sequence"),
        unique("sales_order_id", "inventory_lot_id"),
        foreign_key("sales_order_id", "sales_orders", ondelete="CASCADE"),
        foreign_key("item_id", "items"),
        foreign_key("account_id", "accounts"),
        foreign_key("line_object_id", "line_objects"),
        foreign_key("unit_of_measure_id", "units_of_measure"),
        foreign_key("tax_code_id", "tax_codes"),
        index("item_id", "id"),
        index("quantity", "id"),
        index("net_amount_including_tax", "id"),
        sa.CheckConstraint("sequence > 0", name="sequence_sign"),
        sa.CheckConstraint("item_id IS NULL OR line_type = 'ITEM'", name="item_type"),
        sa.CheckConstraint("account_id IS NULL OR line_type = 'ACCOUNT'", name="account_type"),
        sa.CheckConstraint(
            "line_object_id IS NULL OR line_type IN ('RESOURCE', 'FIXED_ASSET', 'CHARGE')",
            name="line_object_type",
        ),
        sa.CheckConstraint(
            "line_type <> 'COMMENT' OR (quantity = 0 AND unit_price = 0"
            " AND amount_including_tax = 0 AND tax_code_id IS NULL)",
            name="comment_amounts",
        ),
        sa.CheckConstraint("tax_percent >= 0", name="tax_percent_sign"),
        sa.CheckConstraint(
            "abs(invoiced_quantity) <= abs(shipped_quantity)"
            " AND abs(shipped_quantity) <= abs(quantity)",
            name="quantities_order",
        ),
        sa.CheckConstraint(
            "(quantity >= 0 AND shipped_quantity >= 0 AND invoiced_quantity >= 0)"
            " OR (quantity <= 0 AND shipped_quantity <= 0 AND invoiced_quantity <= 0)",
            name="quantities_sign",
        ),
    )
