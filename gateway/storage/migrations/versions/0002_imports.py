"""Tables for import jobs, their sheets, rows and problems."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import drop_empty_tables
from gateway.storage.tables.column_types import Guid, Instant, one_of, text_type

revision = "0002"
down_revision = "0001"

TABLES = ("import_problems", "import_rows", "import_sheets", "import_jobs")
COUNTS = [
    f"{what}_{outcome}"
    for what in ("headers", "lines", "references")
    for outcome in ("created", "updated", "unchanged", "failed")
]


def key(name: str, kind: Any = Guid) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def words(name: str, length: int) -> tuple[sa.Column[Any], sa.CheckConstraint]:
    fits = sa.func.length(sa.column(name)) <= length
    return (
        sa.Column(name, text_type(length), nullable=False),
        sa.CheckConstraint(fits, name=f"{name}_length"),
    )


def number(name: str, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=null)


def prose(name: str, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null)


def company() -> sa.Column[Any]:
    return sa.Column("company_id", Guid, sa.ForeignKey("companies.id"), primary_key=True)


def of_job() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", "job_id"], ["import_jobs.company_id", "import_jobs.id"], ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "import_jobs",
        company(),
        key("id"),
        prose("files"),
        *words("fingerprint", 64),
        sa.Column("policy", one_of("import_policy", "PER_ORDER", "ATOMIC"), nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column(
            "status",
            one_of(
                "import_job_status",
                "STAGING",
                "APPLYING",
                "SUCCEEDED",
                "PARTIALLY_SUCCEEDED",
                "FAILED",
                "CANCELLED",
            ),
            nullable=False,
        ),
        *words("position", 64),
        prose("message", null=True),
        *map(number, ("rows_staged", "rows_done", "problems", "warnings", *COUNTS)),
        sa.Column("created_date_time", Instant, nullable=False),
        sa.Column("finished_date_time", Instant, nullable=True),
    )
    op.create_index(
        "ix_import_jobs_company_id_created_date_time_id",
        "import_jobs",
        ["company_id", "created_date_time", "id"],
    )
    op.create_index(
        "ix_import_jobs_company_id_fingerprint", "import_jobs", ["company_id", "fingerprint"]
    )
    op.create_table(
        "import_sheets",
        company(),
        key("id"),
        sa.Column("job_id", Guid, nullable=False),
        number("place"),
        prose("file"),
        *words("format", 20),
        *words("entity", 40),
        prose("headings"),
        prose("reading"),
        of_job(),
    )
    op.create_index(
        "ix_import_sheets_company_id_job_id_place",
        "import_sheets",
        ["company_id", "job_id", "place"],
        unique=True,
    )
    unit, unit_fits = words("unit", 64)
    unit.primary_key = True
    op.create_table(
        "import_rows",
        key("company_id"),
        key("job_id"),
        unit,
        key("sheet", sa.Integer),
        key("row", sa.Integer),
        prose("cells"),
        unit_fits,
        of_job(),
    )
    op.create_table(
        "import_problems",
        company(),
        key("id"),
        sa.Column("job_id", Guid, nullable=False),
        number("sequence"),
        *words("unit", 64),
        number("sheet"),
        prose("file"),
        number("row", null=True),
        number("line", null=True),
        prose("column_name", null=True),
        *words("code", 40),
        prose("message"),
        prose("rejected_value", null=True),
        prose("suggestions"),
        prose("order_number", null=True),
        sa.Column("is_warning", sa.Boolean, nullable=False),
        of_job(),
    )
    op.create_index(
        "ix_import_problems_company_id_job_id_sequence",
        "import_problems",
        ["company_id", "job_id", "sequence"],
        unique=True,
    )
    op.create_index(
        "ix_import_problems_company_id_job_id_is_warning_sequence",
        "import_problems",
        ["company_id", "job_id", "is_warning", "sequence"],
    )


def downgrade() -> None:
    drop_empty_tables(TABLES)
