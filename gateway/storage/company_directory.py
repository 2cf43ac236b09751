"""Finds the company of a request, usually without a statement.

Each process caches the ids and names of all companies. It reads them again after a second, and
immediately when a request names an unknown company."""

import time
from collections.abc import Sequence

import sqlalchemy as sa

from gateway.storage.database import Database
from gateway.storage.scope import CompanyNotFound, Scope, ScopeRequest
from gateway.storage.tables.column_types import canonical_guid
from gateway.storage.tables.reference_data import CompanyRow

FRESH = 0.9
"""Seconds for which the companies are cached."""

MOST_NAMED = 20
"""The number of companies that an error lists."""

Company = tuple[str, str]
"""The id and the name of a company."""


async def find_scope(database: Database, request: ScopeRequest) -> Scope:
    """The scope of a request. Raises CompanyNotFound, and the errors of a read.

    A company that the caller may not see is treated like one that does not exist."""
    known, begun = database.known_companies, time.monotonic()
    is_fresh = begun - known.read_at <= FRESH
    companies = known.companies if is_fresh else None
    visible = _visible(companies or await _read(database), request)
    result = _named(visible, request.company)
    if len(result) != 1 and known.read_at < begun:
        visible = _visible(await _read(database), request)
        result = _named(visible, request.company)
    if len(result) != 1:
        raise CompanyNotFound(_why_not_found(visible, request))
    [(company, _)] = result
    return Scope(company, request.customers, request.actor, request.writes_references)


async def _read(database: Database) -> Sequence[Company]:
    statement = sa.select(CompanyRow.id, CompanyRow.name).order_by(CompanyRow.name)
    begun, snapshot = time.monotonic(), database.snapshot()
    try:
        companies = [(row.id, row.name) for row in await snapshot.rows(statement)]
    finally:
        await snapshot.close()
    database.known_companies.keep(companies, begun)
    return companies


def _visible(companies: Sequence[Company], request: ScopeRequest) -> Sequence[Company]:
    allowed = request.companies
    return [each for each in companies if allowed is None or each[0] in allowed]


def _named(companies: Sequence[Company], wanted: str | None) -> Sequence[Company]:
    """The companies with this name or id; all for None."""
    if wanted is None:
        return companies
    guid = canonical_guid(wanted)
    return [company for company in companies if wanted == company[1] or guid == company[0]]


def _why_not_found(visible: Sequence[Company], request: ScopeRequest) -> str:
    """The reason why no company was found, with the names of those that the caller may see."""
    names = [name for _, name in visible]
    if not names:
        if request.companies is not None:
            return "The credential is valid for no company that exists."
        return "There is no company yet. Create one with `gateway company create`."
    shown = ", ".join(map(repr, names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")
    reason = (
        "There are several companies."
        if request.company is None
        else f"There is no company {request.company!r}."
    )
    return f"{reason} Name one of these in the Company header, or with --company: {shown}."
