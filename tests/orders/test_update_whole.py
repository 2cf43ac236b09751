"""updateSalesOrder over HTTP: a patch is one call, all or nothing, and cheap at any size."""

import json
import random
from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.patch_examples import HEADERS, LEEDS, LINES, OWN, WHOLE
from tests.support.patches import UPDATE, Shop, changing, patch_answer, patched
from tests.support.requests import (
    READ,
    Fields,
    code,
    codes_and_paths,
    created,
    dump,
    line,
    named,
    order,
    shuffled,
    sold,
)
from tests.support.served import Client, serving, statements
from tests.support.world import load_world


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


def test_the_answer_to_a_patch_is_what_is_read_afterwards(shop: Shop) -> None:
    new = created(shop.client, order(OWN, {"description": "text"}, **WHOLE))
    headers = [patch for patch, _ in HEADERS[::8]]
    for patch in [*headers, *(changing(patch) for patch, _ in LINES[6::8])]:
        result = patched(shop.client, new, patch)
        assert shop.client.ask(READ, id=new["id"])["salesOrder"] == result, patch


def test_header_and_lines_are_changed_added_and_removed_in_one_call(shop: Shop) -> None:
    new = created(shop.client, order(line(), line("I0020"), line("I0030"), {"description": "text"}))
    lines = {"remove": [1], "add": [line("I0040", sequence=20000), sold("CHARGE")]}
    lines["update"] = [{"id": 0, "quantity": 2}, {"id": 3, "description": "new"}]
    result = patched(
        shop.client, new, {"salesperson": "SP9", "lines": lines, "currency": code("EUR")}
    )
    shown = [(o["sequence"], o["lineObjectNumber"], o["netAmount"]) for o in result["lines"]]
    assert shown == [
        (10000, "I0010", "20"),
        (20000, "I0040", "40"),
        (30000, "I0030", "30"),
        (40000, None, "0"),
        (50000, "CHARGE", "50"),
    ]
    stored = [result["lines"][place]["id"] for place in (0, 2, 3)]
    assert stored == [new["lines"][place]["id"] for place in (0, 2, 3)]
    assert (result["lines"][3]["description"], result["salesperson"]) == ("new", "SP9")
    assert result["totalAmountIncludingTax"] == "168"


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
    changing({"discountPercent": "94.17713"}),
    changing({"discountPercent": "94.17713", "discountAmount": "270100", "quantity": 10000}),
    changing({"item": named("TIMED")}),
    changing({"lineType": "ITEM", "lineObjectNumber": "TIMED"}),
    changing({"taxCode": code("R05")}),
    changing({"unitOfMeasure": code("HOUR"), "shipmentDate": "2026-06-01", "description": "own"}),
    changing({"shipQuantity": 2, "invoiceQuantity": 1}),
]


@pytest.mark.parametrize("patch", NOTHING_NEW)
def test_a_patch_with_the_stored_values_changes_nothing_not_even_the_etag(
    shop: Shop, patch: Fields
) -> None:
    """The line has a discount of 270100, which no percent of five decimals gives exactly (S3)."""
    large = {**OWN, "quantity": 10000, "unitPrice": "28.68", "discountAmount": 270100}
    header = {**WHOLE, "discountAmount": "7.5"}
    del large["discountPercent"], header["discountPercent"]
    created = shop.order(order(large, **header))
    assert shop.tried(created, patch) == created


def test_the_etags_of_the_order_and_of_the_changed_line_change(shop: Shop) -> None:
    new = created(shop.client, order(line(), line("I0020")))
    result = patched(shop.client, new, changing({"description": "new"}))
    assert result["etag"] != new["etag"]
    assert result["lastModifiedDateTime"] > new["lastModifiedDateTime"]
    moved = [
        one["etag"] != old["etag"] for one, old in zip(result["lines"], new["lines"], strict=True)
    ]
    assert moved == [True, False]
    [stale] = patch_answer(shop.client, new, {"email": None}, ifMatch=new["etag"])["userErrors"]
    assert (stale["code"], stale["suggestions"]) == ("STALE", [result["etag"]])
    assert (
        patch_answer(shop.client, new, {"email": None}, ifMatch=result["etag"])["userErrors"] == []
    )


DEEP = {"customer": named("WITH-TAX"), "pricesIncludeTax": False, "sellToAddress": {"city": "York"}}
DEEP |= {"billToCustomer": named("PAYER"), "currency": code("EUR"), "discountAmount": 3}
DEEP |= {"salesperson": None, "shipToAddress": {"city": "Hull"}, "orderDate": "2026-01-01"}
DEEP["lines"] = {
    "update": [{"id": 0, "item": named("I0020"), "quantity": 2, "unitPrice": 3, "taxCode": None}],
    "add": [line("TIMED", discountPercent=5, unitOfMeasure=code("HOUR"), quantity=4)],
    "remove": [1],
}
VOLATILE = dict.fromkeys(("id", "etag", "lastModifiedDateTime"))


def without_volatile(result: Fields) -> Fields:
    """An order without the fields that differ between runs."""
    return {**result, **VOLATILE, "lines": [{**one, **VOLATILE} for one in result["lines"]]}


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_fields_of_a_patch_makes_no_difference(shop: Shop, seed: int) -> None:
    created = shop.order(order(line(), line("I0020"), discountPercent=10))
    first = shop.tried(created, DEEP)
    assert without_volatile(first) == without_volatile(
        shop.tried(created, shuffled(DEEP, random.Random(seed)))
    )


def test_a_dry_run_answers_like_the_real_run_and_stores_nothing(
    client: Client, world_url: str
) -> None:
    new = created(client, order(line(), line("I0020"), discountPercent=10))
    before = dump(world_url)
    tried = patch_answer(client, new, DEEP, dryRun=True)
    assert tried["userErrors"] == []
    assert dump(world_url) == before
    assert without_volatile(tried["salesOrder"]) == without_volatile(patched(client, new, DEEP))


BAD: list[Fields] = [
    {"add": [line(), line("NOPE")]},
    {"update": [{"id": 0, "quantity": 3}, {"id": 2, "discountPercent": 101}]},
    {"remove": [1, "00000000-0000-4000-8000-000000000000"]},
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: next(iter(bad)))
def test_one_refused_line_leaves_everything_unchanged(
    client: Client, world_url: str, bad: Fields
) -> None:
    new = created(client, order(line(), line("I0020"), line("I0030"), discountAmount=6))
    before = dump(world_url)
    good = {"add": [line("I0040")], "update": [{"id": 0, "quantity": 2}], "remove": [1]}
    patch = {"salesperson": "SP9", "discountPercent": 5, "lines": {**good, **bad}}
    assert len(patch_answer(client, new, patch)["userErrors"]) == 1
    assert dump(world_url) == before
    patched(client, new, {**patch, "lines": good})


MISTAKEN = json.loads("""{"customer": null, "billToCustomer": {"number": "NOPE"},
  "currency": {"code": "EURO"}, "orderDate": "0001-01-01", "phoneNumber": "call", "email": "at",
  "discountPercent": 101, "sellToAddress": {"city": "\\u0000"},
  "shipToAddress": {"city": "\\u0000"}, "lines": {
    "add": [{"item": {"number": "NOPE"}, "quantity": "0.000001", "taxCode": {"code": "NOPE"}},
      {"description": "text", "unitPrice": 1}, {"lineObjectNumber": "I0020"}],
    "update": [{"id": 0, "unitPrice": "99999999999999", "shipmentDate": "0001-01-01"},
      {"id": 1, "item": {"number": "I0020"}, "account": {"number": "6110"}},
      {"id": 1, "quantity": 1}],
    "remove": [0, "nothing"]}}""")
MISTAKES = """REQUIRED customer; NOT_FOUND billToCustomer.number; NOT_FOUND currency.code;
  OUT_OF_RANGE orderDate; INVALID phoneNumber; INVALID email; OUT_OF_RANGE discountPercent;
  INVALID sellToAddress.city; INVALID shipToAddress.city; NOT_FOUND lines.add.0.item.number;
  OUT_OF_RANGE lines.add.0.quantity; NOT_FOUND lines.add.0.taxCode.code;
  CONFLICTING lines.add.1.unitPrice; REQUIRED lines.add.2.lineType;
  OUT_OF_RANGE lines.update.0.unitPrice; OUT_OF_RANGE lines.update.0.shipmentDate;
  CONFLICTING lines.update.1.account; DUPLICATE lines.update.2.id; CONFLICTING lines.remove.0;
  NOT_FOUND lines.remove.1"""


def test_all_mistakes_of_a_patch_are_reported_at_once(shop: Shop) -> None:
    created = shop.order(order(line(), line("I0020")))
    result = [
        f"{rule} {path}"
        for rule, path in codes_and_paths(
            patch_answer(shop.client, created, MISTAKEN)["userErrors"]
        )
    ]
    assert sorted(result) == sorted(one.strip() for one in MISTAKES.split(";"))


FIXED = {"sequence": 5, "salesOrder": {"number": "SO-000001"}, "shippedQuantity": 1}
FIXED |= {"invoicedQuantity": 1, "netAmount": 1, "taxPercent": 1}


@pytest.mark.parametrize("field", FIXED)
def test_no_patch_can_set_the_sequence_or_order_of_a_line_or_derived_fields(
    shop: Shop, field: str
) -> None:
    created = shop.order(order(line()))
    update = [{"id": created["lines"][0]["id"], field: FIXED[field]}]
    variables = {"id": created["id"], "input": {"lines": {"update": update}}}
    answer = shop.client.send(UPDATE % "number", **variables)
    [error] = answer["errors"]
    assert error["extensions"] == {
        "code": "GRAPHQL_VALIDATION_FAILED",
        "argumentPath": ["input", "lines", "update", "0", field],
    }
    assert field in error["message"]


def test_an_order_longer_than_a_new_limit_may_change_but_not_grow(
    client: Client, world_url: str
) -> None:
    new = created(client, order(line(), line("I0020"), line("I0030")))
    with serving(Settings(database_url=world_url, max_lines=2)) as narrow:
        answer = patch_answer(narrow, new, {"lines": {"add": [line()]}})
        assert codes_and_paths(answer["userErrors"]) == [("TOO_MANY_LINES", "lines")]
        patched(narrow, new, {"email": None, "lines": {"add": [line()], "remove": [0]}})


def test_comments_may_be_added_changed_and_removed_while_an_order_is_released(shop: Shop) -> None:
    new = created(shop.client, order(line(), {"description": "one"}, {"description": "two"}))
    shop.client.ask(
        f'mutation {{ releaseSalesOrder(id: "{new["id"]}") {{ userErrors {{ code }} }} }}'
    )
    lines = {"add": [{"description": "three"}], "update": [{"id": 1, "description": "ONE"}]}
    result = patched(shop.client, new, {"lines": lines})
    assert [one["description"] for one in result["lines"]] == ["Item I0010", "ONE", "two", "three"]
    gone = {"lines": {"remove": [result["lines"][place]["id"].upper() for place in (1, 2)]}}
    left = patch_answer(shop.client, new, gone)
    assert left["userErrors"] == []
    assert [one["description"] for one in left["salesOrder"]["lines"]] == ["Item I0010", "three"]


MAKE = """mutation ($input: CreateSalesOrderInput!) {
  createSalesOrder(input: $input) { salesOrder { id lines { id } } } }"""


@pytest.mark.parametrize("size", [10, 500])
def test_a_patch_takes_13_statements_whatever_its_number_of_lines(
    client: Client, size: int
) -> None:
    """The patch changes the quantity of some lines, and a cent of tax of others."""
    lines = [line(f"I{n:04}", taxCode=code("R07")) for n in range(1, size + 1)]
    created = client.ask(MAKE, input=order(*lines))["createSalesOrder"]["salesOrder"]
    update = [{"id": place, "quantity": place % 3 + 1} for place in range(1, size, 2)]
    patch = {"discountAmount": "5.55", "salesperson": None}
    patch["lines"] = {"remove": [0], "update": update, "add": lines[: size // 2]}
    with statements() as seen:
        result = patched(client, created, patch, selection="lines { sequence }")
    assert len(result["lines"]) == size - 1 + size // 2
    assert len(seen) == 13
