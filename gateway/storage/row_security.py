"""Row security of PostgreSQL: the second barrier between companies, after the conditions of every statement.

The role that serves requests owns nothing and is subject to the policies. The owner of the tables, who
migrates them and administers companies and keys, is exempt by a policy of its own."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage.company_binding import SETTING
from gateway.storage.database import Database
from gateway.storage.database_url import read_database_url
from gateway.storage.migrations import migration_transaction
from gateway.storage.migrations.integrity import CannotMigrate
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.company_tables import COMPANY_TABLES
from gateway.storage.tables.idempotency import AdministrationRecordRow
from gateway.storage.tables.reference_data import CompanyRow

NAMES = [table.name for table in COMPANY_TABLES]
TABLES = (
    *NAMES,
    CompanyRow.__tablename__,
    ApiKeyRow.__tablename__,
    AdministrationRecordRow.__tablename__,
    "alembic_version",
)
"""All tables of the gateway."""

OWN = f"company_id = nullif(current_setting('{SETTING}', true), '')::uuid"
"""The condition on a row. The setting is missing in a new connection and empty in an unbound one."""

POLICIES = (
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS gateway_company ON {table}",
    f"CREATE POLICY gateway_company ON {{table}} USING ({OWN})",
    "DROP POLICY IF EXISTS gateway_owner ON {table}",
    "CREATE POLICY gateway_owner ON {table} TO {owner} USING (true)",
)
GRANTS = (
    "REVOKE ALL ON {all_tables} FROM {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON {company_tables} TO {role}",
    "GRANT SELECT ON {companies}, alembic_version TO {role}",
)
OURS = "relname = ANY(CAST(:names AS text[])) AND relnamespace = to_regnamespace(current_schema())"
WITHOUT_POLICIES = sa.text(f"""
SELECT relname AS table, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE {OURS} AND NOT (
  relrowsecurity AND relforcerowsecurity
  AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = 'gateway_company')
  AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = 'gateway_owner'
    AND polroles = ARRAY[relowner])
) ORDER BY relname
""")  # noqa: S608 - all parts are constants
BYPASSING = sa.text("""
SELECT rolname FROM pg_roles WHERE pg_has_role(CAST(:role AS name), oid, 'MEMBER')
AND (rolsuper OR rolbypassrls OR rolcreaterole) ORDER BY rolname LIMIT 1
""")
OWNED = sa.text(f"""
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE {OURS} AND (
  pg_has_role(CAST(:role AS name), relowner, 'MEMBER') OR pg_has_role(CAST(:role AS name), nspowner, 'MEMBER')
) ORDER BY relname LIMIT 1
""")  # noqa: S608 - all parts are constants
HIDDEN = sa.text(f"""
SELECT relname FROM pg_class WHERE {OURS} AND row_security_active(oid)
AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname LIMIT 1
""")  # noqa: S608 - all parts are constants
CREATION = sa.text("""
SELECT format('CREATE ROLE %I LOGIN', CAST(:role AS text))
|| coalesce(format(' PASSWORD %L', CAST(:password AS text)), '')
""")
EXISTS = sa.text("SELECT 1 FROM pg_roles WHERE rolname = CAST(:role AS text)")
ANOTHER = "Name another role there: `gateway migrate` creates it."


async def secure(database: Database, url: str) -> None:
    """Create the role in the `url` of the gateway, and the policies, as far as they are missing, and limit
    what the role may do. An existing role keeps its password.

    Raises CannotMigrate if the role could bypass the policies."""
    arguments = read_database_url(url).arguments
    role, password = arguments.get("user"), arguments.get("password")
    if role is None:
        raise CannotMigrate("GATEWAY_DATABASE_URL names no role: write it before the host.")
    async with migration_transaction(database) as connection:
        if not await connection.scalar(EXISTS, {"role": role}):
            values = {"role": role, "password": password}
            await connection.exec_driver_sql(await connection.scalar(CREATION, values))
        elif (fault := await _privilege(connection, role)) is not None:
            raise CannotMigrate(fault)
        await add_policies(connection)
        await _grant(connection, role)


async def add_policies(connection: AsyncConnection) -> None:
    """Create the policies of the tables that lack one, as the role that owns them."""
    for each in await _unsecured(connection):
        names = {"table": each.table, "owner": _quoted(connection, each.owner)}
        for statement in POLICIES:
            await connection.exec_driver_sql(statement.format(**names))


async def row_security_fault(database: Database) -> str | None:
    """Why a gateway must not serve this database with or without row security, in a sentence; None if it
    may."""
    if database.is_sqlite:
        return None
    async with aclosing(await database.connect()) as connection:
        if not database.is_secured:
            return await _hidden(connection)
        role = await connection.scalar(sa.text("SELECT CAST(current_user AS text)"))
        if (fault := await _privilege(connection, role)) is not None:
            return fault
        if open_tables := [each.table for each in await _unsecured(connection)]:
            return f"Row security is not on for {', '.join(open_tables)}: run `gateway migrate`."
    return None


async def _privilege(connection: AsyncConnection, role: str) -> str | None:
    """What lets a role bypass the policies or remove them, in a sentence; None if nothing does."""
    bypassing = await connection.scalar(BYPASSING, {"role": role})
    if bypassing is not None:
        return (
            f"The role {role} of GATEWAY_DATABASE_URL can bypass row security, because {bypassing} is a"
            f" superuser or may bypass it or create roles. {ANOTHER}"
        )
    owned = await connection.scalar(OWNED, {"role": role, "names": NAMES})
    if owned is not None:
        return (
            f"The role {role} of GATEWAY_DATABASE_URL can switch row security off, because it owns the table"
            f" {owned} or its schema. {ANOTHER}"
        )
    return None


async def _hidden(connection: AsyncConnection) -> str | None:
    table = await connection.scalar(HIDDEN, {"names": NAMES})
    if table is None:
        return None
    return (
        f"Row security hides every row of {table}: set GATEWAY_ROW_SECURITY=true, or name the owner of the"
        " tables in GATEWAY_DATABASE_URL."
    )


async def _unsecured(connection: AsyncConnection) -> Sequence[sa.Row[Any]]:
    """The tables without the policies, each with its owner."""
    return (await connection.execute(WITHOUT_POLICIES, {"names": NAMES})).all()


async def _grant(connection: AsyncConnection, role: str) -> None:
    schema = await connection.scalar(sa.text("SELECT current_schema()"))
    names = {
        "role": _quoted(connection, role),
        "schema": _quoted(connection, schema),
        "all_tables": ", ".join(TABLES),
        "company_tables": ", ".join(NAMES),
        "companies": CompanyRow.__tablename__,
    }
    for statement in GRANTS:
        await connection.exec_driver_sql(statement.format(**names))


def _quoted(connection: AsyncConnection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
