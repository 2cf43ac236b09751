"""README tells the truth."""

from collections.abc import Iterator
from typing import Any

from gateway.demo.northwind import load_demo
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.readme import README, answer, examples, with_consoles, with_tables
from tests.support.served import serving

TEXT = README.read_text()


def test_the_examples_get_the_answers_that_readme_states(templates: Templates) -> None:
    with serving(Settings(database_url=templates.copy("demo", load_demo))) as client:
        for operation, stated in examples(TEXT):
            assert answer(client, operation) == stated


def empty_parts(value: Any, name: str = "") -> Iterator[str]:
    """Where an answer shows nothing: lists of nodes without any, counts of 0."""
    if value in ([], 0) and name in ("nodes", "totalCount"):
        yield name
    for key, part in value.items() if isinstance(value, dict) else ():
        yield from empty_parts(part, key)
    for part in value if isinstance(value, list) else ():
        yield from empty_parts(part)


def test_no_example_shows_nothing() -> None:
    for operation, stated in examples(TEXT):
        assert None not in stated["data"].values(), operation
        assert list(empty_parts(stated["data"])) == [], operation


def test_the_tables_of_codes_and_settings_are_those_of_the_code() -> None:
    assert with_tables(TEXT) == TEXT


def test_the_commands_print_what_readme_states() -> None:
    """But for the seconds that they take."""
    assert with_consoles(TEXT) == TEXT
