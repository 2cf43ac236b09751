"""The scenarios of the vendor's own API tests that RULES.md 9 lists as covered."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.life_cycle import (
    DELETE,
    SHIP_AND_INVOICE,
    UPDATE,
    change,
    done,
    drafted,
)
from tests.support.requests import ADDRESS, Fields, code, line, named, sold
from tests.support.rules import RULES, tables
from tests.support.served import Client, serving
from tests.support.world import load_world

SCENARIOS = tables(RULES.read_text(encoding="utf-8"), "scenario")
PARTS = ("addressLine1", "addressLine2", "city", "state", "country", "postCode")
NEVER = dict.fromkeys(PARTS)
SOLD = """lines { id sequence lineType lineObjectNumber item { number } account { number }
  lineObject { number } description quantity invoiceDiscountAllocation }"""
LIST = """query ($numbers: [String!]!) {
  salesOrders(filter: {number: {in: $numbers}}) { nodes { id number } } }"""
LINES = """query ($id: ID!) {
  salesOrderLines(filter: {salesOrder: {id: {eq: $id}}}) { nodes { id sequence salesOrder { id } } } }"""
LINE = "query ($id: ID!) { node(id: $id) { ... on SalesOrderLine { sequence salesOrder { id } } } }"
EXPAND = (
    "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on SalesOrder { id number lines { id } } } }"
)
"""Any number of orders, each with its own lines."""


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, which the tests use one after the other."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def address(name: str) -> Fields:
    """An address with all parts."""
    parts = (f"{name} street 1", "second floor", name, "Hessen", "DE", "12345")
    return dict(zip(PARTS, parts, strict=True))


def patched(client: Client, key: str, fields: str, **patch: Any) -> Fields:
    return done(client, UPDATE, key, fields, input=patch)


def patched_line(client: Client, *first: Fields, fields: str = SOLD, **patch: Any) -> Fields:
    """The only line of a new order after a patch."""
    key, [line_id] = drafted(client, *first)
    values = {"update": [{"id": line_id, **patch}]}
    [created] = patched(client, key, fields, lines=values)["lines"]
    return dict(created)


def discounted(client: Client) -> tuple[str, list[str]]:
    """The ids of an order of 100 + 200 with 30 off, which its lines share as 10 and 20."""
    return drafted(client, line(quantity=10), line(quantity=20), discountAmount=30)


def allocations(order: Fields) -> list[Decimal]:
    return [Decimal(each["invoiceDiscountAllocation"]) for each in order["lines"]]


def test_the_table_has_the_41_scenarios_of_the_vendor_and_tests_that_exist() -> None:
    assert len({row["scenario"] for row in SCENARIOS}) == len(SCENARIOS) == 41
    assert {row["holds"] for row in SCENARIOS} == {"yes", "no"}
    for row in SCENARIOS:
        named_tests = re.findall(r"`?(test_\w+)`?", row["shown by, or why not"])
        assert bool(named_tests) is (row["holds"] == "yes"), row
        assert set(named_tests) <= globals().keys(), row


def test_two_orders_are_in_the_list_with_their_ids(world: Client) -> None:
    read = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on SalesOrder { id number } } }"
    orders = world.ask(read, ids=[drafted(world)[0], drafted(world)[0]])["nodes"]
    result = world.ask(LIST, numbers=[each["number"] for each in orders])
    by_number = sorted(result["salesOrders"]["nodes"], key=lambda each: each["number"])
    assert by_number == orders


def test_a_new_order_has_the_dates_and_addresses_of_its_input(world: Client) -> None:
    values: Fields = {"orderDate": "2030-01-02", "postingDate": "2030-01-03"}
    values |= {"sellToAddress": address("Bonn"), "shipToAddress": address("Kassel")}
    key, _ = drafted(world, **values, billToCustomer=named("PAYER"))
    fields = f"""number orderDate postingDate billToAddress {{ country }} currency {{ code }}
      sellToAddress {ADDRESS} shipToAddress {ADDRESS}"""
    created = world.ask(f"query ($id: ID!) {{ salesOrder(id: $id) {{ {fields} }} }}", id=key)[
        "salesOrder"
    ]
    assert created.pop("number")
    assert created == {**values, "billToAddress": {"country": "GB"}, "currency": {"code": "EUR"}}


def test_a_new_order_has_the_currency_of_its_input(world: Client) -> None:
    key, _ = drafted(world, currency=code("JPY"))
    assert patched(world, key, "currency { code }") == {"currency": {"code": "JPY"}}


def test_a_patch_stores_salesperson_customer_payer_and_addresses(world: Client) -> None:
    key, _ = drafted(world)
    values = {"sellToAddress": address("Bonn"), "shipToAddress": address("Kassel")}
    fields = f"""salesperson customer {{ number }} billToCustomer {{ number }} billToName
      billToAddress {ADDRESS} sellToAddress {ADDRESS} shipToAddress {ADDRESS}"""
    customers = {"customer": named("C1"), "billToCustomer": named("PAYER")}
    created = patched(world, key, fields, salesperson="SP7", **customers, **values)
    payer = f'{{ customerByNumber(number: "PAYER") {{ displayName address {ADDRESS} }} }}'
    bill = world.ask(payer)["customerByNumber"]
    expected = {"salesperson": "SP7", **customers, "billToName": bill["displayName"]}
    assert created == {**expected, **values, "billToAddress": bill["address"]}


def test_empty_texts_empty_an_address_and_nothing_else(world: Client) -> None:
    addresses = ("sellToAddress", "shipToAddress", "billToAddress")
    fields = " ".join(f"{name} {ADDRESS}" for name in addresses)
    rest = "number customerName shipToName salesperson paymentTerms { code } phoneNumber"
    key, _ = drafted(world, line())
    before = patched(world, key, f"{fields} {rest}")
    empty = dict.fromkeys(PARTS, "")
    created = patched(world, key, f"{fields} {rest}", **dict.fromkeys(addresses, empty))
    assert created == {**before, **dict.fromkeys(addresses, NEVER)}


def test_a_patch_stores_parts_of_an_address_and_clears_empty_ones(
    world: Client,
) -> None:
    key, _ = drafted(world, sellToAddress=address("Bonn"), shipToAddress=address("Kassel"))
    values = {"addressLine1": "New street 2", "addressLine2": "attic", "country": "AT"}
    patch = {**values, **dict.fromkeys(("city", "state", "postCode"), "")}
    fields = f"sellToAddress {ADDRESS} shipToAddress {ADDRESS}"
    created = patched(world, key, fields, sellToAddress=patch, shipToAddress=patch)
    assert created == {"sellToAddress": {**NEVER, **values}, "shipToAddress": {**NEVER, **values}}


def test_deleted_orders_are_gone(world: Client) -> None:
    keys = [drafted(world, line())[0] for _ in range(2)]
    for key in keys:
        assert change(world, DELETE, id=key)["deletedId"] == key
    assert world.ask(EXPAND, ids=keys)["nodes"] == [None, None]


def test_half_the_amount_off_an_order_is_shared_by_its_lines(world: Client) -> None:
    key, _ = drafted(world, line(quantity=3), line(quantity=4))
    created = patched(world, key, f"discountAmount {SOLD}", discountAmount=35)
    assert created["discountAmount"] == "35"
    assert sum(allocations(created)) == 35


def test_a_discount_of_0_clears_that_of_the_order_and_its_lines(world: Client) -> None:
    key, _ = discounted(world)
    created = patched(world, key, f"discountAmount discountPercent {SOLD}", discountAmount=0)
    assert (created["discountAmount"], created["discountPercent"]) == ("0", None)
    assert allocations(created) == [0, 0]


def test_an_order_is_shipped_and_invoiced_in_one_step_and_stays_readable(world: Client) -> None:
    key, _ = drafted(world, line(quantity=2))
    created = done(
        world, SHIP_AND_INVOICE, key, "status lines { shippedQuantity invoicedQuantity }"
    )
    amounts = {"shippedQuantity": "2", "invoicedQuantity": "2"}
    assert created == {"status": "INVOICED", "lines": [amounts]}


def test_a_line_is_found_by_its_id_with_its_order_and_sequence(world: Client) -> None:
    key, [_, second] = drafted(world, line(), line())
    expected = {"sequence": 20000, "salesOrder": {"id": key}}
    assert world.ask(LINE, id=second) == {"node": expected}


def test_the_lines_of_an_order_are_listed_with_sequence_and_id(world: Client) -> None:
    key, lines = drafted(world, line(), line())
    listed = world.ask(LINES, id=key)["salesOrderLines"]["nodes"]
    order = {"id": key}
    assert sorted(listed, key=lambda each: each["sequence"]) == [
        {"id": lines[0], "sequence": 10000, "salesOrder": order},
        {"id": lines[1], "sequence": 20000, "salesOrder": order},
    ]
    assert [each["id"] for each in patched(world, key, SOLD)["lines"]] == lines


def test_a_line_is_added_with_an_item_and_a_quantity(world: Client) -> None:
    key, _ = drafted(world)
    [created] = patched(world, key, SOLD, lines={"add": [line(quantity=3)]})["lines"]
    assert (created["sequence"], created["quantity"], created["lineObjectNumber"]) == (
        10000,
        "3",
        "I0010",
    )


def test_the_quantity_of_a_line_is_patched(world: Client) -> None:
    assert patched_line(world, line(quantity=1), quantity=4)["quantity"] == "4"


@pytest.mark.parametrize("field", ["sequence: 20000", 'documentId: "1"', 'salesOrder: "1"'])
def test_a_patch_cannot_name_another_sequence_or_order_of_a_line(world: Client, field: str) -> None:
    key, [line_id] = drafted(world, line())
    patch = f'{{lines: {{update: [{{id: "{line_id}", {field}}}]}}}}'
    update = f'updateSalesOrder(id: "{key}", input: {patch})'
    answer = world.send(f"mutation {{ {update} {{ salesOrder {{ id }} }} }}")
    assert "data" not in answer
    assert "is not a field of UpdateSalesOrderLineInput" in answer["errors"][0]["message"]


def test_a_removed_line_is_gone(world: Client) -> None:
    key, lines = drafted(world, line(), line())
    left = patched(world, key, SOLD, lines={"remove": lines[:1]})["lines"]
    assert [each["id"] for each in left] == lines[1:]
    assert world.ask(LINE, id=lines[0])["node"] is None


def test_an_amount_off_the_order_stays_and_is_shared_by_a_new_line_too(world: Client) -> None:
    key, _ = discounted(world)
    added = {"add": [line(quantity=30)]}
    created = patched(world, key, f"discountAmount {SOLD}", lines=added)
    assert created["discountAmount"] == "30"
    assert allocations(created) == [5, 10, 15]


def test_an_amount_off_the_order_stays_when_a_line_is_removed(world: Client) -> None:
    key, lines = discounted(world)
    created = patched(world, key, f"discountAmount {SOLD}", lines={"remove": lines[:1]})
    assert created["discountAmount"] == "30"
    assert allocations(created) == [30]


def test_lines_of_every_type_are_listed_with_type_and_sequence(world: Client) -> None:
    objects = [sold(kind) for kind in ("CHARGE", "RESOURCE", "FIXED_ASSET")]
    text, account = {"description": "text"}, {"account": named("6110"), "quantity": 1}
    key, _ = drafted(world, line(), *objects, text, account)
    listed = patched(world, key, SOLD)["lines"]
    types = ["ITEM", "CHARGE", "RESOURCE", "FIXED_ASSET", "COMMENT", "ACCOUNT"]
    assert [each["lineType"] for each in listed] == types
    assert [each["sequence"] for each in listed] == list(range(10000, 70000, 10000))


@pytest.mark.parametrize("values", [{}, {"lineType": "COMMENT"}])
def test_a_line_with_only_a_description_is_a_comment_that_sells_nothing(
    world: Client, values: Fields
) -> None:
    key, _ = drafted(world, {"description": "by hand", **values})
    [created] = patched(world, key, SOLD)["lines"]
    assert (created["lineType"], created["description"]) == ("COMMENT", "by hand")
    sells = ("lineObjectNumber", "item", "account", "lineObject")
    assert [created[name] for name in sells] == [None] * 4


def test_an_account_makes_an_item_line_an_account_line(world: Client) -> None:
    created = patched_line(world, line(), account=named("6110"))
    assert (created["lineType"], created["lineObjectNumber"]) == ("ACCOUNT", "6110")
    assert (created["item"], created["account"]) == (None, named("6110"))


def test_an_item_makes_an_account_line_an_item_line(world: Client) -> None:
    account = {"account": named("6110"), "quantity": 1}
    created = patched_line(world, account, item=named("I0010"))
    assert (created["lineType"], created["lineObjectNumber"]) == ("ITEM", "I0010")
    assert (created["item"], created["account"]) == (named("I0010"), None)


def test_another_type_alone_leaves_a_line_without_number_and_object(world: Client) -> None:
    created = patched_line(world, line(), lineType="ACCOUNT")
    assert created["lineType"] == "ACCOUNT"
    assert [created[name] for name in ("lineObjectNumber", "item", "account")] == [None] * 3


@pytest.mark.parametrize("orders", [1, 3])
def test_each_order_is_read_with_its_own_lines(world: Client, orders: int) -> None:
    created = [drafted(world, *[line()] * (place + 1)) for place in range(orders)]
    result = world.ask(EXPAND, ids=[key for key, _ in created])["nodes"]
    assert all(each["number"] for each in result)
    assert [(each["id"], [row["id"] for row in each["lines"]]) for each in result] == created
