"""updateSalesOrder over HTTP: what one patch of an order and its lines changes, and what stays."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.settings import Settings
from tests.conftest import Templates
from tests.requests import (
    ORDER,
    READ,
    Fields,
    code,
    created,
    dump,
    line,
    named,
    order,
    post,
    shuffled,
    sold,
)
from tests.served import Client, serving, statements
from tests.world import load_world

UPDATE = """mutation ($id: ID!, $input: UpdateSalesOrderInput!, $ifMatch: String,
  $dryRun: Boolean! = false) {
  updateSalesOrder(id: $id, input: $input, ifMatch: $ifMatch, dryRun: $dryRun) {
    salesOrder { %s } userErrors { message code path rejectedValue suggestions } } }"""


def addressed(patch: Fields, made: Fields) -> Fields:
    """The patch of an order with the ids of its lines where the patch has their places."""
    lines = patch.get("lines")
    if lines is None:
        return patch
    ids = [one["id"] for one in made["lines"]]
    update = [{**one, "id": ids[one["id"]]} for one in lines.get("update") or ()]
    remove = [ids[place] for place in lines.get("remove") or ()]
    return {**patch, "lines": {**lines, "update": update, "remove": remove}}


def answered(
    client: Client, made: Fields, patch: Fields, selection: str = ORDER, **more: Any
) -> Fields:
    """What updateSalesOrder answers to a patch that names lines by their place."""
    variables = {"id": made["id"], "input": addressed(patch, made), **more}
    body = json.dumps({"query": UPDATE % selection, "variables": variables})
    answer = post(client, body).json()
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"]["updateSalesOrder"])


def patched(client: Client, made: Fields, patch: Fields, **more: Any) -> Fields:
    """The order after a patch, which must not be refused."""
    answer = answered(client, made, patch, **more)
    assert answer["userErrors"] == []
    return dict(answer["salesOrder"])


def changing(*updates: Fields) -> Fields:
    """The patch that changes the first lines of an order, one after the other."""
    return {"lines": {"update": [{"id": place, **one} for place, one in enumerate(updates)]}}


@dataclass(frozen=True)
class Shop:
    """The gateway with orders that are made once and on which patches are tried and not kept."""

    client: Client
    _made: dict[str, Fields] = field(default_factory=dict)

    def order(self, given: Fields) -> Fields:
        key = json.dumps(given)
        if key not in self._made:
            self._made[key] = created(self.client, given)
        return self._made[key]

    def tried(self, made: Fields, patch: Fields, **more: Any) -> Fields:
        """The order as it would be after the patch."""
        return patched(self.client, made, patch, dryRun=True, **more)


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


def place(**parts: str | None) -> Fields:
    names = ("addressLine1", "addressLine2", "city", "state", "country", "postCode")
    return {name: parts.get(name) for name in names}


LEEDS = place(addressLine1="1 High Street", addressLine2="Back door", city="Leeds")
LEEDS |= {"state": "Yorkshire", "country": "GB", "postCode": "LS1 1AA"}
YORK = {**LEEDS, "city": "York", "state": None}
LONDON = place(addressLine1="9 Money Street", city="London", country="GB")
PAID_BY_OTHER = {"billToCustomer": named("PAYER"), "billToName": "Payer Ltd"}
WHOLE = json.loads("""{"externalDocumentNumber": "PO-1", "orderDate": "2026-05-01",
  "postingDate": "2026-05-02", "requestedDeliveryDate": "2026-05-03", "salesperson": "SP2",
  "shipToName": "Depot", "shipToContact": "Bo", "phoneNumber": "123", "email": "b@example.org",
  "partialShipping": false, "discountPercent": "2.5"}""")
"""A header that has nothing from its customer but address, terms and method."""

CLEARED = ("externalDocumentNumber", "requestedDeliveryDate", "salesperson", "shipToName")
CLEARED += ("shipToContact", "phoneNumber", "email", "paymentTerms", "shipmentMethod")
EACH = json.loads("""{"externalDocumentNumber": "PO-2", "salesperson": "SP3", "shipToName": "Café",
  "shipToContact": "Di", "phoneNumber": "+1 (2) 3", "email": "d@example.org",
  "orderDate": "1999-12-31", "postingDate": "1999-12-31", "requestedDeliveryDate": "1999-12-31"}""")


HEADERS: list[tuple[Fields, Fields]] = [
    *(({field: None}, {field: None}) for field in CLEARED),
    *(({field: value}, {field: value}) for field, value in EACH.items()),
    (dict.fromkeys(CLEARED), dict.fromkeys(CLEARED)),
    ({"shipToName": " Cafe\u0301 ", "email": " "}, {"shipToName": "Caf\u00e9", "email": None}),
    ({"partialShipping": True}, {"partialShipping": True}),
    ({"partialShipping": None}, {"partialShipping": True}),
    ({"customer": named("C1")}, {}),
    ({"customer": {"contactId": "contact-1"}, "salesperson": None}, {"salesperson": None}),
    ({"billToCustomer": named("PAYER")}, {**PAID_BY_OTHER, "billToAddress": LONDON}),
    ({"billToCustomer": None}, {}),
    ({"sellToAddress": {}, "shipToAddress": {}}, {}),
    ({"shipToAddress": {"city": "York", "state": None}}, {"shipToAddress": YORK}),
    ({"shipToAddress": {"state": "", "city": " York "}}, {"shipToAddress": YORK}),
    ({"shipToAddress": None}, {"shipToAddress": place()}),
    ({"shipToAddress": place()}, {"shipToAddress": place()}),
    ({"sellToAddress": None}, {"sellToAddress": place(), "billToAddress": place()}),
    (
        {"sellToAddress": {"city": "York", "state": None}},
        {"sellToAddress": YORK, "billToAddress": YORK},
    ),
    (
        {"sellToAddress": {"city": "York", "state": None}, "billToCustomer": named("PAYER")},
        {"sellToAddress": YORK, **PAID_BY_OTHER, "billToAddress": LONDON},
    ),
]


@pytest.mark.parametrize(("patch", "expected"), HEADERS)
def test_a_given_header_field_replaces_null_clears_and_every_other_field_stays(
    shop: Shop, patch: Fields, expected: Fields
) -> None:
    made = shop.order(order(line(), **WHOLE))
    found = shop.tried(made, patch)
    volatile = {name: found[name] for name in ("etag", "lastModifiedDateTime")}
    assert found == made | expected | volatile


OWN = line("TIMED", quantity=5, unitPrice=4, discountPercent=10, taxCode=code("R05"))
OWN |= {"description": "own", "description2": "two", "unitOfMeasure": code("HOUR")}
OWN |= {"shipmentDate": "2026-06-01", "shipQuantity": 2, "invoiceQuantity": 1}
DERIVED = dict.fromkeys(("etag", "amountExcludingTax", "totalTaxAmount", "amountIncludingTax"))
DERIVED |= dict.fromkeys(("netAmount", "netTaxAmount", "netAmountIncludingTax", "discountAmount"))
DERIVED |= {"invoiceDiscountAllocation": None}
TAXED = {"taxCode": code("S20"), "taxPercent": "20", "discountPercent": "0"}
SOLD_IN_PCS = {**TAXED, "description2": "second line", "unitOfMeasure": code("PCS")}
NEW_ITEM = {"lineType": "ITEM", "item": named("I0020"), "lineObjectNumber": "I0020", **SOLD_IN_PCS}
NEW_ITEM |= {"description": "Item I0020", "unitPrice": "20"}
NO_ITEM = {"item": None, "lineObjectNumber": None, "unitOfMeasure": None}
ACCOUNT = {**NO_ITEM, "lineType": "ACCOUNT", "account": named("6110"), "lineObjectNumber": "6110"}
ACCOUNT |= {"unitPrice": "0", "taxCode": code("S25"), "taxPercent": "25", "discountPercent": "0"}
ACCOUNT |= {"description": "6110", "allowInvoiceDiscount": False}
RESOURCE = {**NO_ITEM, "lineType": "RESOURCE", "lineObjectNumber": "RESOURCE", "unitPrice": "50"}
RESOURCE |= {"lineObject": {"kind": "RESOURCE", "number": "RESOURCE"}, **TAXED}
RESOURCE |= {"description": "Resource"}
BLANK = {**NO_ITEM, "unitPrice": "0", "taxCode": None, "taxPercent": "0", "discountPercent": "0"}
BLANK |= {"allowInvoiceDiscount": False}
TEXT = {"quantity": "0", "shipQuantity": "0", "invoiceQuantity": "0", "shipmentDate": None}


LINES: list[tuple[Fields, Fields]] = [
    ({"description": "new"}, {"description": "new"}),
    ({"description": None, "description2": ""}, {"description": None, "description2": None}),
    ({"unitOfMeasure": code("PCS")}, {"unitOfMeasure": code("PCS")}),
    ({"unitOfMeasure": None}, {"unitOfMeasure": code("PCS")}),
    ({"unitPrice": "0.00001"}, {"unitPrice": "0.00001"}),
    ({"unitPrice": None}, {"unitPrice": "3"}),
    ({"taxCode": code("S20")}, {"taxCode": code("S20"), "taxPercent": "20"}),
    ({"taxCode": None}, {"taxCode": None, "taxPercent": "0"}),
    ({"discountPercent": 5}, {"discountPercent": "5"}),
    ({"discountPercent": None}, {"discountPercent": "0"}),
    ({"discountAmount": "3.333"}, {"discountPercent": "16.65"}),
    ({"discountAmount": None}, {"discountPercent": "0"}),
    ({"shipmentDate": "2027-01-01"}, {"shipmentDate": "2027-01-01"}),
    ({"shipmentDate": None}, {"shipmentDate": "2026-05-03"}),
    ({"invoiceQuantity": 2}, {"invoiceQuantity": "2"}),
    ({"shipQuantity": None, "invoiceQuantity": 1}, {"shipQuantity": "5"}),
    ({"lineType": "ITEM"}, {}),
    ({"lineType": None, "item": None, "account": None, "lineObjectNumber": None}, {}),
    ({"item": named("TIMED")}, {}),
    ({"lineType": "ITEM", "lineObjectNumber": "TIMED"}, {}),
    ({"item": named("I0020")}, NEW_ITEM),
    ({"lineType": "ITEM", "lineObjectNumber": "I0020"}, NEW_ITEM),
    ({"item": named("I0020"), "unitPrice": 4}, {**NEW_ITEM, "unitPrice": "4"}),
    ({"account": named("6110"), "description2": "two"}, ACCOUNT),
    ({"lineType": "RESOURCE", "lineObjectNumber": "RESOURCE"}, RESOURCE),
    ({"lineType": "ACCOUNT"}, {**BLANK, "lineType": "ACCOUNT"}),
    ({"lineType": "COMMENT"}, {**BLANK, **TEXT, "lineType": "COMMENT"}),
]


@pytest.mark.parametrize(("patch", "expected"), LINES)
def test_a_given_field_of_a_line_replaces_and_what_else_was_given_for_it_stays(
    shop: Shop, patch: Fields, expected: Fields
) -> None:
    """Another object brings what comes with it; another type alone leaves the line without one."""
    made = shop.order(order(OWN, **WHOLE))
    [found] = shop.tried(made, changing(patch))["lines"]
    assert {**found, **DERIVED} == {**made["lines"][0], **expected, **DERIVED}


def test_what_a_patch_answers_is_what_is_read_afterwards(shop: Shop) -> None:
    made = created(shop.client, order(OWN, {"description": "text"}, **WHOLE))
    for patch in [*(patch for patch, _ in HEADERS), *(changing(patch) for patch, _ in LINES)][::6]:
        found = patched(shop.client, made, patch)
        assert shop.client.ask(READ, id=made["id"])["salesOrder"] == found, patch


def test_a_comment_becomes_a_line_that_sells_when_an_object_is_named(shop: Shop) -> None:
    made = created(shop.client, order({"description": "text"}, orderDate="2026-05-31"))
    found = patched(shop.client, made, changing({"item": named("I0020"), "quantity": 3}))["lines"][
        0
    ]
    expected = {**NEW_ITEM, "quantity": "3", "shipQuantity": "3", "netAmountIncludingTax": "72"}
    assert found == found | expected | {"shipmentDate": "2026-05-31", "sequence": 10000}


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
