"""An index for orders by the time at which they were created."""

from alembic import op

revision = "0011"
down_revision = "0010"

NAME, TABLE = "ix_sales_orders_company_id_created_date_time_id", "sales_orders"


def upgrade() -> None:
    op.create_index(NAME, TABLE, ["company_id", "created_date_time", "id"])


def downgrade() -> None:
    op.drop_index(NAME, TABLE)
