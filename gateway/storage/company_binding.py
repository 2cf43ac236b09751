"""Binds connections of PostgreSQL to the company whose rows they may read and change.

The policies of row security compare the company of a row with the setting `gateway.company`. A connection
that is bound to no company sees no rows of any."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.ext.asyncio import AsyncConnection

SETTING = "gateway.company"
BOUND, OPTION = "gateway_company", "gateway_company"
"""The company of a connection in the pool, and the option of the engine's connections with the company of
their next transaction."""

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

UNNAMED: dict[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""Arguments of the driver without named prepared statements, which belong to one connection of the server."""


def binding_to(company: str | None, *, in_transaction: bool) -> str:
    """The SQL that binds a connection to the company with this id, or to none, until its transaction ends
    or for ever."""
    value = "" if company is None else UUID(company)
    return f"SELECT set_config('{SETTING}', '{value}', {in_transaction})"


@dataclass(frozen=True)
class CompanyBinding:
    """How connections are bound to companies: not at all unless `is_secured`.

    `is_pooled` says that a pooler assigns a connection of the server to each transaction, so that neither
    settings nor named statements outlive it."""

    is_secured: bool = False
    is_pooled: bool = False

    async def bind(self, connection: AsyncConnection, company: str | None) -> None:
        """Bind a connection that is in no transaction. It is closed if that fails."""
        if self.is_secured and self.is_pooled:
            await connection.execution_options(**{OPTION: company})
        elif self.is_secured:
            try:
                await self.bind_pooled(await connection.get_raw_connection(), company)
            except BaseException:
                await connection.invalidate()
                await connection.close()
                raise

    async def bind_pooled(self, connection: PoolProxiedConnection, company: str | None) -> None:
        """Bind a connection of the pool, which stays bound when it returns there. The caller drops it if
        that fails. With a pooler, the SQL of `opening` does it instead."""
        if not self.is_secured or self.is_pooled or connection.info.get(BOUND) == company:
            return
        driver: Any = connection.driver_connection
        await driver.execute(binding_to(company, in_transaction=False))
        connection.info[BOUND] = company

    def opening(self, company: str | None, reads: int) -> str | None:
        """The SQL before a number of reads on the driver, which need one snapshot; None if a read needs no
        transaction."""
        if self.is_secured and self.is_pooled:
            return f"{SNAPSHOT}; {binding_to(company, in_transaction=True)}"
        return SNAPSHOT if self.is_pooled or reads > 1 else None


UNSECURED = CompanyBinding()


def bind_transaction(connection: sa.Connection) -> None:
    """An event of engines behind a pooler: a transaction begins."""
    company = connection.get_execution_options().get(OPTION)
    if company is not None:
        connection.exec_driver_sql(binding_to(company, in_transaction=True))
