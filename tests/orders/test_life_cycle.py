"""The conditions for releasing, shipping and invoicing an order, and the results."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.life_cycle import (
    APPROVE,
    CANCEL,
    HOLD,
    INVOICE,
    PAY,
    RELEASE,
    REOPEN,
    SHIP,
    SHIP_AND_INVOICE,
    SUBMIT,
    UPDATE,
    change,
    done,
    drafted,
    problems,
    released,
)
from tests.support.requests import Fields, execute, line
from tests.support.served import Client, serving
from tests.support.world import load_world


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    """A separate world, for tests that only look at their own order."""
    return templates.copy("world", load_world)


@pytest.fixture(scope="module")
def world(url: str) -> Iterator[Client]:
    with serving(Settings(database_url=url)) as client:
        yield client


@pytest.mark.parametrize("mutation", [SUBMIT, RELEASE, SHIP_AND_INVOICE])
@pytest.mark.parametrize("lines", [[], [{"description": "text"}], [line(quantity=0)]])
def test_an_order_that_sells_nothing_cannot_be_submitted_or_released(
    world: Client, mutation: str, lines: list[Fields]
) -> None:
    key, _ = drafted(world, *lines)
    assert problems(change(world, mutation, id=key)) == [("NOTHING_TO_RELEASE", "id")]


def without_object(client: Client, fields: Fields, line_type: str) -> str:
    """The id of an order with one line of which only the type has been changed."""
    key, [sold] = drafted(client, fields)
    done(client, UPDATE, key, input={"lines": {"update": [{"id": sold, "lineType": line_type}]}})
    return key


@pytest.mark.parametrize("line_type", ["ACCOUNT", "RESOURCE", "FIXED_ASSET", "CHARGE"])
def test_a_line_that_has_lost_what_it_sells_may_be_reviewed_but_not_released(
    world: Client, line_type: str
) -> None:
    key = without_object(world, line(), line_type)
    for mutation in (RELEASE, SHIP_AND_INVOICE):
        answer = change(world, mutation, id=key)
        assert problems(answer) == [("LINE_INCOMPLETE", "id")]
        assert answer["userErrors"][0]["rejectedValue"] == "10000"
    done(world, SUBMIT, key)
    done(world, APPROVE, key)
    assert problems(change(world, RELEASE, id=key)) == [("LINE_INCOMPLETE", "id")]


def test_all_problems_of_a_release_are_reported_at_once(world: Client) -> None:
    key = without_object(world, line(quantity=0), "CHARGE")
    done(world, HOLD, key)
    refusals = {code for code, _ in problems(change(world, RELEASE, id=key))}
    assert refusals == {"ON_HOLD", "NOTHING_TO_RELEASE", "LINE_INCOMPLETE"}


BLOCKED = ("blocked = 'SHIP'", "blocked = 'INVOICE'", "blocked = 'ALL'", "privacy_blocked = true")


@pytest.mark.parametrize(
    ("number", "blocked"), [*(("C1", blocked) for blocked in BLOCKED), ("PAYER", BLOCKED[0])]
)
def test_a_customer_blocked_later_only_stops_release_and_shipping(
    world: Client, url: str, blocked: str, number: str
) -> None:
    draft, _ = drafted(world, line(), billToCustomer={"number": "PAYER"})
    free, _ = released(world, line(), billToCustomer={"number": "PAYER"})
    execute(url, f"UPDATE customers SET {blocked} WHERE number = '{number}'")
    try:
        for mutation, key in ((RELEASE, draft), (SHIP, free), (SHIP_AND_INVOICE, draft)):
            assert problems(change(world, mutation, id=key)) == [("BLOCKED", "id")]
        done(world, SUBMIT, draft)
        done(world, CANCEL, free)
    finally:
        execute(
            url,
            "UPDATE customers SET blocked = 'NONE', privacy_blocked = false"
            f" WHERE number = '{number}'",
        )


PROGRESS = "status fullyShipped lines { quantity shippedQuantity invoicedQuantity shipQuantity }"


def progress(result: Fields) -> list[tuple[str, ...]]:
    """Ordered, shipped and invoiced of each line, and what is to be shipped next."""
    return [tuple(each.values()) for each in result["lines"]]


def test_an_order_is_shipped_and_invoiced_line_by_line_until_it_is_invoiced_in_full(
    world: Client,
) -> None:
    key, (sale, back) = released(world, line(quantity=5), line("I0001", quantity="-2.5"))

    def step(mutation: str, *fields: tuple[str, Any]) -> list[tuple[str, ...]]:
        lines = [{"id": each, "quantity": quantity} for each, quantity in fields] or None
        result = done(world, mutation, key, PROGRESS, lines=lines)
        assert result["status"] == "RELEASED"
        return progress(result)

    back_open, back_shipped = ("-2.5", "0", "0", "-2.5"), ("-2.5", "-2.5", "-2.5", "0")
    assert step(SHIP, (sale, 2)) == [("5", "2", "0", "3"), back_open]
    assert step(INVOICE, (sale, 1)) == [("5", "2", "1", "3"), back_open]
    assert step(SHIP, (sale, 0), (back, -1)) == [("5", "2", "1", "3"), ("-2.5", "-1", "0", "-1.5")]
    assert step(SHIP) == [("5", "5", "1", "0"), ("-2.5", "-2.5", "0", "0")]
    assert step(INVOICE, (back.upper(), -2.5)) == [("5", "5", "1", "0"), back_shipped]
    last = done(world, INVOICE, key, PROGRESS)
    assert (last["status"], last["fullyShipped"]) == ("INVOICED", True)
    assert progress(last) == [("5", "5", "5", "0"), back_shipped]


@pytest.mark.parametrize("mutation", [SHIP, SHIP_AND_INVOICE])
def test_without_lines_each_line_ships_its_ship_quantity(world: Client, mutation: str) -> None:
    key, _ = released(world, line(quantity=5, shipQuantity=2), line(quantity=-4, shipQuantity=-1))
    result = done(world, mutation, key, PROGRESS)
    assert (result["status"], result["fullyShipped"]) == ("RELEASED", False)
    assert [(each[1], each[3]) for each in progress(result)] == [("2", "3"), ("-1", "-3")]


def test_ship_and_invoice_invoices_no_more_than_the_invoice_quantity_of_a_line(
    world: Client,
) -> None:
    key, _ = released(world, line(quantity=5, invoiceQuantity=2))
    result = done(world, SHIP_AND_INVOICE, key, PROGRESS)
    assert (result["status"], progress(result)) == ("RELEASED", [("5", "5", "2", "0")])


def test_a_patch_of_the_invoice_quantity_does_not_change_the_ship_quantity(world: Client) -> None:
    key, [sold] = drafted(world, line(quantity=5, shipQuantity=2))
    patch = {"lines": {"update": [{"id": sold, "invoiceQuantity": 1}]}}
    assert progress(done(world, UPDATE, key, PROGRESS, input=patch)) == [("5", "0", "0", "2")]


def test_an_order_without_partial_shipping_is_shipped_complete_or_not_at_all(
    world: Client,
) -> None:
    part = (line(quantity=5, shipQuantity=4), line(quantity=2))
    key, (first, second) = released(world, *part, partialShipping=False)
    for mutation in (SHIP, SHIP_AND_INVOICE):
        assert problems(change(world, mutation, id=key)) == [("PARTIAL_NOT_ALLOWED", "id")]
    some = [{"id": first, "quantity": 5}]
    answer = change(world, SHIP, id=key, lines=some)
    assert problems(answer) == [("PARTIAL_NOT_ALLOWED", "lines")]
    result = done(world, SHIP, key, PROGRESS, lines=[*some, {"id": second, "quantity": 2}])
    assert result["fullyShipped"] is True
    assert done(world, SHIP_AND_INVOICE, key, "status") == {"status": "INVOICED"}


def test_a_return_that_is_not_shipped_is_not_invoiced_with_the_rest(world: Client) -> None:
    key, [_, sold] = released(world, line(quantity=-2), line(quantity=4))
    assert problems(change(world, INVOICE, id=key)) == [("NOTHING_TO_INVOICE", "id")]
    done(world, SHIP, key, lines=[{"id": sold, "quantity": 3}])
    result = done(world, INVOICE, key, "status lines { invoicedQuantity }")
    invoiced = [each["invoicedQuantity"] for each in result["lines"]]
    assert (result["status"], invoiced) == ("RELEASED", ["0", "3"])


def partly_invoiced_draft(client: Client, *, returned: int = 0) -> str:
    """The id of a draft that has lost everything that was not shipped and invoiced: all but 4 of 10
    pieces, and the returned pieces."""
    lines = (line(quantity=10), line(), *((line(quantity=-returned),) if returned else ()))
    key, [sold, unsold, *back] = released(client, *lines)
    parts = [{"id": sold, "quantity": 4}, *({"id": each, "quantity": -returned} for each in back)]
    for mutation in (SHIP, INVOICE):
        done(client, mutation, key, lines=parts)
    done(client, REOPEN, key)
    rest = {"update": [{"id": sold, "quantity": 4}], "remove": [unsold]}
    done(client, UPDATE, key, input={"lines": rest})
    return key


@pytest.mark.parametrize("way", [[RELEASE], [SHIP_AND_INVOICE], [SUBMIT, APPROVE, RELEASE]])
def test_a_draft_with_only_invoiced_lines_is_invoiced_when_it_is_released(
    world: Client, way: list[str]
) -> None:
    key = partly_invoiced_draft(world)
    for mutation in way[:-1]:
        done(world, mutation, key)
    assert done(world, way[-1], key, "status") == {"status": "INVOICED"}
    assert done(world, PAY, key, "status") == {"status": "PAID"}


def test_a_fully_invoiced_open_order_cannot_become_a_draft_again(world: Client) -> None:
    key = partly_invoiced_draft(world)
    for mutation in (SUBMIT, APPROVE):
        done(world, mutation, key)
    answer = change(world, REOPEN, id=key)
    assert problems(answer) == [("HAS_SHIPMENTS", "id")]
    assert answer["userErrors"][0]["suggestions"] == [RELEASE]


@pytest.mark.parametrize(
    ("flaw", "refusal"), [("lost", "LINE_INCOMPLETE"), ("negative", "OUT_OF_RANGE")]
)
def test_a_fully_invoiced_open_order_may_be_repaired_if_it_cannot_be_released(
    world: Client, flaw: str, refusal: str
) -> None:
    key = partly_invoiced_draft(world, returned=5 if flaw == "negative" else 0)
    if flaw == "lost":
        added = done(world, UPDATE, key, input={"lines": {"add": [line(quantity=0)]}})
        update = [{"id": added["lines"][-1]["id"], "lineType": "CHARGE"}]
        done(world, UPDATE, key, input={"lines": {"update": update}})
    for mutation in (SUBMIT, APPROVE):
        done(world, mutation, key)
    assert problems(change(world, RELEASE, id=key)) == [(refusal, "id")]
    assert done(world, REOPEN, key, "status") == {"status": "DRAFT"}


def test_shipping_does_not_release_a_fully_invoiced_order_with_a_negative_total(
    world: Client,
) -> None:
    key = partly_invoiced_draft(world, returned=5)
    assert problems(change(world, SHIP_AND_INVOICE, id=key)) == [("OUT_OF_RANGE", "id")]


def test_an_order_with_nothing_to_invoice_is_shipped_whatever_its_total(world: Client) -> None:
    for quantity in (2, -2):
        key, _ = drafted(world, line(quantity=quantity, invoiceQuantity=0))
        result = done(world, SHIP_AND_INVOICE, key, PROGRESS)
        assert (result["status"], result["fullyShipped"]) == ("RELEASED", True)
        assert result["lines"][0]["invoicedQuantity"] == "0"


def test_an_order_with_a_negative_total_is_shipped_but_not_invoiced(world: Client) -> None:
    key, _ = released(world, line(quantity=-1))
    assert problems(change(world, SHIP_AND_INVOICE, id=key)) == [("OUT_OF_RANGE", "id")]
    done(world, SHIP, key)
    assert problems(change(world, INVOICE, id=key)) == [("OUT_OF_RANGE", "id")]


@pytest.fixture(scope="module")
def choice(world: Client) -> dict[str, Any]:
    """The ids of the lines of an order that is released and of one that is shipped, and of what is
    no line to sell of either; all tests that have them are refused."""
    lines = (line(quantity=5), line(quantity=-3, unitPrice=1), {"description": "text"})
    ids: dict[str, Any] = {}
    for mutation in (SHIP, INVOICE):
        key, (sale, back, comment) = released(world, *lines)
        ids[mutation] = {"order": key, "sale": sale, "back": back, "comment": comment}
        ids[mutation] |= {"SALE": sale.upper(), "nobody": "00000000-0000-4000-8000-00000000abcd"}
    ids[SHIP]["foreign"], ids[INVOICE]["foreign"] = ids[INVOICE]["sale"], ids[SHIP]["sale"]
    done(world, SHIP, ids[INVOICE]["order"])
    return ids


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("sale", 6)], [("TOO_MANY", "lines.0.quantity", ["5"])]),
        ([("sale", "5.00001")], [("TOO_MANY", "lines.0.quantity", ["5"])]),
        ([("sale", -1)], [("TOO_MANY", "lines.0.quantity", ["5"])]),
        ([("back", 1)], [("TOO_MANY", "lines.0.quantity", ["-3"])]),
        ([("sale", 1), ("back", -4)], [("TOO_MANY", "lines.1.quantity", ["-3"])]),
        ([("sale", "0.000001")], [("OUT_OF_RANGE", "lines.0.quantity", None)]),
        ([("sale", 1), ("sale", 1)], [("DUPLICATE", "lines.1.id", [])]),
        ([("sale", 1), ("SALE", 1)], [("DUPLICATE", "lines.1.id", [])]),
        *(
            ([(wrong, 1)], [("NOT_FOUND", "lines.0.id", None)])
            for wrong in ("nobody", "no id", "foreign", "comment")
        ),
        (
            [("nobody", 1), ("sale", 6)],
            [("NOT_FOUND", "lines.0.id", None), ("TOO_MANY", "lines.1.quantity", ["5"])],
        ),
        ([], [("NOTHING_TO", "id", [])]),
        ([("sale", 0)], [("NOTHING_TO", "id", [])]),
    ],
)
@pytest.mark.parametrize("mutation", [SHIP, INVOICE])
def test_lines_are_shipped_and_invoiced_as_requested_or_not_at_all(
    world: Client, choice: Any, mutation: str, fields: Any, expected: Any
) -> None:
    ids, verb = choice[mutation], "SHIP" if mutation == SHIP else "INVOICE"
    read = f"query ($id: ID!) {{ salesOrder(id: $id) {{ etag {PROGRESS} }} }}"
    before = world.ask(read, id=ids["order"])
    lines = [{"id": ids.get(name, name), "quantity": quantity} for name, quantity in fields]
    answer = change(world, mutation, id=ids["order"], lines=lines)
    codes = {"TOO_MANY": f"{verb}_TOO_MANY", "NOTHING_TO": f"NOTHING_TO_{verb}"}
    assert problems(answer) == [(codes.get(code, code), path) for code, path, _ in expected]
    for error, (_, _, suggestions) in zip(answer["userErrors"], expected, strict=True):
        assert suggestions is None or error["suggestions"] == suggestions
    assert world.ask(read, id=ids["order"]) == before
