"""Tables for companies, reference data and sales orders."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import drop_empty_tables
from gateway.storage.tables.column_types import LARGEST, Amount, Guid, Instant, one_of, text_type

revision = "0001"
down_revision = None

TABLES = (
    "sales_order_lines",
    "sales_orders",
    "item_units_of_measure",
    "line_objects",
    "items",
    "customers",
    "accounts",
    "units_of_measure",
    "tax_codes",
    "shipment_methods",
    "payment_terms",
    "number_series",
    "currencies",
    "companies",
)


def words(name: str, length: int, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, text_type(length), nullable=null)


def amount(name: str, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Amount, nullable=null)


def guid(name: str, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Guid, nullable=null)


def choice(name: str, constraint: str, *values: str) -> sa.Column[Any]:
    return sa.Column(name, one_of(constraint, *values), nullable=False)


def refers(column: str, table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete=ondelete
    )


def guard(column: sa.Column[Any]) -> sa.CheckConstraint | None:
    """The check of a text's length or a number's range."""
    if type(column.type) is sa.String:
        condition = sa.func.length(sa.column(column.name)) <= column.type.length
        return sa.CheckConstraint(condition, name=f"{column.name}_length")
    if isinstance(column.type, Amount):
        low, high = (0, 100) if column.name == "discount_percent" else (-LARGEST, LARGEST)
        typed = sa.column(column.name, Amount)
        condition = typed.between(Decimal(low), Decimal(high))
        return sa.CheckConstraint(condition, name=f"{column.name}_range")
    return None


def create(table: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    """Create a table whose rows belong to a company, or the table of companies itself."""
    keys: list[Any] = [sa.Column("id", Guid, primary_key=True)]
    if table != "companies":
        company = sa.ForeignKey("companies.id")
        keys.insert(0, sa.Column("company_id", Guid, company, primary_key=True))
    columns = [part for part in parts if isinstance(part, sa.Column)]
    guards = [found for column in columns if (found := guard(column)) is not None]
    op.create_table(table, *keys, *parts, *guards)


FOLD = """
CREATE FUNCTION gateway_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
$$ SELECT {} $$
"""


def create_fold() -> None:
    """Create the function that folds the case of text. PostgreSQL 18 and later have the same Unicode
    case folding as Python; in older versions ICU's lower case comes closest."""
    if op.get_bind().dialect.name == "postgresql":
        has_folding = (op.get_bind().dialect.server_version_info or ()) >= (18,)
        folding = "casefold($1 COLLATE pg_unicode_fast)"
        op.execute(FOLD.format(folding if has_folding else 'lower($1 COLLATE "und-x-icu")'))


def upgrade() -> None:
    create_fold()
    create(
        "companies",
        words("name", 100),
        words("currency_code", 10),
        sa.UniqueConstraint("name"),
    )
    create(
        "currencies",
        words("code", 10),
        words("display_name", 100),
        words("symbol", 10, null=True),
        words("amount_decimal_places", 5),
        amount("amount_rounding_precision"),
        amount("unit_amount_rounding_precision"),
        choice("tax_rounding", "tax_rounding", "NEAREST", "UP", "DOWN"),
        sa.CheckConstraint("amount_rounding_precision > 0", name="amount_rounding_precision_step"),
        sa.UniqueConstraint("company_id", "code"),
    )
    create(
        "number_series",
        words("code", 20),
        words("prefix", 10),
        sa.Column("digits", sa.Integer, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.CheckConstraint("last_number >= 0", name="last_number_sign"),
        sa.UniqueConstraint("company_id", "code"),
    )
    create(
        "payment_terms",
        words("code", 10),
        words("display_name", 100),
        words("due_date_calculation", 32, null=True),
        words("discount_date_calculation", 32, null=True),
        amount("discount_percent"),
        sa.Column("calculate_discount_on_credit_memos", sa.Boolean, nullable=False),
        sa.UniqueConstraint("company_id", "code"),
    )
    create(
        "shipment_methods",
        words("code", 10),
        words("display_name", 100),
        sa.UniqueConstraint("company_id", "code"),
    )
    create(
        "tax_codes",
        words("code", 50),
        words("display_name", 100),
        amount("percent"),
        sa.CheckConstraint("percent >= 0", name="percent_sign"),
        sa.UniqueConstraint("company_id", "code"),
    )
    create(
        "units_of_measure",
        words("code", 10),
        words("display_name", 50),
        words("international_standard_code", 10, null=True),
        words("symbol", 10, null=True),
        sa.UniqueConstraint("company_id", "code"),
    )
    create(
        "accounts",
        words("number", 20),
        words("display_name", 100),
        words("category", 50, null=True),
        words("sub_category", 80, null=True),
        choice(
            "account_type",
            "account_type",
            "POSTING",
            "HEADING",
            "TOTAL",
            "BEGIN_TOTAL",
            "END_TOTAL",
        ),
        sa.Column("direct_posting", sa.Boolean, nullable=False),
        guid("tax_code_id", null=True),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("last_modified_date_time", Instant, nullable=False),
        refers("tax_code_id", "tax_codes"),
        sa.UniqueConstraint("company_id", "number"),
    )
    create(
        "customers",
        words("number", 20),
        words("display_name", 100),
        choice("type", "customer_type", "COMPANY", "PERSON"),
        words("contact_id", 250, null=True),
        words("contact_name", 100, null=True),
        words("address_line1", 100, null=True),
        words("address_line2", 50, null=True),
        words("city", 30, null=True),
        words("state", 30, null=True),
        words("country", 10, null=True),
        words("post_code", 20, null=True),
        words("phone_number", 30, null=True),
        words("email", 80, null=True),
        words("website", 255, null=True),
        words("salesperson", 20, null=True),
        amount("credit_limit", null=True),
        sa.Column("tax_liable", sa.Boolean, nullable=False),
        words("tax_registration_number", 20, null=True),
        guid("bill_to_customer_id", null=True),
        guid("currency_id", null=True),
        guid("payment_terms_id", null=True),
        guid("shipment_method_id", null=True),
        sa.Column("prices_include_tax", sa.Boolean, nullable=False),
        sa.Column("partial_shipping", sa.Boolean, nullable=False),
        choice("blocked", "customer_blocked", "NONE", "SHIP", "INVOICE", "ALL"),
        sa.Column("privacy_blocked", sa.Boolean, nullable=False),
        sa.Column("last_modified_date_time", Instant, nullable=False),
        refers("bill_to_customer_id", "customers"),
        refers("currency_id", "currencies"),
        refers("payment_terms_id", "payment_terms"),
        refers("shipment_method_id", "shipment_methods"),
        sa.UniqueConstraint("company_id", "contact_id"),
        sa.UniqueConstraint("company_id", "number"),
    )
    op.create_index(
        "ix_customers_company_id_display_name_id", "customers", ["company_id", "display_name", "id"]
    )
    create(
        "items",
        words("number", 20),
        words("display_name", 100),
        guid("base_unit_of_measure_id"),
        guid("sales_unit_of_measure_id", null=True),
        words("display_name2", 50, null=True),
        choice("type", "item_type", "INVENTORY", "SERVICE", "NON_INVENTORY"),
        words("item_category_code", 20, null=True),
        words("gtin", 14, null=True),
        amount("inventory"),
        amount("unit_price"),
        sa.Column("price_includes_tax", sa.Boolean, nullable=False),
        amount("unit_cost"),
        guid("tax_code_id", null=True),
        sa.Column("allow_invoice_discount", sa.Boolean, nullable=False),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("sales_blocked", sa.Boolean, nullable=False),
        sa.Column("last_modified_date_time", Instant, nullable=False),
        refers("base_unit_of_measure_id", "units_of_measure"),
        refers("sales_unit_of_measure_id", "units_of_measure"),
        refers("tax_code_id", "tax_codes"),
        sa.UniqueConstraint("company_id", "number"),
    )
    op.create_index(
        "ix_items_company_id_display_name_id", "items", ["company_id", "display_name", "id"]
    )
    create(
        "line_objects",
        choice("kind", "line_object_kind", "RESOURCE", "FIXED_ASSET", "CHARGE"),
        words("number", 20),
        words("display_name", 100),
        amount("unit_price"),
        guid("tax_code_id", null=True),
        sa.Column("blocked", sa.Boolean, nullable=False),
        refers("tax_code_id", "tax_codes"),
        sa.UniqueConstraint("company_id", "kind", "number"),
    )
    op.create_index(
        "ix_line_objects_company_id_number_id", "line_objects", ["company_id", "number", "id"]
    )
    create(
        "item_units_of_measure",
        guid("item_id"),
        guid("unit_of_measure_id"),
        refers("item_id", "items", ondelete="CASCADE"),
        refers("unit_of_measure_id", "units_of_measure"),
        sa.UniqueConstraint("company_id", "item_id", "unit_of_measure_id"),
    )
    create(
        "sales_orders",
        words("number", 20),
        words("import_key", 64, null=True),
        words("external_document_number", 35, null=True),
        sa.Column("order_date", sa.Date, nullable=False),
        sa.Column("posting_date", sa.Date, nullable=False),
        sa.Column("requested_delivery_date", sa.Date, nullable=True),
        guid("customer_id"),
        words("customer_number", 20),
        words("customer_name", 100),
        words("contact_id", 250, null=True),
        guid("bill_to_customer_id"),
        words("bill_to_name", 100),
        words("ship_to_name", 100, null=True),
        words("ship_to_contact", 100, null=True),
        words("phone_number", 30, null=True),
        words("email", 80, null=True),
        words("salesperson", 20, null=True),
        words("sell_to_address_line1", 100, null=True),
        words("sell_to_address_line2", 50, null=True),
        words("sell_to_city", 30, null=True),
        words("sell_to_state", 30, null=True),
        words("sell_to_country", 10, null=True),
        words("sell_to_post_code", 20, null=True),
        words("bill_to_address_line1", 100, null=True),
        words("bill_to_address_line2", 50, null=True),
        words("bill_to_city", 30, null=True),
        words("bill_to_state", 30, null=True),
        words("bill_to_country", 10, null=True),
        words("bill_to_post_code", 20, null=True),
        words("ship_to_address_line1", 100, null=True),
        words("ship_to_address_line2", 50, null=True),
        words("ship_to_city", 30, null=True),
        words("ship_to_state", 30, null=True),
        words("ship_to_country", 10, null=True),
        words("ship_to_post_code", 20, null=True),
        guid("currency_id"),
        sa.Column("prices_include_tax", sa.Boolean, nullable=False),
        guid("payment_terms_id", null=True),
        guid("shipment_method_id", null=True),
        sa.Column("partial_shipping", sa.Boolean, nullable=False),
        amount("discount_amount"),
        amount("discount_percent", null=True),
        sa.Column("discount_applied_before_tax", sa.Boolean, nullable=False),
        amount("total_amount_excluding_tax"),
        amount("total_tax_amount"),
        amount("total_amount_including_tax"),
        choice(
            "status",
            "sales_order_status",
            "DRAFT",
            "IN_REVIEW",
            "OPEN",
            "RELEASED",
            "INVOICED",
            "PAID",
            "CANCELLED",
        ),
        sa.Column("on_hold", sa.Boolean, nullable=False),
        sa.Column("fully_shipped", sa.Boolean, nullable=False),
        sa.Column("etag", sa.Integer, nullable=False),
        sa.Column("last_modified_date_time", Instant, nullable=False),
        sa.CheckConstraint("discount_amount >= 0", name="discount_amount_sign"),
        sa.CheckConstraint("length(number) > 0", name="number_given"),
        refers("bill_to_customer_id", "customers"),
        refers("currency_id", "currencies"),
        refers("customer_id", "customers"),
        refers("payment_terms_id", "payment_terms"),
        refers("shipment_method_id", "shipment_methods"),
        sa.UniqueConstraint("company_id", "import_key"),
        sa.UniqueConstraint("company_id", "number"),
    )
    op.create_index(
        "ix_sales_orders_company_id_customer_id_order_date_id",
        "sales_orders",
        ["company_id", "customer_id", "order_date", "id"],
    )
    op.create_index(
        "ix_sales_orders_company_id_customer_number_id",
        "sales_orders",
        ["company_id", "customer_number", "id"],
    )
    op.create_index(
        "ix_sales_orders_company_id_last_modified_date_time_id",
        "sales_orders",
        ["company_id", "last_modified_date_time", "id"],
    )
    op.create_index(
        "ix_sales_orders_company_id_order_date_id",
        "sales_orders",
        ["company_id", "order_date", "id"],
    )
    op.create_index(
        "ix_sales_orders_company_id_posting_date_id",
        "sales_orders",
        ["company_id", "posting_date", "id"],
    )
    op.create_index(
        "ix_sales_orders_company_id_status_order_date_id",
        "sales_orders",
        ["company_id", "status", "order_date", "id"],
    )
    op.create_index(
        "ix_sales_orders_company_id_status_id", "sales_orders", ["company_id", "status", "id"]
    )
    op.create_index(
        "ix_sales_orders_company_id_total_amount_including_tax_id",
        "sales_orders",
        ["company_id", "total_amount_including_tax", "id"],
    )
    create(
        "sales_order_lines",
        guid("sales_order_id"),
        sa.Column("sequence", sa.Integer, nullable=False),
        words("inventory_lot_id", 20, null=True),
        choice(
            "line_type",
            "sales_order_line_type",
            "COMMENT",
            "ACCOUNT",
            "ITEM",
            "RESOURCE",
            "FIXED_ASSET",
            "CHARGE",
        ),
        guid("item_id", null=True),
        guid("account_id", null=True),
        guid("line_object_id", null=True),
        words("line_object_number", 20, null=True),
        words("description", 100, null=True),
        words("description2", 50, null=True),
        guid("unit_of_measure_id", null=True),
        amount("quantity"),
        amount("unit_price"),
        amount("discount_amount"),
        amount("discount_percent"),
        sa.Column("discount_applied_before_tax", sa.Boolean, nullable=False),
        sa.Column("allow_invoice_discount", sa.Boolean, nullable=False),
        amount("amount_excluding_tax"),
        guid("tax_code_id", null=True),
        amount("tax_percent"),
        amount("total_tax_amount"),
        amount("amount_including_tax"),
        amount("invoice_discount_allocation"),
        amount("net_amount"),
        amount("net_tax_amount"),
        amount("net_amount_including_tax"),
        sa.Column("shipment_date", sa.Date, nullable=True),
        amount("shipped_quantity"),
        amount("invoiced_quantity"),
        amount("ship_quantity"),
        amount("invoice_quantity"),
        sa.Column("etag", sa.Integer, nullable=False),
        sa.CheckConstraint("account_id IS NULL OR line_type = 'ACCOUNT'", name="account_type"),
        sa.CheckConstraint(
            "line_type <> 'COMMENT' OR (quantity = 0 AND unit_price = 0 AND amount_including_tax = 0 AND tax_code_id IS NULL)",
            name="comment_amounts",
        ),
        sa.CheckConstraint("item_id IS NULL OR line_type = 'ITEM'", name="item_type"),
        sa.CheckConstraint(
            "line_object_id IS NULL OR line_type IN ('RESOURCE', 'FIXED_ASSET', 'CHARGE')",
            name="line_object_type",
        ),
        sa.CheckConstraint(
            "abs(invoiced_quantity) <= abs(shipped_quantity) AND abs(shipped_quantity) <= abs(quantity)",
            name="quantities_order",
        ),
        sa.CheckConstraint(
            "(quantity >= 0 AND shipped_quantity >= 0 AND invoiced_quantity >= 0) OR (quantity <= 0 AND shipped_quantity <= 0 AND invoiced_quantity <= 0)",
            name="quantities_sign",
        ),
        sa.CheckConstraint("sequence > 0", name="sequence_sign"),
        sa.CheckConstraint("tax_percent >= 0", name="tax_percent_sign"),
        refers("account_id", "accounts"),
        refers("item_id", "items"),
        refers("line_object_id", "line_objects"),
        refers("sales_order_id", "sales_orders", ondelete="CASCADE"),
        refers("tax_code_id", "tax_codes"),
        refers("unit_of_measure_id", "units_of_measure"),
        sa.UniqueConstraint("company_id", "sales_order_id", "inventory_lot_id"),
        sa.UniqueConstraint("company_id", "sales_order_id", "sequence"),
    )
    op.create_index(
        "ix_sales_order_lines_company_id_item_id_id",
        "sales_order_lines",
        ["company_id", "item_id", "id"],
    )
    op.create_index(
        "ix_sales_order_lines_company_id_quantity_id",
        "sales_order_lines",
        ["company_id", "quantity", "id"],
    )
    op.create_index(
        "ix_sales_order_lines_company_id_net_amount_including_tax_id",
        "sales_order_lines",
        ["company_id", "net_amount_including_tax", "id"],
    )


def downgrade() -> None:
    drop_empty_tables(TABLES)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION gateway_fold(text)")
