"""Several orders, customers or items in one call, with one payload for each row."""

from typing import Any

from tests.support.records import record_id
from tests.support.requests import Fields, created, line, named, order
from tests.support.served import Client, statements

PROBLEMS = "userErrors { code path }"
CREATE = f"""mutation ($inputs: [CreateSalesOrderInput!]!, $policy: ImportPolicy! = PER_ORDER, $dryRun: Boolean! = false) {{
  it: createSalesOrders(inputs: $inputs, policy: $policy, dryRun: $dryRun) {{
    salesOrder {{ id number totalAmountIncludingTax lines {{ sequence quantity }} }} {PROBLEMS} }} }}"""
UPDATE = f"""mutation ($inputs: [SalesOrderUpdateInput!]!, $policy: ImportPolicy! = PER_ORDER, $dryRun: Boolean! = false) {{
  it: updateSalesOrders(inputs: $inputs, policy: $policy, dryRun: $dryRun) {{
    salesOrder {{ id etag salesperson lines {{ sequence quantity }} }} {PROBLEMS} }} }}"""
READ = (
    "query ($id: ID!) { salesOrder(id: $id) { id etag salesperson lines { sequence quantity } } }"
)
COUNT = "{ salesOrders { totalCount } }"


def run(client: Client, document: str, inputs: list[Fields], **more: Any) -> list[Fields]:
    return list(client.ask(document, inputs=inputs, **more)["it"])


def codes_and_paths(payload: Fields) -> list[tuple[str, str]]:
    return [(each["code"], ".".join(each["path"])) for each in payload["userErrors"]]


def count(client: Client) -> int:
    return int(client.ask(COUNT)["salesOrders"]["totalCount"])


def test_new_orders_are_independent_and_numbered_without_gaps(client: Client) -> None:
    rows = [order(line(quantity=2)), order(line("GROS")), order(line(quantity=3))]
    first, second, third = run(client, CREATE, rows)
    assert (first["salesOrder"]["number"], codes_and_paths(first)) == ("SO-000001", [])
    assert second["salesOrder"] is None
    assert codes_and_paths(second) == [("NOT_FOUND", "inputs.1.lines.0.item.number")]
    assert third["salesOrder"]["number"] == "SO-000002"
    assert third["salesOrder"]["totalAmountIncludingTax"] == "36"
    assert count(client) == 2


def test_an_atomic_call_creates_all_orders_or_none(client: Client) -> None:
    rows = [order(line()), order(line("GROS"), phoneNumber="call me")]
    good, bad = run(client, CREATE, rows, policy="ATOMIC")
    assert (good["salesOrder"], codes_and_paths(good)) == (
        None,
        [("OTHER_ROW_REFUSED", "inputs.0")],
    )
    assert {code for code, _ in codes_and_paths(bad)} == {"NOT_FOUND", "INVALID"}
    assert count(client) == 0
    both = run(client, CREATE, [order(line()), order(line())], policy="ATOMIC")
    assert [codes_and_paths(each) for each in both] == [[], []]
    assert count(client) == 2


def test_a_dry_run_creates_and_changes_no_order(client: Client) -> None:
    tried = run(client, CREATE, [order(line())] * 2, dryRun=True)
    assert [codes_and_paths(each) for each in tried] == [[], []]
    assert count(client) == 0
    new = created(client, order(line()))
    before = client.ask(READ, id=new["id"])
    [changed] = run(client, UPDATE, [{"id": new["id"], "salesperson": "X"}], dryRun=True)
    assert changed["salesOrder"]["salesperson"] == "X"
    assert changed["salesOrder"]["etag"] == "preview:2"
    assert changed["salesOrder"]["id"] == f"preview:{new['id']}"
    assert client.ask(READ, id=new["id"]) == before


def test_changes_of_orders_are_independent(client: Client) -> None:
    """A refused row has already removed a line, which is undone too."""
    orders = [created(client, order(line(quantity=2), line("TIMED"))) for _ in range(3)]
    first, second, third = (each["id"] for each in orders)
    replaced = [orders[0]["lines"][0]["id"]]
    lines = {"remove": replaced, "add": [line("BOXED", sequence=10000)]}
    gone = {"remove": [orders[1]["lines"][0]["id"]], "add": [line("GROS")]}
    rows: list[Fields] = [
        {"id": first, "ifMatch": "1", "salesperson": "X", "lines": lines},
        {"id": second, "lines": gone},
        {"id": third, "ifMatch": "7", "salesperson": "X"},
        {"id": first, "salesperson": "Y"},
        {"id": "nowhere", "salesperson": "Y"},
    ]
    answers = run(client, UPDATE, rows)
    assert [codes_and_paths(each) for each in answers] == [
        [],
        [("NOT_FOUND", "inputs.1.lines.add.0.item.number")],
        [("STALE", "inputs.2.ifMatch")],
        [("DUPLICATE", "inputs.3.id")],
        [("NOT_FOUND", "inputs.4.id")],
    ]
    assert answers[0]["salesOrder"] == client.ask(READ, id=first)["salesOrder"]
    assert answers[0]["salesOrder"] == {
        "id": first,
        "etag": "2",
        "salesperson": "X",
        "lines": [{"sequence": 10000, "quantity": "1"}, {"sequence": 20000, "quantity": "1"}],
    }
    untouched = client.ask(READ, id=second)["salesOrder"]
    assert (untouched["etag"], len(untouched["lines"])) == ("1", 2)


def test_an_atomic_call_changes_all_orders_or_none(client: Client) -> None:
    keys = [created(client, order(line()))["id"] for _ in range(2)]
    rows: list[Fields] = [{"id": key, "salesperson": "X"} for key in keys]
    good, bad = run(client, UPDATE, [rows[0], {**rows[1], "ifMatch": "7"}], policy="ATOMIC")
    assert codes_and_paths(good) == [("OTHER_ROW_REFUSED", "inputs.0")]
    assert codes_and_paths(bad) == [("STALE", "inputs.1.ifMatch")]
    assert client.ask(READ, id=keys[0])["salesOrder"]["etag"] == "1"
    both = run(client, UPDATE, rows, policy="ATOMIC")
    assert [each["salesOrder"]["etag"] for each in both] == ["2", "2"]


def upsert(client: Client, kind: str, inputs: list[Fields], wanted: str) -> list[Fields]:
    document = f"""mutation ($inputs: [Upsert{kind}Input!]!) {{ it: upsert{kind}s(inputs: $inputs) {{
      {kind.lower()} {{ {wanted} }} {PROBLEMS} }} }}"""
    return run(client, document, inputs)


def test_customers_are_created_and_changed_by_number(client: Client) -> None:
    rows: list[Fields] = [
        {"number": "C1", "salesperson": "X"},
        {"number": "NEW", "displayName": "New", "contactId": "new"},
        {"number": "CHILD", "displayName": "Child", "billToCustomer": named("NEW")},
        {"number": "BAD"},
        {"number": "NEW", "displayName": "Again"},
        {"number": "COPY", "displayName": "Copy", "contactId": "contact-1"},
    ]
    answers = upsert(client, "Customer", rows, "number displayName etag billToCustomer { number }")
    assert [codes_and_paths(each) for each in answers] == [
        [],
        [],
        [],
        [("REQUIRED", "inputs.3.displayName")],
        [("DUPLICATE", "inputs.4.number")],
        [("DUPLICATE", "inputs.5.contactId")],
    ]
    assert [each["customer"] and each["customer"]["etag"] for each in answers[:3]] == [
        "2",
        "1",
        "1",
    ]
    assert answers[2]["customer"]["billToCustomer"] == {"number": "NEW"}
    assert record_id(client, "customers", number="CHILD")


def test_more_than_a_hundred_rows_are_an_error(client: Client) -> None:
    rows = [{"number": str(place), "displayName": "x"} for place in range(101)]
    document = "mutation ($inputs: [UpsertCustomerInput!]!) { upsertCustomers(inputs: $inputs) { customer { id } } }"
    [error] = client.send(document, inputs=rows)["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argumentPath": ["inputs"]}
    assert error["message"] == "There are 101 rows, but at most 100 fit into one call."


def counted(client: Client, document: str, inputs: list[Fields]) -> int:
    with statements() as seen:
        answers = run(client, document, inputs)
    assert [codes_and_paths(each) for each in answers] == [[]] * len(inputs)
    return len(seen)


def items(prefix: str, rows: int, unit: str) -> list[Fields]:
    return [
        {
            "number": f"{prefix}{place}",
            "displayName": unit,
            "baseUnitOfMeasure": {"code": "PCS"},
            "unitsOfMeasure": [{"unitOfMeasure": {"code": unit}}],
        }
        for place in range(rows)
    ]


def test_the_number_of_statements_does_not_depend_on_the_rows(client: Client) -> None:
    upsert_items = f"""mutation ($inputs: [UpsertItemInput!]!) {{ it: upsertItems(inputs: $inputs) {{
      item {{ id }} {PROBLEMS} }} }}"""
    for unit in ("BOX", "HOUR"):  # the second time, the items are changed
        few = counted(client, upsert_items, items("F", 2, unit))
        assert counted(client, upsert_items, items("M", 60, unit)) == few <= 9
    new = CREATE.replace("id number totalAmountIncludingTax lines { sequence quantity }", "id")
    few = counted(client, new, [order(line())] * 2)
    assert counted(client, new, [order(line())] * 60) == few <= 16
    keys = [created(client, order(line(), line("TIMED"))) for _ in range(22)]
    change = UPDATE.replace("id etag salesperson lines { sequence quantity }", "id")

    def changes(some: list[Fields]) -> list[Fields]:
        return [
            {
                "id": each["id"],
                "salesperson": "X",
                "lines": {
                    "add": [line("BOXED")],
                    "remove": [each["lines"][0]["id"]],
                    "update": [{"id": each["lines"][1]["id"], "quantity": 3}],
                },
            }
            for each in some
        ]

    few = counted(client, change, changes(keys[:2]))
    assert counted(client, change, changes(keys[2:])) == few <= 24
