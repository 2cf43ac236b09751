"""Case-folded numbers and codes, countries as ISO 3166 codes, and no hold on what is paid or cancelled."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.storage.countries import country_code
from gateway.storage.migrations.integrity import CannotMigrate
from gateway.storage.tables.column_types import Guid

revision = "0005"
down_revision = "0004"

CODES = ("currencies", "payment_terms", "shipment_methods", "units_of_measure", "tax_codes")
NUMBERS = ("customers", "items", "accounts", "line_objects", "sales_orders")
NAMES = {**dict.fromkeys(CODES, "code"), **dict.fromkeys(NUMBERS, "number")}
"""The column by which people name a row of each table."""

COUNTRIES = {
    "customers": ("country",),
    "sales_orders": ("sell_to_country", "bill_to_country", "ship_to_country"),
}
AT_ONCE = 1000
"""Rows that are updated in one call."""

Folded = dict[tuple[str, str], str]
"""The folded name of each row by its company and its id."""


def upgrade() -> None:
    folded = {table: _folded(table) for table in NAMES}
    collisions = [each for table in NAMES for each in _collisions(table)]
    if collisions:
        raise CannotMigrate(
            "The migration was refused, because numbers and codes are now the same in any case, and"
            f" these differ only in it: {'; '.join(collisions)}. Rename or remove all but one of each."
        )
    for table, rows in folded.items():
        _add_folded(table, rows)
    for table, columns in COUNTRIES.items():
        for column in columns:
            _translate_countries(table, column)
    op.execute(
        "UPDATE sales_orders SET on_hold = false, etag = etag + 1"
        " WHERE on_hold AND status IN ('PAID', 'CANCELLED')"
    )


def downgrade() -> None:
    for table, name in NAMES.items():
        op.drop_index(_index(table), table)
        op.drop_column(table, f"{name}_folded")


def _table(table: str) -> sa.TableClause:
    keys = (sa.column("company_id", Guid), sa.column("id", Guid))
    names = (NAMES[table], *_unique_columns(table))
    return sa.table(table, *keys, *map(sa.column, names))


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _folded(table: str) -> Folded:
    rows = _table(table).c
    found = op.get_bind().execute(sa.select(rows.company_id, rows.id, rows[NAMES[table]]))
    return {(str(company), str(key)): _fold(name) for company, key, name in found}


def _collisions(table: str) -> Iterator[str]:
    """The names that become the same, as `customers alfki, ALFKI`."""
    rows = _table(table).c
    kind = rows.kind if table == "line_objects" else sa.null()
    names = sa.select(rows.company_id, kind, rows[NAMES[table]]).order_by(rows[NAMES[table]])
    groups: dict[Any, list[str]] = defaultdict(list)
    for company, of_kind, name in op.get_bind().execute(names):
        groups[company, of_kind, _fold(name)].append(name)
    return (f"{table} {', '.join(each)}" for each in groups.values() if len(each) > 1)


def _index(table: str) -> str:
    return "_".join(("ix", table, "company_id", *_unique_columns(table)))


def _unique_columns(table: str) -> tuple[str, ...]:
    kinds = ("kind",) if table == "line_objects" else ()
    return (*kinds, f"{NAMES[table]}_folded")


def _add_folded(table: str, rows: Folded) -> None:
    name = f"{NAMES[table]}_folded"
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=sa.text("''")))
    there = _table(table)
    statement = (
        sa.update(there)
        .where(there.c.company_id == sa.bindparam("of"), there.c.id == sa.bindparam("key"))
        .values({name: sa.bindparam("name")})
    )
    changes = [
        {"of": company, "key": key, "name": folded} for (company, key), folded in rows.items()
    ]
    for start in range(0, len(changes), AT_ONCE):
        op.get_bind().execute(statement, changes[start : start + AT_ONCE])
    op.create_index(_index(table), table, ["company_id", *_unique_columns(table)], unique=True)


def _translate_countries(table: str, column: str) -> None:
    """Replace names and other codes of known countries; others stay as they are."""
    rows = sa.table(table, sa.column(column))
    there = rows.c[column]
    stored = op.get_bind().scalars(sa.select(there).where(there.is_not(None)).distinct()).all()
    codes: Mapping[str, str | None] = {text: country_code(text) for text in stored}
    for text, code in codes.items():
        if code is not None and code != text:
            op.execute(sa.update(rows).where(there == text).values({column: code}))
