"""Refused patches: each broken rule with its code, its path, the rejected value and the suggestions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.patches import UPDATE, changing, patch_answer
from tests.support.requests import Fields, code, created, line, named, order, sold
from tests.support.served import Client, serving
from tests.support.world import load_world

NOWHERE = "00000000-0000-4000-8000-000000000000"
HAPPEN = """mutation { it: %s(id: "%s"%s) {
  userErrors { message code path parameters { name value } rejectedValue suggestions } } }"""


@dataclass(frozen=True)
class Desk:
    """Orders in every state, which refusals do not change."""

    client: Client
    orders: dict[str, Fields]

    def __call__(self, name: str, mutation: str, arguments: str = "") -> list[Fields]:
        """The problems of a mutation of an order; none if it succeeds."""
        query = HAPPEN % (mutation, self.orders[name]["id"], arguments)
        return list(self.client.ask(query)["it"]["userErrors"])

    def known(self, value: Any) -> Any:
        """The value with ids instead of names such as `draft.0`, the first line of `draft`."""
        if isinstance(value, dict):
            return {name: self.known(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.known(item) for item in value]
        name, dot, place = value.partition(".") if isinstance(value, str) else ("", "", "")
        if name not in self.orders or (dot and not place.isdigit()):
            return value
        return self.orders[name]["lines"][int(place)]["id"] if dot else self.orders[name]["id"]


GROWN = {
    "review": ["submitSalesOrderForReview"],
    "open": ["submitSalesOrderForReview", "approveSalesOrder"],
    "released": ["releaseSalesOrder"],
    "held": ["holdSalesOrder"],
    "invoiced": ["shipAndInvoiceSalesOrder"],
    "paid": ["shipAndInvoiceSalesOrder", "registerSalesOrderPayment"],
    "cancelled": ["cancelSalesOrder"],
}
SOLD = [line(quantity=2), {"description": "text"}, line("TIMED"), sold("CHARGE")]
"""20 and 3 for the items, which share in a discount of the order, and 50 for the charge."""


@pytest.fixture(scope="module")
def desk(templates: Templates) -> Iterator[Desk]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        orders = {name: created(client, order(line(quantity=2))) for name in GROWN}
        orders["draft"] = created(client, order(*SOLD))
        orders["charged"] = created(client, order(sold("CHARGE")))
        orders["text"] = created(client, order({"description": "text"}))
        orders["blank"] = created(client, order({"lineType": "COMMENT"}, line()))
        orders["shipped"] = created(client, order(line("TIMED", quantity=5), line(quantity=-2)))
        orders["whole"] = created(client, order(line(quantity=2), partialShipping=False))
        desk = Desk(client, orders)
        patch_answer(client, orders["blank"], changing({"lineType": "ITEM"}))
        steps = [(name, step) for name, taken in GROWN.items() for step in taken]
        for name, step in [
            *steps,
            ("shipped", "releaseSalesOrder"),
            ("whole", "releaseSalesOrder"),
        ]:
            assert desk(name, step) == []
        first, second = (one["id"] for one in orders["shipped"]["lines"])
        shipped = f'{{id: "{first}", quantity: 2}}, {{id: "{second}", quantity: -1}}'
        assert desk("shipped", "shipSalesOrder", f", lines: [{shipped}]") == []
        assert desk("shipped", "reopenSalesOrder") == []
        yield desk


def first(**fields: Any) -> Fields:
    return {"lines": {"update": [{"id": "draft.0", **fields}]}}


def moved(**fields: Any) -> Fields:
    return {"lines": {"update": [{"id": "shipped.0", **fields}]}}


def text(**fields: Any) -> Fields:
    return {"lines": {"update": [{"id": "draft.1", **fields}]}}


def add(**fields: Any) -> Fields:
    return {"lines": {"add": [fields]}}


def remove(*ids: str) -> Fields:
    return {"lines": {"remove": list(ids)}}


DRAFT = ["draft.0", "draft.1", "draft.2", "draft.3"]
LIMITS = ["-9999999999999.99999", "9999999999999.99999"]
TYPES = ["ITEM", "ACCOUNT", "RESOURCE", "FIXED_ASSET", "CHARGE"]
DAYS = ["1753-01-01", "9999-12-31"]
YEN = {"currency": code("JPY")}
PRICED = {"update": [{"id": key, "unitPrice": 1} for key in ("draft.2", "draft.3")]}
SHIPPED_IN_YEN = [{"id": key, "unitPrice": 1} for key in ("shipped.0", "shipped.1")]
PRICED["update"].append({"id": "draft.0", "quantity": 3})
U0 = "lines.update.0"

HEADER_RULES: list[tuple[str, str, str | None, list[str], Fields]] = [
    ("NOT_FOUND", "customer.number", "C2", ["C1"], {"customer": named("C2")}),
    ("NOT_FOUND", "customer.id", NOWHERE, [], {"customer": {"id": NOWHERE}}),
    ("NOT_FOUND", "customer.contactId", "contact1", ["contact-1"], {"customer": {"contactId": "contact1"}}),
    ("REQUIRED", "customer", None, [], {"customer": None}),
    ("NOT_FOUND", "billToCustomer.number", "PAYR", ["PAYER"], {"billToCustomer": named("PAYR")}),
    ("BLOCKED", "customer.number", "BLOCKED-ALL", [], {"customer": named("BLOCKED-ALL")}),
    ("BLOCKED", "billToCustomer.number", "BLOCKED-PRIVACY", [], {"billToCustomer": named("BLOCKED-PRIVACY")}),
    ("NOT_FOUND", "currency.code", "EURO", ["EUR"], {"currency": code("EURO")}),
    ("NOT_FOUND", "currency.id", "EUR", [], {"currency": {"id": "EUR"}}),
    ("NOT_FOUND", "paymentTerms.code", "30", ["30D"], {"paymentTerms": code("30")}),
    ("NOT_FOUND", "shipmentMethod.code", "CFI", ["CIF"], {"shipmentMethod": code("CFI")}),
    ("PRICE_REQUIRED", "lines.update.2.unitPrice", "10", [], {**YEN, "lines": PRICED}),
    ("INVALID", "phoneNumber", "+44 CALL", [], {"phoneNumber": "+44 CALL"}),
    ("INVALID", "email", "ann@", [], {"email": "ann@"}),
    ("TOO_LONG", "externalDocumentNumber", "1" * 36, ["1" * 35], {"externalDocumentNumber": "1" * 36}),
    ("INVALID", "sellToAddress.country", "G" * 11, [], {"sellToAddress": {"country": "G" * 11}}),
    ("INVALID", "sellToAddress.country", "GBR", ["GB"], {"sellToAddress": {"country": "GBR"}}),
    ("INVALID", "shipToAddress.country", "united kingdom", ["GB"], {"shipToAddress": {"country": "united kingdom"}}),
    ("INVALID", "billToAddress.country", "ZZ", [], {"billToAddress": {"country": "ZZ"}}),
    ("OUT_OF_RANGE", "orderDate", "1752-12-31", DAYS, {"orderDate": "1752-12-31"}),
    ("OUT_OF_RANGE", "discountAmount", "23.01", ["23"], {"discountAmount": "23.01"}),
    ("OUT_OF_RANGE", "discountAmount", "-0.01", ["23"], {"discountAmount": "-0.01"}),
    ("OUT_OF_RANGE", "discountPercent", "100.1", ["0", "100"], {"discountPercent": "100.1"}),
    ("CONFLICTING", "discountAmount", "2", ["2.3"], {"discountAmount": 2, "discountPercent": 10}),
]  # fmt: skip
LINE_RULES: list[tuple[str, str, str | None, list[str], Fields]] = [
    ("DUPLICATE", "lines.add.0.sequence", "10000", ["50000"], add(sequence=10000)),
    ("OUT_OF_RANGE", "lines.add.0.sequence", "0", ["1", "2147483647"], add(sequence=0)),
    ("NOT_FOUND", f"{U0}.id", NOWHERE, DRAFT, {"lines": {"update": [{"id": NOWHERE}]}}),
    ("NOT_FOUND", "lines.remove.0", "open.0", DRAFT, remove("open.0")),
    ("DUPLICATE", "lines.update.1.id", "draft.0", [], {"lines": {"update": [{"id": "draft.0"}] * 2}}),
    ("CONFLICTING", "lines.remove.1", "draft.0", [], remove("draft.0", "draft.0")),
    ("NOT_FOUND", f"{U0}.item.number", "GROS", ["GROSS"], first(item=named("GROS"))),
    ("NOT_FOUND", f"{U0}.item.id", "I0010", [], first(item={"id": "I0010"})),
    ("NOT_FOUND", "lines.add.0.account.number", "6100", ["6110"], add(account=named("6100"))),
    ("NOT_FOUND", f"{U0}.lineObjectNumber", "RESURCE", ["RESOURCE"], first(lineType="RESOURCE", lineObjectNumber="RESURCE")),
    ("BLOCKED", "lines.add.0.item.number", "BLOCKED", [], add(item=named("BLOCKED"))),
    ("BLOCKED", f"{U0}.item.number", "SALES-BLOCKED", [], first(item=named("SALES-BLOCKED"))),
    ("BLOCKED", f"{U0}.account.number", "A-BLOCKED", [], first(account=named("A-BLOCKED"))),
    ("BLOCKED", f"{U0}.account.number", "A-INDIRECT", [], first(account=named("A-INDIRECT"))),
    ("BLOCKED", f"{U0}.account.number", "A-HEADING", [], first(account=named("A-HEADING"))),
    ("CONFLICTING", f"{U0}.account", "6110", [], first(item=named("I0020"), account=named("6110"))),
    ("CONFLICTING", f"{U0}.account", "6110", [], first(item=named("I0010"), account=named("6110"))),
    ("CONFLICTING", f"{U0}.lineObjectNumber", "I0020", ["I0010"], first(item=named("I0010"), lineObjectNumber="I0020")),
    ("CONFLICTING", f"{U0}.lineType", "ACCOUNT", ["ITEM"], first(item=named("I0020"), lineType="ACCOUNT")),
    ("REQUIRED", f"{U0}.lineType", None, TYPES, first(lineObjectNumber="I0020")),
    ("NOT_FOUND", f"{U0}.unitOfMeasure.code", "PC", ["PCS"], first(unitOfMeasure=code("PC"))),
    ("INVALID", f"{U0}.unitOfMeasure.code", "BOX", ["PCS"], first(unitOfMeasure=code("BOX"))),
    ("NOT_FOUND", f"{U0}.taxCode.code", "R7", ["R07"], first(taxCode=code("R7"))),
    ("SHIP_TOO_MANY", f"{U0}.shipQuantity", "2.5", ["2"], first(shipQuantity="2.5")),
    ("INVOICE_TOO_MANY", f"{U0}.invoiceQuantity", "3", ["2"], first(invoiceQuantity=3)),
    ("OUT_OF_RANGE", f"{U0}.discountPercent", "100.00001", ["0", "100"], first(discountPercent="100.00001")),
    ("OUT_OF_RANGE", f"{U0}.discountAmount", "20.01", ["20"], first(discountAmount="20.01")),
    ("CONFLICTING", f"{U0}.discountAmount", "3", ["2"], first(discountAmount=3, discountPercent=10)),
    ("REQUIRED", f"{U0}.quantity", None, [], first(quantity=None, discountAmount=1)),
    ("OUT_OF_RANGE", f"{U0}.quantity", "1.000001", ["1"], first(quantity="1.000001")),
    ("OUT_OF_RANGE", f"{U0}.unitPrice", "1" + "0" * 13, LIMITS, first(unitPrice=10**13)),
    ("TOO_LONG", f"{U0}.description", "x" * 100, ["x" * 100], first(description="x" * 101)),
    ("CONFLICTING", f"{U0}.quantity", "1", [], text(quantity=1)),
    ("CONFLICTING", f"{U0}.taxCode", "S20", [], text(taxCode=code("S20"))),
]  # fmt: skip
SHIPPED_RULES: list[tuple[str, str, str | None, list[str], Fields]] = [
    ("HAS_SHIPMENTS", "customer", "PAYER", [], {"customer": named("PAYER")}),
    ("HAS_SHIPMENTS", "billToCustomer", "PAYER", [], {"billToCustomer": named("PAYER")}),
    ("HAS_SHIPMENTS", "currency", "JPY", [], {**YEN, "lines": {"update": SHIPPED_IN_YEN}}),
    ("HAS_SHIPMENTS", "lines.remove.0", "shipped.0", [], remove("shipped.0")),
    ("HAS_SHIPMENTS", f"{U0}.item", "I0020", [], moved(item=named("I0020"))),
    ("HAS_SHIPMENTS", f"{U0}.account", "6110", [], moved(account=named("6110"))),
    ("HAS_SHIPMENTS", f"{U0}.lineObjectNumber", "CHARGE", [], moved(lineType="CHARGE", lineObjectNumber="CHARGE")),
    ("HAS_SHIPMENTS", f"{U0}.lineType", "COMMENT", [], moved(lineType="COMMENT")),
    ("HAS_SHIPMENTS", f"{U0}.unitOfMeasure", "HOUR", [], moved(unitOfMeasure=code("HOUR"))),
    ("OUT_OF_RANGE", f"{U0}.quantity", "1.99999", ["2"], moved(quantity="1.99999")),
    ("OUT_OF_RANGE", f"{U0}.quantity", "-5", ["2"], moved(quantity=-5)),
    ("SHIP_TOO_MANY", f"{U0}.shipQuantity", "4", ["3"], moved(shipQuantity=4)),
    ("INVOICE_TOO_MANY", f"{U0}.invoiceQuantity", "3", ["2"], moved(shipQuantity=0, invoiceQuantity=3)),
]  # fmt: skip
CLOSED = {name: name.upper() for name in GROWN if name != "held"} | {"review": "IN_REVIEW"}
ENDED = ("INVOICED", "PAID", "CANCELLED")
"""The statuses from which no order becomes a draft again."""
STATUS_RULES: list[tuple[str, str, Fields]] = [
    *((name, status, {"pricesIncludeTax": True}) for name, status in CLOSED.items()),
    ("review", "IN_REVIEW", add(description="more")),
    ("open", "OPEN", {"lines": {"add": [line()]}}),
    ("released", "RELEASED", {"customer": named("PAYER")}),
    ("released", "RELEASED", remove("released.0")),
]
ROWS = [("draft", *row) for row in HEADER_RULES + LINE_RULES]
ROWS += [("shipped", *row) for row in SHIPPED_RULES]
ROWS += [
    (name, "NOT_EDITABLE", "id", status, [] if status in ENDED else ["DRAFT"], patch)
    for name, status, patch in STATUS_RULES
]
ROWS += [("charged", "OUT_OF_RANGE", "discountAmount", "1", ["0"], {"discountAmount": 1})]


def plainly(problems: list[Fields]) -> list[tuple[str, str, str | None, list[str]]]:
    """The machine-readable parts of problems, with paths below the argument `input`."""
    assert all(problem["message"] for problem in problems)
    rest = ("rejectedValue", "suggestions")
    return [
        (p["code"], ".".join(p["path"]).removeprefix("input."), *map(p.get, rest)) for p in problems
    ]


@pytest.mark.parametrize(
    ("name", "rule", "path", "rejected", "suggestions", "patch"),
    [pytest.param(*row, id="-".join(map(str, row[:4]))) for row in ROWS],
)
def test_a_broken_rule_is_reported_with_its_code_path_and_accepted_values(
    desk: Desk,
    name: str,
    rule: str,
    path: str,
    rejected: str | None,
    suggestions: list[str],
    patch: Fields,
) -> None:
    variables = {"id": desk.orders[name]["id"], "input": desk.known(patch)}
    answer = desk.client.send(UPDATE % "number", **variables)
    assert "errors" not in answer, answer["errors"]
    payload = answer["data"]["updateSalesOrder"]
    expected = (rule, path, desk.known(rejected), desk.known(suggestions))
    assert (payload["salesOrder"], plainly(payload["userErrors"])) == (None, [expected])


def test_the_table_has_a_row_for_every_code_of_a_patch() -> None:
    assert len(ROWS) >= 40
    assert {row[1] for row in ROWS} == {
        *("REQUIRED", "NOT_FOUND", "INVALID", "TOO_LONG", "OUT_OF_RANGE", "CONFLICTING"),
        *("DUPLICATE", "BLOCKED", "PRICE_REQUIRED", "SHIP_TOO_MANY", "INVOICE_TOO_MANY"),
        *("NOT_EDITABLE", "HAS_SHIPMENTS"),
    }


@pytest.mark.parametrize(
    ("name", "mutation", "rule", "path", "rejected", "suggestions"),
    [
        ("text", "releaseSalesOrder", "NOTHING_TO_RELEASE", "id", None, []),
        ("blank", "releaseSalesOrder", "LINE_INCOMPLETE", "id", "10000", []),
        ("held", "releaseSalesOrder", "ON_HOLD", "id", None, ["resumeSalesOrder"]),
        ("paid", "releaseSalesOrder", "WRONG_STATUS", "id", "PAID", []),
        ("paid", "holdSalesOrder", "WRONG_STATUS", "id", "PAID", []),
        ("invoiced", "reopenSalesOrder", "WRONG_STATUS", "id", "INVOICED", []),
        ("review", "reopenSalesOrder", "WRONG_STATUS", "id", "IN_REVIEW", ["OPEN", "RELEASED", "rejectSalesOrder"]),
        ("review", "releaseSalesOrder", "WRONG_STATUS", "id", "IN_REVIEW", ["DRAFT", "OPEN"]),
        ("draft", "shipSalesOrder", "WRONG_STATUS", "id", "DRAFT", ["RELEASED"]),
        ("released", "invoiceSalesOrder", "NOTHING_TO_INVOICE", "id", None, []),
        ("draft", "registerSalesOrderPayment", "WRONG_STATUS", "id", "DRAFT", ["INVOICED"]),
        ("shipped", "cancelSalesOrder", "HAS_SHIPMENTS", "id", "2", []),
        ("released", "shipSalesOrder 2.00001", "SHIP_TOO_MANY", "lines.0.quantity", "2.00001", ["2"]),
        ("released", "invoiceSalesOrder 1", "INVOICE_TOO_MANY", "lines.0.quantity", "1", ["0"]),
        ("whole", "shipSalesOrder 1", "PARTIAL_NOT_ALLOWED", "lines", None, ["1"]),
    ],
)  # fmt: skip
def test_a_refused_transition_is_reported_with_those_that_would_allow_it(
    desk: Desk,
    name: str,
    mutation: str,
    rule: str,
    path: str,
    rejected: str | None,
    suggestions: list[str],
) -> None:
    """A mutation with a number is of that quantity of the first line."""
    mutation, _, quantity = mutation.partition(" ")
    chosen = f'{{id: "{desk.known(f"{name}.0")}", quantity: "{quantity}"}}'
    problems = desk(name, mutation, f", lines: [{chosen}]" if quantity else "")
    assert plainly(problems)[0] == (rule, path, rejected, suggestions)


@pytest.mark.parametrize(("place", "quantity", "bound"), [(0, 1, "least 2"), (1, 0, "most -1")])
def test_the_quantity_of_a_line_cannot_fall_below_the_shipped_one(
    desk: Desk, place: int, quantity: int, bound: str
) -> None:
    """The second line is a return, of which -1 is shipped."""
    patch = {"lines": {"update": [{"id": place, "quantity": quantity}]}}
    [problem] = patch_answer(desk.client, desk.orders["shipped"], patch)["userErrors"]
    assert f"at {bound}" in problem["message"]


def test_the_unit_and_item_of_a_shipped_line_may_be_repeated(desk: Desk) -> None:
    patch = changing({"unitOfMeasure": code("PCS"), "item": named("TIMED")})
    answer = patch_answer(desk.client, desk.orders["shipped"], patch, dryRun=True)
    assert answer["userErrors"] == []


@pytest.mark.parametrize(
    ("name", "way"), [("review", "rejectSalesOrder"), ("open", "reopenSalesOrder")]
)
def test_the_message_names_the_mutation_that_makes_an_order_editable(
    desk: Desk, name: str, way: str
) -> None:
    patch = {"partialShipping": None}
    [problem] = patch_answer(desk.client, desk.orders[name], patch)["userErrors"]
    assert problem["message"].endswith(f" First {way}.")


@pytest.mark.parametrize(
    ("name", "mutation", "way"),
    [
        ("review", "releaseSalesOrder", "approveSalesOrder"),
        ("draft", "shipSalesOrder", "releaseSalesOrder"),
        ("released", "submitSalesOrderForReview", "reopenSalesOrder"),
        ("draft", "registerSalesOrderPayment", "shipAndInvoiceSalesOrder"),
    ],
)
def test_the_message_names_the_mutation_that_must_come_first(
    desk: Desk, name: str, mutation: str, way: str
) -> None:
    [problem] = desk(name, mutation)
    assert problem["message"].endswith(f" First {way}.")


@pytest.mark.parametrize(
    ("name", "mutation", "way"),
    [
        ("review", "reopenSalesOrder", "rejectSalesOrder"),
        ("held", "releaseSalesOrder", "resumeSalesOrder"),
    ],
)
def test_the_message_names_the_mutation_that_helps_instead(
    desk: Desk, name: str, mutation: str, way: str
) -> None:
    [problem] = desk(name, mutation)
    assert problem["message"].endswith(f" Use {way}.")


def test_the_message_of_a_locked_order_names_three_fields_and_counts_the_others(
    desk: Desk,
) -> None:
    names = ("orderDate", "currency", "discountAmount", "discountPercent", "lineRounding", "email")
    patch = dict.fromkeys(names)
    [problem] = patch_answer(desk.client, desk.orders["open"], patch)["userErrors"]
    stated = "cannot change: order date, currency, line rounding and 2 more."
    assert problem["message"].endswith(f"{stated} First reopenSalesOrder.")


@pytest.mark.parametrize("name", ["paid", "cancelled"])
def test_no_transition_leaves_a_final_status(desk: Desk, name: str) -> None:
    [problem] = desk(name, "reopenSalesOrder")
    assert problem["message"].endswith(f" is {name.upper()}, which is final.")
    assert problem["suggestions"] == []
