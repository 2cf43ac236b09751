"""Companies and what each needs before its first order."""

from contextlib import aclosing
from decimal import Decimal

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
    """There is a company of this name already."""


class NameUnfit(ValueError):
    """A company cannot be called this."""


class CurrencyUnknown(ValueError):
    """ISO 4217 has no such code."""


def iso_currency(company_id: str, code: str) -> CurrencyRow:
    """The currency with this ISO 4217 code and its usual decimals; raises CurrencyUnknown."""
    codes = list_currencies("en")
    if code not in codes:
        meant = f": write {code.upper()}" if code.upper() in codes else ", such as EUR"
        raise CurrencyUnknown(f"{code} is not a currency code of ISO 4217{meant}.")
    decimals = get_currency_precision(code)
    return CurrencyRow(
        company_id=company_id,
        code=code,
        display_name=get_currency_name(code, locale="en"),
        amount_decimal_places=f"{decimals}:{decimals}",
        amount_rounding_precision=Decimal(1).scaleb(-decimals),
    )


async def create_company(database: Database, name: str, currency_code: str) -> CompanyRow:
    """A company with its currency and a number series SO-000001, SO-000002 and so on.

    Raises CompanyExists, CurrencyUnknown and NameUnfit."""
    name = clean(name)
    if not 0 < len(name) <= LONGEST_NAME or not is_storable_text(name):
        raise NameUnfit(f"The name of a company has 1 to {LONGEST_NAME} printable characters.")
    company = CompanyRow(name=name, currency_code=currency_code)
    currency = iso_currency(company.id, currency_code)
    series = NumberSeries(company_id=company.id, code=SALES_ORDERS, prefix="SO-")
    async with database.write() as session:
        if await session.scalar(sa.select(CompanyRow.id).where(CompanyRow.name == name)):
            raise CompanyExists(f"There is a company named {name!r} already.")
        session.add(company)
        await session.flush()
        session.add_all([currency, series])
    return company


async def company_ids(database: Database) -> list[str]:
    async with aclosing(await database.connect()) as connection:
        return list(await connection.scalars(sa.select(CompanyRow.id).order_by(CompanyRow.name)))


async def has_company(database: Database) -> bool:
    async with aclosing(await database.connect()) as connection:
        return await connection.scalar(sa.select(CompanyRow.id).limit(1)) is not None


async def set_up(database: Database) -> None:
    """Make or update the tables, and the first company if there is none."""
    await migrate(database)
    if not await has_company(database):
        await create_company(database, FIRST_COMPANY, FIRST_CURRENCY)
