"""Writes the fields of a change that have no rule of their own."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, cast

from gateway.orders.fields import Field, Null, column_of
from gateway.orders.problems import Report
from gateway.orders.references import References
from gateway.storage.tables.reference_data import CustomerRow

BESIDE = {"id", "lines"}
"""Parts of a change that are not fields of its row."""


def assign(
    row: Any,
    change: Mapping[str, object],
    fields: Mapping[str, Field],
    references: References,
    report: Report,
    *,
    today: dt.date | None = None,
    customer: CustomerRow | None = None,
    payer: CustomerRow | None = None,
) -> None:
    """Set the fields of `row` that `change` contains; null becomes the value that the field declares
    for it. Raises KeyError for an undeclared field."""
    for name, field in plain_fields(change, fields):
        value: Any = change[name]
        if field.model is not None:
            referenced: Any = references.named(field.model, change, name, report)
            value = None if referenced is None else referenced.id
        elif value is None and field.null is Null.TODAY:
            value = today
        elif value is None and field.null is Null.PARTY:
            party = payer if field.payer else customer
            value = getattr(cast(CustomerRow, party), field.payer or field.customer)
        setattr(row, column_of(name, field), value)


def plain_fields(
    change: Mapping[str, object], fields: Mapping[str, Field]
) -> Iterator[tuple[str, Field]]:
    """The fields of `change` without a rule of their own, in the order in which they are declared."""
    if not change.keys() <= fields.keys() and (
        undeclared := change.keys() - fields.keys() - BESIDE
    ):
        raise KeyError(*sorted(undeclared))
    return (
        (name, field) for name, field in fields.items() if name in change and not field.has_rule
    )
