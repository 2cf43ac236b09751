"""Downgrades that would lose values or rows are refused."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.integrity import CannotMigrate


def refuse_to_lose_column(table: str, column: str) -> None:
    """Raise CannotMigrate if the table has rows, because a downgrade would delete a value of each."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute(f"LOCK TABLE {table}")  # otherwise a row could still be added after the check
    if _has_rows(connection, table):
        raise CannotMigrate(
            f"The downgrade was refused, because it would delete {column} of every row of {table}."
        )


def drop_empty_tables(tables: Sequence[str]) -> None:
    """Drop the tables in this order, for a downgrade. Raises CannotMigrate if any of them has rows,
    because they would be lost."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute(
            f"LOCK TABLE {', '.join(tables)}"
        )  # otherwise a row could still be added after the check
    filled = sorted(table for table in tables if _has_rows(connection, table))
    if filled:
        raise CannotMigrate(
            f"The downgrade was refused, because it would delete the rows of {', '.join(filled)}."
        )
    for table in tables:
        op.drop_table(table)


def _has_rows(connection: sa.Connection, table: str) -> bool:
    statement = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)
    return connection.scalar(statement) is not None
