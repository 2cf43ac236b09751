"""Indexes for reporting on a large import: the rows of a sheet in order, the problems of a unit."""

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = {
    "ix_import_rows_company_id_job_id_sheet_row": ("import_rows", ["sheet", "row"]),
    "ix_import_problems_company_id_job_id_unit": ("import_problems", ["unit"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, ["company_id", "job_id", *columns])


def downgrade() -> None:
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
