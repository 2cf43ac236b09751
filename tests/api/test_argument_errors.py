"""Errors in arguments say which value is wrong and what was expected, in documents and variables alike."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import parse_value, value_from_ast_untyped

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import Fields
from tests.support.served import Client, serving
from tests.support.world import load_world

CREATE = "createSalesOrder(input: %s, dryRun: true) { salesOrder { number } userErrors { code } }"
LIST = "customers(filter: %s) { totalCount }"
FOREIGN = re.compile(r"\bNone\b|\bdict\b|Maybe|Undefined|Strawberry|\bTrue\b|\bFalse\b")
"""Words of Python and of libraries, which mean nothing to clients."""

ORDER: list[tuple[str, str, str]] = [
    ('{customer: {number: "C1", contactId: "x"}}', "customer", "exactly one of id, number and contactId"),
    ("{customer: {}}", "customer", "exactly one of id, number and contactId"),
    ("{customer: {number: null}}", "customer", "exactly one of id, number and contactId"),
    ('{customer: {id: null, number: "C1", contactId: null}}', "customer", "exactly one of id, number"),
    ("{customer: null}", "customer", "CustomerRefInput"),
    ("{}", "customer", "CustomerRefInput"),
    ('{customer: "C1"}', "customer", "an object CustomerRefInput"),
    ("{customer: {number: 5}}", "customer.number", "a String"),
    ('{customer: {number: "C1"}, custmer: 1}', "custmer", "Did you mean 'customer'?"),
    ('{customer: {number: "C1"}, lines: [{}, {quantity: "a"}]}', "lines.1.quantity", "a Decimal such as"),
    ('{customer: {number: "C1"}, lines: {quantity: true}}', "lines.0.quantity", "a Decimal such as"),
    ('{customer: {number: "C1"}, lines: [{lineType: "ITEMS"}]}', "lines.0.lineType", "CHARGE. Did you mean 'ITEM'?"),
    ('{customer: {number: "C1"}, lines: [{item: {}}]}', "lines.0.item", "exactly one of id and number"),
    ('{customer: {number: "C1"}, lines: [null]}', "lines.0", "SalesOrderLineInput"),
    ('{customer: {number: "C1"}, lines: null}', "lines", "a list of SalesOrderLineInput"),
    ('{customer: {number: "C1"}, lines: [{sequence: 3000000000}]}', "lines.0.sequence", "2147483647"),
    ('{customer: {number: "C1"}, orderDate: "2026-02-30"}', "orderDate", "a Date such as"),
    ('{customer: {number: "C1"}, pricesIncludeTax: "yes"}', "pricesIncludeTax", "true or false"),
]  # fmt: skip
"""The input of an order with one fault, its path below `input`, and what the message says."""

FILTERS: list[tuple[str, str, str]] = [
    ("{number: {eq: null}}", "number.eq", "a String"),
    ("{number: {in: [null]}}", "number.in.0", "a String"),
    ("{and: [{number: {eq: 1}}]}", "and.0.number.eq", "a String"),
    ("{nmber: {}}", "nmber", "Did you mean 'number'"),
    ("{currency: {code: {eq: []}}}", "currency.code.eq", "a String"),
]
CASES = [("input", CREATE, "CreateSalesOrderInput!", "mutation", *row) for row in ORDER]
CASES += [("filter", LIST, "CustomerFilter", "query", *row) for row in FILTERS]


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def parsed(text: str) -> Any:
    """A literal as the JSON of a variable."""
    return value_from_ast_untyped(parse_value(text))


def checked(error: Fields, path: list[str], message: str) -> None:
    assert error["extensions"]["argumentPath"] == path
    assert error["locations"]
    assert message in error["message"]
    assert not FOREIGN.search(error["message"])


@pytest.mark.parametrize(("argument", "field", "kind", "way", "given", "path", "message"), CASES)
def test_a_fault_has_the_same_path_in_the_document_and_in_a_variable(
    world: Client,
    argument: str,
    field: str,
    kind: str,
    way: str,
    given: str,
    path: str,
    message: str,
) -> None:
    """The errors are the same before and after the document has a plan."""
    whole = [argument, *path.split(".")]
    written = world.send(f"{way} {{ {field % given} }}")
    if '"ITEMS"' not in given:  # an enum is a name in a document
        assert "data" not in written
        checked(written["errors"][0], whole, message)
    document = f"{way} ($given: {kind}) {{ {field % '$given'} }}"
    good = {"customer": {"number": "C1"}} if argument == "input" else {}
    answers = []
    for _ in range(2):
        answers.append(world.send(document, given=parsed(given)))
        assert "errors" not in world.send(document, given=good)
        assert "errors" not in world.send(document, given=good)
    for answer in answers:
        assert "data" not in answer
        checked(answer["errors"][0], whole, message)
    assert answers[0] == answers[1]


LINE = '{ customer: {number: "C1"}, lines: [{}, %s] }'
INSIDE: list[tuple[str, str, Any, str, str]] = [
    ("Decimal", LINE % "{quantity: $given}", "a", "input.lines.1.quantity", "a Decimal such as"),
    ("Decimal!", LINE % "{quantity: $given}", None, "input.lines.1.quantity", "a Decimal"),
    ("SalesOrderLineType", LINE % "{lineType: $given}", "NO", "input.lines.1.lineType", "CHARGE"),
    ("ItemRefInput", LINE % "{item: $given}", {}, "input.lines.1.item", "exactly one of"),
    ("String", LINE % "{item: {number: $given}}", "x", "input.lines.1.item.number", "non-nullable"),
    (
        "SalesOrderLineInput!",
        LINE % "$given",
        {"quantity": []},
        "input.lines.1.quantity",
        "a Decimal",
    ),
    ("CustomerRefInput!", "{customer: $given}", {"number": 1}, "input.customer.number", "a String"),
    ("Int!", LINE % "{description: $given}", 1, "input.lines.1.description", "String"),
]


@pytest.mark.parametrize(("kind", "given", "value", "path", "message"), INSIDE)
def test_a_variable_inside_a_literal_is_reported_by_the_path_of_the_argument(
    world: Client, kind: str, given: str, value: Any, path: str, message: str
) -> None:
    document = f"mutation ($given: {kind}) {{ {CREATE % given} }}"
    for _ in range(2):
        answer = world.send(document, given=value)
        assert "data" not in answer
        checked(answer["errors"][0], path.split("."), message)


@pytest.mark.parametrize("given", [{}, {"given": None}])
def test_a_required_variable_without_a_value_is_reported_by_its_argument(
    world: Client, given: Fields
) -> None:
    document = f"mutation ($given: CreateSalesOrderInput!) {{ {CREATE % '$given'} }}"
    [error] = world.send(document, **given)["errors"]
    checked(error, ["input"], "CreateSalesOrderInput")


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        ("{ salesOrder { id } }", "id", "an ID"),
        ("{ salesOrders(frist: 1) { totalCount } }", "frist", "Did you mean 'first'"),
        ("{ salesOrders(first: 1.5) { totalCount } }", "first", "an Int"),
        ("{ salesOrders(sort: {field: NO}) { totalCount } }", "sort.0.field", "ORDER_DATE"),
        ("{ company { name @skip(if: 3) } }", "if", "true or false"),
        ('query ($n: Int = "a") { salesOrders(first: $n) { totalCount } }', "first", "an Int"),
    ],
)
def test_every_argument_of_a_field_or_a_directive_has_a_path(
    world: Client, document: str, path: str, message: str
) -> None:
    checked(world.send(document)["errors"][0], path.split("."), message)


def test_a_null_detected_while_running_is_reported_by_its_path(world: Client) -> None:
    document = "query ($eq: String) { customers(filter: {number: {eq: $eq}}) { totalCount } }"
    for _ in range(2):
        [error] = world.send(document, eq=None)["errors"]
        assert error["path"] == ["customers"]
        checked(
            error,
            ["filter", "number", "eq"],
            "leave it out for no value. The value is that of $eq.",
        )
        assert "errors" not in world.send(document, eq="C1")


def test_all_faults_of_the_variables_are_reported_at_once_and_at_most_twenty(world: Client) -> None:
    document = f"mutation ($given: CreateSalesOrderInput!) {{ {CREATE % '$given'} }}"
    lines = [{"quantity": "a", "unitPrice": []}] * 4
    errors = world.send(document, given={"customer": {}, "lines": lines})["errors"]
    assert len(errors) == 9
    many = world.send(document, given={"customer": {}, "lines": lines * 10})["errors"]
    assert len(many) == 20


PAGE = "customers(%s: %%s) { totalCount }"
NESTED = "customers(first: 1) { nodes { salesOrders(%s: %%s) { nodes { id } } } }"
DEEP = '{and: [{}, {lines: {some: {item: {unitPrice: {notIn: [1, "0.000001"]}}}}}]}'
REFUSED: list[tuple[str, str, str, str, str, str]] = [
    (PAGE % "first", "Int", "201", "1", "first", "between 0 and"),
    (PAGE % "last", "Int", "-1", "1", "last", "between 0 and"),
    (PAGE % "after", "String", '"x"', "null", "after", "not a cursor"),
    (PAGE % "before", "String", '"WzFd"', "null", "before", "different list or sort"),
    ("customers(first: 1, last: %s) { totalCount }", "Int", "1", "null", "last", "Read forward"),
    (PAGE % "filter", "CustomerFilter", r'{number: {eq: "\u0007"}}', "{}", "filter.number.eq", "control"),
    (PAGE % "filter", "CustomerFilter", r'{not: {address: {city: {in: ["a", "\u0007"]}}}}', "{}",
     "filter.not.address.city.in.1", "control character"),
    ("salesOrders(filter: %s) { totalCount }", "SalesOrderFilter", DEEP, "{}",
     "filter.and.1.lines.some.item.unitPrice.notIn.1", "at most 13 digits"),
    (NESTED % "first", "Int", "201", "1", "first", "between 0 and"),
    (NESTED % "after", "String", '"x"', "null", "after", "not a cursor"),
    (NESTED % "before", "String", '"x"', "null", "before", "not a cursor"),
    (NESTED % "filter", "SalesOrderFilter", r'{customerName: {startsWith: "\u0007"}}', "{}",
     "filter.customerName.startsWith", "control character"),
    ("nodes(ids: %s) { id }", "[ID!]!", '["' + '", "'.join(["x"] * 201) + '"]', "[]", "ids", "at most 200"),
]  # fmt: skip
"""A field with an argument that its resolver refuses, one that it accepts, and the path of the fault."""


@pytest.mark.parametrize(("field", "kind", "given", "good", "path", "message"), REFUSED)
def test_a_refusal_of_a_resolver_has_a_path_and_a_location(
    world: Client, field: str, kind: str, given: str, good: str, path: str, message: str
) -> None:
    """The errors are the same before and after the document has a plan."""
    whole = path.split(".")
    document = "{ %s }" % (field % given)
    [written, *again] = [world.send(document)["errors"] for _ in range(3)]
    assert again == [written, written]
    checked(written[0], whole, message)
    column = written[0]["locations"][0]["column"]
    start = document.rindex(given)
    assert start < column <= start + len(given)

    document = f"query ($given: {kind}) {{ {field % '$given'} }}"
    first = world.send(document, given=parsed(given))["errors"]
    for _ in range(2):
        assert "errors" not in world.send(document, given=parsed(good))
    assert world.send(document, given=parsed(given))["errors"] == first
    checked(first[0], whole, message)
    assert first[0]["locations"] == [{"line": 1, "column": document.index("$given)") + 1}]


def test_too_many_rows_are_reported_by_their_argument(world: Client) -> None:
    row = '{customer: {number: "C1"}}, '
    field = "createSalesOrders(inputs: %s, dryRun: true) { userErrors { code } }"
    document = "mutation ($given: [CreateSalesOrderInput!]!) { %s }" % (field % "$given")
    for answer in (
        world.send("mutation { %s }" % (field % f"[{row * 101}]")),
        *(world.send(document, given=parsed(f"[{row * 101}]")) for _ in range(2)),
    ):
        [error] = answer["errors"]
        checked(error, ["inputs"], "101 rows")


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("{ customers(first: 1, first: 2) { totalCount } }", "first"),
        ("{ customers(frist: 1, frist: 2) { totalCount } }", "frist"),
        ('{ customers(filter: {number: {eq: "a", eq: "b"}}) { totalCount } }', "filter.number.eq"),
        ("{ customers { nodes { salesOrders(last: 1, last: 1) { totalCount } } } }", "last"),
        ("{ company { name @skip(if: true, if: true) } }", "if"),
    ],
)
def test_duplicate_arguments_are_reported_by_their_path(
    world: Client, document: str, path: str
) -> None:
    errors = world.send(document)["errors"]
    checked(
        next(each for each in errors if "only one" in each["message"]), path.split("."), "only one"
    )


@pytest.mark.parametrize(
    ("kind", "default", "use", "path"),
    [
        ("Int", '"a"', "customers(first: $given) { totalCount }", "first"),
        ("CustomerFilter", "{number: {eq: 1}}", LIST % "$given", "filter.number.eq"),
        ("StringCondition", "{in: [1]}", LIST % "{number: $given}", "filter.number.in.0"),
        ("Int", "1.5", "customers { nodes { salesOrders(last: $given) { totalCount } } }", "last"),
        ("Boolean", "3", "company { name @skip(if: $given) }", "if"),
    ],
)
def test_a_bad_default_of_a_variable_is_reported_by_the_argument_that_takes_it(
    world: Client, kind: str, default: str, use: str, path: str
) -> None:
    [error] = world.send(f"query ($given: {kind} = {default}) {{ {use} }}")["errors"]
    checked(error, path.split("."), "Expected")


CUSTOMER = """createCustomer(input: %s, dryRun: true) { userErrors { code } }"""
NEW = '{number: "N", displayName: "N", paymentTerms: %s}'


@pytest.mark.parametrize("given", ["{}", '{id: "x", code: "y"}', "{code: null}"])
def test_the_reference_of_a_record_has_the_same_path_in_literals_and_in_variables(
    world: Client, given: str
) -> None:
    nested = f"mutation ($given: PaymentTermsRefInput) {{ {CUSTOMER % (NEW % '$given')} }}"
    whole = f"mutation ($given: CreateCustomerInput!) {{ {CUSTOMER % '$given'} }}"
    for answer in (
        world.send(f"mutation {{ {CUSTOMER % (NEW % given)} }}"),
        world.send(nested, given=parsed(given)),
        world.send(whole, given=parsed(NEW % given)),
    ):
        [error] = answer["errors"]
        checked(error, ["input", "paymentTerms"], "exactly one of id and code")
