"""Upgrades and downgrades to any revision, and every row of a database."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.pool import NullPool

import gateway.storage.migrations
from gateway.demo.northwind import load_demo
from gateway.storage.database import Database
from gateway.storage.migrations import migrate, migration_transaction, run_alembic
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import FOLDED
from gateway.storage.tables.idempotency import AdministrationRecordRow, IdempotencyRecordRow
from gateway.storage.tables.import_jobs import (
    ImportedRow,
    ImportJobRow,
    ImportJobStatus,
    ImportProblemRow,
    ImportResultRow,
    ImportSheetRow,
)
from gateway.storage.tables.sales_orders import (
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
    SalesOrderStatus,
)
from tests.support.databases import Templates

Rows = dict[str, list[dict[str, Any]]]
"""The rows of each table by its name, sorted."""

MIGRATIONS = Path(gateway.storage.migrations.__file__).parent
RELEASED = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
"""All revisions, oldest first."""

FEW = 70
"""The number of orders that are changed so that they differ."""

PROGRESS = [
    (Decimal(shipped), Decimal(invoiced))
    for shipped, invoiced in (("0", "0"), ("0.5", "0"), ("0.5", "0.5"), ("1", "0.5"), ("1", "1"))
]
"""The shares of a line's quantity that are shipped and invoiced."""


async def upgrade(database: Database, revision: str, *, made_up: Path | None = None) -> None:
    """Upgrade to `revision`, which may be in the folder `made_up`."""
    await _alembic(database, command.upgrade, revision, made_up)


async def downgrade(database: Database, revision: str, *, made_up: Path | None = None) -> None:
    await _alembic(database, command.downgrade, revision, made_up)


async def _alembic(
    database: Database, run: Callable[[Config, str], None], revision: str, made_up: Path | None
) -> None:
    def configured(config: Config) -> None:
        config.set_main_option("path_separator", "newline")
        folders = [MIGRATIONS / "versions", made_up]
        config.set_main_option("version_locations", "\n".join(map(str, filter(None, folders))))
        run(config, revision)

    async with migration_transaction(database) as connection:
        await connection.run_sync(run_alembic, configured)


async def revision_of(database: Database) -> str | None:
    async with database.engine.connect() as connection:
        return await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def break_reference(file: Path) -> None:
    """Make the number series in a SQLite file refer to a company that does not exist."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE number_series SET company_id = 'missing'")


async def read_rows(database: Database) -> Rows:
    """Every row of every table, as it is stored."""
    async with database.engine.connect() as connection:
        return {
            table: sorted(
                (dict(row) for row in (await connection.execute(_everything(table))).mappings()),
                key=repr,
            )
            for table in await connection.run_sync(_table_names)
        }


def _everything(table: str) -> sa.Select[Any]:
    return sa.select(sa.text("*")).select_from(sa.table(table))


def _table_names(connection: sa.Connection) -> list[str]:
    return [name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"]


def stored_rows(url: str) -> Rows:
    """Every row of the database at `url`."""

    async def read() -> Rows:
        database = Database(url, poolclass=NullPool)
        try:
            return await read_rows(database)
        finally:
            await database.dispose()

    return asyncio.run(read())


async def insert_rows(database: Database, rows: Rows) -> None:
    """Insert the rows, leaving out tables and columns that the database does not have."""
    async with database.engine.begin() as connection:
        for table in await connection.run_sync(_tables):
            names = [column.name for column in table.columns]
            fields = [{name: row[name] for name in names} for row in rows[table.name]]
            if fields:
                untyped = sa.table(table.name, *map(sa.column, names))
                ordered = sorted(fields, key=_referring_last(table))
                await connection.execute(sa.insert(untyped), ordered)


def copy_at(templates: Templates, revision: str, rows: Rows) -> str:
    """The URL of a new database at `revision` with `rows`. All copies of one revision have the same."""

    async def fill(database: Database) -> None:
        await insert_rows(database, rows)

    filled = f"revision_{revision}"
    templates.make(filled, fill, like=_tables_at(templates, revision))
    return templates.copy(filled, fill)


def _tables_at(templates: Templates, revision: str) -> str:
    """The name of a template with the tables of `revision`, made from those of the revision before."""

    async def step(database: Database) -> None:
        await upgrade(database, revision)

    name, place = f"tables_{revision}", RELEASED.index(revision)
    like = _tables_at(templates, RELEASED[place - 1]) if place else None
    templates.make(name, step, like=like)
    return name


def copy_every_state(templates: Templates) -> str:
    """The URL of a new database with the demo, orders in every status, lines of every type and in every
    state of delivery, and import jobs of every status."""
    return templates.copy("every_state", _load_every_state)


def copy_few_orders(templates: Templates) -> str:
    """The same with few orders, which still differ in all these ways."""
    templates.make("every_state", migrate, _load_every_state)
    templates.make("few_orders", _delete_orders, like="every_state")
    return templates.copy("few_orders", _delete_orders)


def changed_tables(before: Rows, after: Rows) -> list[str]:
    """The tables of `before` whose rows are not all the same `after`. Columns that only `after` has are
    ignored."""
    return [table for table, rows in before.items() if rows != _narrowed(after[table], rows)]


def without_derived(rows: Rows) -> Rows:
    """The rows without the columns that an upgrade derives anew, so that a downgrade may drop them."""
    return {
        table: sorted(
            (
                {name: value for name, value in row.items() if not name.endswith(FOLDED)}
                for row in result
            ),
            key=repr,
        )
        for table, result in rows.items()
    }


def _narrowed(rows: list[dict[str, Any]], like: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, reduced to the columns of the rows in `like`."""
    names = list(like[0]) if like else []
    return sorted(({name: row.get(name) for name in names} for row in rows), key=repr)


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """The tables as the database describes them, each after those that it refers to."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def _referring_last(table: sa.Table) -> Callable[[dict[str, Any]], int]:
    """Sorts rows that refer to another row of their own table after those that do not."""
    own = {
        column.name
        for key in table.foreign_key_constraints
        if key.referred_table is table
        for column in key.columns
        if column.nullable
    }
    return lambda row: sum(row[name] is not None for name in own)


async def _load_every_state(database: Database) -> None:
    await load_demo(database)
    async with database.write() as session:
        statement = sa.select(SalesOrderRow).options(selectinload(SalesOrderRow.lines))
        orders = (await session.scalars(statement.order_by(SalesOrderRow.number).limit(FEW))).all()
        for place, order in enumerate(orders):
            order.status = list(SalesOrderStatus)[place % len(SalesOrderStatus)]
        _deliver([line for order in orders for line in order.lines])
        company = orders[0].company_id
        orders[0].lines.extend(_lines_of_every_type(company))
        await _add_import_jobs(session, company)
        session.add(ApiKeyRow(name="Partner", prefix="so_test_abcd", digest="0" * 64, scopes="[]"))
        kept = {"digest": "0" * 64, "fingerprint": "1" * 64, "answer": b'{"data":{}}'}
        expires = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)
        session.add(IdempotencyRecordRow(company_id=company, expires_date_time=expires, **kept))
        session.add(AdministrationRecordRow(expires_date_time=expires, **kept))


async def _delete_orders(database: Database) -> None:
    async with database.write() as session:
        kept = sa.select(SalesOrderRow.id).order_by(SalesOrderRow.number).limit(FEW)
        await session.execute(sa.delete(SalesOrderRow).where(SalesOrderRow.id.not_in(kept)))


def _deliver(lines: Iterable[SalesOrderLineRow]) -> None:
    for place, line in enumerate(lines):
        shipped, invoiced = PROGRESS[place % len(PROGRESS)]
        line.shipped_quantity = line.quantity * shipped
        line.invoiced_quantity = line.quantity * invoiced


def _lines_of_every_type(company: str) -> list[SalesOrderLineRow]:
    return [
        SalesOrderLineRow(
            company_id=company,
            sequence=sequence,
            line_type=line_type,
            description=line_type.title(),
        )
        for sequence, line_type in enumerate(SalesOrderLineType, 1000)
    ]


async def _add_import_jobs(session: AsyncSession, company: str) -> None:
    created = dt.datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=dt.UTC)
    for status in ImportJobStatus:
        job = ImportJobRow(
            company_id=company,
            files='["orders.csv"]',
            fingerprint=status.name,
            status=status,
            created_date_time=created,
        )
        session.add(job)
        await session.flush()
        owner = {"company_id": company, "job_id": job.id}
        sheet = ImportSheetRow(
            **owner, place=0, file="orders.csv", format="csv", entity="orders", headings="[]", reading="{}"
        )  # fmt: skip
        row = ImportedRow(**owner, unit="A", sheet=0, row=2, cells='["Käse", null, "1.50"]')
        problem = ImportProblemRow(
            **owner, sequence=1, unit="A", sheet=0, file="orders.csv", code="REQUIRED", message="Missing."
        )  # fmt: skip
        result = ImportResultRow(**owner, sheet=0, row=2, unit="A", entries="[]")
        session.add_all([sheet, row, problem, result])
