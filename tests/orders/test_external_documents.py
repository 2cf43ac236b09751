"""The same external document number on several orders of one customer (RULES.md 1.8)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.requests import Fields, created, execute, line, order
from tests.support.served import Client, statements

ANSWER = """salesOrder { id number } userErrors { code path }
  warnings { code path rejectedValue parameters { name value } }"""
CREATE = f"""mutation ($input: CreateSalesOrderInput!, $dryRun: Boolean! = false) {{
  it: createSalesOrder(input: $input, dryRun: $dryRun) {{ {ANSWER} }} }}"""
UPDATE = f"""mutation ($id: ID!, $input: UpdateSalesOrderInput!) {{
  it: updateSalesOrder(id: $id, input: $input) {{ {ANSWER} }} }}"""
CREATE_ALL = f"""mutation ($inputs: [CreateSalesOrderInput!]!, $policy: ImportPolicy! = PER_ORDER) {{
  it: createSalesOrders(inputs: $inputs, policy: $policy) {{ {ANSWER} }} }}"""
UPDATE_ALL = f"""mutation ($inputs: [SalesOrderUpdateInput!]!) {{
  it: updateSalesOrders(inputs: $inputs) {{ {ANSWER} }} }}"""
CANCEL = "mutation ($id: ID!) { it: cancelSalesOrder(id: $id) { userErrors { code } warnings { code } } }"
PATH = ["input", "externalDocumentNumber"]
REFUSE = "UPDATE companies SET refuse_duplicate_external_document_numbers = true"


def po(number: str | None = "PO-1", **header: Any) -> Fields:
    return order(line(), externalDocumentNumber=number, **header)


def errors(payload: Fields) -> list[tuple[str, str]]:
    return [(each["code"], ".".join(each["path"])) for each in payload["userErrors"]]


def warnings(payload: Fields) -> list[tuple[str, str]]:
    assert payload["userErrors"] == []
    return [(each["code"], ".".join(each["path"])) for each in payload["warnings"]]


def test_a_second_order_with_the_number_is_stored_with_a_warning(client: Client) -> None:
    """A dry run warns too, and stores nothing."""
    first = client.ask(CREATE, input=po())["it"]
    assert warnings(first) == []
    for dry_run in (True, False):
        second = client.ask(CREATE, input=po(), dryRun=dry_run)["it"]
        assert second["warnings"] == [
            {
                "code": "DUPLICATE",
                "path": PATH,
                "rejectedValue": "PO-1",
                "parameters": [
                    {"name": "customer", "value": "C1"},
                    {"name": "number", "value": "SO-000001"},
                ],
            }
        ]
    assert second["salesOrder"]["number"] == "SO-000002"


@pytest.mark.parametrize(
    "header", [{"number": None}, {"number": "po-1"}, {"customer": {"number": "WITH-TAX"}}]
)
def test_missing_and_different_numbers_and_other_customers_cause_no_warning(
    client: Client, header: Fields
) -> None:
    """The numbers are the customer's, so their case matters."""
    created(client, po())
    assert warnings(client.ask(CREATE, input=po(**header))["it"]) == []


def test_a_cancelled_order_does_not_count(client: Client) -> None:
    first = created(client, po())
    assert client.ask(CANCEL, id=first["id"])["it"] == {"userErrors": [], "warnings": []}
    assert warnings(client.ask(CREATE, input=po())["it"]) == []


def test_a_patch_warns_only_if_it_changes_the_number_or_the_customer(client: Client) -> None:
    created(client, po())
    second = created(client, po("PO-2"))["id"]
    for change, expected in [
        ({"salesperson": "X"}, []),
        ({"externalDocumentNumber": "PO-2"}, []),
        ({"externalDocumentNumber": "PO-1"}, [("DUPLICATE", "input.externalDocumentNumber")]),
        ({"externalDocumentNumber": "PO-1", "salesperson": "Y"}, []),
        ({"customer": {"number": "WITH-TAX"}}, []),
        ({"customer": {"number": "C1"}}, [("DUPLICATE", "input.customer")]),
    ]:
        assert warnings(client.ask(UPDATE, id=second, input=change)["it"]) == expected


def test_each_row_of_a_call_has_its_own_warnings(client: Client) -> None:
    created(client, po())
    rows = client.ask(CREATE_ALL, inputs=[po("PO-2"), po(), po("PO-2"), po(None)])["it"]
    path = "externalDocumentNumber"
    assert [warnings(row) for row in rows] == [
        [],
        [("DUPLICATE", f"inputs.1.{path}")],
        [("DUPLICATE", f"inputs.2.{path}")],
        [],
    ]
    inputs = [
        {"id": row["salesOrder"]["id"], path: number}
        for row, number in zip(rows, ["PO-3", "PO-1", "PO-2", "PO-3"], strict=True)
    ]
    patched = client.ask(UPDATE_ALL, inputs=inputs)["it"]
    assert [warnings(row) for row in patched] == [[], [], [], [("DUPLICATE", f"inputs.3.{path}")]]


def test_a_company_may_refuse_a_second_order(client: Client, world_url: str) -> None:
    """Orders stored before the company refused duplicates can still be changed."""
    repeated = [created(client, po())["id"] for _ in range(2)][1]
    other = created(client, po("PO-2"))["id"]
    execute(world_url, REFUSE)
    refused = [("DUPLICATE", "input.externalDocumentNumber")]
    assert errors(client.ask(CREATE, input=po())["it"]) == refused
    assert errors(client.ask(UPDATE, id=other, input={PATH[1]: "PO-1"})["it"]) == refused
    assert warnings(client.ask(UPDATE, id=repeated, input={"salesperson": "X"})["it"]) == []
    rows = client.ask(CREATE_ALL, inputs=[po("PO-3"), po("PO-3"), po("PO-1"), po("PO-4")])["it"]
    assert [errors(row) for row in rows] == [
        [],
        [("DUPLICATE", "inputs.1.externalDocumentNumber")],
        [("DUPLICATE", "inputs.2.externalDocumentNumber")],
        [],
    ]
    assert rows[3]["salesOrder"]["number"] == "SO-000005"
    both = client.ask(CREATE_ALL, inputs=[po("PO-5"), po("PO-5")], policy="ATOMIC")["it"]
    assert [errors(row)[0][0] for row in both] == ["OTHER_ROW_REFUSED", "DUPLICATE"]
    inputs = [{"id": other, PATH[1]: "PO-6"}, {"id": repeated, PATH[1]: "PO-6"}]
    patched = client.ask(UPDATE_ALL, inputs=inputs)["it"]
    assert [errors(row) for row in patched] == [
        [],
        [("DUPLICATE", "inputs.1.externalDocumentNumber")],
    ]


def test_a_company_that_refuses_duplicates_accepts_one_of_two_simultaneous_orders(
    client: Client, world_url: str
) -> None:
    execute(world_url, REFUSE)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.ask(CREATE, input=po())["it"], range(4)))
    taken = [each for each in answers if each["salesOrder"] is not None]
    assert len(taken) == 1
    refused = [errors(each) for each in answers if each["salesOrder"] is None]
    assert refused == [[("DUPLICATE", "input.externalDocumentNumber")]] * 3


def test_the_check_takes_one_statement_for_any_number_of_orders(client: Client) -> None:
    """Without a number there is no statement."""
    counts = []
    for inputs in ([po(None)] * 2, [po("PO-1")], [po(f"PO-{n % 3}") for n in range(6)]):
        with statements() as seen:
            client.ask(CREATE_ALL, inputs=inputs)
        counts.append(len(seen))
    assert counts == [counts[0], counts[0] + 1, counts[0] + 1]
