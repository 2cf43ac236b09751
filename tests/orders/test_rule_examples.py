"""The worked examples of RULES.md have the documented results."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from strawberry.utils.str_converters import to_snake_case

from gateway.demo.northwind import load_demo
from gateway.orders.amounts import LineRounding, PricedLine, Terms
from gateway.orders.rounding import Direction, rounded
from gateway.orders.status_labels import StatusVocabulary, status_label
from gateway.orders.totals import derive
from gateway.storage.tables.sales_orders import SalesOrderStatus
from tests.support.databases import Templates
from tests.support.importing import gate, head, order, orders, upload
from tests.support.importing import line as line_row
from tests.support.rules import (
    RULES,
    Example,
    Refusal,
    Row,
    examples,
    literal,
    mutations,
    record_mutations,
    refusals,
    selection,
)
from tests.support.served import Client

TEXT = RULES.read_text(encoding="utf-8")
EXAMPLES = list(examples(TEXT))
PREFIXES = itertools.count(1)
DEFAULT = {"customer": {"number": "ALFKI"}}
PROBLEMS = "userErrors { code path }"
CREATE = """mutation ($input: CreateSalesOrderInput!, $dryRun: Boolean! = false) {
  it: createSalesOrder(input: $input, dryRun: $dryRun) { salesOrder { %s } %s } }"""
HEADER_TOTALS = {
    "allocation": "discount_amount",
    "net_amount": "total_amount_excluding_tax",
    "net_tax_amount": "total_tax_amount",
    "net_amount_including_tax": "total_amount_including_tax",
}
"""The totals in the last row of a table, below the amounts of the lines."""


def of_kind(kind: str) -> list[Any]:
    return [
        pytest.param(example, id=f"{example.rule}-{place}")
        for place, example in enumerate(EXAMPLES)
        if example.kind == kind
    ]


def rows_of_kind(kind: str) -> list[Any]:
    return [
        pytest.param(row, id=f"{example.rule}-{place}.{number}")
        for place, example in enumerate(EXAMPLES)
        if example.kind == kind
        for number, row in enumerate(example.rows, 1)
    ]


@pytest.fixture(scope="module")
def demo(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The gateway over a separate demo company."""
    url = templates.copy("demo", load_demo)
    with gate(url, tmp_path_factory.mktemp("uploads")) as client:
        yield client


@pytest.mark.parametrize("row", rows_of_kind("rounding"))
def test_a_value_is_rounded_as_in_the_rule(row: Row) -> None:
    value, step = Decimal(row["value"]), Decimal(row["step"])
    for direction in Direction:
        got = rounded(value, Decimal(1), step, direction)
        assert got == Decimal(row[direction.name.lower()]), direction


def terms_of(example: Example) -> Terms:
    """The terms in the settings: the step, a discount, the direction of tax, prices with tax."""
    given: dict[str, Any] = {}
    for setting in example.settings:
        *name, value = setting.split()
        match " ".join(name):
            case "step":
                given["step"] = Decimal(value)
            case "discount":
                is_percent = value.endswith("%")
                key = "discount_percent" if is_percent else "discount_amount"
                given[key] = Decimal(value.rstrip("%"))
            case "tax rounded":
                given["tax_rounding"] = Direction[value.upper()]
            case "lines rounded in one":
                given["line_rounding"] = LineRounding.ONE_STEP
            case "prices include":
                given["prices_include_tax"] = True
            case other:
                raise AssertionError(other)
    return Terms(**given)


def priced(row: Row) -> PricedLine:
    tax_code, _, tax_percent = row.get("tax", "").partition(" ")
    quantity, price = Decimal(row["quantity"] or 0), Decimal(row["price"] or 0)
    return PricedLine(
        sequence=int(row["line"]),
        quantity=quantity,
        unit_price=price,
        discount_percent=Decimal(row.get("discount %") or 0),
        takes_discount=bool(quantity and price) and row.get("shares") != "no",
        tax_code=tax_code,
        tax_percent=Decimal(tax_percent.rstrip(" %") or 0),
    )


@pytest.mark.parametrize("example", of_kind("totals"))
def test_the_amounts_of_an_order_are_those_of_the_rule(example: Example) -> None:
    *lines, last = example.rows if example.rows[-1]["line"] == "order" else (*example.rows, None)
    totals = derive(terms_of(example), list(map(priced, lines)))
    inputs = ("line", "quantity", "price", "discount %", "tax", "shares")
    results = {name: to_snake_case(name) for name in example.rows[0] if name not in inputs}
    for row, derived in zip(lines, totals.lines, strict=True):
        stated = {name: Decimal(row[name]) for name in results}
        assert {name: getattr(derived, column) for name, column in results.items()} == stated
    for name, column in results.items():
        if last is not None and last[name]:
            assert getattr(totals, HEADER_TOTALS[column]) == Decimal(last[name]), name


def answers(client: Client, row: Row) -> Any:
    """The answer to the last of the mutations that a row describes; all others must succeed."""
    given = {**DEFAULT, **literal(row["order"])}
    wanted = refusals(row["answer"])
    fields = "id" if wanted or row["answer"] == "gone" else selection(literal(row["answer"]))[1:-1]
    changes = mutations(row.get("change", ""), fields, PROBLEMS)
    document = CREATE % (f"id {fields}" if not changes else "id lines { id }", PROBLEMS)
    answer = client.ask(document, input=given, dryRun=not changes)["it"]
    if not changes:
        return answer
    assert answer["userErrors"] == []
    created = answer["salesOrder"]
    ids = {"order": created["id"]}
    ids |= {f"line{place}": each["id"] for place, each in enumerate(created["lines"], 1)}
    for name, document in changes:
        assert not answer["userErrors"], (name, answer)
        used = {key: value for key, value in ids.items() if f"${key}:" in document}
        answer = client.ask(document, **used)["it"]
    return answer


def in_any_order(problems: list[Refusal]) -> list[tuple[str, str]]:
    return sorted((problem.code, problem.path) for problem in problems)


def refused(answer: Any) -> list[Refusal]:
    return [Refusal(each["code"], ".".join(each["path"])) for each in answer["userErrors"]]


def agrees(stated: Any, answered: Any) -> None:
    """Fail unless the answer has everything in `expected`; lists must have the same length."""
    if isinstance(stated, dict):
        for name, value in stated.items():
            agrees(value, answered[name])
    elif isinstance(stated, list):
        assert len(stated) == len(answered)
        for one, other in zip(stated, answered, strict=True):
            agrees(one, other)
    else:
        assert stated == answered


@pytest.mark.parametrize("row", rows_of_kind("gateway"))
def test_the_gateway_answers_as_in_the_rule(demo: Client, row: Row) -> None:
    answer = answers(demo, row)
    assert in_any_order(refused(answer)) == in_any_order(refusals(row["answer"]))
    if not answer["userErrors"] and row["answer"] != "gone":
        agrees(literal(row["answer"]), answer["salesOrder"])


@pytest.mark.parametrize("row", rows_of_kind("records"))
def test_a_record_is_written_as_in_the_rule(demo: Client, row: Row) -> None:
    wanted = refusals(row["answer"])
    stated = {} if wanted or not row["answer"] else literal(row["answer"])
    ids: dict[str, str] = {}
    problems: list[Refusal] = []
    answered: Any = {}
    for field, document in record_mutations(row["change"], stated):
        assert problems == []
        answer = demo.ask(document, **(ids if "$made" in document else {}))["it"]
        payloads = answer if isinstance(answer, list) else [answer]
        problems = [problem for payload in payloads for problem in refused(payload)]
        answered = payloads[0]
        if answered[field] and field != "deletedId":
            ids = {"made": answered[field]["id"]}
    assert in_any_order(problems) == in_any_order(wanted)
    agrees(stated, answered)


@pytest.mark.parametrize("row", rows_of_kind("words"))
def test_another_system_has_the_label_of_the_rule(row: Row) -> None:
    name, _, what = row["status"].partition(", ")
    for vocabulary in StatusVocabulary:
        word = status_label(
            SalesOrderStatus[name],
            vocabulary,
            on_hold=what == "on hold",
            fully_shipped=what == "fully shipped",
        )
        assert word == row[vocabulary.name], vocabulary


@pytest.mark.parametrize("example", of_kind("file"))
def test_a_line_of_a_file_is_priced_as_in_the_rule(demo: Client, example: Example) -> None:
    """Each row is a separate order of one item; results without a value are not compared."""
    stated, headers, lines = {}, [], []
    for place, row in enumerate(example.rows, 1):
        number = f"RULE-{place}"
        given = {name.upper(): cell for name, cell in row.items() if name[0].isupper() and cell}
        headers.append(head(number, ORDERINGCUSTOMERACCOUNTNUMBER="ALFKI"))
        lines.append(line_row(number, ITEMNUMBER="1", **given))
        stated[number] = {name: cell for name, cell in row.items() if name[0].islower() and cell}
    assert upload(demo, orders(headers, lines)).status == "SUCCEEDED"
    for number, values in stated.items():
        created = order(demo, number)
        assert created is not None
        assert {name: created["lines"][0][name] for name in values} == values, number


@pytest.mark.parametrize("row", rows_of_kind("rows"))
def test_an_import_refuses_the_orders_of_the_rule(demo: Client, row: Row) -> None:
    """The orders of each row have separate numbers."""
    prefix = f"ROW-{next(PREFIXES)}"
    headers = [
        head(f"{prefix}-{name}", ORDERINGCUSTOMERACCOUNTNUMBER="ALFKI")
        for name in row["headers"].split(", ")
    ]
    lines = [
        line_row(f"{prefix}-{name}", sequence, ITEMNUMBER="1")
        for name, sequence in (each.split() for each in row["lines"].split(", "))
    ]
    job = upload(demo, orders(headers, lines))
    result = [
        Refusal(code, key.removeprefix(f"{prefix}-"))
        for code, key in job.refusals("code", "orderNumber")
    ]
    assert result == refusals(row["answer"])


@pytest.mark.parametrize("row", rows_of_kind("size"))
def test_an_order_has_as_many_lines_as_the_rule_allows(demo: Client, row: Row) -> None:
    given = {**DEFAULT, "lines": [{"description": "text"}] * int(row["lines"])}
    answer = demo.ask(CREATE % ("id", PROBLEMS), input=given, dryRun=True)["it"]
    assert in_any_order(refused(answer)) == in_any_order(refusals(row["answer"]))


def test_every_example_has_a_kind_that_a_test_runs() -> None:
    kinds = {"rounding", "totals", "gateway", "records", "words", "file", "rows", "size"}
    assert {example.kind for example in EXAMPLES} == kinds
    assert all(example.rows for example in EXAMPLES)
