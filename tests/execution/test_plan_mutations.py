"""Mutations through plans: the same payload as from graphql-core, and no change is made twice."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.plans import sent
from tests.support.requests import ORDER, Fields, created, dump, execute, line, order
from tests.support.served import Client, serving
from tests.support.world import load_world

ERRORS = "userErrors { __typename message code path rejectedValue suggestions }"
PAYLOAD = f"""{{ __typename salesOrder {{ __typename {ORDER} nested: lines {{ item {{ displayName
  taxCode {{ code }} }} order: salesOrder {{ shipToAddress {{ t: __typename city }} lines {{ id }} }} }}
  buyer: customer {{ displayName currency {{ code }} salesOrders(last: 2) {{ totalCount
  nodes {{ number lines {{ sequence }} }} pageInfo {{ hasPreviousPage }} }} }} }} {ERRORS} }}"""
CREATE = f"""mutation ($input: CreateSalesOrderInput!, $dry: Boolean! = true) {{
  createSalesOrder(input: $input, dryRun: $dry) {PAYLOAD} }}"""
UPDATE = f"""mutation ($id: ID!, $input: UpdateSalesOrderInput!, $etag: String) {{
  updateSalesOrder(id: $id, input: $input, ifMatch: $etag, dryRun: true) {PAYLOAD} }}"""
DELETE = f"""mutation ($id: ID!, $etag: String) {{
  deleteSalesOrder(id: $id, ifMatch: $etag, dryRun: true) {{ __typename deletedId {ERRORS} }} }}"""
SHIP = f"""mutation ($id: ID!, $lines: [SalesOrderLineQuantityInput!]) {{
  shipSalesOrder(id: $id, lines: $lines, dryRun: true) {PAYLOAD} }}"""
HAPPENING = [
    *("submitSalesOrderForReview", "approveSalesOrder", "rejectSalesOrder", "releaseSalesOrder"),
    *("reopenSalesOrder", "holdSalesOrder", "resumeSalesOrder", "cancelSalesOrder"),
    *("shipAndInvoiceSalesOrder", "invoiceSalesOrder", "registerSalesOrderPayment"),
]
NEW = order(line(quantity="3.5"), {"description": "text"}, line("GROSS"), discountPercent="12.5")
COUNT = "{ salesOrders { totalCount } }"
NUMBERS = itertools.count()


def unseen(query: str) -> str:
    """The operation as a document that no test has sent before."""
    return f"{query} # {next(NUMBERS)}"


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a world that the tests share. Its answers say how their operations ran."""
    with serving(Settings(database_url=templates.copy("world", load_world), debug=True)) as client:
        yield client


@pytest.fixture
def client(templates: Templates) -> Iterator[Client]:
    """The gateway over a world of the test's own, whose first order is SO-000001."""
    with serving(Settings(database_url=templates.copy("world", load_world), debug=True)) as client:
        yield client


def without_new_values(answer: str) -> str:
    """An answer without times, and with ids replaced in order of appearance."""
    ids: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        return ids.setdefault(match[0], f"id {len(ids)}")

    answer = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", numbered, answer)
    return re.sub(r'"lastModifiedDateTime":"[^"]+"', '"lastModifiedDateTime":"now"', answer)


def planned(client: Client, query: str, **variables: Any) -> Any:
    """The data of a dry run, which must be the same from graphql-core and, twice, from a plan."""
    query = unseen(query)
    way, expected = sent(client, query, variables)
    assert way == "graphql-core"
    for _ in range(2):
        way, answer = sent(client, query, variables)
        assert (way, without_new_values(answer)) == ("plan", without_new_values(expected))
    answer = json.loads(expected)
    assert "errors" not in answer
    [payload] = answer["data"].values()
    return payload


def test_a_plan_answers_a_creation_as_graphql_core_does(world: Client) -> None:
    payload = planned(world, CREATE, input=NEW)
    assert payload["salesOrder"]["discountPercent"] == "12.5"
    assert [each["quantity"] for each in payload["salesOrder"]["lines"]] == ["3.5", "0", "1"]
    assert payload["userErrors"] == []


def test_a_plan_makes_an_order_that_is_stored(client: Client) -> None:
    planned(client, CREATE, input=NEW)
    sent(client, CREATE, {"input": NEW})
    way, answer = sent(client, CREATE, {"input": NEW, "dry": False})
    created = json.loads(answer)["data"]["createSalesOrder"]["salesOrder"]
    assert way == "plan"
    read = client.ask(f"query ($id: ID!) {{ salesOrder(id: $id) {{ {ORDER} }} }}", id=created["id"])
    assert read["salesOrder"].items() <= created.items()
    assert client.ask(COUNT)["salesOrders"]["totalCount"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"salesperson": "SP9", "discountAmount": 1, "lines": {"add": [line(quantity=2)]}},
        {"salesperson": None, "shipToAddress": {"city": "Ulm", "state": None}},
        {"customer": {"number": "WITH-TAX"}, "currency": None},
        {"customer": {"number": "NOPE"}, "email": "x" * 200, "lines": {"remove": ["x"]}},
        {"customer": None},
    ],
    ids=str,
)
def test_a_plan_answers_an_update_as_graphql_core_does(world: Client, change: Fields) -> None:
    new = created(world, NEW)
    planned(world, UPDATE, id=new["id"], input=change)


def test_a_plan_refuses_as_graphql_core_does(world: Client) -> None:
    new = created(world, NEW)
    stale = planned(world, UPDATE, id=new["id"], input={}, etag="0")
    assert [error["code"] for error in stale["userErrors"]] == ["STALE"]
    assert stale["salesOrder"] is None
    assert planned(world, DELETE, id="x")["userErrors"][0]["code"] == "NOT_FOUND"
    bad = order(line("NOPE"), line(quantity="0.000001"), customer={"number": "BLOCKED-ALL"})
    codes = [error["code"] for error in planned(world, CREATE, input=bad)["userErrors"]]
    assert codes == ["BLOCKED", "NOT_FOUND", "OUT_OF_RANGE"]


def test_a_plan_answers_a_transition_of_an_order_as_graphql_core_does(world: Client) -> None:
    new = created(world, NEW)
    assert planned(world, DELETE, id=new["id"])["deletedId"] is None
    for name in HAPPENING:
        planned(
            world,
            f"mutation ($id: ID!) {{ {name}(id: $id, dryRun: true) {PAYLOAD} }}",
            id=new["id"],
        )
    world.ask(
        "mutation ($id: ID!) { releaseSalesOrder(id: $id) { salesOrder { id } } }", id=new["id"]
    )
    some = [{"id": new["lines"][0]["id"], "quantity": "1.5"}]
    shipped = planned(world, SHIP, id=new["id"], lines=some)
    assert shipped["salesOrder"]["lines"][0]["shippedQuantity"] == "1.5"
    planned(world, SHIP, id=new["id"], lines=None)
    planned(world, SHIP, id=new["id"])


MAKE = 'createSalesOrder(input: {customer: {number: "C1"}}, dryRun: %s)'
NUMBER = "{ salesOrder { number } }"


def test_mutations_of_one_document_run_one_after_the_other(client: Client) -> None:
    """Each mutation reads the changes of those before it."""
    query = """mutation ($id: ID!) { hold: holdSalesOrder(id: $id) { salesOrder { onHold lines {
      salesOrder { onHold } } customer { salesOrders(filter: {onHold: {eq: true}}) { totalCount } } } }
      again: holdSalesOrder(id: $id) { salesOrder { etag } userErrors { code } }
      resumeSalesOrder(id: $id) { salesOrder { onHold customer { salesOrders(
      filter: {onHold: {eq: true}}) { totalCount } } } } __typename
      deleteSalesOrder(id: $id) { deletedId } }"""
    answers = []
    for way in ("graphql-core", "plan", "plan"):
        new = created(client, NEW)
        result, answer = sent(client, query, {"id": new["id"]})
        assert result == way
        answers.append(without_new_values(answer))
    assert answers[0] == answers[1] == answers[2]
    data = json.loads(answers[0])["data"]
    assert data["hold"]["salesOrder"]["customer"]["salesOrders"]["totalCount"] == 1
    assert data["resumeSalesOrder"]["salesOrder"]["customer"]["salesOrders"]["totalCount"] == 0
    assert client.ask(COUNT)["salesOrders"]["totalCount"] == 0


BROKEN = f"""mutation ($cursor: String) {{ one: {MAKE % "false"} {NUMBER}
  two: {MAKE % "false"} {{ salesOrder {{ number customer {{ salesOrders(after: $cursor) {{ totalCount
  nodes {{ id }} }} }} }} }} three: {MAKE % "false"} {NUMBER} }}"""


def test_a_change_of_a_failing_plan_is_not_repeated(client: Client) -> None:
    """A cursor is refused after the second of three orders is created."""
    before, answers = 0, []
    for way in ("graphql-core", "plan", "graphql-core", "graphql-core"):
        result, answer = sent(client, BROKEN, {"cursor": None if way == "plan" else "x"})
        assert result == way
        count = client.ask(COUNT)["salesOrders"]["totalCount"]
        assert count == before + 3
        before = count
        answers.append(json.loads(answer))
    for answer in (answers[0], *answers[2:]):
        [error] = answer["errors"]
        assert error["path"] == ["two", "salesOrder", "customer", "salesOrders"]
        assert error["extensions"]["code"] == "BAD_CURSOR"
        assert answer["data"]["two"] == {"salesOrder": None}
        assert answer["data"]["three"]["salesOrder"]["number"].startswith("SO-")
    numbers = [answer["data"]["one"]["salesOrder"]["number"] for answer in answers]
    assert numbers == ["SO-000001", "SO-000004", "SO-000007", "SO-000010"]


CRASH = {
    "sqlite": (
        "CREATE TRIGGER crash BEFORE INSERT ON sales_orders WHEN NEW.salesperson = 'CRASH'"
        " BEGIN SELECT RAISE(ABORT, 'secret'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.salesperson = 'CRASH' THEN RAISE EXCEPTION 'secret'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER crash BEFORE INSERT ON sales_orders FOR EACH ROW EXECUTE FUNCTION crash()",
    ),
}
"""Makes orders of the salesperson CRASH fail, although their input is valid."""

KEPT = f"""mutation ($second: CreateSalesOrderInput!) {{ one: {MAKE % "false"} {NUMBER}
  two: createSalesOrder(input: $second) {NUMBER} three: {MAKE % "false"} {NUMBER} }}"""


def test_the_payloads_of_a_document_remain_when_one_of_its_mutations_fails(
    templates: Templates, backend: str
) -> None:
    """Whether graphql-core runs the document or a plan begins it, each change is made once."""
    url = templates.copy("world", load_world)
    execute(url, *CRASH[backend])
    bad, numbers = order(salesperson="CRASH"), iter(range(1, 100))
    with serving(Settings(database_url=url, debug=True)) as client:
        for fields in (bad, order(), bad, bad):
            _, answer = sent(client, KEPT, {"second": fields})
            answer = json.loads(answer)
            is_bad = fields is bad
            expected: Fields = {
                name: {"salesOrder": {"number": f"SO-{next(numbers):06}"}}
                for name in ("one", "two", "three")
                if not (is_bad and name == "two")
            }
            assert answer["data"] == {"two": None, **expected}
            codes = [(e["path"], e["extensions"]["code"]) for e in answer.get("errors", ())]
            assert codes == ([(["two"], "INTERNAL_ERROR")] if is_bad else [])
            assert "secret" not in str(answer)


COMPUTED = f"""mutation ($no: Boolean!) {{ one: {MAKE % "false"} {NUMBER} two: {MAKE % "false"} {{
  salesOrder {{ number statusLabel(vocabulary: NAVISION_SCHEMA) @skip(if: $no) }} }} }}"""


def test_a_change_that_no_plan_covers_is_made_once(client: Client) -> None:
    for number, (skipped, way) in enumerate(
        [(True, "graphql-core"), (True, "plan"), (False, "graphql-core"), (False, "graphql-core")]
    ):
        result, answer = sent(client, COMPUTED, {"no": skipped})
        assert (result, "errors" in json.loads(answer)) == (way, False)
        assert client.ask(COUNT)["salesOrders"]["totalCount"] == 2 * (number + 1)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"input": None},
        {"input": 1},
        {"input": {}},
        {"input": order(line(quantity="abc"))},
        {"input": order(line(unknown=1))},
        {"input": order(sellToAddress="x")},
        {"input": order({"item": {"number": "I0001", "id": "x"}})},
        {"input": order({"item": {"number": None}})},
        {"input": order(orderDate="1997-02-29")},
        {"input": NEW, "dry": None},
        {"input": NEW, "dry": "yes"},
    ],
    ids=str,
)
def test_invalid_arguments_change_nothing_with_or_without_a_plan(
    world: Client, variables: Fields
) -> None:
    before = world.ask(COUNT)
    expected = sent(world, unseen(CREATE), variables)
    document = unseen(CREATE)
    sent(world, document, {"input": NEW})
    assert sent(world, document, {"input": NEW})[0] == "plan"
    assert sent(world, document, variables) == expected
    assert "errors" in json.loads(expected[1])
    assert world.ask(COUNT) == before


def test_a_mutation_by_get_is_refused_even_if_it_has_a_plan(world: Client) -> None:
    document = unseen(CREATE)
    for _ in range(2):
        sent(world, document, {"input": NEW})
    parameters = {"query": document, "variables": json.dumps({"input": NEW})}
    response = world.http.get(world.url + "/graphql", params=parameters)
    assert response.status_code == 405


def test_a_dry_run_by_a_plan_stores_nothing(templates: Templates) -> None:
    url = templates.copy("world", load_world)
    with serving(Settings(database_url=url, debug=True)) as client:
        before = dump(url)
        planned(client, CREATE, input=NEW)
        assert dump(url) == before
