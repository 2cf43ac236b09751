"""Rows that no write produces, and operations that try to inject code."""

import ast
import gc
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from gateway.api.plan_runner import PlanRunner
from gateway.demo.northwind import load_demo
from gateway.execution.runtime import GLOBALS
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.plans.row_store import RowsStore
from tests.support.databases import Templates
from tests.support.plans import sent
from tests.support.requests import execute
from tests.support.served import Client, serving

UNCHECKED = """DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT conname, conrelid FROM pg_constraint
    WHERE contype IN ('f', 'c') AND connamespace = CAST('public' AS regnamespace) LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', CAST(found.conrelid AS regclass), found.conname);
  END LOOP; END $$"""
NOWHERE = "00000000-0000-0000-0000-000000000000"
OF_ORDER = "(SELECT id FROM sales_orders WHERE number = 'NW-10250')"
STATUS = "UPDATE sales_orders SET status = 'BOGUS' WHERE number = 'NW-10250'"
LINE_TYPE = f"UPDATE sales_order_lines SET line_type = 'BOGUS' WHERE sales_order_id = {OF_ORDER}"
CUSTOMER = f"UPDATE sales_orders SET customer_id = '{NOWHERE}' WHERE number = 'NW-10250'"
ITEM = f"UPDATE sales_order_lines SET item_id = '{NOWHERE}' WHERE sales_order_id = {OF_ORDER}"
DATE = "UPDATE sales_orders SET order_date = 'some day' WHERE number = 'NW-10250'"
AMOUNT = "UPDATE sales_orders SET total_tax_amount = 'much' WHERE number = 'NW-10250'"
MOMENT = "UPDATE sales_orders SET last_modified_date_time = 'once' WHERE number = 'NW-10250'"


def poison(url: str, *statements: str) -> None:
    """Write rows that the constraints of a database forbid."""
    if not url.startswith("sqlite"):
        execute(url, UNCHECKED, *statements)
        return
    with sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) as connection:
        for statement in (
            "PRAGMA ignore_check_constraints=ON",
            "PRAGMA foreign_keys=OFF",
            *statements,
        ):
            connection.execute(statement)
    connection.close()


@pytest.fixture
def poisoned(templates: Templates) -> Iterator[Callable[..., Client]]:
    """Serves the orders of Northwind after running some statements."""
    url, servers = templates.copy("demo", load_demo), []

    def serve(*statements: str) -> Client:
        poison(url, *statements)
        servers.append(serving(Settings(database_url=url, debug=True)))
        return servers[-1].__enter__()

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def without_incident(answer: str) -> Any:
    return json.loads(re.sub(r'"incident":"[0-9a-f]{32}"', '"incident":"one"', answer))


ORDER = 'order: salesOrderByNumber(number: "NW-10250")'
COMPANY = "company { name }"
INTACT = {"company": {"name": "Northwind Traders"}}
FAULTS = {
    "status": (STATUS, f"{{ {ORDER} {{ number status }} {COMPANY} }}", {"order": None}, ["order"]),
    "status below": (
        STATUS,
        f"""{{ line: salesOrderLines(first: 1, filter: {{salesOrder: {{number: {{eq: "NW-10250"}}}}}}) {{
          totalCount }} {ORDER} {{ lines {{ salesOrder {{ status }} }} }} {COMPANY} }}""",
        {"line": {"totalCount": 3}, "order": None},
        ["order", "lines", 0, "salesOrder"],
    ),
    "type of a line": (
        LINE_TYPE,
        f"{{ {ORDER} {{ number lines {{ sequence lineType }} }} {COMPANY} }}",
        {"order": None},
        ["order", "lines"],
    ),
    "customer": (
        CUSTOMER,
        f"{{ {ORDER} {{ number customer {{ number }} }} {COMPANY} }}",
        {"order": None},
        ["order", "customer"],
    ),
    "customer of a line's order": (
        CUSTOMER,
        f"{{ {ORDER} {{ number lines {{ salesOrder {{ customer {{ number }} }} }} }} {COMPANY} }}",
        {"order": None},
        ["order", "lines", 0, "salesOrder", "customer"],
    ),
}  # fmt: skip
ON_SQLITE = {
    "date": (DATE, f"{{ {ORDER} {{ orderDate }} {COMPANY} }}", {"order": None}, ["order"]),
    "amount": (AMOUNT, f"{{ {ORDER} {{ totalTaxAmount }} {COMPANY} }}", {"order": None}, ["order"]),
    "moment": (MOMENT, f"{{ {ORDER} {{ lastModifiedDateTime }} {COMPANY} }}", {"order": None}, ["order"]),
}  # fmt: skip
"""PostgreSQL does not store these values."""


@pytest.mark.parametrize("fault", [*FAULTS, *ON_SQLITE])
def test_an_invalid_row_nulls_the_nearest_nullable_field(
    backend: str, poisoned: Callable[..., Client], fault: str
) -> None:
    """With and without a plan there is one error with its path, and all other data."""
    statement, query, data, path = (FAULTS | ON_SQLITE)[fault]
    if fault in ON_SQLITE and backend != "sqlite":
        with pytest.raises(DBAPIError):
            poisoned(statement)
        return
    client = poisoned(statement)
    answers = [sent(client, query) for _ in range(3)]
    assert [way for way, _ in answers] == ["graphql-core"] * 3
    first, *others = (without_incident(answer) for _, answer in answers)
    assert others == [first, first]
    assert first["data"] == data | INTACT
    assert {json.dumps(error["path"]) for error in first["errors"]} >= {json.dumps(path)}
    for error in first["errors"]:
        assert error["extensions"] == {"code": "INTERNAL_ERROR", "incident": "one"}
        assert len(error["locations"]) == 1
        assert error["path"][0] == "order"


def test_valid_rows_are_answered_by_the_plan(
    poisoned: Callable[..., Client],
) -> None:
    """One document for both."""
    client = poisoned(STATUS)
    query = "query ($n: String!) { salesOrderByNumber(number: $n) { number status } }"
    sent(client, query, {"n": "NW-10248"})
    assert "INTERNAL_ERROR" in sent(client, query, {"n": "NW-10250"})[1]
    way, answer = sent(client, query, {"n": "NW-10248"})
    assert way == "plan"
    assert json.loads(answer)["data"]["salesOrderByNumber"]["status"] == "PAID"


def test_a_dangling_nullable_reference_is_null_with_and_without_a_plan(
    poisoned: Callable[..., Client],
) -> None:
    client = poisoned(ITEM)
    query = f"{{ {ORDER} {{ lines {{ sequence item {{ number }} }} }} }}"
    answers = [sent(client, query) for _ in range(2)]
    assert [way for way, _ in answers] == ["graphql-core", "plan"]
    assert answers[0][1] == answers[1][1]
    lines = json.loads(answers[0][1])["data"]["order"]["lines"]
    assert [line["item"] for line in lines] == [None] * 3


def test_a_failing_non_null_list_nulls_all_data(poisoned: Callable[..., Client]) -> None:
    client = poisoned(STATUS)
    query = "{ company { name } salesOrders(last: 5) { nodes { number status } } }"
    for _ in range(3):
        answer = json.loads(sent(client, query)[1])
        assert answer["data"] is None
        assert [error["path"] for error in answer["errors"]] == [["salesOrders"]]


CHANGES = """mutation { one: %s { salesOrder { number } } two: %s { salesOrder { number customer {
  salesOrders(filter: {number: {eq: "NW-10250"}}) { nodes { status } } } } }
  three: %s { salesOrder { number } } }"""


def test_a_change_is_made_once_if_the_plan_fails_on_a_later_read(
    poisoned: Callable[..., Client],
) -> None:
    """The second of three orders is created before its payload reads an invalid row."""
    client = poisoned(STATUS)
    customer = client.ask(f"{{ {ORDER} {{ customer {{ number }} }} }}")["order"]["customer"][
        "number"
    ]
    create = f'createSalesOrder(input: {{customer: {{number: "{customer}"}}}})'
    for number in range(3):
        answer = json.loads(sent(client, CHANGES % (create, create, create))[1])
        [error] = answer["errors"]
        assert error["path"] == ["two", "salesOrder", "customer", "salesOrders"]
        assert answer["data"]["two"] == {"salesOrder": None}
        created = [answer["data"][name]["salesOrder"]["number"] for name in ("one", "three")]
        assert created == [f"SO-{3 * number + 1:06}", f"SO-{3 * number + 3:06}"]
        count = client.ask("{ salesOrders { totalCount } }")["salesOrders"]["totalCount"]
        assert count == 839 + 3 * (number + 1)


HOSTILE = [
    "'+exit()+'",
    '"}]};exit()#',
    "\\",
    "\n  exit()\n",
    "{exit()}",
    "%(a)s",
    "__import__('os')",
]
ALIASES = ["__import__", "exit", "class", "a", "k1", "yield", "None", "row", "keys", "GLOBALS"]


def sources(url: str, query: str) -> list[str]:
    """The Python source generated from an operation."""
    store = RowsStore(Database(url, poolclass=NullPool))
    created = PlanRunner(store)
    created.documents.ran(query)
    document = created.documents.known(query)
    assert document is not None
    operation = document.operation(None)
    assert operation is not None
    compiled = created._compiled(operation, {})
    store.close()
    return [prepared.program.source for prepared in compiled.programs]


def tree_of(source: str) -> ast.AST:
    """Parsed without garbage collections. CPython 3.11 raises a SystemError ("AST constructor recursion
    depth mismatch") if a callback of the collector lets another thread parse in between. compile(), which
    the gateway calls, makes no syntax tree of objects and is not affected."""
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


def hostile_queries() -> Iterator[str]:
    for text in map(json.dumps, HOSTILE):
        yield f"""{{ a: salesOrderByNumber(number: {text}) {{ number }} b: node(id: {text}) {{ id }}
          nodes(ids: [{text}]) {{ id }} customers(after: "x", filter: {{number: {{in: [{text}]}}}}) {{
          nodes {{ salesOrders(filter: {{number: {{eq: {text}}}}}) {{ totalCount }} }} }} }}"""
        yield f"""query ($v: String = {text}) {{ salesOrderByNumber(number: $v) {{ number }} }}"""
        yield f"""mutation {{ createSalesOrder(input: {{customer: {{number: {text}}}, email: {text}}}) {{
          userErrors {{ message }} salesOrder {{ lines {{ id }} }} }} }}"""
    selected = " ".join(f"{alias}: number" for alias in ALIASES)
    yield f"""{{ exit: salesOrders(first: 12345) {{ yield: nodes {{ {selected} __a: customer {{
      exit: id }} lambda: lines {{ exit: sequence }} }} exit: pageInfo {{ exit: endCursor }} }} }}"""


@pytest.mark.parametrize("query", list(hostile_queries()))
def test_only_names_and_whole_numbers_reach_the_source(world_url: str, query: str) -> None:
    """Names of the answer occur in it as text, and values of the document do not occur at all."""
    for source in sources(world_url, query):
        assert not any(text in source for text in ("exit()", "import__(", "%", "\\", "12345"))
        for node in ast.walk(tree_of(source)):
            if isinstance(node, ast.Constant) and node.value is not None:
                is_name = isinstance(node.value, str) and node.value.isidentifier()
                assert is_name or type(node.value) in (int, bool)
            if isinstance(node, ast.Name):
                assert node.id in GLOBALS or re.fullmatch(r"[a-zA-Z]+_*\d*", node.id)
                assert node.id not in ("exit", "yield", "__import__", "GLOBALS")


def test_hostile_values_are_only_values(poisoned: Callable[..., Client]) -> None:
    client = poisoned()
    for text in (text for text in HOSTILE if text.isprintable()):
        query = (
            f"{{ customers(filter: {{displayName: {{ne: {json.dumps(text)}}}}}) {{ totalCount }} }}"
        )
        answers = [sent(client, query) for _ in range(2)]
        assert answers[0][1] == answers[1][1]
        assert json.loads(answers[0][1])["data"]["customers"]["totalCount"] == 91
