"""Customers outside the scope, whom a caller may see as payers of visible orders and customers.

Only their id, number and name are shown. Other columns are null, or have a default if they cannot be
null."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from gateway.storage.scope import Scope
from gateway.storage.tables.column_types import Instant
from gateway.storage.tables.reference_data import CustomerRow

SHOWN = {"company_id", "id", "number", "number_folded", "display_name"}
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Replaces all times."""

Form = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]]


def shown(
    scope: Scope, column: sa.ColumnElement[Any], form: Form = lambda each: each
) -> sa.ColumnElement[Any]:
    """A column of customers with the values of outsiders hidden."""
    if column.key in SHOWN:
        return form(column)
    return sa.case((scope.is_customer(CustomerRow.id), form(column)), else_=form(_hidden(column)))


def _hidden(column: Any) -> sa.ColumnElement[Any]:
    if column.nullable:
        return sa.null()
    value = LONG_AGO if isinstance(column.type, Instant) else column.default.arg
    return sa.literal(value, column.type)
