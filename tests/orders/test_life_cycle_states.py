"""What each state of an order allows, and its labels in other systems: the tables of RULES.md 4.2, 4.3
and 4.9."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.life_cycle import (
    APPROVE,
    CANCEL,
    DELETE,
    HOLD,
    INVOICE,
    PAY,
    REJECT,
    RELEASE,
    REOPEN,
    RESUME,
    SHIP,
    SHIP_AND_INVOICE,
    SUBMIT,
    UPDATE,
    WAYS,
    change,
    problems,
    walked,
)
from tests.support.requests import Fields, line
from tests.support.served import Client, serving
from tests.support.world import load_world

COMMENT = {"input": {"lines": {"add": [{"description": "more text"}]}}}
PATCHES: dict[str, dict[str, Any]] = {
    UPDATE: {"input": {"partialShipping": False}},
    "comment": COMMENT,
    "free field": {"input": {"salesperson": "SP9"}},
}
"""The patches in the table below, which are all of one mutation."""
STATES = tuple(state for state in WAYS if state != "SHIPPED")
NO, SHIPPED = "WRONG_STATUS", "HAS_SHIPMENTS"
LOCKED = "NOT_EDITABLE"
TABLE: dict[str, tuple[str, ...]] = {
    # from      DRAFT, IN_REVIEW, OPEN, RELEASED, SHIPPED IN PART, INVOICED, PAID, CANCELLED
    UPDATE: ("DRAFT", *[LOCKED] * 7),
    "comment": ("DRAFT", LOCKED, "OPEN", "RELEASED", "RELEASED", *[LOCKED] * 3),
    "free field": ("DRAFT", LOCKED, "OPEN", "RELEASED", "RELEASED", *[LOCKED] * 3),
    SUBMIT: ("IN_REVIEW", *[NO] * 7),
    APPROVE: (NO, "OPEN", *[NO] * 6),
    REJECT: (NO, "DRAFT", *[NO] * 6),
    RELEASE: ("RELEASED", NO, "RELEASED", *[NO] * 5),
    REOPEN: (NO, NO, *["DRAFT"] * 3, NO, NO, NO),
    SHIP: (NO, NO, NO, "RELEASED", "RELEASED", NO, NO, NO),
    INVOICE: (NO, NO, NO, "NOTHING_TO_INVOICE", "RELEASED", NO, NO, NO),
    SHIP_AND_INVOICE: ("INVOICED", NO, *["INVOICED"] * 3, NO, NO, NO),
    PAY: (*[NO] * 5, "PAID", NO, NO),
    CANCEL: (*["CANCELLED"] * 4, SHIPPED, NO, NO, NO),
    HOLD: ("DRAFT", "IN_REVIEW", "OPEN", "RELEASED", "RELEASED", "INVOICED", NO, NO),
    RESUME: ("DRAFT", "IN_REVIEW", "OPEN", "RELEASED", "RELEASED", "INVOICED", NO, NO),
    DELETE: ("gone", NO, "gone", "gone", SHIPPED, NO, NO, NO),
}
"""The state that each mutation leads to, or the code of its refusal (RULES.md 4.2 and 4.3)."""
HELD_UP = {RELEASE, SHIP, INVOICE, SHIP_AND_INVOICE}

LABELS: dict[str, tuple[str, str, str, str, str]] = {
    # V2, NAVISION_SCHEMA, V1, FINANCIALS_2017, FINANCE_OPERATIONS
    "CANCELLED": ("Draft", "Draft", "Cancelled", "Cancelled", "Canceled"),
    "DRAFT": ("Draft", "Draft", "Draft", "Created", "Open order"),
    "IN_REVIEW": ("In Review", "In Review", "Created", "Created", "Open order"),
    "OPEN": ("Open", "Open", "Created", "Created", "Open order"),
    "RELEASED": ("Open", "Released", "Created", "Created", "Open order"),
    "SHIPPED IN PART": ("Open", "Released", "Created", "Created", "Open order"),
    "SHIPPED": ("Open", "Released", "Created", "Created", "Delivered"),
    "INVOICED": ("Open", "Released", "Created", "Created", "Invoiced"),
    "PAID": ("Open", "Released", "Paid", "Paid", "Invoiced"),
}
"""The labels of RULES.md 4.9."""
SAID = """{ salesOrder(id: "%s") { a: statusLabel(vocabulary: BUSINESS_CENTRAL_V2)
  b: statusLabel(vocabulary: NAVISION_SCHEMA) c: statusLabel(vocabulary: BUSINESS_CENTRAL_V1)
  d: statusLabel(vocabulary: FINANCIALS_2017) e: statusLabel(vocabulary: FINANCE_OPERATIONS) } }"""


LINES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on SalesOrder { lines { id } } } }"


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, for tests that only look at their own orders."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


@pytest.fixture(scope="module", params=[False, True], ids=["free", "held"])
def orders(world: Client, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The id of an order in each state, and whether the orders are on hold. Tests change them only in
    dry runs."""
    return {"held": request.param} | {
        state: walked(world, state, suspended=request.param) for state in WAYS
    }


@pytest.mark.parametrize("mutation", TABLE)
def test_a_mutation_does_what_the_table_says_in_each_state_and_holding_stops_four_of_them(
    world: Client, orders: dict[str, Any], mutation: str
) -> None:
    fields = PATCHES.get(mutation, {})
    name = UPDATE if fields else mutation
    for state, outcome in zip(STATES, TABLE[mutation], strict=True):
        if orders["held"] and outcome in (NO, LOCKED):
            continue
        answer = change(world, name, "status onHold", id=orders[state], dryRun=True, **fields)
        if orders["held"] and mutation in HELD_UP:
            assert problems(answer) == [("ON_HOLD", "id")], state
        elif outcome in (NO, LOCKED, SHIPPED, "NOTHING_TO_INVOICE"):
            assert problems(answer) == [(outcome, "id")], state
        elif outcome == "gone":
            assert answer == {"deletedId": None, "userErrors": []}, state
        else:
            is_final = outcome in ("PAID", "CANCELLED")
            suspended = {HOLD: True, RESUME: False}.get(mutation, orders["held"] and not is_final)
            assert answer["salesOrder"] == {"status": outcome, "onHold": suspended}, state


@pytest.mark.parametrize("state", LABELS)
def test_every_vocabulary_has_its_word_for_every_state(
    world: Client, orders: dict[str, Any], state: str
) -> None:
    said = tuple(world.ask(SAID % orders[state])["salesOrder"].values())
    suspended = orders["held"] and state not in ("PAID", "CANCELLED")
    on_hold = (*LABELS[state][:2], "On hold", "On hold", LABELS[state][4])
    assert said == (on_hold if suspended else LABELS[state])


def test_an_invoiced_order_can_still_be_read(world: Client) -> None:
    key = walked(world, "PAID")
    result = world.ask(
        """query ($id: ID!) { salesOrder(id: $id) { number }
      salesOrders(filter: {status: {eq: PAID}}, first: 200) { nodes { id } }
      node(id: $id) { id } }""",
        id=key,
    )
    assert result["node"] == {"id": key}
    assert {"id": key} in result["salesOrders"]["nodes"]
    by_number = "query ($number: String!) { salesOrderByNumber(number: $number) { id } }"
    assert world.ask(by_number, **result["salesOrder"]) == {"salesOrderByNumber": {"id": key}}


def lines_patch(**patch: Any) -> Fields:
    return {"lines": patch}


EDITABLE = ("OPEN", "RELEASED")
FREE: Fields = json.loads("""{"externalDocumentNumber": "PO-9", "postingDate": "2030-01-31",
  "requestedDeliveryDate": "2030-02-01", "shipToName": "Depot", "shipToContact": "Bo",
  "shipToAddress": {"city": "York"}, "paymentTerms": {"code": "30D"},
  "shipmentMethod": {"code": "CIF"}, "salesperson": "SP9", "phoneNumber": "123",
  "email": "b@example.org"}""")
FREE_OF_LINE: Fields = json.loads("""{"description": "text", "description2": "more",
  "shipmentDate": "2030-01-31", "shipQuantity": "1", "invoiceQuantity": "1"}""")
ADDED = lines_patch(add=[{"description": "more text"}, {"lineType": "COMMENT"}])
ALLOWED: dict[str, Fields] = {
    "nothing": {},
    "no lines": {"lines": None},
    "added": ADDED,
    "changed": lines_patch(update=[{"id": "comment", "description": "other text"}]),
    "removed": lines_patch(remove=["comment"]),
    "removed by its id in capitals": lines_patch(remove=["CAPITALS"]),
    "replaced": lines_patch(add=[{"description": "text"}], remove=["comment"]),
    "free header fields": FREE,
    "free header fields, emptied": dict.fromkeys(FREE),
    "a free header field and a comment": {"salesperson": "SP9", **ADDED},
    "free fields of a line that sells": lines_patch(update=[{"id": "line", **FREE_OF_LINE}]),
    "free fields of a line, emptied": lines_patch(
        update=[{"id": "line", **dict.fromkeys(FREE_OF_LINE)}]
    ),
}
LOCKED_FIELDS = (
    *("billToCustomer", "sellToAddress", "billToAddress", "orderDate", "currency"),
    *("pricesIncludeTax", "partialShipping", "discountPercent", "discountAmount"),
)
LOCKED_FIELDS_OF_LINE = ("quantity", "unitPrice", "discountPercent", "discountAmount", "taxCode")
LOCKED_FIELDS_OF_LINE += ("lineType", "item", "account", "lineObjectNumber", "unitOfMeasure")
MORE: dict[str, Fields] = {
    **{f"{name} of the order": {name: None} for name in LOCKED_FIELDS},
    **{
        f"{name} of a line that sells": lines_patch(update=[{"id": "line", name: None}])
        for name in LOCKED_FIELDS_OF_LINE
    },
    "a locked field and a comment": {"partialShipping": True, **ADDED},
    "a locked and a free field": {"partialShipping": True, "salesperson": "SP9"},
    "a line that sells, removed": lines_patch(remove=["line"]),
    "a line that sells, added": lines_patch(add=[line()]),
    "a comment that comes to sell": lines_patch(update=[{"id": "comment", **line()}]),
    "the type of a comment": lines_patch(update=[{"id": "comment", "lineType": "ITEM"}]),
    "a comment and a line": lines_patch(remove=["comment", "line"]),
}


@pytest.mark.parametrize("orders", [False], ids=["free"], indirect=True)
@pytest.mark.parametrize("patch", [*ALLOWED, *MORE])
def test_a_draft_may_change_and_later_only_fields_that_affect_no_amount(
    world: Client, orders: dict[str, Any], patch: str
) -> None:
    states = ("DRAFT", "IN_REVIEW", *EDITABLE)
    keys = [orders[state] for state in states]
    for state, node in zip(states, world.ask(LINES, ids=keys)["nodes"], strict=True):
        sold, comment = (each["id"] for each in node["lines"])
        fields = json.dumps({**ALLOWED, **MORE}[patch])
        for name, key in (("line", sold), ("comment", comment), ("CAPITALS", comment.upper())):
            fields = fields.replace(f'"{name}"', f'"{key}"')
        answer = change(world, UPDATE, id=orders[state], input=json.loads(fields), dryRun=True)
        editable = state == "DRAFT" or (patch in ALLOWED and state in EDITABLE)
        assert problems(answer)[:1] == ([] if editable else [("NOT_EDITABLE", "id")]), state
