"""Companies, and the records that a company needs before its first order."""

from collections.abc import Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from babel.numbers import get_currency_name, get_currency_precision, list_currencies
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.number_series import SALES_ORDERS
from gateway.storage.scope import Scope, within
from gateway.storage.tables.column_types import (
    canonical_guid,
    case_folded,
    clean,
    is_printable,
)
from gateway.storage.tables.company_tables import COMPANY_TABLES
from gateway.storage.tables.model_columns import text_lengths
from gateway.storage.tables.reference_data import CompanyRow, CurrencyRow, CustomerRow, NumberSeries

LONGEST_NAME = text_lengths(CompanyRow)["name"]
FIRST_COMPANY, FIRST_CURRENCY = "My Company", "EUR"


class CompanyRefused(ValueError):
    """A company cannot be created or changed like this."""


class CompanyExists(CompanyRefused):
    """A company with this name exists."""


class InvalidCompanyName(CompanyRefused):
    """The name is empty, too long or not printable."""


class CurrencyUnknown(CompanyRefused):
    """The code is not in ISO 4217."""


class CompanyForbidden(CompanyRefused):
    """The caller is limited to some companies or customers, and may not create any."""


class CompanyGone(CompanyRefused):
    """There is no company with this name or id."""


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


async def create_company(
    database: Database, name: str, currency_code: str, *, dry_run: bool = False
) -> CompanyRow:
    """Create a company with its currency and the number series SO-000001, SO-000002 and so on. It
    replaces the company that `set_up` creates, if that is the only one and still unused.

    Raises CompanyExists, CurrencyUnknown and InvalidCompanyName."""
    company = CompanyRow(name=_checked_name(name), currency_code=currency_code)
    currency = iso_currency(company.id, currency_code)
    series = NumberSeries(company_id=company.id, code=SALES_ORDERS, prefix="SO-")
    async with database.owner.write(dry_run=dry_run) as session:
        await _delete_untouched(session)
        await _check_free(session, company.name)
        session.add(company)
        await session.flush()
        session.add_all([currency, series])
    database.after_commit(database.known_companies.forget)
    return company


async def rename_company(
    database: Database, key: str, name: str, *, dry_run: bool = False
) -> CompanyRow:
    """Rename the company with this name or id. Raises CompanyExists, CompanyGone and
    InvalidCompanyName."""
    name = _checked_name(name)
    async with database.owner.write(dry_run=dry_run) as session:
        company = await _existing(session, key)
        if company.name != name:
            await _check_free(session, name)
        company.name = name
    database.after_commit(database.known_companies.forget)
    return company


async def update_company(
    database: Database,
    key: str,
    *,
    refuse_duplicate_external_document_numbers: bool,
    dry_run: bool = False,
) -> CompanyRow:
    """Change the settings of the company with this name or id (RULES.md 1.8). Raises CompanyGone."""
    async with database.owner.write(dry_run=dry_run) as session:
        company = await _existing(session, key)
        company.refuse_duplicate_external_document_numbers = (
            refuse_duplicate_external_document_numbers
        )
    return company


async def _existing(session: AsyncSession, key: str) -> CompanyRow:
    """The company with this name or id. Raises CompanyGone."""
    named = (CompanyRow.name == key) | (CompanyRow.id == canonical_guid(key))
    company = (await session.scalars(sa.select(CompanyRow).where(named))).one_or_none()
    if company is None:
        raise CompanyGone(f"There is no company {key!r}.")
    return company


def _checked_name(name: str) -> str:
    name = clean(name)
    if not 0 < len(name) <= LONGEST_NAME or not is_printable(name):
        raise InvalidCompanyName(
            f"The name of a company must have 1 to {LONGEST_NAME} printable characters."
        )
    return name


async def _check_free(session: AsyncSession, name: str) -> None:
    if await session.scalar(sa.select(CompanyRow.id).where(CompanyRow.name == name)):
        raise CompanyExists(f"There is already a company named {name!r}.")


async def _delete_untouched(session: AsyncSession) -> None:
    """Delete the company that `set_up` creates, unless there are others or it has been used."""
    companies = (await session.scalars(sa.select(CompanyRow).limit(2))).all()
    if [company.name for company in companies] != [FIRST_COMPANY]:
        return
    [company] = companies
    for table in reversed(COMPANY_TABLES):
        if not await _is_untouched(session, table, company.id):
            return
    for model in (NumberSeries, CurrencyRow):
        await session.execute(sa.delete(model).where(model.company_id == company.id))
    await session.delete(company)
    await session.flush()


async def _is_untouched(session: AsyncSession, table: sa.Table, company: str) -> bool:
    """Whether a table has only those rows of the company with this id that a new company has."""
    is_series = table is NumberSeries.__table__
    is_new = is_series or table is CurrencyRow.__table__
    used = sa.case((NumberSeries.last_number > 0, 1)) if is_series else sa.null()
    counted = sa.select(sa.func.count(), sa.func.count(used)).select_from(table)
    rows = await session.execute(counted.where(table.c.company_id == company))
    return tuple(rows.one()) == (int(is_new), 0)


async def list_companies(database: Database) -> list[CompanyRow]:
    """All companies by name."""
    async with database.read() as session:
        return list(await session.scalars(sa.select(CompanyRow).order_by(CompanyRow.name)))


async def customer_ids(database: Database, company: str, numbers: Sequence[str]) -> dict[str, str]:
    """The ids of the company's customers with these numbers, ignoring case, by requested number."""
    by_folded = {case_folded(number): number for number in numbers}
    statement = sa.select(CustomerRow.number_folded, CustomerRow.id).where(
        within(Scope(company), CustomerRow), CustomerRow.number_folded.in_(by_folded)
    )
    async with database.bound_to(company).read() as session:
        rows = (await session.execute(statement)).all()
    return {by_folded[row.number_folded]: row.id for row in rows}


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
