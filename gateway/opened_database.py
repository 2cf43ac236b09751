"""Opens the database of the settings, and tells whether it can be used."""

import asyncio
from typing import Any

from gateway.settings import Settings
from gateway.storage.company_binding import CompanyBinding
from gateway.storage.database import Database
from gateway.storage.failures import UNUSABLE, why_unusable
from gateway.storage.migrations import is_current

READY_WITHIN = 2
"""Seconds after which a database that does not answer makes the gateway unready."""


class BadDatabaseUrl(ValueError):
    """A database cannot be opened with its URL. The message begins with the name of the setting."""


def open_database(settings: Settings, **options: Any) -> Database:
    """The database of `settings`, with `options` of its engine. Raises BadDatabaseUrl."""
    is_pooled = settings.pooler == "transaction"
    owner = None
    if settings.admin_url:
        owner = _open("ADMIN_URL", settings.admin_url, CompanyBinding(False, is_pooled), options)
    binding = CompanyBinding(settings.row_security, is_pooled)
    return _open("DATABASE_URL", settings.database_url, binding, options | {"owner": owner})


def _open(setting: str, url: str, binding: CompanyBinding, options: dict[str, Any]) -> Database:
    try:
        return Database(url, binding=binding, **options)
    except ValueError as error:
        raise BadDatabaseUrl(f"GATEWAY_{setting}: {error}") from error


async def database_fault(database: Database) -> str | None:
    """The reason why the database cannot be used, or None."""
    try:
        async with asyncio.timeout(READY_WITHIN):
            current = await is_current(database)
    except TimeoutError:
        return f"The database does not answer within {READY_WITHIN} seconds."
    except UNUSABLE as error:
        return f"The database cannot be reached: {why_unusable(error)}."
    return None if current else "The database is not migrated: run `gateway migrate`."
