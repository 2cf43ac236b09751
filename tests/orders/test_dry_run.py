"""A dry run of every mutation has the same answer as the mutation, as a preview, and stores nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.life_cycle import (
    APPROVE,
    CANCEL,
    CREATE,
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
    walked,
)
from tests.support.requests import ORDER, Fields, dump, line, order
from tests.support.served import Client, serving
from tests.support.world import load_world

FIELDS = f"""{ORDER} statusLabel(vocabulary: FINANCE_OPERATIONS) totalsExplanation {{ formula }}
  customer {{ displayName currency {{ code }} }} lines {{ item {{ displayName taxCode {{ code }} }} }}"""
"""All fields of an order, and those of its relations."""

NEW = order(line(quantity=3), {"description": "text"}, line("GROSS"), discountPercent="12.5")
PATCH = {"salesperson": "SP9", "customer": {"number": "WITH-TAX"}, "lines": {"add": [line()]}}
CASES: dict[str, tuple[str, Fields]] = {
    UPDATE: ("DRAFT", {"input": PATCH}),
    DELETE: ("OPEN", {}),
    SUBMIT: ("DRAFT", {}),
    APPROVE: ("IN_REVIEW", {}),
    REJECT: ("IN_REVIEW", {}),
    RELEASE: ("OPEN", {}),
    REOPEN: ("SHIPPED IN PART", {}),
    HOLD: ("INVOICED", {}),
    RESUME: ("held DRAFT", {}),
    CANCEL: ("RELEASED", {}),
    SHIP: ("SHIPPED IN PART", {}),
    INVOICE: ("SHIPPED IN PART", {}),
    SHIP_AND_INVOICE: ("DRAFT", {}),
    PAY: ("INVOICED", {}),
}
"""A state in which each mutation of an order is allowed, and its arguments."""

ARGUMENTS = """{ __type(name: "Mutation") { fields { name args { name defaultValue
  type { kind ofType { name } } } } } }"""


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    return templates.copy("world", load_world)


@pytest.fixture(scope="module")
def world(url: str) -> Iterator[Client]:
    """The gateway over a separate world, which the tests use one after the other."""
    with serving(Settings(database_url=url)) as client:
        yield client


def without_preview(answer: Any) -> Any:
    """An answer without ids, etags and times, which differ in a preview."""
    if isinstance(answer, list):
        return [without_preview(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    passing = ("id", "etag", "deletedId", "lastModifiedDateTime")
    return {name: without_preview(value) for name, value in answer.items() if name not in passing}


def keys(answer: Any) -> list[str]:
    """Every id and etag of an order and its lines, wherever the answer has them; `customer` and the
    like are other records."""
    if isinstance(answer, list):
        return [key for each in answer for key in keys(each)]
    if not isinstance(answer, dict):
        return []
    result = [value for name, value in answer.items() if name in ("id", "etag")]
    return result + [
        key
        for name, value in answer.items()
        if name in ("salesOrder", "lines")
        for key in keys(value)
    ]


def arguments(client: Client, mutation: str) -> Fields:
    """The arguments of a mutation, for a new order."""
    if mutation == CREATE:
        return {"input": NEW}
    state, values = CASES[mutation]
    suspended = state.startswith("held ")
    return {"id": walked(client, state.removeprefix("held "), suspended=suspended), **values}


@pytest.mark.parametrize("mutation", [CREATE, *CASES])
def test_a_dry_run_has_the_answer_of_the_real_run_and_stores_nothing(
    world: Client, url: str, mutation: str
) -> None:
    values = arguments(world, mutation)
    before = dump(url)
    tried = change(world, mutation, FIELDS, **values, dryRun=True)
    assert dump(url) == before
    created = change(world, mutation, FIELDS, **values, dryRun=False)
    assert created["userErrors"] == []
    assert without_preview(tried) == without_preview(created)


def test_the_real_run_stores_what_the_dry_run_does_not(world: Client, url: str) -> None:
    before = dump(url)
    change(world, CREATE, input=NEW)
    after = dump(url)
    changed = {table for table in before if after[table] != before[table]}
    assert changed == {"sales_orders", "sales_order_lines", "number_series"}


def test_a_dry_run_is_refused_like_the_real_run_and_neither_stores_anything(
    world: Client, url: str
) -> None:
    key = walked(world, "CANCELLED")
    values = {mutation: {"id": key, **CASES[mutation][1]} for mutation in CASES}
    values[CREATE] = {"input": order(line("I001"))}
    before = dump(url)
    for mutation, known in values.items():
        tried = change(world, mutation, **known, dryRun=True)
        assert tried["userErrors"] != []
        assert tried == change(world, mutation, **known)
    assert dump(url) == before


BACK = "id etag lines { id etag salesOrder { id etag lines { id etag } } }"
"""The order and its lines, and the ways that lead back to them."""

READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {BACK} }} }}"
FIND = """query ($id: ID!) { salesOrder(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"""


@pytest.mark.parametrize("mutation", [CREATE, *CASES])
def test_a_preview_has_its_own_ids_and_etags_wherever_it_is_selected(
    world: Client, mutation: str
) -> None:
    """Whether graphql-core runs it, as the first time, or a plan does, as from the second time on."""
    values = arguments(world, mutation)
    stored = world.ask(READ, id=values["id"])["salesOrder"] if "id" in values else None
    for _ in range(3):
        tried = change(world, mutation, BACK, **values, dryRun=True)
        assert tried["userErrors"] == []
        if mutation == DELETE:
            assert tried["deletedId"] is None
            continue
        result = keys(tried["salesOrder"])
        assert len(result) > 10
        assert all(key.startswith("preview:") for key in result)
        if stored is not None:
            assert set(keys(stored)) & {key.removeprefix("preview:") for key in result}
            assert tried["salesOrder"]["id"] == "preview:" + stored["id"]
    if stored is not None:
        assert world.ask(READ, id=values["id"])["salesOrder"] == stored


def test_the_ids_of_a_preview_match_nothing(world: Client) -> None:
    key = walked(world, "RELEASED")
    preview = change(world, SHIP, id=key, dryRun=True)["salesOrder"]
    for _ in range(2):
        result = world.ask(FIND, id=preview["id"])
        assert result == {"salesOrder": None, "node": None, "nodes": [None]}
    for mutation, (_, values) in CASES.items():
        [problem] = change(world, mutation, id=preview["id"], **values)["userErrors"]
        assert (problem["code"], problem["path"]) == ("NOT_FOUND", ["id"])
        assert "comes from a dry run" in problem["message"]
    line_of_it = preview["lines"][0]["id"]
    shipped = [{"id": line_of_it, "quantity": 1}]
    removed = {"lines": {"remove": [line_of_it]}}
    for mutation, state, values in (
        (SHIP, "RELEASED", {"lines": shipped}),
        (UPDATE, "DRAFT", {"input": removed}),
    ):
        [problem] = change(world, mutation, id=walked(world, state), **values)["userErrors"]
        assert problem["code"] == "NOT_FOUND"
        assert "comes from a dry run" in problem["message"]


def test_the_etag_of_a_preview_is_stale_even_when_the_order_has_that_number(world: Client) -> None:
    """The lost update: another client saves between the preview and the save."""
    values = {"id": walked(world, "DRAFT"), "input": PATCH}
    preview = change(world, UPDATE, "etag", **values, dryRun=True)["salesOrder"]["etag"]
    other = change(world, UPDATE, "etag", id=values["id"], input={"salesperson": "SP8"})
    assert preview == "preview:" + other["salesOrder"]["etag"]
    for if_match in (preview, f'"{preview}"', f'W/"{preview}"'):
        [problem] = change(world, UPDATE, **values, ifMatch=if_match)["userErrors"]
        assert (problem["code"], problem["path"]) == ("STALE", ["ifMatch"])
        assert "comes from a dry run" in problem["message"]
        assert problem["suggestions"] == [other["salesOrder"]["etag"]]


def test_an_etag_is_still_valid_after_a_dry_run(world: Client) -> None:
    values = {"id": walked(world, "DRAFT"), "input": PATCH}
    seen = world.ask("query ($id: ID!) { salesOrder(id: $id) { etag } }", id=values["id"])
    if_match = seen["salesOrder"]["etag"]
    tried = change(world, UPDATE, "etag", **values, ifMatch=if_match, dryRun=True)
    created = change(world, UPDATE, "etag", **values, ifMatch=if_match)
    assert tried["salesOrder"]["etag"] == "preview:" + created["salesOrder"]["etag"]
    assert created["salesOrder"]["etag"] != if_match


def test_every_mutation_except_those_of_imports_has_a_dry_run_which_is_not_the_default(
    world: Client,
) -> None:
    fields = world.ask(ARGUMENTS)["__type"]["fields"]
    dry_run = {"kind": "NON_NULL", "ofType": {"name": "Boolean"}}
    expected = {"name": "dryRun", "defaultValue": "false", "type": dry_run}
    dry = {field["name"] for field in fields if expected in field["args"]}
    of_imports = {field["name"] for field in fields if field["name"].endswith("ImportJob")}
    assert dry == {field["name"] for field in fields} - of_imports
    of_one_order = {name for name in dry if "SalesOrder" in name and not name.endswith("Orders")}
    assert of_one_order == {CREATE, *CASES}
