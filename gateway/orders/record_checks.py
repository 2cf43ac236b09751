"""The checks of one record that orders refer to: values, missing fields and unique names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.orders import refusals
from gateway.orders.fields import Field, column_of
from gateway.orders.problems import Report
from gateway.orders.record_fields import Record
from gateway.orders.value_checks import (
    check_email,
    check_new_text,
    check_number,
    check_phone,
    check_range,
)

CONTACT_CHECKS = {"phone_number": check_phone, "email": check_email}


def check_value(
    name: str, value: Any, declared: Field, lengths: Mapping[str, int], report: Report
) -> None:
    """Report a text or a number that cannot be stored or that its field does not accept."""
    if isinstance(value, str) and name in lengths:
        if check_new_text(value, lengths[name], report) and name in CONTACT_CHECKS:
            CONTACT_CHECKS[name](value, report)
    elif isinstance(value, Decimal) and check_number(value, report):
        check_range(value, declared, refusals.OUT_OF_RANGE, report)


def require_fields(record: Record, values: Mapping[str, Any], report: Report) -> None:
    """Report the fields that a new record lacks."""
    missing = {problem.path for problem in report.problems}
    for name, declared in record.fields.items():
        is_missing = values.get(column_of(name, declared)) is None
        if is_missing and record.is_required(name) and not any(name in path for path in missing):
            refuse_missing(record, name, report.at(name))


def refuse_missing(record: Record, name: str, report: Report) -> None:
    report.refuse(refusals.RECORD_NEEDS, label=record.label, field=_words(name))


def refuse_taken(record: Record, name: str, value: Any, report: Report) -> None:
    report.refuse(
        refusals.RECORD_EXISTS, name, rejected=value, label=record.label, field=_words(name)
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
