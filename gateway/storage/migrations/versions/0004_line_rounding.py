"""How an order rounds its lines, and header discounts of returns, which are negative."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import refuse_to_lose_column

revision = "0004"
down_revision = "0003"

ORDERS = "sales_orders"


def upgrade() -> None:
    values = ("TWO_STEP", "ONE_STEP")
    kind = sa.String(20).with_variant(sa.String(20, collation="C"), "postgresql")
    rounding: sa.Column[str] = sa.Column(
        "line_rounding", kind, nullable=False, server_default=values[0]
    )
    with op.batch_alter_table(ORDERS) as table:
        table.drop_constraint("discount_amount_sign", type_="check")
        table.add_column(rounding)
        table.create_check_constraint("line_rounding", f"line_rounding IN {values}")
    with op.batch_alter_table(ORDERS) as table:
        table.alter_column("line_rounding", server_default=None)


def downgrade() -> None:
    refuse_to_lose_column(ORDERS, "line_rounding")
    with op.batch_alter_table(ORDERS) as table:
        table.drop_constraint("line_rounding", type_="check")
        table.drop_column("line_rounding")
        table.create_check_constraint("discount_amount_sign", "discount_amount >= 0")
