"""Suggestions for names that do not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKENESS = 0.6


def nearest_name(wrong: str, names: Iterable[str]) -> str | None:
    """The name with the spelling closest to `wrong`, ignoring capitals and separators; None if none is
    close."""
    by_letters = {_letters(name): name for name in names}
    close = get_close_matches(_letters(wrong), by_letters, n=1, cutoff=LIKENESS)
    return by_letters[close[0]] if close else None


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
