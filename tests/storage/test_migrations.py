"""Migrations create exactly the tables that the models describe, and can be undone."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import is_current, migrate
from gateway.storage.tables.import_jobs import ImportJobRow
from tests.support.revisions import downgrade
from tests.support.served import statements

METADATA = ImportJobRow.metadata
TABLES = {
    "accounts",
    "administration_records",
    "api_keys",
    "companies",
    "currencies",
    "customers",
    "idempotency_records",
    "import_jobs",
    "import_problems",
    "import_results",
    "import_rows",
    "import_sheets",
    "item_units_of_measure",
    "items",
    "line_objects",
    "number_series",
    "payment_terms",
    "sales_order_lines",
    "sales_orders",
    "shipment_methods",
    "tax_codes",
    "units_of_measure",
}


def shape(connection: sa.Connection) -> dict[str, Any]:
    """The tables as the database itself describes them, without Alembic's own."""
    inspector = sa.inspect(connection)
    names = set(inspector.get_table_names()) - {"alembic_version"}
    return {name: table_shape(inspector, name) for name in names}


def table_shape(inspector: sa.Inspector, table: str) -> dict[str, Any]:
    return {
        "columns": {
            column["name"]: (repr(column["type"]), column["nullable"], column["default"])
            for column in inspector.get_columns(table)
        },
        "primary key": inspector.get_pk_constraint(table),
        "foreign keys": sorted(map(repr, inspector.get_foreign_keys(table))),
        "unique keys": sorted(map(repr, inspector.get_unique_constraints(table))),
        "indexes": sorted(map(repr, inspector.get_indexes(table))),
        "checks": {
            check["name"]: re.sub(r"\s+", " ", check["sqltext"])
            for check in inspector.get_check_constraints(table)
        },
    }


async def shape_of(database: Database) -> dict[str, Any]:
    async with database.engine.connect() as connection:
        return await connection.run_sync(shape)


async def create_from_models(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)


@pytest.mark.anyio
async def test_migrations_create_the_tables_that_the_models_describe(
    empty: Database, empty_urls: list[str]
) -> None:
    await migrate(empty)
    other = Database(empty_urls[1], poolclass=NullPool)
    await create_from_models(other)
    migrated, described = await shape_of(empty), await shape_of(other)
    await other.dispose()
    assert set(migrated) == set(described) == TABLES
    for table in TABLES:
        for part, ours in migrated[table].items():
            assert ours == described[table][part], f"{part} of {table}"


@pytest.mark.anyio
async def test_the_comparison_sees_columns_keys_indexes_and_checks(empty: Database) -> None:
    """Checks the test above: an inspector that sees nothing would not detect a difference."""
    await migrate(empty)
    lines = (await shape_of(empty))["sales_order_lines"]
    assert len(lines["columns"]) == 34
    assert lines["columns"]["quantity"][0] in {"BIGINT()", "NUMERIC(precision=18, scale=5)"}
    assert lines["primary key"]["constrained_columns"] == ["company_id", "id"]
    assert len(lines["foreign keys"]) == 7
    assert sum("'CASCADE'" in key for key in lines["foreign keys"]) == 1
    assert len(lines["unique keys"]) == 2
    assert any("ix_sales_order_lines_company_id_item_id_id" in index for index in lines["indexes"])
    assert {
        "ck_sales_order_lines_quantities_order",
        "ck_sales_order_lines_sales_order_line_type",
        "ck_sales_order_lines_description_length",
        "ck_sales_order_lines_unit_price_range",
    } <= set(lines["checks"])


@pytest.mark.anyio
async def test_all_text_sorts_by_code_point_whatever_the_locale_of_the_server(
    empty: Database,
) -> None:
    """SQLite compares bytes by default. PostgreSQL compares by the locale of the server, which may put
    IN_REVIEW before INVOICED, unless the column has the collation "C"."""
    await migrate(empty)
    wanted = None if empty.is_sqlite else "C"

    def collations(connection: sa.Connection) -> dict[str, str | None]:
        inspector = sa.inspect(connection)
        return {
            f"{table}.{column['name']}": column["type"].collation
            for table in TABLES
            for column in inspector.get_columns(table)
            if isinstance(column["type"], sa.VARCHAR)
        }

    async with empty.engine.connect() as connection:
        result = await connection.run_sync(collations)
    assert len(result) > 80
    assert {name for name, collation in result.items() if collation != wanted} == set()


@pytest.mark.anyio
async def test_alembic_finds_nothing_left_to_migrate(empty: Database) -> None:
    await migrate(empty)

    def differences(connection: sa.Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    async with empty.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.anyio
async def test_a_database_is_current_once_it_is_migrated(empty: Database) -> None:
    assert not await is_current(empty)
    await migrate(empty)
    assert await is_current(empty)


@pytest.mark.anyio
async def test_migrating_again_changes_neither_tables_nor_rows(database: Database) -> None:
    async def counted() -> dict[str, int | None]:
        async with database.engine.connect() as connection:
            return {
                table.name: await connection.scalar(sa.select(sa.func.count()).select_from(table))
                for table in METADATA.sorted_tables
            }

    shape_before, rows_before = await shape_of(database), await counted()
    with statements() as seen:
        await migrate(database)
    assert not [sql for sql in seen if re.match(r"\s*(CREATE|ALTER|DROP|UPDATE|INSERT)", sql)]
    assert await shape_of(database) == shape_before
    assert await counted() == rows_before
    assert rows_before["items"] == 507


@pytest.mark.anyio
async def test_a_downgrade_of_empty_tables_leaves_nothing_and_can_be_upgraded_again(
    empty: Database,
) -> None:
    await migrate(empty)
    before = await shape_of(empty)
    await downgrade(empty, "base")
    assert await shape_of(empty) == {}
    assert not await is_current(empty)
    await migrate(empty)
    assert await shape_of(empty) == before


@pytest.mark.anyio
async def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    async with empty.engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE sales_orders (mine INTEGER)"))
    before = await shape_of(empty)
    with pytest.raises(sa.exc.DBAPIError, match="sales_orders"):
        await migrate(empty)
    assert await shape_of(empty) == before
    assert not await is_current(empty)
