"""Row security of PostgreSQL: what statements see and change that lack the condition on the company."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import NullPool

from gateway.opened_database import open_database
from gateway.settings import Settings
from gateway.storage.companies import list_companies
from gateway.storage.database import Database
from gateway.storage.migrations import migrate, migration_transaction
from gateway.storage.row_security import add_policies, row_security_fault
from gateway.storage.tables.column_types import new_guid
from gateway.storage.tables.company_tables import COMPANY_TABLES
from gateway.storage.tables.reference_data import CustomerRow, PaymentTermsRow
from tests.support.databases import Postgres
from tests.support.other_company import OTHER
from tests.support.revisions import Rows, insert_rows, read_rows, revision_of, upgrade
from tests.support.secured import SecuredDatabases, database_in
from tests.support.world import COMPANY

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def settings(secured: SecuredDatabases) -> Settings:
    return secured.world()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The serving role, with a single connection, so that each use must cope with what the last left."""
    database = open_database(settings, pool_size=1, max_overflow=0, pool_timeout=5)
    yield database
    await database.dispose()


@pytest.fixture
async def companies(database: Database) -> dict[str, str]:
    """The id of each company by its name."""
    return {each.name: each.id for each in await list_companies(database)}


@contextmanager
def changed_role(server: Postgres, role: str, change: str, back: str) -> Iterator[None]:
    """A role with another attribute."""
    server.run(f"ALTER ROLE {role} {change}")
    try:
        yield
    finally:
        server.run(f"ALTER ROLE {role} {back}")


async def owners_of_rows(database: Database, table: sa.Table) -> set[str]:
    """The companies of all rows that a connection sees without any condition."""
    async with aclosing(await database.connect()) as connection:
        return set(await connection.scalars(sa.select(table.c.company_id).distinct()))


async def test_a_statement_without_a_condition_reads_only_rows_of_the_bound_company(
    database: Database, companies: dict[str, str]
) -> None:
    """A connection without a company reads none, also after one that had a company."""
    filled = {"currencies", "customers", "items", "number_series", "tax_codes"}
    for table in COMPANY_TABLES:
        everything = await owners_of_rows(database.owner, table)
        assert everything == (set(companies.values()) if table.name in filled else everything)
        for company in companies.values():
            seen = await owners_of_rows(database.bound_to(company), table)
            assert seen == everything & {company}
        assert await owners_of_rows(database, table) == set()


@pytest.mark.own_statements
async def test_the_driver_and_snapshots_are_bound_too(
    database: Database, companies: dict[str, str]
) -> None:
    statement = sa.select(CustomerRow.company_id).distinct()
    for company in companies.values():
        async with database.bound_to(company).driver() as driver:
            rows = await driver.fetch("SELECT DISTINCT company_id::text FROM customers")
        assert [row["company_id"] for row in rows] == [company]
        snapshot = database.snapshot()
        assert await snapshot.rows(statement) == []
        snapshot.bind(company)
        assert [row.company_id for row in await snapshot.rows(statement)] == [company]
        await snapshot.close()
    async with database.driver() as driver:
        assert await driver.fetch("SELECT 1 FROM customers") == []


async def test_a_connection_is_bound_again_only_when_the_company_changes(
    database: Database, companies: dict[str, str]
) -> None:
    ours, theirs = database.bound_to(companies[COMPANY]), database.bound_to(companies[OTHER])
    sent: list[str] = []

    async def read(bound: Database) -> None:
        async with bound.driver() as driver:
            await driver.fetch("SELECT 1")

    async with ours.driver() as driver:
        driver.add_query_logger(lambda record: sent.append(record.query))
    for bound in (ours, ours, theirs, theirs):
        await read(bound)
    async with theirs.read() as session:
        await session.execute(sa.select(1))
    assert [query.split("(")[0] for query in sent if "company" in query] == ["SELECT set_config"]


@pytest.mark.parametrize(
    "change",
    [
        sa.insert(PaymentTermsRow).values(id=new_guid(), code="NEW", display_name="New"),
        sa.update(PaymentTermsRow).values(display_name="Taken"),
    ],
    ids=["insert", "move"],
)
async def test_no_row_is_written_for_another_company(
    database: Database, companies: dict[str, str], change: Any
) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="violates row-level security policy"):
        async with database.bound_to(companies[OTHER]).write() as session:
            await session.execute(change.values(company_id=companies[COMPANY]))


async def test_no_row_of_another_company_is_changed_or_deleted(
    database: Database, companies: dict[str, str]
) -> None:
    async def changed(session: AsyncSession, statement: Any) -> int:
        result: Any = await session.execute(statement)
        return int(result.rowcount)

    theirs = PaymentTermsRow.company_id == companies[OTHER]
    for bound in (database, database.bound_to(companies[COMPANY])):
        async with bound.write(dry_run=True) as session:
            renamed = sa.update(PaymentTermsRow).where(theirs).values(display_name="Taken")
            assert await changed(session, renamed) == 0
            assert await changed(session, sa.delete(PaymentTermsRow).where(theirs)) == 0


async def test_the_serving_role_reads_no_keys_and_empties_no_table(database: Database) -> None:
    for statement in ("SELECT digest FROM api_keys", "TRUNCATE payment_terms CASCADE"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.driver() as driver:
                await driver.execute(statement)


def rows_by_company(rows: Rows) -> Counter[tuple[str | None, str]]:
    """The number of rows of each company and table."""
    return Counter((row.get("company_id"), table) for table, found in rows.items() for row in found)


@pytest.fixture
def empty(secured: SecuredDatabases) -> Settings:
    return secured.empty()


async def test_an_upgrade_keeps_the_rows_of_both_companies(
    empty: Settings, database: Database, companies: dict[str, str]
) -> None:
    """The owner is not a superuser, so it depends on a policy of its own to fill new columns."""
    rows = await read_rows(database.owner)
    old = Database(empty.admin_url, poolclass=NullPool)
    await upgrade(old, "0004")
    await insert_rows(old, rows)
    async with migration_transaction(old) as connection:
        await add_policies(connection)
    await migrate(old)
    after = await read_rows(old)
    assert await revision_of(old) == await revision_of(database.owner)
    await old.dispose()
    assert rows_by_company(rows) <= rows_by_company(after)  # 0008 adds a unit to every item
    assert {str(row["company_id"]) for row in after["item_units_of_measure"]} == {
        *companies.values()
    }
    assert [row["number"] for row in after["customers"] if not row["number_folded"]] == []


def fault_of(settings: Settings, **changed: Any) -> str | None:
    async def find() -> str | None:
        database = open_database(settings.model_copy(update=changed), poolclass=NullPool)
        try:
            return await row_security_fault(database)
        finally:
            await database.dispose()

    return asyncio.run(find())


def test_a_role_that_could_bypass_the_policies_serves_nothing(
    postgres: Postgres, secured: SecuredDatabases, settings: Settings
) -> None:
    another = "Name another role there: `gateway migrate` creates it."
    superuser = (
        fault_of(settings, database_url=postgres.named(database_in(settings.admin_url))) or ""
    )
    assert "can bypass row security" in superuser
    assert superuser.endswith(another)
    creator = fault_of(settings, database_url=settings.admin_url) or ""
    assert f"because {secured.owner} is a superuser or may bypass it or create roles" in creator
    with changed_role(postgres, secured.owner, "NOCREATEROLE", "CREATEROLE"):
        owner = fault_of(settings, database_url=settings.admin_url) or ""
    assert "it owns the table accounts or its schema" in owner
    with changed_role(postgres, secured.role, "BYPASSRLS", "NOBYPASSRLS"):
        assert "can bypass row security" in (fault_of(settings) or "")
    assert fault_of(settings) is None


def test_a_gateway_without_the_setting_serves_no_database_that_would_look_empty(
    settings: Settings,
) -> None:
    off = {"row_security": False, "admin_url": ""}
    assert fault_of(settings, **off) == (
        "Row security hides every row of accounts: set GATEWAY_ROW_SECURITY=true, or name the owner of the"
        " tables in GATEWAY_DATABASE_URL."
    )
    assert fault_of(settings, database_url=settings.admin_url, **off) is None
