"""Countries by ISO 3166 code and by English name."""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

import pycountry
from babel import Locale
from babel.core import get_global

OTHER_NAMES = {
    "AE": ("UAE",),
    "CD": ("DR Congo", "Democratic Republic of the Congo"),
    "CI": ("Ivory Coast",),
    "GB": ("Great Britain", "England", "Scotland", "Wales", "Northern Ireland"),
    "IE": ("Republic of Ireland",),
    "KR": ("Republic of Korea",),
    "MK": ("Macedonia",),
    "MM": ("Burma",),
    "MO": ("Macau",),
    "NL": ("Holland",),
    "PS": ("Palestine",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "TR": ("Turkey",),
    "VA": ("Vatican",),
}
"""English names in common use that neither ISO 3166 nor CLDR lists."""


def is_country_code(text: str) -> bool:
    """Whether `text` is an alpha-2 code of ISO 3166, in any case."""
    return len(text) == 2 and pycountry.countries.get(alpha_2=text.upper()) is not None


def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of the country with this alpha-2 code, alpha-3 code or English name,
    ignoring case; None if there is none."""
    return _codes().get(_plain(text))


@cache
def _codes() -> Mapping[str, str]:
    """The alpha-2 codes by all codes and names of the country; codes take precedence."""
    pairs = [(_plain(name), code) for code, name in _names()]
    return dict(reversed(pairs))


def _names() -> Iterator[tuple[str, str]]:
    codes = [country.alpha_2 for country in pycountry.countries]
    for country in pycountry.countries:
        yield country.alpha_2, country.alpha_2
        yield country.alpha_2, country.alpha_3
    for alias, territories in get_global("territory_aliases").items():
        if len(alias) == 2 and len(territories) == 1 and territories[0] in codes:
            yield territories[0], alias
    for country in pycountry.countries:
        for kind in ("name", "common_name", "official_name"):
            if kind in country._fields:
                yield country.alpha_2, country._fields[kind]
    english = Locale("en").territories
    yield from ((code, english[code]) for code in codes if code in english)
    yield from ((code, name) for code, names in OTHER_NAMES.items() for name in names)


def _plain(text: str) -> str:
    """`text` without case, accents and punctuation."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if letter.isalnum())
