"""API keys of clients, of which only a digest is stored."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import drop_empty_tables
from gateway.storage.tables.column_types import Guid, Instant, text_type

revision = "0012"
down_revision = "0011"

KEYS = "api_keys"
LENGTHS = {"name": 100, "prefix": 20, "digest": 64, "created_by": 100}
INSTANTS = ("expires_date_time", "revoked_date_time", "last_used_date_time")


def upgrade() -> None:
    op.create_table(
        KEYS,
        sa.Column("id", Guid, primary_key=True),
        *(
            sa.Column(name, text_type(length), nullable=name == "created_by")
            for name, length in LENGTHS.items()
        ),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("companies", sa.Text),
        sa.Column("customers", sa.Text),
        sa.Column("created_date_time", Instant, nullable=False),
        *(sa.Column(name, Instant) for name in INSTANTS),
        *(
            sa.CheckConstraint(sa.func.length(sa.column(name)) <= length, name=f"{name}_length")
            for name, length in LENGTHS.items()
        ),
    )
    op.create_index("ix_api_keys_digest", KEYS, ["digest"], unique=True)
    op.create_index("ix_api_keys_name", KEYS, ["name"])


def downgrade() -> None:
    drop_empty_tables([KEYS])
