"""The options of an import, so that a resumed import reads its files and rows in the same way."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

JOBS, OPTIONS = "import_jobs", "options"


def upgrade() -> None:
    """A job that exists was begun without options."""
    op.add_column(JOBS, sa.Column(OPTIONS, sa.Text, nullable=False, server_default="{}"))
    with op.batch_alter_table(JOBS) as batch:
        batch.alter_column(OPTIONS, existing_type=sa.Text(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table(JOBS) as batch:
        batch.drop_column(OPTIONS)
