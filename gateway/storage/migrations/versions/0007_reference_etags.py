"""When orders and reference records were created, and the etags of reference records."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.tables.column_types import Instant, now

revision = "0007"
down_revision = "0005"

ORDERS = "sales_orders"
DATED = ("customers", "items", "accounts")
"""The reference records that know already when they last changed."""

UNDATED = (
    "currencies",
    "payment_terms",
    "shipment_methods",
    "units_of_measure",
    "tax_codes",
    "line_objects",
)
CREATED, MODIFIED = "created_date_time", "last_modified_date_time"


def upgrade() -> None:
    """An order or record that exists was created at its last change at the latest, or else today."""
    for table in DATED:
        _add(table, etag=True, created=sa.column(MODIFIED))
    for table in UNDATED:
        _add(table, etag=True, created=now(), modified=now())
    _add(ORDERS, etag=False, created=sa.column(MODIFIED))


def _add(table: str, *, etag: bool, **instants: object) -> None:
    names = {"created": CREATED, "modified": MODIFIED}
    values = {names[name]: value for name, value in instants.items()}
    columns: list[sa.Column[object]] = [sa.Column(name, Instant) for name in values]
    if etag:
        columns.append(sa.Column("etag", sa.Integer))
        values["etag"] = 1
    for column in columns:
        op.add_column(table, column)
    filled = sa.table(table, *(sa.column(each.name, each.type) for each in columns))
    op.execute(filled.update().values(values))
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.alter_column(column.name, existing_type=column.type, nullable=False)


def downgrade() -> None:
    for table in (*DATED, *UNDATED):
        dropped = ("etag", CREATED) if table in DATED else ("etag", CREATED, MODIFIED)
        _drop(table, *dropped)
    _drop(ORDERS, CREATED)


def _drop(table: str, *columns: str) -> None:
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.drop_column(column)
