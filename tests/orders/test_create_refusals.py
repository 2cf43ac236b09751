"""The refusals of createSalesOrder: each rule with its code and the argument that breaks it."""

import json
from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import (
    REFUSE,
    Fields,
    code,
    codes_and_paths,
    comment,
    dump,
    execute,
    line,
    named,
    only,
    order,
    payload,
    post,
    refused,
    sold,
    with_value,
)
from tests.support.served import Client, serving
from tests.support.world import load_world

NOWHERE = "00000000-0000-4000-8000-000000000000"
BLOCKS = ("SHIP", "INVOICE", "ALL", "PRIVACY")
DAYS = ["1753-01-01", "9999-12-31"]
TWO_IS_ONE = ("CONFLICTING", "2", ["1"])
NOT_IN_BOXES = ("INVALID", "BOX", ["HOUR", "PCS"])
ADDRESS_PARTS = ("addressLine1", "addressLine2", "city", "state", "postCode")
LENGTHS = dict(zip(ADDRESS_PARTS, (100, 50, 30, 30, 20), strict=True))
TEXTS = {"externalDocumentNumber": 35, "salesperson": 20, "shipToName": 100, "shipToContact": 100}
TEXTS |= {"phoneNumber": 30, "email": 80, "lines.0.description": 100, "lines.0.description2": 50}
TEXTS |= {f"sellToAddress.{part}": length for part, length in LENGTHS.items()}
TEXTS |= {f"shipToAddress.{part}": length for part, length in LENGTHS.items()}
"""The texts of an order with the characters that fit (RULES.md 5.2)."""


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, in which no test leaves an order."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def by(**customer: str | None) -> Fields:
    return {"customer": customer}


RULES: dict[str, list[tuple[str, Fields]]] = {
    "NOT_FOUND": [
        ("customer.number", by(number="NOPE")),
        ("customer.number", by(number="C")),
        ("customer.number", by(number="")),
        ("customer.number", by(number="C1\x00")),
        ("customer.number", by(number="\ud800")),
        ("customer.id", by(id=NOWHERE)),
        ("customer.id", by(id="C1")),
        ("customer.contactId", by(contactId="NOPE")),
        ("billToCustomer.number", order(billToCustomer=named("NOPE"))),
        ("billToCustomer.id", order(billToCustomer={"id": "NOPE"})),
        ("currency.code", order(line(unitPrice=1), currency=code("XXX"))),
        ("currency.id", order(currency={"id": NOWHERE})),
        ("paymentTerms.code", order(paymentTerms=code("XXX"))),
        ("paymentTerms.id", order(paymentTerms={"id": "30D"})),
        ("shipmentMethod.code", order(shipmentMethod=code("XXX"))),
        ("shipmentMethod.id", order(shipmentMethod={"id": "CIF"})),
        ("lines.0.item.number", order(line("NOPE"))),
        ("lines.1.item.id", order(line(), line(item={"id": NOWHERE}))),
        ("lines.0.item.id", order(line(item={"id": "I0001"}))),
        ("lines.0.account.number", order({"account": named("NOPE")})),
        ("lines.0.account.id", order({"account": {"id": "6110"}})),
        ("lines.0.unitOfMeasure.code", order(line(unitOfMeasure=code("NOPE")))),
        ("lines.0.unitOfMeasure.id", order(line(unitOfMeasure={"id": "PCS"}))),
        ("lines.0.taxCode.code", order(line(taxCode=code("NOPE")))),
        ("lines.0.taxCode.id", order(line(taxCode={"id": "S20"}))),
        ("lines.0.lineObjectNumber", only("ITEM")),
        ("lines.0.lineObjectNumber", only("ACCOUNT")),
        ("lines.0.lineObjectNumber", only("RESOURCE")),
        ("lines.0.lineObjectNumber", only("FIXED_ASSET", "I0001")),
        ("lines.0.lineObjectNumber", only("CHARGE", "RESOURCE")),
    ],
    "BLOCKED": [
        *(("customer.number", by(number=f"BLOCKED-{kind}")) for kind in BLOCKS),
        *(("billToCustomer.number", order(billToCustomer=named(f"BLOCKED-{k}"))) for k in BLOCKS),
        ("lines.0.item.number", order(line("BLOCKED"))),
        ("lines.1.item.number", order(line(), line("SALES-BLOCKED"))),
        ("lines.0.lineObjectNumber", only("ITEM", "BLOCKED")),
        ("lines.0.account.number", order({"account": named("A-BLOCKED")})),
        ("lines.0.account.number", order({"account": named("A-INDIRECT")})),
        ("lines.0.account.number", order({"account": named("A-HEADING")})),
        ("lines.0.lineObjectNumber", only("ACCOUNT", "A-BLOCKED")),
        ("lines.0.lineObjectNumber", only("CHARGE", "X-BLOCKED")),
    ],
    "REQUIRED": [
        ("lines.0.lineType", order({"lineObjectNumber": "I0010"})),
        ("lines.0.item", order({"lineType": "ITEM"})),
        ("lines.0.account", order({"lineType": "ACCOUNT"})),
        ("lines.0.lineObjectNumber", order({"lineType": "RESOURCE"})),
        ("lines.0.quantity", order(line(quantity=0, discountAmount="1"))),
    ],
    "CONFLICTING": [
        ("lines.0.account", order(line(account=named("6110")))),
        ("lines.0.lineType", order(line(lineType="COMMENT"))),
        ("lines.0.lineType", order({"account": named("6110"), "lineType": "ITEM"})),
        ("lines.0.lineObjectNumber", order({"lineType": "COMMENT", "lineObjectNumber": "I0010"})),
        ("lines.0.quantity", comment("quantity", 1)),
        ("lines.0.unitPrice", comment("unitPrice", "0.01")),
        ("lines.0.discountAmount", comment("discountAmount", 1)),
        ("lines.0.discountPercent", comment("discountPercent", 1)),
        ("lines.0.taxCode", comment("taxCode", code("S20"))),
        ("lines.0.unitOfMeasure", comment("unitOfMeasure", code("PCS"))),
        ("lines.0.shipQuantity", comment("shipQuantity", 1)),
        ("lines.0.invoiceQuantity", comment("invoiceQuantity", 1)),
    ],
    "PRICE_REQUIRED": [
        ("lines.0.unitPrice", order(line(), currency=code("JPY"))),
        ("lines.0.unitPrice", order(line(), customer=named("IN-YEN"))),
        ("lines.0.unitPrice", order(sold("RESOURCE"), currency=code("JPY"))),
    ],
    "INVALID": [
        *(("phoneNumber", order(phoneNumber=text)) for text in ("+44 CALL", "тел 1", "1x")),
        *(("email", order(email=text)) for text in ("ann", "ann@", "@b.example", "a b@c.example")),
        ("email", order(email="a@b@c.example")),
        *(("shipToName", order(shipToName=f"a{c}b")) for c in "\t\n\x00\x1f\x7f\x85\ud800\udfff"),
    ],
    "OUT_OF_RANGE": [
        ("lines.0.sequence", order(line(sequence=-1))),
        ("lines.1.sequence", order(line(sequence=5), line(sequence=0))),
        ("lines.1.sequence", order(line(sequence=2**31 - 1), line())),
        ("orderDate", order(line(), orderDate="1752-12-31")),
        ("postingDate", order(postingDate="0001-01-01")),
        ("requestedDeliveryDate", order(line(), requestedDeliveryDate="1752-12-31")),
        ("lines.0.shipmentDate", order(line(shipmentDate="1752-12-31"))),
        ("discountAmount", order(line(), discountAmount="-0.01")),
        ("discountAmount", order(line(quantity=-1), discountAmount="-10.01")),
        ("discountAmount", order(line("NO-DISCOUNT"), discountAmount="1")),
        (
            "discountAmount",
            order({"account": named("6110"), "unitPrice": 9}, discountAmount=1),
        ),
        ("discountAmount", order(discountAmount=1)),
        ("discountPercent", order(line(), discountPercent="-0.00001")),
        ("lines.0.discountPercent", order(line(discountPercent="-0.00001"))),
        ("lines.0.discountAmount", order(line(discountAmount="-1"))),
        ("lines.0.discountAmount", order(line(quantity=-1, discountAmount=1))),
        ("lines.0.discountAmount", order(line(quantity=-1, discountAmount="-10.01"))),
    ],
    "SHIP_TOO_MANY": [
        ("lines.0.shipQuantity", order(line(shipQuantity=-1))),
        ("lines.0.shipQuantity", order(line(quantity=-2, shipQuantity=1))),
        ("lines.0.shipQuantity", order(line(quantity=-2, shipQuantity=-3))),
    ],
    "INVOICE_TOO_MANY": [
        ("lines.0.invoiceQuantity", order(line(invoiceQuantity=-1))),
        ("lines.0.invoiceQuantity", order(line(shipQuantity=0, invoiceQuantity=1))),
        ("lines.0.invoiceQuantity", order(line(quantity=-2, invoiceQuantity="-2.5"))),
    ],
}


@pytest.mark.parametrize(
    ("code", "path", "fields"),
    [pytest.param(code, *row, id=code + row[0]) for code, rows in RULES.items() for row in rows],
)
def test_a_value_that_breaks_one_rule_is_refused_with_one_code_and_path(
    world: Client, code: str, path: str, fields: Fields
) -> None:
    assert codes_and_paths(refused(world, fields)) == [(code, path)]


SUGGESTIONS: list[tuple[str, Fields, str, str, list[str]]] = [
    ("discountAmount", order(line(), discountAmount="10.01"), "OUT_OF_RANGE", "10.01", ["10"]),
    ("discountAmount", order(line(quantity=-1), discountAmount=1), "OUT_OF_RANGE", "1", ["-10"]),
    ("discountPercent", order(discountPercent=101), "OUT_OF_RANGE", "101", ["0", "100"]),
    ("lines.0.discountAmount", order(line(discountAmount=11)), "OUT_OF_RANGE", "11", ["10"]),
    ("lines.0.sequence", order(line(sequence=0)), "OUT_OF_RANGE", "0", ["1", "2147483647"]),
    ("lines.1.sequence", order(line(sequence=5), line(sequence=5)), "DUPLICATE", "5", ["10005"]),
    ("discountAmount", order(line(), discountAmount=2, discountPercent=10), *TWO_IS_ONE),
    ("lines.0.discountAmount", order(line(discountAmount=2, discountPercent=10)), *TWO_IS_ONE),
    ("lines.0.lineType", order(line(lineType="ACCOUNT")), "CONFLICTING", "ACCOUNT", ["ITEM"]),
    ("lines.0.lineObjectNumber", order(line(lineObjectNumber="X")), "CONFLICTING", "X", ["I0010"]),
    ("lines.0.unitOfMeasure.code", order(line("TIMED", unitOfMeasure=code("BOX"))), *NOT_IN_BOXES),
    ("lines.0.shipQuantity", order(line(shipQuantity="1.5")), "SHIP_TOO_MANY", "1.5", ["1"]),
    ("lines.0.invoiceQuantity", order(line(invoiceQuantity=2)), "INVOICE_TOO_MANY", "2", ["1"]),
    ("orderDate", order(orderDate="0001-01-01"), "OUT_OF_RANGE", "0001-01-01", DAYS),
]


@pytest.mark.parametrize(("path", "fields", "code", "rejected", "suggestions"), SUGGESTIONS)
def test_a_refusal_has_the_rejected_value_and_suggestions(
    world: Client, path: str, fields: Fields, code: str, rejected: str, suggestions: list[str]
) -> None:
    [problem] = refused(world, fields)
    assert codes_and_paths([problem]) == [(code, path)]
    assert (problem["rejectedValue"], problem["suggestions"]) == (rejected, suggestions)


@pytest.mark.parametrize(("path", "longest"), TEXTS.items())
def test_an_overlong_text_or_one_with_a_control_character_is_refused(
    world: Client, path: str, longest: int
) -> None:
    too_long = "a" * (longest - 9) + "@b.example" if path == "email" else "1" * (longest + 1)
    [problem] = refused(world, with_value(path, too_long))
    assert codes_and_paths([problem]) == [("TOO_LONG", path)]
    assert problem["suggestions"] == [too_long[:longest]]
    for unprintable in ("a\x00@b.example", "\x1b@") if path == "email" else ("1\x002", "\x1ba"):
        assert codes_and_paths(refused(world, with_value(path, unprintable))) == [("INVALID", path)]


def test_all_problems_of_an_order_are_reported_at_once(world: Client) -> None:
    lines = [
        {"item": named("NOPE"), "taxCode": code("NOPE"), "discountPercent": 101},
        line("BLOCKED", unitOfMeasure=code("BOX"), shipQuantity=2, description="x" * 101),
        {"account": named("NOPE"), "unitPrice": "0.000001", "sequence": 0},
    ]
    header = {"billToCustomer": named("NOPE"), "paymentTerms": code("NOPE")}
    fields = {**order(*lines, **header), "email": "ann", "orderDate": "1752-12-31"}
    expected = {
        "NOT_FOUND": "billToCustomer.number paymentTerms.code lines.0.item.number"
        " lines.0.taxCode.code lines.2.account.number",
        "INVALID": "email lines.1.unitOfMeasure.code",
        "OUT_OF_RANGE": "orderDate lines.0.discountPercent lines.2.unitPrice lines.2.sequence",
        "BLOCKED": "lines.1.item.number",
        "SHIP_TOO_MANY": "lines.1.shipQuantity",
        "TOO_LONG": "lines.1.description",
    }
    problems = {(rule, path) for rule, paths in expected.items() for path in paths.split()}
    assert set(codes_and_paths(refused(world, fields))) == problems
    fields["customer"] = named("NOPE")
    assert set(codes_and_paths(refused(world, fields))) == {
        *problems,
        ("NOT_FOUND", "customer.number"),
    }


@pytest.mark.parametrize("count", [1_001, 10_000, pytest.param(60_000, marks=pytest.mark.full)])
def test_an_order_of_more_than_1000_lines_is_refused(world: Client, count: int) -> None:
    [problem] = refused(world, order(*[{}] * count))
    assert codes_and_paths([problem]) == [("TOO_MANY_LINES", "lines")]
    assert (problem["rejectedValue"], problem["suggestions"]) == (str(count), ["1000"])


def test_an_order_of_1000_lines_is_accepted(client: Client) -> None:
    assert payload(client, REFUSE, input=order(*[{}] * 1000))["userErrors"] == []


IN_DOCUMENT = """mutation { createSalesOrder(input: {customer: {number: "C1"}, %s}) {
  userErrors { code } } }"""
UNKNOWN: list[Fields] = [
    *(with_value("lines.0.lineType", name) for name in ("NOPE", "item", "", 1, "\ud800")),
    *(with_value(f"lines.0.{name}", 1) for name in ("netAmount", "taxPercent", "shippedQuantity")),
    *(order(**{name: "1"}) for name in ("number", "status", "totalTaxAmount", "\ud800", "\x00")),
    *(order(orderDate=day) for day in ("2026-02-30", "10000-01-01", "2026-1-1", "today", 5)),
    *(with_value("lines.0.sequence", number) for number in (2**31, 1.5, "1")),
    *({}, {"customer": None}, by(), by(number=None), by(number="C1", id=NOWHERE)),
    *(order(lines=None), order(lines=[None]), order(email=5), order(pricesIncludeTax="yes")),
]


@pytest.mark.parametrize(
    "body",
    [
        *({"query": REFUSE, "variables": {"input": fields}} for fields in UNKNOWN),
        {"query": REFUSE},
        {"query": IN_DOCUMENT % 'number: "X"'},
        {"query": IN_DOCUMENT % "lines: [{lineType: NOPE}]"},
    ],
)
def test_an_unknown_field_or_value_is_a_top_level_error_with_a_code(
    world: Client, body: Fields
) -> None:
    answer = post(world, json.dumps(body)).json()
    assert "data" not in answer
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}


def test_a_crash_is_logged_and_the_client_only_gets_its_incident(
    client: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    execute(world_url, "DROP TABLE sales_order_lines")
    response = post(client, json.dumps({"query": REFUSE, "variables": {"input": order(line())}}))
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert error["extensions"]["incident"] in caplog.text
    assert "sales_order_lines" in caplog.text
    assert "sales_order_lines" not in response.text
    assert execute(world_url, "SELECT number FROM sales_orders") == [[]]


def test_refused_orders_change_no_table_and_use_no_number(client: Client, world_url: str) -> None:
    before = dump(world_url)
    for [_, fields], *_ in RULES.values():
        refused(client, fields)
    assert dump(world_url) == before


def test_an_invisible_character_is_reported_with_its_position(world: Client) -> None:
    values = order(line(description="Caf\u00e9\u202e 1"), shipToName="A\ufeff")
    header, description = refused(world, values)
    assert codes_and_paths([header, description]) == [
        ("INVALID", "shipToName"),
        ("INVALID", "lines.0.description"),
    ]
    assert header["message"] == "The text has the invisible character U+FEFF at position 2."
    assert description["message"] == "The text has the invisible character U+202E at position 5."
    assert (header["suggestions"], description["suggestions"]) == (["A"], ["Caf\u00e9 1"])


def test_marks_that_languages_need_are_accepted(world: Client) -> None:
    text = "\u0645\u06cc\u200c\u062e\u200e\u200f\u200d"
    [problem] = refused(world, order(line(quantity="-1e20"), shipToName=text))
    assert problem["path"] == ["input", "lines", "0", "quantity"]


def test_stored_invisible_characters_are_only_refused_if_they_are_sent_again(
    client: Client, world_url: str
) -> None:
    hidden = "In\u200bvisible"
    execute(world_url, f"UPDATE customers SET display_name = '{hidden}' WHERE number = 'C1'")
    create = """mutation ($input: CreateSalesOrderInput!) { createSalesOrder(input: $input) {
      salesOrder { id customerName shipToName lines { id } } userErrors { code } } }"""
    created = client.ask(create, input=order(line()))["createSalesOrder"]["salesOrder"]
    assert created["customerName"] == hidden
    execute(world_url, f"UPDATE sales_orders SET ship_to_contact = '{hidden}'")
    update = """mutation ($id: ID!, $input: UpdateSalesOrderInput!) {
      updateSalesOrder(id: $id, input: $input) { userErrors { code path } } }"""
    ask = {
        "lines": {"update": [{"id": created["lines"][0]["id"], "quantity": 3}]},
        "shipToName": "A",
    }
    assert client.ask(update, id=created["id"], input=ask) == {
        "updateSalesOrder": {"userErrors": []}
    }
    again = client.ask(update, id=created["id"], input={"shipToContact": hidden})
    [problem] = again["updateSalesOrder"]["userErrors"]
    assert (problem["code"], problem["path"]) == ("INVALID", ["input", "shipToContact"])
