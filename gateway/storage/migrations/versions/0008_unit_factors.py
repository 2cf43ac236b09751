"""How many base units an item's unit holds, and the units that are counted in whole numbers."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.downgrades import refuse_to_lose_column
from gateway.storage.tables.column_types import LARGEST, Amount, Guid, new_guid

revision = "0008"
down_revision = "0007"

UNITS, ITEM_UNITS = "units_of_measure", "item_units_of_measure"
BASE_FACTOR = Decimal(1)
ROWS_AT_ONCE = 1000

items = sa.table(
    "items",
    *(
        sa.column(name, Guid)
        for name in ("company_id", "id", "base_unit_of_measure_id", "sales_unit_of_measure_id")
    ),
)
item_units = sa.table(
    ITEM_UNITS,
    *(sa.column(name, Guid) for name in ("company_id", "id", "item_id", "unit_of_measure_id")),
    sa.column("quantity_per_unit", Amount),
)


def upgrade() -> None:
    """Every item lists its base unit, with the factor 1, and its sales unit. No other factor is known."""
    op.add_column(
        UNITS, sa.Column("is_whole", sa.Boolean, nullable=False, server_default=sa.false())
    )
    _add_factor()
    is_base = sa.exists(items.c.id).where(
        items.c.company_id == item_units.c.company_id,
        items.c.id == item_units.c.item_id,
        items.c.base_unit_of_measure_id == item_units.c.unit_of_measure_id,
    )
    op.execute(item_units.update().where(is_base).values(quantity_per_unit=BASE_FACTOR))
    _list(items.c.base_unit_of_measure_id, BASE_FACTOR)
    _list(items.c.sales_unit_of_measure_id, None)


def _add_factor() -> None:
    """SQLite can add a column together with its constraints, and in no other way without a rebuild."""
    dialect = op.get_bind().dialect
    largest = Amount().process_literal_param(LARGEST, dialect)
    name = f"ck_{ITEM_UNITS}_quantity_per_unit"
    op.execute(
        f"ALTER TABLE {ITEM_UNITS} ADD COLUMN quantity_per_unit {Amount().compile(dialect)}"
        f" CONSTRAINT {name}_sign CHECK (quantity_per_unit > 0)"
        f" CONSTRAINT {name}_range CHECK (quantity_per_unit BETWEEN -{largest} AND {largest})"
    )


def _list(unit: sa.ColumnElement[Any], factor: Decimal | None) -> None:
    """Add this unit to the units of every item that has it and does not list it."""
    is_listed = sa.exists(item_units.c.id).where(
        item_units.c.company_id == items.c.company_id,
        item_units.c.item_id == items.c.id,
        item_units.c.unit_of_measure_id == unit,
    )
    unlisted = sa.select(items.c.company_id, items.c.id, unit).where(unit.is_not(None), ~is_listed)
    found = op.get_bind().execute(unlisted).all()
    for start in range(0, len(found), ROWS_AT_ONCE):
        rows = [
            {
                "company_id": company,
                "id": new_guid(),
                "item_id": item,
                "unit_of_measure_id": key,
                "quantity_per_unit": factor,
            }
            for company, item, key in found[start : start + ROWS_AT_ONCE]
        ]
        op.bulk_insert(item_units, rows)


def downgrade() -> None:
    refuse_to_lose_column(ITEM_UNITS, "quantity_per_unit")
    refuse_to_lose_column(UNITS, "is_whole")
    op.drop_column(ITEM_UNITS, "quantity_per_unit")
    op.drop_column(UNITS, "is_whole")
