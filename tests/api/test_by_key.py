"""Look-ups: a record is found by the number or the code that people know it by."""

from typing import Any

import pytest

from tests.support.plans import planned
from tests.support.served import Client, statements

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
def test_a_plan_and_the_resolver_find_the_same_record(demo: Client, root: str) -> None:
    by, key, _ = KEYS[root]
    query = f'{{ found: {root}({by}: "{key}") {{ id {by} }} }}'
    assert planned(demo, query)["found"][by] == key


@pytest.mark.parametrize("root", KEYS)
def test_a_key_without_a_record_finds_null(demo: Client, root: str) -> None:
    by, key, _ = KEYS[root]
    for missing in ("", f"{key}x", r"hidden\u0000", "é"):
        assert planned(demo, f'{{ found: {root}({by}: "{missing}") {{ id }} }}') == {"found": None}


@pytest.mark.parametrize("root", KEYS)
def test_several_keys_take_one_statement(demo: Client, root: str) -> None:
    """The missing record is looked for in the same statement."""
    by, *keys = KEYS[root]
    several = " ".join(f'k{i}: {root}({by}: "{key}") {{ {by} }}' for i, key in enumerate(keys))
    missing: Any = f'{root}({by}: "nowhere") {{ {by} }}'
    with statements() as seen:
        answer = demo.ask(f"{{ {several} none: {missing} }}")
    assert answer == {**{f"k{i}": {by: key} for i, key in enumerate(keys)}, "none": None}
    assert len(seen) == 1
