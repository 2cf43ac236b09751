"""Only lists of texts as the scopes, companies and customers of an API key."""

from alembic import op

revision = "0016"
down_revision = "0015"

KEYS = "api_keys"
LISTS = ("scopes", "companies", "customers")


def upgrade() -> None:
    """Every key that exists has such lists, because only the gateway writes them."""
    with op.batch_alter_table(KEYS) as batch:
        for column in LISTS:
            condition = f"""{column} = '[]' OR {column} LIKE '["%"]'"""
            batch.create_check_constraint(f"{column}_list", condition)


def downgrade() -> None:
    with op.batch_alter_table(KEYS) as batch:
        for column in LISTS:
            batch.drop_constraint(f"{column}_list", type_="check")
