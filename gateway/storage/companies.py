"""Companies, and the records that each needs before its first order."""

from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from babel.numbers import get_currency_name, get_currency_precision, list_currencies

from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.tables.column_types import clean, is_storable_text, text_lengths
from gateway.storage.tables.reference_data import CompanyRow, CurrencyRow, NumberSeries
from gateway.storage.writing import SALES_ORDERS

LONGEST_NAME = text_lengths(CompanyRow)["name"]
FIRST_COMPANY, FIRST_CURRENCY = "My Company", "EUR"


class CompanyExists(ValueError):
    """A company with this name exists."""


class InvalidCompanyName(ValueError):
    """The name is empty, too long or not printable."""


class CurrencyUnknown(ValueError):
    """The code is not in ISO 4217."""


def iso_currency(company_id: str, code: str) -> CurrencyRow:
    """The currency with this ISO 4217 code and its usual decimal places; raises CurrencyUnknown."""
    codes = list_currencies("en")
    if code not in codes:
        hint = f": write {code.upper()}" if code.upper() in codes else ", such as EUR"
        raise CurrencyUnknown(f"{code} is not an ISO 4217 currency code{hint}.")
    decimals = get_currency_precision(code)
    return CurrencyRow(
        company_id=company_id,
        code=code,
        display_name=get_currency_name(code, locale="en"),
        amount_decimal_places=f"{decimals}:{decimals}",
        amount_rounding_precision=Decimal(1).scaleb(-decimals),
    )


async def create_company(database: Database, name: str, currency_code: str) -> CompanyRow:
    """Create a company with its currency and the number series SO-000001, SO-000002 and so on.

    Raises CompanyExists, CurrencyUnknown and InvalidCompanyName."""
    name = clean(name)
    if not 0 < len(name) <= LONGEST_NAME or not is_storable_text(name):
        raise InvalidCompanyName(
            f"The name of a company must have 1 to {LONGEST_NAME} printable characters."
        )
    company = CompanyRow(name=name, currency_code=currency_code)
    currency = iso_currency(company.id, currency_code)
    series = NumberSeries(company_id=company.id, code=SALES_ORDERS, prefix="SO-")
    async with database.write() as session:
        if await session.scalar(sa.select(CompanyRow.id).where(CompanyRow.name == name)):
            raise CompanyExists(f"There is already a company named {name!r}.")
        session.add(company)
        await session.flush()
        session.add_all([currency, series])
    return company


async def company_ids(database: Database) -> list[str]:
    """The ids of all companies, sorted by their names."""
    async with aclosing(await database.connect()) as connection:
        return list(await connection.scalars(sa.select(CompanyRow.id).order_by(CompanyRow.name)))


async def has_company(database: Database) -> bool:
    async with aclosing(await database.connect()) as connection:
        return await connection.scalar(sa.select(CompanyRow.id).limit(1)) is not None


async def set_up(database: Database, *, backup: bool = True) -> Path | None:
    """Create or upgrade the tables, and create a first company if there is none. Returns the path of
    the backup, if one was made. Raises CannotMigrate."""
    copy = await migrate(database, backup=backup)
    if not await has_company(database):
        await create_company(database, FIRST_COMPANY, FIRST_CURRENCY)
    return copy
