"""The rows that a caller may read and write."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.storage.tables.column_types import Base, canonical_guid
from gateway.storage.tables.reference_data import CompanyRow, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

MOST_NAMED = 20
"""Companies that an error names."""


class CompanyNotFound(LookupError):
    """The company that the request names does not exist, or it names none and there are several."""


@dataclass(frozen=True)
class Scope:
    """One company, and either all of its customers (None) or only those with the ids in `customers`."""

    company: str
    customers: frozenset[str] | None = None


def within(scope: Scope, model: type[Base]) -> sa.ColumnElement[bool]:
    """The condition that limits rows of `model` to `scope`. No other function applies a scope."""
    if model is CompanyRow:
        return CompanyRow.id == scope.company
    own: sa.ColumnElement[bool] = model.__table__.c.company_id == scope.company
    if scope.customers is None:
        return own
    if model is CustomerRow:
        return own & CustomerRow.id.in_(scope.customers)
    if model is SalesOrderRow:
        return own & SalesOrderRow.customer_id.in_(scope.customers)
    if model is SalesOrderLineRow:
        orders = sa.select(SalesOrderRow.id).where(within(scope, SalesOrderRow))
        return own & SalesOrderLineRow.sales_order_id.in_(orders)
    return own


Rows = Callable[[sa.Executable], Awaitable[Sequence[sa.Row[Any]]]]
"""Runs a statement and returns its rows."""


async def find_scope(rows: Rows, company: str | None) -> Scope:
    """The scope of the company with this name or id; None stands for the only company.

    Raises CompanyNotFound."""
    statement = sa.select(CompanyRow.id, CompanyRow.name).order_by(CompanyRow.name).limit(2)
    if company is not None:
        statement = statement.where(
            (CompanyRow.name == company) | (CompanyRow.id == canonical_guid(company))
        )
    found = await rows(statement)
    if len(found) == 1:
        return Scope(found[0].id)
    raise CompanyNotFound(await _why_not_found(rows, company))


async def _why_not_found(rows: Rows, company: str | None) -> str:
    """Why no company is found, with the names of those that the caller may see."""
    named = sa.select(CompanyRow.name).order_by(CompanyRow.name).limit(MOST_NAMED + 1)
    names = [row.name for row in await rows(named)]
    if not names:
        return "There is no company yet. Create one with `gateway company create`."
    shown = ", ".join(map(repr, names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")
    reason = (
        "There are several companies." if company is None else f"There is no company {company!r}."
    )
    return f"{reason} Name one of these in the Company header, or with --company: {shown}."
