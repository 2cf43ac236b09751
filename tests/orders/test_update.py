"""updateSalesOrder over HTTP: what a patch of an order and its lines changes, and what it does not."""

from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.patch_examples import (
    DERIVED,
    FOR_PAYER_PAID_BY_C1,
    HEADERS,
    LINES,
    NEW_ITEM,
    OWN,
    WHOLE,
    YORK,
)
from tests.support.patches import Shop, changing, patched
from tests.support.requests import (
    Fields,
    code,
    created,
    line,
    named,
    order,
    sold,
)
from tests.support.served import serving
from tests.support.world import load_world


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


@pytest.mark.parametrize(("patch", "expected"), HEADERS)
def test_a_header_field_in_a_patch_is_replaced_null_clears_and_others_stay(
    shop: Shop, patch: Fields, expected: Fields
) -> None:
    created = shop.order(order(line(), **WHOLE))
    result = shop.tried(created, patch)
    volatile = {name: result[name] for name in ("etag", "lastModifiedDateTime")}
    assert result == created | expected | volatile


def test_a_new_customer_does_not_change_the_fields_of_the_payer(shop: Shop) -> None:
    created = shop.order(order(line(), **WHOLE))
    patch = {"customer": named("PAYER"), "billToCustomer": named("C1")}
    result = shop.tried(created, patch)
    volatile = {name: result[name] for name in ("etag", "lastModifiedDateTime", "lines")}
    assert result == created | FOR_PAYER_PAID_BY_C1 | volatile


@pytest.mark.parametrize(("patch", "expected"), LINES)
def test_a_line_field_in_a_patch_is_replaced_and_the_others_stay(
    shop: Shop, patch: Fields, expected: Fields
) -> None:
    """A different object brings its own values; a different type on its own leaves the line without an
    object."""
    created = shop.order(order(OWN, **WHOLE))
    [result] = shop.tried(created, changing(patch))["lines"]
    assert {**result, **DERIVED} == {**created["lines"][0], **expected, **DERIVED}


def test_null_clears_the_unit_of_a_line_without_an_item(shop: Shop) -> None:
    created = shop.order(order({**sold("RESOURCE"), "unitOfMeasure": code("HOUR")}))
    [result] = shop.tried(created, changing({"unitOfMeasure": None}))["lines"]
    assert (created["lines"][0]["unitOfMeasure"], result["unitOfMeasure"]) == (code("HOUR"), None)


def test_repeating_the_payer_does_not_change_the_bill_to_address(shop: Shop) -> None:
    new = created(shop.client, order(line(), billToCustomer=named("PAYER")))
    moved = patched(shop.client, new, {"customer": named("PAYER")})
    moved = patched(shop.client, moved, {"sellToAddress": YORK})
    assert moved["billToAddress"] == YORK
    assert shop.tried(moved, {"billToCustomer": named("PAYER")}) == moved


def test_an_object_turns_a_comment_into_a_line_that_sells(shop: Shop) -> None:
    day = {"requestedDeliveryDate": "2026-05-31"}
    new = created(shop.client, order({"description": "text"}, **day))
    patch = changing({"item": named("I0020"), "quantity": 3})
    [result] = patched(shop.client, new, patch)["lines"]
    expected = {**NEW_ITEM, "quantity": "3", "shipQuantity": "3", "netAmountIncludingTax": "72"}
    assert result == result | expected | {"shipmentDate": "2026-05-31", "sequence": 10000}


@pytest.mark.parametrize(
    ("sells", "price"),
    [
        *((sold(kind), "50") for kind in ("RESOURCE", "FIXED_ASSET", "CHARGE")),
        (sold("ACCOUNT", "6110"), "0"),
    ],
)
def test_a_line_that_sells_no_item_is_patched_like_one_that_does(
    shop: Shop, sells: Fields, price: str
) -> None:
    created = shop.order(order({**sells, "unitPrice": 7}))
    patch = {"quantity": 3, "unitPrice": None, "taxCode": code("R05")}
    [result] = shop.tried(created, changing(patch))["lines"]
    expected = {"quantity": "3", "unitPrice": price, "taxPercent": "5"}
    assert result == result | expected
    stored = ("lineType", "lineObject", "account", "lineObjectNumber", "description")
    assert [result[name] for name in stored] == [created["lines"][0][name] for name in stored]
