"""The limits of texts, numbers and dates, for orders and for the records that they refer to (RULES.md
5)."""

import datetime as dt
import re
from decimal import Decimal

from gateway.orders import refusals
from gateway.orders.fields import Field
from gateway.orders.problems import Refusal, Report, plain
from gateway.storage.countries import country_code, is_country_code
from gateway.storage.tables.column_types import (
    DECIMALS,
    LARGEST,
    clean,
    hidden_at,
    is_storable,
    is_storable_text,
    without_hidden,
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LETTER = re.compile(r"[^\W\d_]")


def check_new_text(value: str, longest: int, report: Report, *path: str) -> bool:
    """Whether a text in a change can be stored as it is (RULES.md 5.2); reports why not."""
    index = hidden_at(value)
    if index is not None and is_storable_text(value):
        report.refuse(
            refusals.TEXT_HIDDEN,
            *path,
            rejected=value,
            suggestions=(clean(without_hidden(value))[:longest],),
            code_point=f"U+{ord(value[index]):04X}",
            position=index + 1,
        )
        return False
    return check_stored_text(value, longest, report, *path)


def check_stored_text(value: str, longest: int, report: Report, *path: str) -> bool:
    """Whether the text can be stored as it is (RULES.md 5.2); reports why not. Invisible characters are
    refused only in changes."""
    if not is_storable_text(value):
        report.refuse(refusals.TEXT_INVALID, *path, rejected=value)
        return False
    if len(value) > longest:
        report.refuse(
            refusals.TEXT_TOO_LONG,
            *path,
            rejected=value,
            suggestions=(value[:longest].strip(),),
            length=len(value),
            longest=longest,
        )
        return False
    return True


def check_number(value: Decimal, report: Report, *path: str) -> bool:
    """Whether the number can be stored as it is (RULES.md 5.1); reports why not."""
    if is_storable(value):
        return True
    if abs(value) > LARGEST:
        _refuse_range(refusals.OUT_OF_RANGE, value, plain(-LARGEST), plain(LARGEST), report, *path)
    else:
        report.refuse(
            refusals.TOO_MANY_DECIMALS,
            *path,
            rejected=value,
            suggestions=(plain(round(value, DECIMALS)),),
            decimals=DECIMALS,
        )
    return False


def check_range(
    value: Decimal | dt.date | int, field: Field, refusal: Refusal, report: Report, *path: str
) -> None:
    """Report a value outside the bounds of its field as `refusal`."""
    low, high = field.least, field.most
    is_low = low is not None and value < low  # type: ignore[operator]
    if low is not None and (is_low or (high is not None and value > high)):  # type: ignore[operator]
        most = None if high is None else plain(high)
        _refuse_range(refusal, value, plain(low), most, report, *path)


def _refuse_range(
    refusal: Refusal, value: object, low: str, high: str | None, report: Report, *path: str
) -> None:
    report.refuse(
        refusal,
        *path,
        rejected=value,
        suggestions=(low,) if high is None else (low, high),
        bounds=f"at least {low}" if high is None else f"between {low} and {high}",
    )


def check_phone(value: str, report: Report, *path: str) -> None:
    if _LETTER.search(value):
        report.refuse(refusals.PHONE_INVALID, *path, rejected=value)


def check_email(value: str, report: Report, *path: str) -> None:
    if not _EMAIL.fullmatch(value):
        report.refuse(refusals.EMAIL_INVALID, *path, rejected=value)


def checked_country(
    value: str | None, stored: str | None, report: Report, *path: str
) -> str | None:
    """The country as it is stored: an ISO 3166 code in upper case, or None for an empty text (RULES.md
    5.6). Reports any other text, unless it is already stored."""
    if value is None or not is_storable_text(value):
        return value
    country = clean(value)
    if is_country_code(country):
        return country.upper()
    code = country_code(country)
    if not country or country == stored:
        return country or None
    suggestions = () if code is None else (code,)
    report.refuse(refusals.COUNTRY_INVALID, *path, rejected=value, suggestions=suggestions)
    return stored
