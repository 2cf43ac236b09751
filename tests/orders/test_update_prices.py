"""How patches change prices: adding tax, another currency, another customer."""

import json
import random
from collections.abc import Iterator
from decimal import Decimal

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.life_cycle import INVOICE, REOPEN, SHIP, UPDATE, change, done, problems, released
from tests.support.patches import (
    AMOUNTS,
    Shop,
    also,
    changing,
    header_of,
    lines_of,
    patched,
    refusals,
)
from tests.support.requests import Fields, code, created, execute, line, named, order
from tests.support.served import Client, serving
from tests.support.world import TAX_PERCENTS, load_world


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


RATES = [line(quantity=3, unitPrice="19.99"), line(unitPrice="12.5", taxCode=code("Z00"))]
RATES.insert(1, line(quantity=7, unitPrice="4.35", taxCode=code("R05")))
"""The lines of D1: taxed at 20, 5 and 0 %."""


def test_adding_tax_to_prices_and_removing_it_restores_the_totals(shop: Shop) -> None:
    """D9, and back."""
    lines = [line(quantity=3, unitPrice="19.99", discountPercent=10), RATES[1]]
    new = created(shop.client, order(*lines))
    result = patched(shop.client, new, {"pricesIncludeTax": True})
    assert lines_of(result, "unitPrice") == ["23.988", "4.5675"]
    assert lines_of(result, "discountAmount") == ["7.2", "0"]
    assert lines_of(result, "amountIncludingTax") == ["64.76", "31.97"]
    back = patched(shop.client, result, {"pricesIncludeTax": False})
    assert lines_of(back, "unitPrice") == ["19.99", "4.35"]
    for each in (new, result, back):
        assert header_of(each) == ["0", "84.42", "12.31", "96.73"]


def test_any_price_of_five_decimals_survives_a_change_of_tax_in_prices(shop: Shop) -> None:
    draw = random.Random(0)
    prices = [str(Decimal(draw.randint(1, 10**9)).scaleb(-5).normalize()) for _ in range(30)]
    codes = [draw.choice(list(TAX_PERCENTS)) for _ in prices]
    lines = [line(unitPrice=p, taxCode=code(c)) for p, c in zip(prices, codes, strict=True)]
    new = created(shop.client, order(*lines))
    for with_tax in (True, False):
        new = patched(shop.client, new, {"pricesIncludeTax": with_tax})
    assert list(map(Decimal, lines_of(new, "unitPrice"))) == list(map(Decimal, prices))


FIVE = [line(quantity=5), line("I0020")]
TO_30 = {"lineType": "ITEM", "lineObjectNumber": "I0030"}


@pytest.mark.parametrize(
    ("lines", "discount", "patch", "prices", "amount"),
    [
        (RATES, 10, {}, ["23.988", "4.5675", "12.5"], "11.31"),
        (FIVE, 7, {}, ["12", "24"], "8.4"),
        (FIVE, 7, {"discountAmount": 7}, ["12", "24"], "7"),
        (FIVE, 7, {"lines": {"add": [line("I0030")]}}, ["12", "24", "36"], "8.4"),
        (FIVE, 7, {"lines": {"remove": [1]}}, ["12"], "8.4"),
        (FIVE, 7, also(changing({"quantity": 6}), remove=[1]), ["12"], "8.4"),
        (FIVE, 7, changing({"unitPrice": 12}), ["12", "24"], "8.4"),
        (FIVE, 7, changing({"unitPrice": None}), ["12", "24"], "8.4"),
        (FIVE, 7, changing({"item": named("I0010")}), ["12", "24"], "8.4"),
        (FIVE, 7, changing({"taxCode": code("R05")}), ["12", "24"], "8.4"),
        (FIVE, 7, changing({"quantity": 6}), ["12", "24"], "8.4"),
        (FIVE, 7, changing({"unitPrice": 11}), ["11", "24"], "8.4"),
        (FIVE, 0, changing({"unitPrice": None}), ["12", "24"], "0"),
        (FIVE, 7, changing({"item": named("I0030")}), ["36", "24"], "8.4"),
        (FIVE, 7, changing(TO_30), ["36", "24"], "8.4"),
        (FIVE, 7, changing({**TO_30, "unitPrice": 9}), ["9", "24"], "8.4"),
        (FIVE, 7, changing({"lineType": "RESOURCE", "lineObjectNumber": "RESOURCE"}), ["60", "24"], "8.4"),
    ],
)  # fmt: skip
def test_prices_and_the_discount_are_converted_unless_the_patch_has_its_own(
    shop: Shop, lines: list[Fields], discount: int, patch: Fields, prices: list[str], amount: str
) -> None:
    """The discount is rescaled according to its shares before the patch, whatever the patch does to
    lines."""
    created = shop.order(order(*lines, discountAmount=discount))
    result = shop.tried(created, {"pricesIncludeTax": True, **patch}, selection=AMOUNTS)
    assert lines_of(result, "unitPrice") == prices
    assert result["discountAmount"] == amount


def test_the_rescaled_discount_is_rounded_once(shop: Shop) -> None:
    """Three shares of a cent are 2.5 cents without the tax of 20 %, and the half goes up."""
    lines = [line(unitPrice="1.2")] * 3
    created = shop.order(order(*lines, pricesIncludeTax=True, discountAmount="0.03"))
    result = shop.tried(created, {"pricesIncludeTax": False}, selection=AMOUNTS)
    assert result["discountAmount"] == "0.03"


def test_a_line_discount_is_derived_again_from_its_percent_when_prices_include_tax(
    shop: Shop,
) -> None:
    created = shop.order(order(line(quantity=3, unitPrice="33.33", discountAmount=10)))
    result = shop.tried(created, {"pricesIncludeTax": True}, selection=AMOUNTS)
    assert (lines_of(result, "unitPrice"), lines_of(result, "discountAmount")) == (
        ["39.996"],
        ["12"],
    )


def test_a_new_tax_code_does_not_change_a_price_with_tax(shop: Shop) -> None:
    created = shop.order(order(line(unitPrice=12), pricesIncludeTax=True))
    result = shop.tried(created, changing({"taxCode": code("R05")}))
    assert header_of(result) == ["0", "11.43", "0.57", "12"]


def test_the_percent_of_a_line_does_not_follow_its_tax_code(client: Client, world_url: str) -> None:
    new = created(client, order(line(), line("I0020")))
    percent = "(SELECT percent FROM tax_codes WHERE code = 'R05')"
    execute(world_url, f"UPDATE tax_codes SET percent = {percent} WHERE code = 'S20'")
    result = patched(client, new, also(changing({"quantity": 2}), add=[line("I0030")]))
    assert lines_of(result, "taxPercent") == ["20", "20", "5"]
    assert header_of(result) == ["0", "70", "9.5", "79.5"]


YEN: Fields = {"currency": code("JPY")}
IN_YEN = changing({"unitPrice": "100.4"}, {"unitPrice": 7})
PRICE = "PRICE_REQUIRED"


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        (YEN, [(PRICE, "lines"), (PRICE, "lines")]),
        ({**YEN, **changing({"unitPrice": 1})}, [(PRICE, "lines")]),
        ({**YEN, **changing({"unitPrice": 1}, {"quantity": 1})}, [(PRICE, "lines.update.1.unitPrice")]),
        ({**YEN, **changing({"unitPrice": None}, {"unitPrice": 1})}, [(PRICE, "lines.update.0.unitPrice")]),
        ({**YEN, **changing({"item": named("I0030")}, {"unitPrice": 1})}, [(PRICE, "lines.update.0.unitPrice")]),
        ({**YEN, **changing({"item": named("I0010")}, {"unitPrice": 1})}, [(PRICE, "lines.update.0.unitPrice")]),
        ({**YEN, **changing({**TO_30}, {"unitPrice": 1})}, [(PRICE, "lines.update.0.unitPrice")]),
        ({**YEN, **also(IN_YEN, add=[line()])}, [(PRICE, "lines.add.0.unitPrice")]),
        ({"customer": named("IN-YEN"), "lines": {"remove": [0]}}, [(PRICE, "lines")]),
    ],
)  # fmt: skip
def test_another_currency_needs_a_price_for_every_line_that_sells(
    shop: Shop, patch: Fields, expected: list[tuple[str, str]]
) -> None:
    created = shop.order(order(line(), line("I0020"), {"description": "text"}))
    assert refusals(shop.client, created, patch) == expected


@pytest.mark.parametrize("header", [YEN, {"customer": named("IN-YEN")}])
def test_in_another_currency_the_entered_prices_and_discount_apply(
    shop: Shop, header: Fields
) -> None:
    created = shop.order(order(*FIVE, {"description": "text"}, discountAmount=7))
    patch = {**header, **also(IN_YEN, add=[line(unitPrice=3)]), "discountAmount": 0}
    result = shop.tried(created, patch, selection=AMOUNTS)
    assert (result["currency"], header_of(result)) == (code("JPY"), ["0", "512", "102", "614"])
    assert lines_of(result, "id")[:3] == lines_of(created, "id")


def test_in_another_currency_the_discount_must_be_entered_again(shop: Shop) -> None:
    created = shop.order(order(line(), discountAmount=7))
    patch = {**YEN, **changing({"unitPrice": 999})}
    assert refusals(shop.client, created, patch) == [("REQUIRED", "discountAmount")]


def test_the_same_figure_in_another_currency_is_another_price(shop: Shop) -> None:
    """0.33 off are 3.3 %, which is nothing in yen; 15 % of 10 are 1.5 and become 2."""
    lines = [line(discountAmount="0.33"), line(discountPercent=15)]
    created = shop.order(order(*lines, discountAmount=5))
    patch = {**YEN, **changing(*[{"unitPrice": 10}] * 2), "discountAmount": 0}
    result = shop.tried(created, patch, selection=AMOUNTS)
    assert lines_of(result, "discountAmount") == ["0", "2"]
    assert lines_of(result, "discountPercent") == ["3.3", "15"]
    assert header_of(result) == ["0", "18", "4", "22"]


def test_an_order_back_in_the_currency_of_the_company_has_the_prices_of_its_items(
    shop: Shop,
) -> None:
    created = shop.order(order(line(unitPrice=999), **YEN))
    patch = {"currency": None, **changing({"unitPrice": None})}
    assert header_of(shop.tried(created, patch, selection=AMOUNTS)) == ["0", "10", "2", "12"]


@pytest.mark.parametrize("invoiced", [0, 1])
def test_prices_cannot_start_or_stop_including_tax_once_something_is_invoiced(
    shop: Shop, invoiced: int
) -> None:
    key, [line_id] = released(shop.client, line(quantity=2))
    done(shop.client, SHIP, key, lines=[{"id": line_id, "quantity": 1}])
    if invoiced:
        done(shop.client, INVOICE, key)
    done(shop.client, REOPEN, key)
    answer = change(shop.client, UPDATE, id=key, input={"pricesIncludeTax": True})
    expected = [("HAS_SHIPMENTS", "input.pricesIncludeTax")] if invoiced else []
    assert problems(answer) == expected


COPIED = json.loads("""{"customer": {"number": "WITH-TAX"}, "customerName": "Consumer",
  "billToCustomer": {"number": "WITH-TAX"}, "billToName": "Consumer", "shipToName": "Consumer",
  "contactId": null, "shipToContact": null, "phoneNumber": null, "email": null,
  "salesperson": null, "paymentTerms": null, "shipmentMethod": null, "partialShipping": false,
  "pricesIncludeTax": true, "currency": {"code": "EUR"}}""")
GIVEN = json.loads("""{"billToCustomer": {"number": "PAYER"}, "shipToName": "Depot",
  "shipToContact": "Bo", "phoneNumber": "123", "email": "b@example.org", "salesperson": "SP2",
  "paymentTerms": {"code": "30D"}, "shipmentMethod": {"code": "CIF"}, "partialShipping": true,
  "pricesIncludeTax": false, "currency": {"code": "EUR"}}""")


@pytest.mark.parametrize(
    ("patch", "expected", "price"),
    [
        ({}, COPIED, "6"),
        (GIVEN, COPIED | GIVEN | {"billToName": "Payer Ltd"}, "5"),
        ({"shipToName": None, "partialShipping": None}, COPIED | {"shipToName": None}, "6"),
    ],
)
def test_another_customer_supplies_missing_fields_and_lines_stay(
    shop: Shop, patch: Fields, expected: Fields, price: str
) -> None:
    own = line(quantity=2, unitPrice=5, discountPercent=10, sequence=7, description="own")
    created = shop.order(order(own, externalDocumentNumber="PO-9"))
    result = shop.tried(created, {"customer": named("WITH-TAX"), **patch})
    assert result == result | expected
    assert {city["city"] for city in (result["sellToAddress"], result["shipToAddress"])} == {None}
    stored = ("id", "sequence", "description", "quantity", "discountPercent", "item", "taxCode")
    assert [lines_of(result, field) for field in stored] == [
        lines_of(created, field) for field in stored
    ]
    assert lines_of(result, "unitPrice") == [price]
    assert header_of(result) == header_of(created)
