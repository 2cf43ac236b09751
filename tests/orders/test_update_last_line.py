"""The discount amount of an order when its lines are removed (RULES.md 2.9)."""

from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.patch_examples import TEN
from tests.support.patches import AMOUNTS, Shop, header_of, lines_of, patch_answer, refusals
from tests.support.requests import Fields, code, created, line, order
from tests.support.served import serving
from tests.support.world import load_world


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


def test_a_discount_amount_survives_the_last_line_and_is_shared_by_new_ones(
    shop: Shop,
) -> None:
    new = created(shop.client, order(line(), line("I0020"), discountAmount=25))
    bare = patch_answer(shop.client, new, {"lines": {"remove": [0, 1]}}, selection=AMOUNTS)
    assert bare["userErrors"] == []
    assert header_of(bare["salesOrder"]) == ["25", "0", "0", "0"]
    other = patch_answer(shop.client, new | {"lines": []}, {"shipToName": "x"}, selection=AMOUNTS)
    assert other["salesOrder"] == bare["salesOrder"]
    left = other["salesOrder"]
    result = shop.tried(left, {"lines": {"add": [TEN, TEN]}}, selection=AMOUNTS)
    assert lines_of(result, "invoiceDiscountAllocation") == ["12.5", "12.5"]
    assert header_of(result)[0] == "25"
    cleared = shop.tried(left, {"discountAmount": None}, selection=AMOUNTS)
    assert header_of(cleared) == ["0"] * 4
    yen = {"currency": code("JPY"), "discountPercent": 10}
    assert header_of(shop.tried(left, yen, selection=AMOUNTS)) == ["0"] * 4


@pytest.mark.parametrize(
    "patch",
    [
        {"lines": {"remove": [0, 1]}, "discountAmount": 25},
        {"lines": {"remove": [0]}},
        {"lines": {"remove": [0, 1], "add": [{"description": "text"}]}},
    ],
)
def test_a_discount_amount_must_not_exceed_the_lines_that_share_it(
    shop: Shop, patch: Fields
) -> None:
    """The remaining line takes no discount, or is a comment."""
    created = shop.order(order(line("I0020", quantity=2), line("NO-DISCOUNT"), discountAmount=25))
    assert refusals(shop.client, created, patch) == [("OUT_OF_RANGE", "discountAmount")]
