"""Text that a spreadsheet would run as a formula, made harmless and back."""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""Also as full-width signs, which some spreadsheets take for the narrow ones."""

_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d[\d.,\s]*([eE][+-]?\d+)?")


def defused(cell: str) -> str:
    """`cell` with an apostrophe before it if a spreadsheet would take it for a formula, or if it
    looks as if that had been done to it."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def restored(cell: str) -> str:
    """The text that `defused` has made harmless."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell
