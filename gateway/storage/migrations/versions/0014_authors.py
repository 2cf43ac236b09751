"""Who created and last changed orders and records, and what an import job may do."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import refuse_to_lose_column
from gateway.storage.tables.column_types import text_type

revision = "0014"
down_revision = "0013"

JOBS = "import_jobs"
TABLES = (
    "sales_orders",
    "customers",
    "items",
    "accounts",
    "currencies",
    "payment_terms",
    "shipment_methods",
    "units_of_measure",
    "tax_codes",
    "line_objects",
)
AUTHORS = ("created_by", "last_modified_by")
LONGEST = 100


def upgrade() -> None:
    """The authors of rows that exist are unknown. A job that exists may do everything."""
    for table in TABLES:
        for column in AUTHORS:
            _add_name(table, column)
    _add_name(JOBS, "created_by")
    op.add_column(JOBS, sa.Column("customers", sa.Text))
    op.add_column(
        JOBS,
        sa.Column("writes_references", sa.Boolean, nullable=False, server_default=sa.true()),
    )


def _add_name(table: str, column: str) -> None:
    """SQLite can add a column together with its constraint, and in no other way without a rebuild."""
    kind = text_type(LONGEST).compile(op.get_bind().dialect)
    check = f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {LONGEST})"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} {check}")


def downgrade() -> None:
    refuse_to_lose_column(JOBS, "customers")
    for table in TABLES:
        refuse_to_lose_column(table, "created_by")
        for column in AUTHORS:
            op.drop_column(table, column)
    with op.batch_alter_table(JOBS) as batch:
        batch.drop_constraint("created_by_length", type_="check")
        for column in ("writes_references", "customers", "created_by"):
            batch.drop_column(column)
