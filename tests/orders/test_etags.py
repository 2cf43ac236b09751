"""Etags: they change exactly when an order or a line does, and a stale one refuses every mutation."""

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
    change,
    done,
    drafted,
    problems,
    walked,
)
from tests.support.requests import Fields, line
from tests.support.served import Client, serving
from tests.support.world import load_world

ETAGS = "etag lastModifiedDateTime lines { etag }"
READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {ETAGS} }} }}"
PATCH = {"input": {"salesperson": "SP9"}}
STATES: dict[str, str] = {
    **dict.fromkeys((UPDATE, SUBMIT, RELEASE, SHIP_AND_INVOICE, HOLD, RESUME), "DRAFT"),
    **dict.fromkeys((APPROVE, REJECT), "IN_REVIEW"),
    **dict.fromkeys((REOPEN, CANCEL, DELETE), "OPEN"),
    **dict.fromkeys((SHIP, INVOICE), "SHIPPED IN PART"),
    PAY: "INVOICED",
}
"""A state in which each mutation is allowed."""


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, for tests that only look at their own orders."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def etags(result: Fields) -> tuple[str, ...]:
    """The etag of an order and those of its lines."""
    return result["etag"], *(each["etag"] for each in result["lines"])


def first(**fields: Any) -> Fields:
    """A patch of the first line."""
    return {"lines": {"update": [{"id": "first", **fields}]}}


def patched(client: Client, patch: Fields) -> tuple[Fields, Fields]:
    """An order of two pieces at 10 and of a comment, before and after a patch."""
    key, [sold, _] = drafted(client, line(quantity=2), {"description": "text"})
    for update in (patch.get("lines") or {}).get("update", []):
        update["id"] = sold
    before = client.ask(READ, id=key)["salesOrder"]
    return before, done(client, UPDATE, key, ETAGS, input=patch)


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"lines": None},
        {"lines": {"add": [], "update": [], "remove": None}},
        {"salesperson": "SP1", "partialShipping": True, "pricesIncludeTax": False},
        {"salesperson": " SP1 ", "email": "ann@first.example"},
        {"customer": {"number": "C1"}, "currency": {"code": "EUR"}},
        {"discountAmount": 0, "paymentTerms": {"code": "30D"}, "externalDocumentNumber": None},
        {"sellToAddress": {"city": "Leeds"}, "shipToAddress": {}},
        first(),
        first(quantity=2, unitPrice="10.00", discountPercent=0, description="Item I0010"),
        first(shipQuantity=2),
        first(taxCode={"code": "S20"}, unitOfMeasure={"code": "PCS"}, lineType="ITEM"),
    ],
)
def test_a_patch_without_changes_changes_no_etag_and_no_time(world: Client, patch: Fields) -> None:
    before, after = patched(world, patch)
    assert after == before


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ({"salesperson": "SP9"}, [False, False]),
        ({"email": None}, [False, False]),
        (first(description="text"), [True, False]),
        (first(shipQuantity=1), [True, False]),
        (first(quantity=3), [True, False]),
        ({"discountAmount": 1}, [True, False]),
        ({"lines": {"add": [{"description": "more"}]}}, [False, False]),
    ],
)
def test_a_patch_changes_the_etags_of_the_order_and_of_changed_lines(
    world: Client, patch: Fields, changed: list[bool]
) -> None:
    before, after = patched(world, patch)
    assert after["etag"] != before["etag"]
    assert after["lastModifiedDateTime"] > before["lastModifiedDateTime"]
    pairs = zip(etags(before)[1:], etags(after)[1:3], strict=True)
    assert [old != new for old, new in pairs] == changed


def test_removing_a_line_changes_the_etag_of_the_order_only(
    world: Client,
) -> None:
    key, [_, comment] = drafted(world, line(), {"description": "text"})
    before = world.ask(READ, id=key)["salesOrder"]
    after = done(world, UPDATE, key, ETAGS, input={"lines": {"remove": [comment]}})
    assert after["etag"] != before["etag"]
    assert after["lines"] == before["lines"][:1]


@pytest.mark.parametrize("mutation", [HOLD, SUBMIT, RELEASE, CANCEL, SHIP_AND_INVOICE])
def test_a_transition_changes_the_etags_of_the_order_and_of_changed_lines(
    world: Client, mutation: str
) -> None:
    key, _ = drafted(world, line(), {"description": "text"})
    before = etags(world.ask(READ, id=key)["salesOrder"])
    after = etags(done(world, mutation, key, ETAGS))
    moved = mutation == SHIP_AND_INVOICE
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, moved, False]


@pytest.mark.parametrize(("mutation", "suspended"), [(HOLD, True), (RESUME, False)])
def test_a_transition_without_changes_does_not_change_the_etag(
    world: Client, mutation: str, suspended: bool
) -> None:
    key = walked(world, "RELEASED", suspended=suspended)
    before = world.ask(READ, id=key)["salesOrder"]
    assert done(world, mutation, key, ETAGS) == before


@pytest.mark.parametrize("mutation", STATES)
def test_every_mutation_is_refused_with_a_stale_etag_and_runs_with_the_suggested_one(
    world: Client, mutation: str
) -> None:
    key = walked(world, STATES[mutation])
    values = PATCH if mutation == UPDATE else {}
    stale = world.ask(READ, id=key)["salesOrder"]["etag"]
    done(world, HOLD, key)
    done(world, RESUME, key)
    before = world.ask(READ, id=key)
    answer = change(world, mutation, id=key, ifMatch=stale, **values)
    assert problems(answer) == [("STALE", "ifMatch")]
    [error] = answer["userErrors"]
    assert (error["rejectedValue"], error["suggestions"]) == (stale, [before["salesOrder"]["etag"]])
    assert world.ask(READ, id=key) == before
    now = error["suggestions"][0]
    assert problems(change(world, mutation, id=key, ifMatch=now, **values)) == []


NOBODY = "00000000-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    ("mutation", "key"), [*((mutation, NOBODY) for mutation in STATES), (HOLD, "1"), (HOLD, "")]
)
def test_a_missing_order_is_not_found_by_any_mutation(
    world: Client, mutation: str, key: str
) -> None:
    values = PATCH if mutation == UPDATE else {}
    answer = change(world, mutation, id=key, ifMatch="1", **values)
    assert problems(answer) == [("NOT_FOUND", "id")]


FORMS = ("{}", '"{}"', 'W/"{}"', '"0", "{}"', "*")
"""The notations of an etag in HTTP."""


def sent(client: Client, document: str, if_match: str | None, **variables: Any) -> Any:
    """The answer to a request with an If-Match header."""
    headers = {} if if_match is None else {"if-match": if_match}
    body = {"query": document, "variables": variables}
    return client.http.post(client.url + "/graphql", json=body, headers=headers).json()


SAVE = """mutation ($id: ID!, $etag: String) { it: updateSalesOrder(id: $id, ifMatch: $etag,
  input: {salesperson: "SP7"}, dryRun: true) { salesOrder { number }
  userErrors { code path rejectedValue suggestions message } } }"""


@pytest.mark.parametrize("form", FORMS)
def test_an_etag_matches_however_http_writes_it_in_the_argument_and_in_the_header(
    world: Client, form: str
) -> None:
    key = walked(world, "OPEN")
    etag = world.ask(READ, id=key)["salesOrder"]["etag"]
    written = form.format(etag)
    hold = (
        "mutation ($id: ID!, $etag: String) { holdSalesOrder(id: $id, ifMatch: $etag, dryRun: true)"
    )
    hold += " { salesOrder { onHold } userErrors { code } } }"
    good = {"holdSalesOrder": {"salesOrder": {"onHold": True}, "userErrors": []}}
    for _ in range(2):
        assert sent(world, hold, None, id=key, etag=written)["data"] == good
        assert sent(world, hold, written, id=key)["data"] == good
        assert sent(world, hold, written, id=key, etag=written)["data"] == good
        assert sent(world, hold, f'"{etag}"', id=key, etag=etag)["data"] == good


@pytest.mark.parametrize("written", ["0", '"0"', 'W/"0"', '"0", "00"', "", '"*"0'])
def test_a_stale_etag_is_refused_however_it_is_written_in_the_argument_or_in_the_header(
    world: Client, written: str
) -> None:
    key = walked(world, "DRAFT")
    for _ in range(2):
        for answer in (
            sent(world, SAVE, None, id=key, etag=written),
            sent(world, SAVE, written, id=key),
        ):
            [problem] = answer["data"]["it"]["userErrors"]
            assert (problem["code"], problem["path"]) == ("STALE", ["ifMatch"])
            assert problem["rejectedValue"] == written


def test_a_header_and_an_argument_that_differ_are_conflicting(world: Client) -> None:
    key = walked(world, "DRAFT")
    [problem] = sent(world, SAVE, '"2"', id=key, etag="1")["data"]["it"]["userErrors"]
    assert (problem["code"], problem["path"]) == ("CONFLICTING", ["ifMatch"])
    assert (problem["rejectedValue"], problem["suggestions"]) == ("1", ['"2"'])


@pytest.mark.parametrize(
    "document",
    [
        'mutation { a: deleteSalesOrder(id: "x") { deletedId } ...b }'
        ' fragment b on Mutation { c: deleteSalesOrder(id: "y") { deletedId } }',
        'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { id } } }',
    ],
)
def test_a_header_for_no_single_record_is_refused_before_anything_runs(
    world: Client, document: str
) -> None:
    for _ in range(2):
        answer = sent(world, document, "*")
        assert "data" not in answer
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "If-Match" in error["message"]


def test_a_query_ignores_the_header(world: Client) -> None:
    assert sent(world, "{ company { name } }", '"0"')["data"] == {"company": {"name": "World"}}
