"""README tells the truth."""

from gateway.exchange.demo import load_demo
from gateway.settings import Settings
from tests.conftest import Templates
from tests.readme import README, answer, examples, with_consoles, with_tables
from tests.served import serving

TEXT = README.read_text()


def test_the_examples_get_the_answers_that_readme_states(templates: Templates) -> None:
    with serving(Settings(database_url=templates.copy("demo", load_demo))) as client:
        for operation, stated in examples(TEXT):
            assert answer(client, operation) == stated


def test_the_tables_of_codes_and_settings_are_those_of_the_code() -> None:
    assert with_tables(TEXT) == TEXT


def test_the_commands_print_what_readme_states() -> None:
    """But for the seconds that they take."""
    assert with_consoles(TEXT) == TEXT
