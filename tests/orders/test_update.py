"""updateSalesOrder over HTTP: what one patch of an order and its lines changes, and what stays."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import (
    ORDER,
    Fields,
    code,
    created,
    line,
    named,
    order,
    post,
    sold,
)
from tests.support.served import Client, serving
from tests.support.world import load_world

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
    remove = [ids[one] if isinstance(one, int) else one for one in lines.get("remove") or ()]
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
    """The gateway over orders that are made once and on which patches are tried and not kept."""

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
LOW = {"taxCode": code("R05"), "unitOfMeasure": code("BOX")}
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
    ({"quantity": 1}, dict.fromkeys(("quantity", "shipQuantity", "invoiceQuantity"), "1")),
    ({"quantity": None}, dict.fromkeys(("quantity", "shipQuantity", "invoiceQuantity"), "0")),
    ({"lineType": "ITEM"}, {}),
    ({"lineType": None, "item": None, "account": None, "lineObjectNumber": None}, {}),
    ({"item": named("TIMED")}, {}),
    ({"lineType": "ITEM", "lineObjectNumber": "TIMED"}, {}),
    ({"lineObjectNumber": "TIMED"}, {}),
    ({"quantity": 5}, {}),
    ({"shipQuantity": 2}, {}),
    ({"item": named("I0020")}, NEW_ITEM),
    ({"lineType": "ITEM", "lineObjectNumber": "I0020"}, NEW_ITEM),
    ({"item": named("I0020"), "unitPrice": 4}, {**NEW_ITEM, "unitPrice": "4"}),
    ({"account": named("6110"), "description2": "two"}, ACCOUNT),
    ({"lineType": "RESOURCE", "lineObjectNumber": "RESOURCE"}, RESOURCE),
    ({"lineType": "ACCOUNT"}, {**BLANK, "lineType": "ACCOUNT"}),
    (
        {"lineType": "CHARGE", "unitPrice": 2, **LOW},
        {**BLANK, "lineType": "CHARGE", "unitPrice": "2", **LOW, "taxPercent": "5"},
    ),
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


def test_null_takes_the_unit_of_a_line_that_sells_no_item(shop: Shop) -> None:
    made = shop.order(order({**sold("RESOURCE"), "unitOfMeasure": code("HOUR")}))
    [found] = shop.tried(made, changing({"unitOfMeasure": None}))["lines"]
    assert (made["lines"][0]["unitOfMeasure"], found["unitOfMeasure"]) == (code("HOUR"), None)


def test_a_payer_who_is_named_once_more_is_billed_where_the_order_said(shop: Shop) -> None:
    made = created(shop.client, order(line(), billToCustomer=named("PAYER")))
    moved = patched(shop.client, made, {"customer": named("PAYER")})
    moved = patched(shop.client, moved, {"sellToAddress": YORK})
    assert moved["billToAddress"] == YORK
    assert shop.tried(moved, {"billToCustomer": named("PAYER")}) == moved


def test_a_comment_becomes_a_line_that_sells_when_an_object_is_named(shop: Shop) -> None:
    day = {"requestedDeliveryDate": "2026-05-31"}
    made = created(shop.client, order({"description": "text"}, **day))
    patch = changing({"item": named("I0020"), "quantity": 3})
    [found] = patched(shop.client, made, patch)["lines"]
    expected = {**NEW_ITEM, "quantity": "3", "shipQuantity": "3", "netAmountIncludingTax": "72"}
    assert found == found | expected | {"shipmentDate": "2026-05-31", "sequence": 10000}


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
    made = shop.order(order({**sells, "unitPrice": 7}))
    patch = {"quantity": 3, "unitPrice": None, "taxCode": code("R05")}
    [found] = shop.tried(made, changing(patch))["lines"]
    expected = {"quantity": "3", "unitPrice": price, "taxPercent": "5"}
    assert found == found | expected
    kept = ("lineType", "lineObject", "account", "lineObjectNumber", "description")
    assert [found[name] for name in kept] == [made["lines"][0][name] for name in kept]
