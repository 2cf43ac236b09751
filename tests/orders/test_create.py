"""createSalesOrder over HTTP: what a new order copies, derives, stores and answers."""

import datetime as dt
import json
from collections.abc import Iterator
from itertools import cycle

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import (
    READ,
    REFUSE,
    Fields,
    as_stored,
    code,
    created,
    dump,
    line,
    named,
    order,
    sold,
    stored_order,
)
from tests.support.served import Client, serving, statements
from tests.support.world import load_world


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, for tests that only look at their own order."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def place(**parts: str) -> Fields:
    names = ("addressLine1", "addressLine2", "city", "state", "country", "postCode")
    return {name: parts.get(name) for name in names}


NOWHERE = place()
LEEDS = json.loads("""{"addressLine1": "1 High Street", "addressLine2": "Back door",
  "city": "Leeds", "state": "Yorkshire", "country": "GB", "postCode": "LS1 1AA"}""")
LONDON = place(addressLine1="9 Money Street", city="London", country="GB")
PAYER = {"billToName": "Payer Ltd", "billToAddress": LONDON}
TO_YORK = {"shipToAddress": place(city="York"), "sellToAddress": LEEDS, "billToAddress": LEEDS}
ADDRESSES = ("sellToAddress", "billToAddress", "shipToAddress")
FROM_C1 = dict.fromkeys(ADDRESSES, LEEDS) | json.loads("""{
  "customer": {"number": "C1"}, "customerName": "First Customer", "contactId": "contact-1",
  "billToCustomer": {"number": "C1"}, "billToName": "First Customer",
  "shipToName": "First Customer", "shipToContact": "Ann Buyer", "phoneNumber": "+44 113 1",
  "email": "ann@first.example", "salesperson": "SP1", "currency": {"code": "EUR"},
  "pricesIncludeTax": false, "partialShipping": true, "paymentTerms": {"code": "30D"},
  "shipmentMethod": {"code": "CIF"}, "externalDocumentNumber": null, "lines": [],
  "requestedDeliveryDate": null, "discountAmount": "0", "discountPercent": null,
  "discountAppliedBeforeTax": false, "totalAmountExcludingTax": "0", "totalTaxAmount": "0",
  "totalAmountIncludingTax": "0", "status": "DRAFT", "onHold": false, "fullyShipped": false}""")
GIVEN = json.loads("""{"externalDocumentNumber": "PO-1", "orderDate": "1753-01-01",
  "postingDate": "9999-12-31", "requestedDeliveryDate": "2024-02-29", "currency": {"code": "CHF"},
  "pricesIncludeTax": true, "partialShipping": false, "salesperson": "SP2", "shipToName": "Depot",
  "shipToContact": "Bo", "phoneNumber": "(0) 12-34/56.7", "email": "b.o+x@sub.example.org"}""")
CLEARED = json.loads("""{"paymentTerms": null, "shipmentMethod": null, "salesperson": null,
  "shipToName": null, "shipToContact": null, "phoneNumber": null, "email": null}""")
FROM_ITEM = json.loads("""{"sequence": 10000, "lineType": "ITEM", "item": {"number": "I0010"},
  "account": null, "lineObjectNumber": "I0010", "description": "Item I0010",
  "description2": "second line", "unitOfMeasure": {"code": "PCS"}, "quantity": "1",
  "unitPrice": "10", "taxCode": {"code": "S20"}, "taxPercent": "20", "discountAmount": "0",
  "discountPercent": "0", "shipQuantity": "1", "invoiceQuantity": "1", "shippedQuantity": "0",
  "invoicedQuantity": "0", "allowInvoiceDiscount": true, "discountAppliedBeforeTax": true,
  "netAmount": "10", "netAmountIncludingTax": "12", "shipmentDate": "2026-05-31"}""")
COMMENT = {"lineType": "COMMENT", "item": None, "unitOfMeasure": None, "taxCode": None}
DAUGHTER = {"customer": named("PAID-BY-OTHER")}
PAID_BY_C1 = {**DAUGHTER, "billToCustomer": named("C1")}
FROM_C1_AS_PAYER = {"paymentTerms": {"code": "30D"}, "salesperson": "SP1", "shipmentMethod": None}
FROM_C1_AS_PAYER |= {"customerName": "Daughter Ltd", "billToAddress": LEEDS, "email": None}
WITH_TAX = {"pricesIncludeTax": True}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, FROM_C1),
        (GIVEN, GIVEN),
        (CLEARED, CLEARED),
        ({"sellToAddress": None}, dict.fromkeys(ADDRESSES, NOWHERE)),
        ({"sellToAddress": {}}, dict.fromkeys(ADDRESSES, NOWHERE)),
        ({"sellToAddress": {"city": "York"}}, dict.fromkeys(ADDRESSES, place(city="York"))),
        ({"shipToAddress": {"city": "York", "country": None}}, TO_YORK),
        ({"shipToAddress": None}, {"shipToAddress": NOWHERE, "sellToAddress": LEEDS}),
        ({"billToCustomer": named("PAYER")}, {**PAYER, "sellToAddress": LEEDS}),
        (PAID_BY_C1, FROM_C1_AS_PAYER),
        ({**PAID_BY_C1, "paymentTerms": None}, {**FROM_C1_AS_PAYER, "paymentTerms": None}),
        ({"billToCustomer": named("IN-YEN")}, {"currency": code("JPY"), "salesperson": None}),
        (
            {"billToCustomer": named("WITH-TAX")},
            {"pricesIncludeTax": True, "partialShipping": True},
        ),
        ({"billToAddress": {"city": "York"}}, {"billToAddress": place(city="York")}),
        ({"billToAddress": None}, {"billToAddress": NOWHERE, "sellToAddress": LEEDS}),
        ({**DAUGHTER, "sellToAddress": {"city": "York"}}, PAYER),
        (DAUGHTER, {**PAYER, "sellToAddress": NOWHERE, "shipToAddress": NOWHERE}),
        ({**DAUGHTER, "billToCustomer": DAUGHTER["customer"]}, {"billToAddress": NOWHERE}),
        ({"customer": named("WITH-TAX")}, {"pricesIncludeTax": True, "partialShipping": False}),
        ({"customer": named("WITH-TAX"), "pricesIncludeTax": None}, WITH_TAX),
        ({"customer": named("WITH-TAX"), "pricesIncludeTax": False}, {"pricesIncludeTax": False}),
        ({"customer": named("IN-YEN")}, {"currency": code("JPY"), "paymentTerms": None}),
        ({"customer": named("IN-YEN"), "currency": code("CHF")}, {"currency": code("CHF")}),
        ({"customer": named("IN-YEN"), "currency": None}, {"currency": code("EUR")}),
        ({"customer": {"contactId": "contact-1"}}, {"customer": named("C1")}),
        ({"shipToName": "  Cafe\u0301 \u00a0"}, {"shipToName": "Caf\u00e9"}),
        ({"shipToName": "e\u0301" * 100}, {"shipToName": "\u00e9" * 100}),
        ({"shipToName": "\U0001f600" * 100}, {"shipToName": "\U0001f600" * 100}),
        ({"shipToName": " ", "salesperson": ""}, {"shipToName": None, "salesperson": None}),
        ({"email": "a" * 70 + "@b.example"}, {"email": "a" * 70 + "@b.example"}),
    ],
)
def test_a_header_has_the_fields_of_the_input_and_otherwise_those_of_its_customer(
    world: Client, header: Fields, expected: Fields
) -> None:
    result = stored_order(world, order(**header))
    assert result == result | expected


def test_an_order_without_dates_has_todays_date(world: Client) -> None:
    earliest = dt.datetime.now(dt.UTC)
    result = stored_order(world, order(orderDate=None))
    latest = dt.datetime.now(dt.UTC)
    assert earliest <= dt.datetime.fromisoformat(result["lastModifiedDateTime"]) <= latest
    days = {earliest.date().isoformat(), latest.date().isoformat()}
    assert {result["orderDate"], result["postingDate"]} <= days


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        ({}, line(), FROM_ITEM),
        ({}, sold("ITEM", "I0010"), FROM_ITEM),
        ({}, line(lineType="ITEM", lineObjectNumber="I0010"), FROM_ITEM),
        ({}, line(description=None, description2=""), {"description": None, "description2": None}),
        ({}, {"description": "text"}, {**COMMENT, "description": "text", "netAmount": "0"}),
        ({}, {"lineType": "COMMENT"}, {**COMMENT, "quantity": "0", "shipmentDate": None}),
        ({}, {"account": named("6110"), "quantity": 1}, {"lineType": "ACCOUNT", "unitPrice": "0"}),
        ({}, sold("ACCOUNT", "6110"), {"account": named("6110"), "taxPercent": "25"}),
        ({}, sold("RESOURCE"), {"unitPrice": "50", "allowInvoiceDiscount": True}),
        ({}, sold("RESOURCE"), {"lineObject": {"kind": "RESOURCE", "number": "RESOURCE"}}),
        ({}, sold("FIXED_ASSET"), {"unitPrice": "50", "allowInvoiceDiscount": False}),
        ({}, sold("CHARGE"), {"description": "Charge", "allowInvoiceDiscount": False}),
        ({}, line("BOXED"), {"unitOfMeasure": code("BOX")}),
        ({}, line("BOXED", unitOfMeasure=code("PCS")), {"unitOfMeasure": code("PCS")}),
        ({}, line("TIMED", unitOfMeasure=code("HOUR")), {"unitOfMeasure": code("HOUR")}),
        ({}, line(shipmentDate="2026-06-01"), {"shipmentDate": "2026-06-01"}),
        ({"requestedDeliveryDate": "2026-07-01"}, line(), {"shipmentDate": "2026-07-01"}),
        ({}, line(taxCode=code("R07")), {"taxCode": code("R07"), "taxPercent": "7.7"}),
        ({}, line(taxCode=None), {"taxCode": None, "taxPercent": "0"}),
        ({}, line("UNTAXED"), {"taxCode": None, "taxPercent": "0"}),
        ({}, line("GROSS"), {"unitPrice": "100"}),
        ({}, line("GROSS", taxCode=code("R07")), {"unitPrice": "111.42061"}),
        ({}, line("GROSS", taxCode=None), {"unitPrice": "120"}),
        (WITH_TAX, line("GROSS", taxCode=code("R07")), {"unitPrice": "120"}),
        (WITH_TAX, line(), {"unitPrice": "12", "discountAppliedBeforeTax": False}),
        (WITH_TAX, line(taxCode=None), {"unitPrice": "10"}),
        (WITH_TAX, line("I0007", taxCode=code("R07")), {"unitPrice": "7.539"}),
        (WITH_TAX, sold("RESOURCE"), {"unitPrice": "60"}),
        (WITH_TAX, line(unitPrice="9.99999"), {"unitPrice": "9.99999"}),
        ({}, line(unitPrice=None), {"unitPrice": "10"}),
        ({}, line(unitPrice=0), {"unitPrice": "0"}),
        ({"currency": code("JPY")}, line(unitPrice="1.5"), {"unitPrice": "1.5", "netAmount": "2"}),
        ({}, line(quantity=None), {"quantity": "0", "netAmount": "0"}),
        ({}, line(quantity=2, shipQuantity=1), {"shipQuantity": "1", "invoiceQuantity": "1"}),
        ({}, line(shipQuantity=0), {"shipQuantity": "0", "invoiceQuantity": "0"}),
        ({}, line(quantity=-2), {"shipQuantity": "-2", "invoiceQuantity": "-2"}),
        ({}, line(quantity=-2, shipQuantity="-0.5"), {"invoiceQuantity": "-0.5"}),
        ({}, line(sequence=2**31 - 1), {"sequence": 2**31 - 1}),
    ],
)
def test_a_line_has_the_fields_of_the_input_and_otherwise_those_of_its_object(
    world: Client, header: Fields, values: Fields, expected: Fields
) -> None:
    [result] = stored_order(world, order(values, orderDate="2026-05-31", **header))["lines"]
    assert result == result | expected


@pytest.mark.parametrize(
    ("values", "amount", "percent", "net"),
    [
        (line(quantity=3, unitPrice="33.33", discountAmount=10), "10", "10.001", "89.99"),
        (
            line(quantity=10**4, unitPrice="28.68", discountAmount=270100),
            "270100",
            "94.17713",
            "16700",
        ),
        (line(unitPrice=20000000, discountAmount=1), "1", "0.00001", "19999999"),
        (line(quantity=15, unitPrice="9.0909", discountPercent=100), "136.36", "100", "0"),
        (line(unitPrice="74.75", discountPercent=30), "22.43", "30", "52.32"),
        (line(quantity=-2, discountAmount=-2), "-2", "10", "-18"),
        (line(discountAmount="0.004"), "0", "0", "10"),
        (line(discountAmount="0.995"), "1", "10", "9"),
        (line(discountAmount=1, discountPercent=10), "1", "10", "9"),
        (line(quantity=0, discountPercent=10), "0", "10", "0"),
        (line(discountAmount=None, discountPercent=None), "0", "0", "10"),
    ],
)
def test_the_discount_of_a_line_is_stored_as_an_amount_and_as_a_percent(
    world: Client, values: Fields, amount: str, percent: str, net: str
) -> None:
    [result] = stored_order(world, order(values))["lines"]
    assert (result["discountAmount"], result["discountPercent"]) == (amount, percent)
    assert result["netAmount"] == net


THREE = [line(quantity=10, unitPrice=1000)] * 3
THIRDS = ["333.33", "333.34", "333.33"]
FREE = [line(quantity=0), {"description": "text"}]


@pytest.mark.parametrize(
    ("values", "amount", "percent", "shares"),
    [
        (order(*THREE, discountAmount=1000), "1000", None, THIRDS),
        (order(*THREE, discountPercent="3.33333"), "1000", "3.33333", THIRDS),
        (order(line(), discountAmount="9.996"), "10", None, ["10"]),
        (order(line(), discountAmount=1, discountPercent=10), "1", "10", ["1"]),
        (order(line(), line("NO-DISCOUNT"), discountPercent=10), "1", "10", ["1", "0"]),
        (order(line(), sold("CHARGE"), discountAmount=10), "10", None, ["10", "0"]),
        (order(*FREE, line(), discountAmount=3), "3", None, ["0", "0", "3"]),
        (order(line(), discountAmount=None, discountPercent=None), "0", None, ["0"]),
        (order(discountAmount=0), "0", None, []),
    ],
)
def test_the_discount_of_an_order_is_shared_by_the_lines_that_take_it(
    world: Client, values: Fields, amount: str, percent: str | None, shares: list[str]
) -> None:
    result = stored_order(world, values)
    assert (result["discountAmount"], result["discountPercent"]) == (amount, percent)
    assert [line["invoiceDiscountAllocation"] for line in result["lines"]] == shares


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None, None, None], [10000, 20000, 30000]),
        ([20000, 10000], [10000, 20000]),
        ([7, None, 3], [3, 7, 10007]),
    ],
)
def test_lines_come_by_sequence_and_default_to_10000_after_the_highest(
    world: Client, values: list[int | None], expected: list[int]
) -> None:
    lines = [line(f"I000{place}", sequence=number) for place, number in enumerate(values, start=1)]
    assert [
        result["sequence"] for result in stored_order(world, order(*lines))["lines"]
    ] == expected


def same(result: Fields) -> Fields:
    """An order without its id and those of its lines, and without its time."""
    lines = [{**line, "id": None} for line in result["lines"]]
    return {**result, "id": None, "lastModifiedDateTime": None, "lines": lines}


def test_a_dry_run_answers_like_the_real_run_and_stores_nothing(
    client: Client, world_url: str
) -> None:
    values = order(line(), sold("CHARGE"), {"description": "text"}, discountAmount=1)
    before = dump(world_url)
    tried = created(client, values, dry_run=True)
    assert dump(world_url) == before
    assert client.ask(READ, id=tried["id"])["salesOrder"] is None
    new = stored_order(client, values)
    assert (same(as_stored(tried)), new["number"]) == (same(new), "SO-000001")
    after = dump(world_url)
    changed = {"number_series", "sales_orders", "sales_order_lines"}
    assert {table for table, rows in after.items() if rows != before[table]} == changed


RELATIONS = """salesOrder { number customer { displayName paymentTerms { code } }
  billToCustomer { number } currency { displayName }
  lines { salesOrder { number customer { number } lines { sequence } } item { number
    taxCode { percent } salesUnitOfMeasure { code } unitsOfMeasure { unitOfMeasure { code } } } } }"""
SEVERAL = f"""mutation ($good: CreateSalesOrderInput!, $bad: CreateSalesOrderInput!) {{
  first: createSalesOrder(input: $good) {{ {RELATIONS} }}
  tried: createSalesOrder(input: $good, dryRun: true) {{ {RELATIONS} }}
  failed: createSalesOrder(input: $bad) {{ {RELATIONS} userErrors {{ code }} }}
  second: createSalesOrder(input: $good) {{ {RELATIONS} }} }}"""


def test_mutations_of_one_operation_follow_each_other_even_over_a_single_connection(
    world_url: str,
) -> None:
    with serving(Settings(database_url=world_url, pool_size=1)) as client:
        result = client.ask(SEVERAL, good=order(line("TIMED")), bad=order(line("NOPE")))
        stored = client.ask("{ salesOrders { nodes { number } } }")["salesOrders"]["nodes"]
    assert result.pop("failed") == {"salesOrder": None, "userErrors": [{"code": "NOT_FOUND"}]}
    numbers = {name: payload["salesOrder"].pop("number") for name, payload in result.items()}
    assert numbers == {"first": "SO-000001", "tried": "SO-000002", "second": "SO-000002"}
    assert sorted(order["number"] for order in stored) == ["SO-000001", "SO-000002"]
    for name, answer in result.items():
        lines = answer["salesOrder"].pop("lines")
        assert answer["salesOrder"] == json.loads("""{"billToCustomer": {"number": "C1"},
          "customer": {"displayName": "First Customer", "paymentTerms": {"code": "30D"}},
          "currency": {"displayName": "Euro"}}""")
        expected = json.loads("""[{"salesOrder": {"customer": {"number": "C1"},
          "lines": [{"sequence": 10000}]}, "item": {"number": "TIMED", "taxCode": {"percent": "20"},
          "salesUnitOfMeasure": null, "unitsOfMeasure": [{"unitOfMeasure": {"code": "HOUR"}}]}}]""")
        expected[0]["salesOrder"]["number"] = numbers[name]
        assert lines == expected


OTHERS = [{**sold(kind), "unitPrice": 1} for kind in ("RESOURCE", "FIXED_ASSET", "CHARGE")]
OTHERS += [{**sold("ACCOUNT", "6110"), "unitPrice": 1}, {"description": "text"}]


@pytest.mark.parametrize("size", [10, 500])
def test_an_order_takes_16_statements_whatever_its_number_of_lines(
    client: Client, size: int
) -> None:
    fields = {"unitOfMeasure": code("PCS"), "taxCode": code("R05"), "unitPrice": 1}
    items = [line(f"I{n:04}", **fields) for n in range(1, size // 2 + 1)]
    lines = [one for pair in zip(items, cycle(OTHERS), strict=False) for one in pair]
    terms = {"paymentTerms": code("30D"), "shipmentMethod": code("CIF"), "currency": code("CHF")}
    client.ask("{ company { name } }")
    with statements() as seen:
        result = client.ask(REFUSE, input=order(*lines, **DAUGHTER, **terms))["createSalesOrder"]
    assert result["userErrors"] == []
    assert len(seen) == 16
