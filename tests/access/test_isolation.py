"""Credentials that are limited to a company and to customers: hidden records look like missing ones."""

import re
from typing import Any

import pytest

from tests.support.gates import OURS, Gate
from tests.support.other_company import CREATE, OTHER, REQUIRED
from tests.support.served import statements, without_cost
from tests.support.world import COMPANY

MISSING = "00000000-0000-4000-8000-000000000000"


def test_a_limited_credential_only_sees_its_customers(gate: Gate) -> None:
    seen = gate.ask(
        "limited",
        """query ($payer: ID!, $order: ID!) {
          orders: salesOrders(first: 5, sort: {field: NUMBER}) { totalCount nodes { customer { number } } }
          lines: salesOrderLines { totalCount }
          customers { totalCount nodes { number salesOrders { totalCount nodes { id } } } }
          found: salesOrder(id: $order) { id }  byNumber: salesOrderByNumber(number: "SO-000003") { id }
          payer: customer(id: $payer) { id }  nodes(ids: [$payer, $order]) { id }
          items(filter: {number: {eq: "I0001"}}) { nodes { salesOrderLines { totalCount } } }
          hidden: salesOrders(filter: {billToCustomer: {address: {city: {eq: "London"}}}}) { totalCount }
          ofPayer: items(filter: {salesOrderLines: {some: {salesOrder: {customer: {number: {eq: "PAYER"}}}}}})
            { totalCount } }""",
        payer=gate.customers["PAYER"],
        order=gate.orders["PAYER"],
    )
    by_customer = {
        each["number"]: each["salesOrders"]["nodes"] for each in seen["customers"]["nodes"]
    }
    assert by_customer == {number: [{"id": gate.orders[number]}] for number in OURS}
    assert [each["customer"]["number"] for each in seen["orders"]["nodes"]] == list(OURS)
    assert [seen[name]["totalCount"] for name in ("orders", "lines", "customers")] == [2, 2, 2]
    assert [seen[name] for name in ("found", "byNumber", "payer", "nodes")] == [
        None,
        None,
        None,
        [None] * 2,
    ]
    assert seen["items"]["nodes"] == [{"salesOrderLines": {"totalCount": 2}}]
    assert (seen["hidden"], seen["ofPayer"]) == ({"totalCount": 0}, {"totalCount": 0})


def test_the_payer_of_an_order_is_shown_by_number_and_name(gate: Gate) -> None:
    order = gate.ask(
        "limited",
        """query ($id: ID!) { salesOrder(id: $id) { createdBy lastModifiedBy billToCustomer {
          number displayName etag blocked address { city } salesOrders { totalCount } } } }""",
        id=gate.orders["PAID-BY-OTHER"],
    )["salesOrder"]
    assert order == {
        "createdBy": "Admin",
        "lastModifiedBy": "Admin",
        "billToCustomer": {
            "number": "PAYER",
            "displayName": "Payer Ltd",
            "etag": "1",
            "blocked": "NONE",
            "address": {"city": None},
            "salesOrders": {"totalCount": 0},
        },
    }


def roots(gate: Gate, root: str) -> dict[str, set[str]]:
    """The arguments of each root field."""
    query = f'{{ __type(name: "{root}") {{ fields {{ name args {{ name }} }} }} }}'
    fields = gate.post("admin", query, COMPANY)["data"]["__type"]["fields"]
    return {each["name"]: {arg["name"] for arg in each["args"]} for each in fields}


def outside(gate: Gate) -> list[str]:
    """The ids of an order of another customer, of one of another company, of another customer, and of
    nothing."""
    return [gate.orders["PAYER"], gate.orders["THEIRS"], gate.customers["PAYER"], MISSING]


def states(gate: Gate) -> list[Any]:
    """The stored orders of customers outside of the limit, with their lines."""
    query = "query ($id: ID!) { salesOrder(id: $id) { etag status lines { id etag quantity } } }"
    return [
        gate.post("admin", query, company, id=gate.orders[name])["data"]["salesOrder"]
        for name, company in (("PAYER", COMPANY), ("THEIRS", OTHER))
    ]


def run_for(gate: Gate, query: str, key: str) -> tuple[str, ...]:
    """The answer to an operation for the record with this id, how it was executed, and its SQL statements
    without those that look for the credential."""
    headers = {"authorization": f"Bearer {gate.keys['limited']}"}
    body = {"query": query, "variables": {"id": key}}
    with statements() as seen:
        response = gate.client.http.post(gate.client.url + "/graphql", json=body, headers=headers)
    own = [each for each in seen if "api_keys" not in each]
    return str(without_cost(response)), response.headers["x-execution"], *own


def test_each_query_and_mutation_treats_hidden_records_like_missing_ones(
    gate: Gate,
) -> None:
    """Nothing changes. The way and the SQL statements are the same as well, so that no client can tell
    them apart by the time that an answer takes."""
    before = states(gate)
    for root, kind in (("Query", "query"), ("Mutation", "mutation")):
        for name, arguments in roots(gate, root).items():
            if "id" not in arguments:
                continue
            more = "".join(text for each, text in REQUIRED.items() if each in arguments)
            chosen = "__typename" if kind == "query" else "userErrors { code message path }"
            query = f"{kind} ($id: ID!) {{ it: {name}(id: $id{more}) {{ {chosen} }} }}"
            first, *_ = run_for(gate, query, MISSING)
            runs = {run_for(gate, query, key) for key in outside(gate)}
            assert {answer for answer, *_ in runs} == {first}, name
            assert len(runs) == 1, (name, runs)
    assert states(gate) == before


PROBLEMS = "{ userErrors { code message path } }"
BULK = {
    "createSalesOrders": '{customer: {id: "ID"}}',
    "updateSalesOrders": '{id: "ID", externalDocumentNumber: "X"}',
    "upsertCustomers": '{number: "NUMBER", displayName: "X"}',
    "upsertItems": '{number: "NUMBER", displayName: "X"}',
}
"""A row of each bulk mutation. It names a record by id or number."""


@pytest.mark.parametrize("policy", ["", ", policy: ATOMIC"])
def test_bulk_mutations_treat_hidden_records_like_missing_ones(gate: Gate, policy: str) -> None:
    """Every row is refused, and nothing changes."""
    mutations = roots(gate, "Mutation")
    assert set(BULK) == {name for name, arguments in mutations.items() if "inputs" in arguments}
    before = states(gate)
    records = list(zip(outside(gate), ("PAYER", "THEIRS", "payer", "NOBODY"), strict=True))
    for name, row in BULK.items():
        more = policy if "policy" in mutations[name] else ""
        answers = set()
        for key, number in records:
            rows = row.replace("ID", key).replace("NUMBER", number)
            query = f"mutation {{ it: {name}(inputs: [{rows}]{more}) {PROBLEMS} }}"
            [payload] = gate.post("limited", query)["data"]["it"]
            assert payload["userErrors"]
            answers.add(str(payload).replace(key, "ID").replace(number, "NUMBER"))
        assert len(answers) == 1, (name, answers)
    assert states(gate) == before


def released(gate: Gate) -> str:
    """The id of a new order of the caller that can be shipped."""
    line = {"item": {"number": "I0001"}, "quantity": 1, "unitPrice": 1}
    created = gate.post("limited", CREATE, input={"customer": {"number": "C1"}, "lines": [line]})
    key = str(created["data"]["createSalesOrder"]["salesOrder"]["id"])
    release = f"mutation ($id: ID!) {{ releaseSalesOrder(id: $id) {PROBLEMS} }}"
    answer = gate.post("limited", release, id=key)
    assert answer == {"data": {"releaseSalesOrder": {"userErrors": []}}}
    return key


@pytest.mark.parametrize(
    "change",
    [
        'updateSalesOrder(id: $id, input: {lines: {update: [{id: "LINE", quantity: 9}]}})',
        'updateSalesOrder(id: $id, input: {lines: {remove: ["LINE"]}})',
        'shipSalesOrder(id: $id, lines: [{id: "LINE", quantity: 1}])',
    ],
)
def test_a_line_of_another_order_looks_like_a_missing_one(gate: Gate, change: str) -> None:
    order = released(gate) if change.startswith("ship") else gate.orders["C1"]
    before = states(gate)
    answers = []
    for line in (*(each["lines"][0]["id"] for each in before), MISSING):
        query = f"mutation ($id: ID!) {{ it: {change.replace('LINE', line)} {PROBLEMS} }}"
        problems = gate.post("limited", query, id=order)["data"]["it"]["userErrors"]
        assert [each["code"] for each in problems] == ["NOT_FOUND"]
        answers.append(str(problems).replace(line, "LINE"))
    assert len(set(answers)) == 1, answers
    assert states(gate) == before


def test_a_hidden_number_looks_like_a_missing_one(gate: Gate) -> None:
    """The orders with these numbers, and the customers, belong to others."""
    hidden = {
        "salesOrderByNumber": {"SO-000003", "so-000003"},
        "customerByNumber": {"PAYER", "payer", "THEIRS"},
    }
    for name, numbers in hidden.items():
        for number in numbers:
            query = f'{{ {name}(number: "{number}") {{ id }} }}'
            assert gate.ask("limited", query) == {name: None}


def test_no_list_has_records_of_another_company(gate: Gate) -> None:
    lists = [name for name, arguments in roots(gate, "Query").items() if "first" in arguments]
    assert len(lists) > 10
    for name in lists:
        query = f"{{ it: {name}(first: 200) {{ nodes {{ id }} }} }}"
        ours, theirs = (
            {each["id"] for each in gate.ask(who, query, company)["it"]["nodes"]}
            for who, company in (("company", COMPANY), ("admin", OTHER))
        )
        assert ours or name == "importJobs", name
        assert not ours & theirs, name


KEYS = {
    "salesOrderByNumber": "SO-000001",
    "customerByNumber": "C1",
    "itemByNumber": "I0001",
    "accountByNumber": "6110",
    "currencyByCode": "JPY",
    "paymentTermsByCode": "30D",
    "shipmentMethodByCode": "CIF",
    "unitOfMeasureByCode": "PCS",
    "taxCodeByCode": "S20",
}
"""The number or code of a record by look-up. Both companies have most of them."""


def test_no_look_up_finds_a_record_of_another_company(gate: Gate) -> None:
    queries = roots(gate, "Query")
    assert set(KEYS) == {name for name in queries if re.search("By(Number|Code)$", name)}
    for name, key in KEYS.items():
        query = f'{{ it: {name}({name.split("By")[1].lower()}: "{key}") {{ id }} }}'
        ours = gate.ask("company", query)["it"]
        assert ours is not None, name
        assert ours != gate.ask("admin", query, OTHER)["it"], name


@pytest.mark.parametrize("name", ["customer", "billToCustomer"])
def test_no_order_is_written_for_a_customer_outside(gate: Gate, name: str) -> None:
    """This includes a customer who is only known as the payer of another order in the same call."""
    wanted = {"customer": {"number": "C1"}, name: {"id": gate.customers["PAYER"]}}
    missing = {"customer": {"number": "C1"}, name: {"id": MISSING}}
    answers = [gate.post("limited", CREATE, input=each)["data"] for each in (wanted, missing)]
    assert answers[0] == answers[1]
    assert [each["code"] for each in answers[0]["createSalesOrder"]["userErrors"]] == ["NOT_FOUND"]
    both = """mutation ($inputs: [CreateSalesOrderInput!]!) { createSalesOrders(inputs: $inputs, dryRun: true) {
      userErrors { code } } }"""
    inputs = [{"customer": {"number": "PAID-BY-OTHER"}}, wanted]
    created = gate.post("limited", both, inputs=inputs)["data"]["createSalesOrders"]
    assert [[error["code"] for error in each["userErrors"]] for each in created] == [
        [],
        ["NOT_FOUND"],
    ]


def test_the_payer_of_an_order_may_be_named_again(gate: Gate) -> None:
    """The payer is outside the limit, and so is unknown on an order that another customer pays."""
    change = """mutation ($id: ID!, $input: UpdateSalesOrderInput!) {
      updateSalesOrder(id: $id, input: $input, dryRun: true) { userErrors { code } } }"""
    wanted = {"billToCustomer": {"number": "PAYER"}}
    answers = [
        gate.ask("limited", change, id=gate.orders[name], input=wanted)["updateSalesOrder"]
        for name in ("PAID-BY-OTHER", "C1")
    ]
    codes = [[error["code"] for error in each["userErrors"]] for each in answers]
    assert codes == [[], ["NOT_FOUND"]]


def test_a_foreign_company_looks_like_a_missing_one(gate: Gate) -> None:
    queries = ("{ company { name } }", "{ items(first: 1) { nodes { id } } }", CREATE)
    for query in queries:
        answers = [
            str(gate.post("company", query, name, input={"customer": {"number": "C1"}})).replace(
                name, "X"
            )
            for name in (OTHER, "Nobody")
        ]
        assert answers[0] == answers[1]
        assert "COMPANY_NOT_FOUND" in answers[0]
        assert repr(COMPANY) in answers[0]
    listed = gate.ask(
        "company", "{ company { name } companies { name } viewer { name companies { name } } }"
    )
    ours = [{"name": COMPANY}]
    assert listed == {
        "company": ours[0],
        "companies": ours,
        "viewer": {"name": "Clerk", "companies": ours},
    }


def test_a_caller_sees_who_it_is(gate: Gate) -> None:
    query = "{ viewer { name scopes isLimitedToCustomers customers { number displayName } } }"
    viewer = gate.ask("limited", query)["viewer"]
    assert (viewer["name"], viewer["isLimitedToCustomers"]) == ("Partner", True)
    assert [each["number"] for each in viewer["customers"]] == list(OURS)
    assert gate.ask("company", query)["viewer"]["isLimitedToCustomers"] is False


def test_a_contact_id_of_a_customer_outside_is_taken(gate: Gate) -> None:
    change = """mutation ($id: ID!) { updateCustomer(id: $id, input: {contactId: "theirs"}) {
      userErrors { code message path rejectedValue } } }"""
    others = gate.post("admin", change, COMPANY, id=gate.customers["PAYER"])
    assert others["data"]["updateCustomer"]["userErrors"] == []
    own = gate.post("limited", change, id=gate.customers["C1"])
    assert own["data"]["updateCustomer"]["userErrors"] == [
        {
            "code": "DUPLICATE",
            "message": "This contact id is already taken.",
            "path": ["input", "contactId"],
            "rejectedValue": "theirs",
        }
    ]
