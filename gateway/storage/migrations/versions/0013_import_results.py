"""What became of each row of an import."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import drop_empty_tables
from gateway.storage.tables.column_types import Guid, text_type

revision = "0013"
down_revision = "0012"

RESULTS = "import_results"
LONGEST_UNIT = 64


def upgrade() -> None:
    """Jobs that have ended have no results."""
    op.create_table(
        RESULTS,
        sa.Column("company_id", Guid, primary_key=True),
        sa.Column("job_id", Guid, primary_key=True),
        sa.Column("sheet", sa.Integer, primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("unit", text_type(LONGEST_UNIT), nullable=False),
        sa.Column("entries", sa.Text, nullable=False),
        sa.CheckConstraint(sa.func.length(sa.column("unit")) <= LONGEST_UNIT, name="unit_length"),
        sa.ForeignKeyConstraint(
            ["company_id", "job_id"],
            ["import_jobs.company_id", "import_jobs.id"],
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    drop_empty_tables([RESULTS])
