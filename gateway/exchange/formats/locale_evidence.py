"""The evidence in cells for the order of day and month and for the decimal sign."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.exchange.formats.cells import (
    NUMBER_PATTERNS,
    YEAR_LAST,
    Locale,
    Unreadable,
    date_parts,
    parse_number,
)

UNCLEAR = "?"
"""A cell that can be read in two ways, with different results."""

Cell = tuple[str, int, str]
"""The heading, row and text of a cell."""


@dataclass
class CellEvidence:
    """For each possible reading, the first cell that allows no other; and the first cell that allows
    several."""

    classify: Callable[[str], str | None]
    first: dict[str, Cell] = field(default_factory=dict)
    with_comma: Cell | None = None
    """The first cell that contains a comma."""

    def add(self, heading: str, row: int, text: str) -> None:
        reading = self.classify(text)
        if reading is not None and reading not in self.first:
            self.first[reading] = (heading, row, text)
        if self.with_comma is None and "," in text:
            self.with_comma = (heading, row, text)

    @property
    def unclear(self) -> Cell | None:
        return self.first.get(UNCLEAR)

    @property
    def readings(self) -> set[str]:
        return self.first.keys() - {UNCLEAR}


def date_evidence() -> CellEvidence:
    return CellEvidence(date_order_of)


def number_evidence() -> CellEvidence:
    return CellEvidence(decimal_sign_of)


@lru_cache(maxsize=10_000)
def date_order_of(text: str) -> str | None:
    """The only order that makes the text a date; None if the order does not matter. Dots only separate
    day, month and year."""
    try:
        parts = date_parts(text)
    except Unreadable:
        return None
    if parts is None or not YEAR_LAST.match(text.strip()):
        return None
    first, middle, _ = parts
    if first > 12:
        return "DMY"
    if middle > 12:
        return "MDY"
    if first == middle:
        return None
    return "DMY" if "." in text[:3] else UNCLEAR


@lru_cache(maxsize=10_000)
def decimal_sign_of(text: str) -> str | None:
    """The only decimal sign that makes the text a number; None if both signs give the same number, or
    neither does."""
    if text.isdigit():
        return None
    plain = text.strip().removesuffix("%")
    values = {sign: _number(plain, sign) for sign in NUMBER_PATTERNS}
    fitting = [sign for sign, value in values.items() if value is not None]
    if len(fitting) == 1:
        return fitting[0]
    return UNCLEAR if len(set(values.values())) > 1 else None


def _number(text: str, sign: str) -> object:
    try:
        return parse_number(text, Locale(decimal=sign))
    except Unreadable:
        return None
