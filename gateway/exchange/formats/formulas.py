"""Escapes text that a spreadsheet would run as a formula."""

import re

_FORMULA = re.compile(
    r"'*(?:[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]|#(?:N/A|GETTING_DATA|[A-Z/0]+[!?])\Z)"
)
"""Includes full-width signs, which some spreadsheets treat like the narrow ones, and text that looks like
the error of a formula."""

_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d[\d.,\s]*([eE][+-]?\d+)?")


def escape_formula(cell: str) -> str:
    """`cell`, with an apostrophe before it if a spreadsheet would run it as a formula or if it looks
    escaped already."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unescape_formula(cell: str) -> str:
    """The original text of a cell that `escape_formula` has escaped."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell
