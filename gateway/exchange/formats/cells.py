"""Parsing the text of cells: numbers, dates, and yes or no, as people and Dynamics write them."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

LONGEST_NUMBER = 60
BLANK_DATES = (dt.date(1, 1, 1), dt.date(1900, 1, 1))
"""How Business Central and Finance & Operations write a missing date."""

_BLANKS = " \u00a0\u2009\u202f"
_APOSTROPHES = "'\u2019"
_TIME = r"""([01]?\d|2[0-4])[:.][0-5]\d([:.][0-6]\d([.,]\d{1,9})?)?
    (\s?[ap]\.?\s?m\.?)?(\s?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?))?"""
_DATE = re.compile(
    rf"(\d{{1,4}})[-/.](\d{{1,2}})[-/.](\d{{1,4}})(?:(?:T|\s+){_TIME})?", re.VERBOSE | re.IGNORECASE
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")


def _number(decimal: str, grouping: str) -> re.Pattern[str]:
    """A number with this decimal sign, whose thousands may be grouped, all by the same sign."""
    grouped = rf"[1-9]\d{{0,2}}(?P<group>[{grouping}{_BLANKS}{_APOSTROPHES}])\d{{3}}(?:(?P=group)\d{{3}})*"
    return re.compile(
        rf"[+-]?(?:(?:{grouped}|\d+)(?:[{decimal}]\d*)?|[{decimal}]\d+)(?:[eE][+-]?\d{{1,3}})?"
    )


_NUMBERS = {".": _number(".", ","), ",": _number(",", ".")}
"""By the decimal sign."""

_WORDS = {
    "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False,
}  # fmt: skip


SPREADSHEET_ERRORS = {
    "#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#GETTING_DATA", "#SPILL!",
    "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#PYTHON!", "#EXTERNAL!",
}  # fmt: skip
"""The cells that a spreadsheet shows where a formula failed."""


class Unreadable(ValueError):
    """The text of a cell does not fit its column; `suggestion` is an example that does."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True)
class Locale:
    """How a file writes dates (the order of day, month and year where the year is not first) and
    numbers, and whether it may group thousands."""

    dates: str = "MDY"
    decimal: str = "."
    has_groups: bool = True

    def __str__(self) -> str:
        return f"dates {self.dates}, decimal {self.decimal}"


def _read(text: str, decimal: str) -> re.Match[str] | None:
    return _NUMBERS[decimal].fullmatch(text) if len(text) <= LONGEST_NUMBER else None


def parse_number(text: str, locale: Locale) -> Decimal:
    """Raises Unreadable."""
    plain = text.strip()
    found = _read(plain, locale.decimal)
    if found is None or (found["group"] and not locale.has_groups):
        raise Unreadable("This is not a number.", "1234.5")
    if found["group"]:
        plain = plain.replace(found["group"], "")
    return Decimal(plain.replace(locale.decimal, "."))


def parse_whole_number(text: str, locale: Locale) -> int:
    """Raises Unreadable."""
    value = parse_number(text, locale)
    if abs(value) > 2**53 or value != value.to_integral_value():
        raise Unreadable("This is not a whole number.", "10000")
    return int(value)


def parse_date(text: str, locale: Locale) -> dt.date | None:
    """The day without its time; None for BLANK_DATES. Raises Unreadable."""
    found = _DATE.fullmatch(text.strip()) or _COMPACT.fullmatch(text.strip())
    if found is None:
        raise Unreadable("This is not a date.", "2026-01-31")
    first, middle, last = (int(part) for part in found.groups()[:3])
    if len(found[1]) == 4:
        year, month, day = first, middle, last
    elif locale.dates == "DMY":
        year, month, day = last, middle, first
    else:
        year, month, day = last, first, middle
    try:
        day_of_year = dt.date(year, month, day)
    except ValueError:
        raise Unreadable("This day does not exist.", "2026-01-31") from None
    return None if day_of_year in BLANK_DATES else day_of_year


def parse_yes_no(text: str) -> bool:
    """Raises Unreadable."""
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise Unreadable("This is neither yes nor no.", "Yes") from None


def detect_locale(dates: Iterable[str], numbers: Iterable[str]) -> Locale:
    """The locale that fits the sample cells of a file; that of the United States if several do."""
    return Locale(_date_order(dates), _decimal(numbers))


def _date_order(cells: Iterable[str]) -> str:
    dotted = False
    for cell in cells:
        found = _DATE.fullmatch(cell.strip())
        if found is None or len(found[1]) == 4:
            continue
        if int(found[1]) > 12:
            return "DMY"
        if int(found[2]) > 12:
            return "MDY"
        dotted = dotted or "." in cell[:3]
    return "DMY" if dotted else "MDY"


def _decimal(cells: Iterable[str]) -> str:
    """A comma only if some cell requires it and none requires a point. Where cells contradict each
    other, those that do not fit are refused later, not misread."""
    found = set(map(_decimal_of, cells))
    return "," if "," in found and "." not in found else "."


def _decimal_of(cell: str) -> str | None:
    """The only decimal sign that makes the cell a number; None if both do, or neither."""
    fit = [sign for sign in _NUMBERS if _read(cell.strip(), sign)]
    return fit[0] if len(fit) == 1 else None
