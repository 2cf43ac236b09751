"""The answers to changes that clients may repeat under an idempotency key."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import drop_empty_tables
from gateway.storage.tables.column_types import Guid, Instant, text_type

revision = "0017"
down_revision = "0016"

RECORDS, ADMINISTRATION = "idempotency_records", "administration_records"
DIGEST = 64


def upgrade() -> None:
    company = sa.ForeignKey("companies.id")
    _create(RECORDS, sa.Column("company_id", Guid, company, primary_key=True))
    _create(ADMINISTRATION)


def _create(table: str, *columns: sa.Column[str]) -> None:
    op.create_table(
        table,
        *columns,
        sa.Column("digest", text_type(DIGEST), primary_key=True),
        sa.Column("fingerprint", text_type(DIGEST), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("expires_date_time", Instant, nullable=False),
        *(
            sa.CheckConstraint(sa.func.length(sa.column(name)) <= DIGEST, name=f"{name}_length")
            for name in ("digest", "fingerprint")
        ),
    )
    op.create_index(f"ix_{table}_expires_date_time", table, ["expires_date_time"])


def downgrade() -> None:
    drop_empty_tables([RECORDS, ADMINISTRATION])
