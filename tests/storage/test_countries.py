"""Countries by their ISO 3166 codes and their English names."""

import pytest

from gateway.storage.countries import country_code, is_country_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("uk", "GB"),
        ("GBR", "GB"),
        ("United States of America", "US"),
        ("South Korea", "KR"),
        ("Cote d'Ivoire", "CI"),
        ("C\u00f4te d\u2019Ivoire", "CI"),
        ("Bolivia", "BO"),
        ("TÜRKIYE", "TR"),
        ("Turkey", "TR"),
        ("ivory coast", "CI"),
        ("England", "GB"),
        ("ß", None),
        ("EU", None),
        ("ZZ", None),
        ("001", None),
        ("", None),
        ("Elbonia", None),
    ],
)
def test_a_country_is_recognised_by_its_codes_and_its_english_name(
    text: str, code: str | None
) -> None:
    assert country_code(text) == code


def test_only_alpha_2_codes_are_codes() -> None:
    texts = ("DE", "de", "DEU", "uk", "EU", "", "D")
    assert [text for text in texts if is_country_code(text)] == ["DE", "de"]
