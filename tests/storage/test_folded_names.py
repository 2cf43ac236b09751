"""The upgrade to case-insensitive names, to countries as ISO 3166 codes, and to final statuses that are
never on hold."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations.integrity import CannotMigrate
from tests.support.databases import Templates
from tests.support.revisions import (
    Rows,
    copy_at,
    copy_few_orders,
    read_rows,
    revision_of,
    stored_rows,
    upgrade,
)

pytestmark = pytest.mark.anyio
BEFORE, AFTER = "0004", "0005"


@pytest.fixture(scope="module")
def rows(templates: Templates) -> Rows:
    return stored_rows(copy_few_orders(templates))


@pytest.fixture
def old_url(templates: Templates, rows: Rows) -> str:
    return copy_at(templates, BEFORE, rows)


@pytest.fixture
async def old(old_url: str) -> AsyncIterator[Database]:
    """A database before the upgrade, with rows in every table."""
    database = Database(old_url, poolclass=NullPool)
    yield database
    await database.dispose()


async def changed(database: Database, statement: str, **values: Any) -> None:
    async with database.engine.connect() as connection:
        await connection.execution_options(gateway_writes=True)
        async with connection.begin():
            await connection.execute(sa.text(statement), values)


async def read(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.text(statement))]


async def test_every_number_and_code_is_folded(old: Database) -> None:
    await changed(old, "UPDATE customers SET number = 'Straße' WHERE number = 'ALFKI'")
    await upgrade(old, AFTER)
    result = await read(old, "SELECT number_folded FROM customers WHERE number = 'Straße'")
    assert result == [("strasse",)]
    for table, name in (("sales_orders", "number"), ("units_of_measure", "code")):
        pairs = await read(old, f"SELECT {name}, {name}_folded FROM {table}")
        assert pairs
        assert all(folded == fields.lower() for fields, folded in pairs)


async def test_names_that_differ_only_in_case_stop_the_upgrade_before_it_changes_anything(
    old: Database,
) -> None:
    await changed(old, "UPDATE customers SET number = 'alfki' WHERE number = 'ANATR'")
    await changed(old, "UPDATE sales_orders SET number = 'a' WHERE number = 'SO-10248'")
    await changed(old, "UPDATE sales_orders SET number = 'A' WHERE number = 'SO-10249'")
    before = await read_rows(old)
    with pytest.raises(CannotMigrate) as refusal:
        await upgrade(old, AFTER)
    assert "customers ALFKI, alfki" in str(refusal.value)
    assert await read_rows(old) == before
    assert await revision_of(old) == BEFORE


async def test_known_countries_become_codes_and_others_stay(old: Database) -> None:
    for number, country in (("ALFKI", "DEU"), ("ANATR", "mexico"), ("ANTON", "Elbonia")):
        await changed(
            old,
            "UPDATE customers SET country = :country WHERE number = :number",
            country=country,
            number=number,
        )
    await changed(old, "UPDATE sales_orders SET bill_to_country = 'uk', ship_to_country = 'FRA'")
    await upgrade(old, AFTER)
    result = await read(
        old,
        "SELECT country FROM customers WHERE number IN ('ALFKI', 'ANATR', 'ANTON') ORDER BY number",
    )
    assert result == [("DE",), ("MX",), ("Elbonia",)]
    orders = "SELECT DISTINCT bill_to_country, ship_to_country FROM sales_orders"
    assert await read(old, orders) == [("GB", "FR")]


async def test_orders_in_a_final_status_are_taken_off_hold(old: Database) -> None:
    await changed(old, "UPDATE sales_orders SET on_hold = true")
    await upgrade(old, AFTER)
    suspended = await read(old, "SELECT DISTINCT status FROM sales_orders WHERE on_hold")
    assert {status for (status,) in suspended} == {
        *("DRAFT", "IN_REVIEW", "OPEN", "RELEASED", "INVOICED")
    }
