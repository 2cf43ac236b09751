"""Look-ups of records by their number or code."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.plans import planned
from tests.support.requests import created, order
from tests.support.served import Client, serving, statements
from tests.support.varied import SCHEMA
from tests.support.world import load_world

KEYS = {
    "salesOrderByNumber": ("number", "NW-10248", "NW-10249"),
    "customerByNumber": ("number", "ALFKI", "ANATR"),
    "itemByNumber": ("number", "1", "2"),
    "accountByNumber": ("number", "6110", "6120"),
    "currencyByCode": ("code", "USD", "CHF"),
    "paymentTermsByCode": ("code", "30D2", "14D"),
    "shipmentMethodByCode": ("code", "SPEEDY", "UNITED"),
    "unitOfMeasureByCode": ("code", "PCS", "HOUR"),
    "taxCodeByCode": ("code", "S20", "S25"),
}
"""The argument of each look-up, and two records of the demo."""


@pytest.mark.parametrize("root", KEYS)
def test_a_plan_and_the_resolver_return_the_same_record(demo: Client, root: str) -> None:
    by, key, _ = KEYS[root]
    query = f'{{ found: {root}({by}: "{key}") {{ id {by} }} }}'
    assert planned(demo, query)["found"][by] == key


@pytest.mark.parametrize("root", KEYS)
def test_a_key_without_a_record_returns_null(demo: Client, root: str) -> None:
    by, key, _ = KEYS[root]
    for missing in ("", f"{key}x", r"hidden\u0000", "é"):
        assert planned(demo, f'{{ found: {root}({by}: "{missing}") {{ id }} }}') == {"found": None}


@pytest.mark.parametrize("root", KEYS)
def test_several_keys_take_one_statement(demo: Client, root: str) -> None:
    """The missing record is looked up in the same statement."""
    by, *keys = KEYS[root]
    several = " ".join(f'k{i}: {root}({by}: "{key}") {{ {by} }}' for i, key in enumerate(keys))
    missing: Any = f'{root}({by}: "nowhere") {{ {by} }}'
    with statements() as seen:
        answer = demo.ask(f"{{ {several} none: {missing} }}")
    assert answer == {**{f"k{i}": {by: key} for i, key in enumerate(keys)}, "none": None}
    assert len(seen) == 1


IN_LETTERS = {
    "salesOrderByNumber": "SO-000001",
    "customerByNumber": "IN-YEN",
    "itemByNumber": "BOXED",
    "accountByNumber": "A-HEADING",
    "currencyByCode": "JPY",
    "paymentTermsByCode": "30D",
    "shipmentMethodByCode": "CIF",
    "unitOfMeasureByCode": "PCS",
    "taxCodeByCode": "S20",
}
"""A number or a code in the world that has letters, for each look-up."""


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    url = templates.copy("world", load_world)
    with serving(Settings(database_url=url, debug=True)) as client:
        created(client, order())
        yield client


def test_every_look_up_has_an_example() -> None:
    looked_up = {name for name in SCHEMA.query_type.fields if name.endswith(("ByNumber", "ByCode"))}
    assert KEYS.keys() == IN_LETTERS.keys() == looked_up


@pytest.mark.parametrize("root", IN_LETTERS)
def test_a_record_is_found_in_any_case_and_shown_as_it_was_written(
    world: Client, root: str
) -> None:
    by, key = KEYS[root][0], IN_LETTERS[root]
    for written in (key, key.lower(), key.title()):
        query = f'{{ found: {root}({by}: "{written}") {{ {by} }} }}'
        assert planned(world, query) == {"found": {by: key}}
