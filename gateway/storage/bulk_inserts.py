"""Inserts many rows of a table with one compiled statement, whose parameters come in order. SQLAlchemy
would copy the values of each row twice by name, which costs as much as all else that an insert
does."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.tables.column_types import FOLDED, case_folded

Parameters = tuple[Any, ...]
Convert = Callable[[Any], Any]


class BulkInsert:
    """The insert of all columns of a table on one database."""

    def __init__(self, table: sa.Table, dialect: Dialect) -> None:
        columns = {column.name: column for column in table.columns}
        compiled = sa.insert(table).inline().compile(dialect=dialect, column_keys=list(columns))
        self.statement = compiled.string
        names = compiled.positiontup or ()
        self._values: Callable[[Any], Parameters] = attrgetter(
            *(name.removesuffix(FOLDED) for name in names)
        )
        self._converts = [
            (place, convert)
            for place, name in enumerate(names)
            if (convert := _convert(columns[name], dialect)) is not None
        ]

    def parameters(self, row: Any) -> Parameters:
        """The values of a row as the driver takes them."""
        values = list(self._values(row))
        for place, convert in self._converts:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)


def _convert(column: sa.Column[Any], dialect: Dialect) -> Convert | None:
    if column.name.endswith(FOLDED):
        return case_folded
    return column.type.dialect_impl(dialect).bind_processor(dialect)


@lru_cache
def _bulk_insert(table: sa.Table, dialect: Dialect) -> BulkInsert:
    return BulkInsert(table, dialect)


async def insert_rows(session: AsyncSession, table: sa.Table, rows: Iterable[Any]) -> None:
    """Insert rows, which have an attribute for each column that is not folded from another one."""
    connection = await session.connection()
    insert = _bulk_insert(table, connection.dialect)
    parameters: Sequence[Parameters] = list(map(insert.parameters, rows))
    if parameters:
        await connection.exec_driver_sql(insert.statement, list(parameters))
