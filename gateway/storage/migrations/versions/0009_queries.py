"""A search that ignores accents, indexes for more sorts, and a company's rule on repeated references."""

import sys
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from gateway.storage.accents import is_mark, without_compatibility
from gateway.storage.migrations.downgrades import refuse_to_lose_column

revision = "0009"
down_revision = "0008"

SETTING = "refuse_duplicate_external_document_numbers"
INDEXES = {
    "ix_sales_orders_company_id_customer_name_id": ("sales_orders", ["customer_name", "id"]),
    "ix_sales_orders_company_id_requested_delivery_date_id": (
        "sales_orders",
        ["requested_delivery_date", "id"],
    ),
    "ix_sales_orders_company_id_external_document_number_id": (
        "sales_orders",
        ["external_document_number", "id"],
    ),
    "ix_sales_orders_company_id_customer_id_external_document_number": (
        "sales_orders",
        ["customer_id", "external_document_number"],
    ),
    "ix_customers_company_id_last_modified_date_time_id": (
        "customers",
        ["last_modified_date_time", "id"],
    ),
    "ix_items_company_id_last_modified_date_time_id": ("items", ["last_modified_date_time", "id"]),
    "ix_items_company_id_unit_price_id": ("items", ["unit_price", "id"]),
}

FOLD = """
CREATE FUNCTION gateway_fold_accents(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
$$ SELECT replace(translate(lower(regexp_replace(normalize($1, NFKD), '[{marks}]', '', 'g')
  COLLATE "{collation}"), '{lower}', '{folded}'), 'ß', 'ss') $$
"""


def create_fold() -> None:
    """Create the function that folds case and accents. Lower case differs from folded case in a few
    letters, which are the same in all versions of PostgreSQL."""
    has_unicode = (op.get_bind().dialect.server_version_info or ()) >= (18,)
    different = {
        letter.lower(): letter.casefold()
        for letter in _letters()
        if len(letter.casefold()) == 1 and letter.casefold() != letter.lower()
    }
    op.get_bind().exec_driver_sql(
        FOLD.format(
            marks=_mark_ranges(),
            collation="pg_unicode_fast" if has_unicode else "und-x-icu",
            lower="".join(different),
            folded="".join(different.values()),
        )
    )


def _characters() -> Iterator[str]:
    """Every character but the halves of surrogate pairs."""
    return (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)


def _letters() -> Iterator[str]:
    """What can remain of a text without accents."""
    return (
        character
        for character in _characters()
        if not is_mark(character) and without_compatibility(character) == character
    )


def _mark_ranges() -> str:
    """All marks as ranges of a regular expression."""
    ranges: list[list[int]] = []
    for code in map(ord, filter(is_mark, _characters())):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08X}-\\U{last:08X}" for first, last in ranges)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        create_fold()
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, ["company_id", *columns])
    op.add_column(
        "companies", sa.Column(SETTING, sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    refuse_to_lose_column("companies", SETTING)
    op.drop_column("companies", SETTING)
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION gateway_fold_accents(text)")
