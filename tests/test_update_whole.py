"""updateSalesOrder over HTTP: one patch is one call, whole or not at all, and cheap at any size."""

import json
import random
from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.conftest import Templates
from tests.requests import READ, Fields, code, created, dump, line, named, order, shuffled, sold
from tests.served import Client, serving, statements
from tests.test_update import HEADERS, LEEDS, LINES, OWN, WHOLE, Shop, answered, changing, patched
from tests.world import load_world


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


def test_what_a_patch_answers_is_what_is_read_afterwards(shop: Shop) -> None:
    made = created(shop.client, order(OWN, {"description": "text"}, **WHOLE))
    for patch in [*(patch for patch, _ in HEADERS), *(changing(patch) for patch, _ in LINES)][::8]:
        found = patched(shop.client, made, patch)
        assert shop.client.ask(READ, id=made["id"])["salesOrder"] == found, patch


def test_header_and_lines_are_changed_added_and_removed_in_one_call(shop: Shop) -> None:
    made = created(
        shop.client, order(line(), line("I0020"), line("I0030"), {"description": "text"})
    )
    lines = {"remove": [1], "add": [line("I0040", sequence=20000), sold("CHARGE")]}
    lines["update"] = [{"id": 0, "quantity": 2}, {"id": 3, "description": "new"}]
    found = patched(
        shop.client, made, {"salesperson": "SP9", "lines": lines, "currency": code("EUR")}
    )
    shown = [(o["sequence"], o["lineObjectNumber"], o["netAmount"]) for o in found["lines"]]
    assert shown == [
        (10000, "I0010", "20"),
        (20000, "I0040", "40"),
        (30000, "I0030", "30"),
        (40000, None, "0"),
        (50000, "CHARGE", "50"),
    ]
    kept = [found["lines"][place]["id"] for place in (0, 2, 3)]
    assert kept == [made["lines"][place]["id"] for place in (0, 2, 3)]
    assert (found["lines"][3]["description"], found["salesperson"]) == ("new", "SP9")
    assert found["totalAmountIncludingTax"] == "168"


SAME_HEADER = """{"customer": {"number": "C1"}, "billToCustomer": {"number": "C1"},
  "currency": {"code": "EUR"}, "pricesIncludeTax": false, "paymentTerms": {"code": "30D"},
  "shipmentMethod": {"code": "CIF"}, "discountAmount": "7.5", "discountPercent": null}"""
NOTHING_NEW: list[Fields] = [
    *({}, {"lines": None}, {"lines": {}}, {"lines": {"add": None, "update": [], "remove": None}}),
    {**WHOLE, **json.loads(SAME_HEADER)},
    {"sellToAddress": LEEDS, "shipToAddress": {"city": " Leeds"}},
    changing({"quantity": "10000.0"}),
    changing({"unitPrice": "28.68000"}),
    changing({"discountAmount": "270100"}),
    changing({"item": named("TIMED")}),
    changing({"taxCode": code("R05")}),
    changing({"unitOfMeasure": code("HOUR"), "shipmentDate": "2026-06-01", "description": "own"}),
    changing({"shipQuantity": 2, "invoiceQuantity": 1}),
]


@pytest.mark.parametrize("patch", NOTHING_NEW)
def test_a_patch_that_says_what_the_order_says_changes_nothing_not_even_the_etag(
    shop: Shop, patch: Fields
) -> None:
    """The line has a discount of 270100, which no percent of five decimals gives exactly (S3)."""
    large = {**OWN, "quantity": 10000, "unitPrice": "28.68", "discountAmount": 270100}
    header = {**WHOLE, "discountAmount": "7.5"}
    del large["discountPercent"], header["discountPercent"]
    made = shop.order(order(large, **header))
    assert shop.tried(made, patch) == made


def test_the_etags_of_the_order_and_of_the_changed_line_move(shop: Shop) -> None:
    made = created(shop.client, order(line(), line("I0020")))
    found = patched(shop.client, made, changing({"description": "new"}))
    assert found["etag"] != made["etag"]
    assert found["lastModifiedDateTime"] > made["lastModifiedDateTime"]
    moved = [
        one["etag"] != old["etag"] for one, old in zip(found["lines"], made["lines"], strict=True)
    ]
    assert moved == [True, False]
    [stale] = answered(shop.client, made, {"email": None}, ifMatch=made["etag"])["userErrors"]
    assert (stale["code"], stale["suggestions"]) == ("STALE", [found["etag"]])
    assert answered(shop.client, made, {"email": None}, ifMatch=found["etag"])["userErrors"] == []


DEEP = {"customer": named("WITH-TAX"), "pricesIncludeTax": False, "sellToAddress": {"city": "York"}}
DEEP |= {"billToCustomer": named("PAYER"), "currency": code("EUR"), "discountAmount": 3}
DEEP |= {"salesperson": None, "shipToAddress": {"city": "Hull"}, "orderDate": "2026-01-01"}
DEEP["lines"] = {
    "update": [{"id": 0, "item": named("I0020"), "quantity": 2, "unitPrice": 3, "taxCode": None}],
    "add": [line("TIMED", discountPercent=5, unitOfMeasure=code("HOUR"), quantity=4)],
    "remove": [1],
}
VOLATILE = dict.fromkeys(("id", "etag", "lastModifiedDateTime"))


def still(found: Fields) -> Fields:
    """An order without what differs from one run to the next."""
    return {**found, **VOLATILE, "lines": [{**one, **VOLATILE} for one in found["lines"]]}


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_fields_of_a_patch_makes_no_difference(shop: Shop, seed: int) -> None:
    made = shop.order(order(line(), line("I0020"), discountPercent=10))
    first = shop.tried(made, DEEP)
    assert still(first) == still(shop.tried(made, shuffled(DEEP, random.Random(seed))))


def test_a_dry_run_answers_like_the_real_one_and_keeps_nothing(
    client: Client, world_url: str
) -> None:
    made = created(client, order(line(), line("I0020"), discountPercent=10))
    before = dump(world_url)
    tried = answered(client, made, DEEP, dryRun=True)
    assert tried["userErrors"] == []
    assert dump(world_url) == before
    assert still(tried["salesOrder"]) == still(patched(client, made, DEEP))


def test_comments_may_be_added_changed_and_removed_while_an_order_is_released(shop: Shop) -> None:
    made = created(shop.client, order(line(), {"description": "one"}, {"description": "two"}))
    shop.client.ask(
        f'mutation {{ releaseSalesOrder(id: "{made["id"]}") {{ userErrors {{ code }} }} }}'
    )
    lines = {"add": [{"description": "three"}], "update": [{"id": 1, "description": "ONE"}]}
    found = patched(shop.client, made, {"lines": lines})
    assert [one["description"] for one in found["lines"]] == ["Item I0010", "ONE", "two", "three"]
    gone = {"lines": {"remove": [found["lines"][place]["id"].upper() for place in (1, 2)]}}
    left = answered(shop.client, made, gone)
    assert left["userErrors"] == []
    assert [one["description"] for one in left["salesOrder"]["lines"]] == ["Item I0010", "three"]


MAKE = """mutation ($input: CreateSalesOrderInput!) {
  createSalesOrder(input: $input) { salesOrder { id lines { id } } } }"""


@pytest.mark.parametrize("size", [10, 500])
def test_a_patch_takes_14_statements_whatever_its_number_of_lines(
    client: Client, size: int
) -> None:
    """The lines differ in what the patch changes of them: here the quantity, there a cent of tax."""
    lines = [line(f"I{n:04}", taxCode=code("R07")) for n in range(1, size + 1)]
    made = client.ask(MAKE, input=order(*lines))["createSalesOrder"]["salesOrder"]
    update = [{"id": place, "quantity": place % 3 + 1} for place in range(1, size, 2)]
    patch = {"discountAmount": "5.55", "salesperson": None}
    patch["lines"] = {"remove": [0], "update": update, "add": lines[: size // 2]}
    with statements() as seen:
        found = patched(client, made, patch, selection="lines { sequence }")
    assert len(found["lines"]) == size - 1 + size // 2
    assert len(seen) == 14
