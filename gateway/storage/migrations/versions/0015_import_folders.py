"""The folder that has the uploaded files of an import job, for gateways on several hosts."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.tables.column_types import Guid

revision = "0015"
down_revision = "0014"

JOBS, FOLDER = "import_jobs", "folder"


def upgrade() -> None:
    """A job that exists belongs to whichever gateway finds its files."""
    op.add_column(JOBS, sa.Column(FOLDER, Guid))


def downgrade() -> None:
    with op.batch_alter_table(JOBS) as batch:
        batch.drop_column(FOLDER)
