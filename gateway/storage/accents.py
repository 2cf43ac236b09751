"""Text without accents, for searches."""

import unicodedata


def fold_accents(text: str | None) -> str | None:
    """Text without accents and without differences in case. On PostgreSQL, the migrations create a
    function of the same name."""
    if text is None:
        return None
    return "".join(
        letter for letter in without_compatibility(text) if not is_mark(letter)
    ).casefold()


def without_compatibility(text: str) -> str:
    """Text with accents separated from their letters, and without variants such as ligatures."""
    return unicodedata.normalize("NFKD", text)


def is_mark(letter: str) -> bool:
    """Whether the character only modifies the one before it, as an accent does."""
    return unicodedata.category(letter).startswith("M")
