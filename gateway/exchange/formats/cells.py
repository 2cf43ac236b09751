"""Parses the text of cells: numbers, dates, and yes or no, as people and Dynamics write them."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

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
YEAR_LAST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_NUMBER = re.compile(r"([2-9]\d{4})(?:\.\d{1,15})?")
"""A date as spreadsheets store it: the days since day zero, here from 1954 to 2177. Fractions are the time."""

DAY_ZERO = dt.date(1899, 12, 30)
"""That of most workbooks."""


def _number(decimal: str, grouping: str) -> re.Pattern[str]:
    """A number with this decimal sign, whose thousands may be grouped, all by the same sign."""
    grouped = rf"[1-9]\d{{0,2}}(?P<group>[{grouping}{_BLANKS}{_APOSTROPHES}])\d{{3}}(?:(?P=group)\d{{3}})*"
    return re.compile(
        rf"[+-]?(?:(?:{grouped}|\d+)(?:[{decimal}]\d*)?|[{decimal}]\d+)(?:[eE][+-]?\d{{1,3}})?"
    )


NUMBER_PATTERNS = {".": _number(".", ","), ",": _number(",", ".")}
"""By the decimal sign."""

MOST_DECIMALS = 5
"""Decimals of the numbers that the gateway stores."""

SIGNIFICANT, ROUND = Context(prec=15), 12
"""The decimal digits that a binary float preserves, and those of a number that people write."""

_WORDS = {
    "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False,
}  # fmt: skip


SPREADSHEET_ERRORS = {
    "#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#GETTING_DATA", "#SPILL!",
    "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#PYTHON!", "#EXTERNAL!",
}  # fmt: skip
"""The cells that a spreadsheet shows where a formula failed."""


class Unreadable(ValueError):
    """The text of a cell does not fit its column; `suggestion` is an example of one that does."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.suggestion = suggestion


class TypedNumber(str):
    """A cell of a workbook that is text with a point that may group thousands. Numbers look the same."""

    __slots__ = ()


@dataclass(frozen=True)
class Locale:
    """The format of dates in a file (the order of day, month and year if the year does not come first)
    and of numbers, and whether thousands may be grouped."""

    dates: str = "MDY"
    decimal: str = "."
    has_groups: bool = True
    day_zero: dt.date | None = None
    """The day from which the file, a workbook, may count its dates."""

    def stored(self) -> dict[str, str | None]:
        day_zero = None if self.day_zero is None else self.day_zero.isoformat()
        return {"dates": self.dates, "decimal": self.decimal, "dayZero": day_zero}

    @staticmethod
    def read(stored: Mapping[str, Any]) -> "Locale":
        day_zero = stored.get("dayZero")
        day = None if day_zero is None else dt.date.fromisoformat(day_zero)
        return Locale(stored["dates"], stored["decimal"], day_zero=day)

    def sign_of(self, number: str) -> str:
        """The decimal sign of a number. In a workbook only text has a decimal comma."""
        is_comma_possible = self.day_zero is None or "," in number
        return self.decimal if is_comma_possible else "."

    def __str__(self) -> str:
        return f"dates {self.dates}, decimal {self.decimal}"


def parse_number(text: str, locale: Locale) -> Decimal:
    """A minus may follow the number, as in SAP. Raises Unreadable."""
    plain = text.strip()
    if plain.endswith("-") and plain[0] not in "+-":
        plain = f"-{plain[:-1].rstrip()}"
    sign = locale.sign_of(plain)
    pattern = NUMBER_PATTERNS[sign]
    match = pattern.fullmatch(plain) if len(plain) <= LONGEST_NUMBER else None
    if match is None or (match["group"] and not locale.has_groups):
        raise Unreadable("This is not a number.", "1234.5")
    if match["group"]:
        plain = plain.replace(match["group"], "")
    return _without_noise(Decimal(plain.replace(sign, ".")))


def with_point(text: str) -> str:
    """A number with a decimal comma, perhaps a percentage, written with a point; other text as it is."""
    number = text.strip().removesuffix("%")
    try:
        value = parse_number(number, Locale(decimal=","))
    except Unreadable:
        return text
    return f"{value:f}%" if text.strip().endswith("%") else f"{value:f}"


def parse_percent(text: str, locale: Locale) -> Decimal:
    """A number that a percent sign may follow. Raises Unreadable."""
    return parse_number(text.strip().removesuffix("%"), locale)


def _without_noise(value: Decimal) -> Decimal:
    """The number that a binary float stands for, such as 59.97 for 59.970000000000006."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -MOST_DECIMALS:
        return value
    if len(value.as_tuple().digits) <= SIGNIFICANT.prec:
        return value
    short = SIGNIFICANT.plus(value).normalize()
    return short if len(short.as_tuple().digits) <= ROUND else value


def parse_whole_number(text: str, locale: Locale) -> int:
    """Raises Unreadable."""
    value = parse_number(text, locale)
    if abs(value) > 2**53 or value != value.to_integral_value():
        raise Unreadable("This is not a whole number.", "10000")
    return int(value)


def parse_date(text: str, locale: Locale) -> dt.date | None:
    """The day without its time; None for BLANK_DATES. Raises Unreadable."""
    parts = date_parts(text)
    if parts is None:
        return _numbered_day(text, locale)
    first, middle, last = parts
    if not YEAR_LAST.match(text.strip()):
        year, month, day = first, middle, last
    elif locale.dates == "DMY":
        year, month, day = last, middle, first
    elif locale.dates == "MDY":
        year, month, day = last, first, middle
    else:
        raise Unreadable("This date does not begin with its year.", "2026-01-31")
    try:
        day_of_year = dt.date(year, month, day)
    except ValueError:
        raise Unreadable("This day does not exist.", "2026-01-31") from None
    return None if day_of_year in BLANK_DATES else day_of_year


def _numbered_day(text: str, locale: Locale) -> dt.date:
    """The day with this number, which only a workbook states as such. Raises Unreadable."""
    match = _DAY_NUMBER.fullmatch(text.strip())
    if match is None:
        raise Unreadable("This is not a date.", "2026-01-31")
    day = (locale.day_zero or DAY_ZERO) + dt.timedelta(days=int(match[1]))
    if locale.day_zero is None:
        raise Unreadable("This is not a date, but perhaps the number of a day.", day.isoformat())
    return day


def date_parts(text: str) -> tuple[int, int, int] | None:
    """The three numbers of a date in the order of the text; None if it is not a date. Raises Unreadable
    for a year of two digits."""
    plain = text.strip()
    match = _DATE.fullmatch(plain) or _COMPACT.fullmatch(plain)
    if match is None:
        return None
    parts = match.groups()[:3]
    if all(len(part) <= 2 for part in parts):
        raise Unreadable("The year has two digits: write all four.", "2026-01-31")
    first, middle, last = map(int, parts)
    is_date = len(parts[0]) == 4 or YEAR_LAST.match(plain)
    return (first, middle, last) if is_date else None


def parse_yes_no(text: str) -> bool:
    """Raises Unreadable."""
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise Unreadable("This is neither yes nor no.", "Yes") from None
