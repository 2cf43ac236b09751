"""README tells the truth."""

import pytest

from tests.readme import README, examples, with_tables
from tests.served import Client

TEXT = README.read_text()


@pytest.mark.parametrize(("operation", "answer"), examples(TEXT))
def test_an_example_gets_the_answer_that_readme_states(
    demo: Client, operation: str, answer: object
) -> None:
    assert demo.send(operation) == answer


def test_the_tables_of_codes_and_settings_are_those_of_the_code() -> None:
    assert with_tables(TEXT) == TEXT
