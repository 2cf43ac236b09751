"""Hostile values in updateSalesOrder: a clear error for each, and a database that nothing touched."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from gateway.settings import Settings
from tests.conftest import Templates
from tests.requests import Fields, code, created, dump, execute, line, named, order
from tests.served import Client, serving
from tests.test_update import UPDATE
from tests.world import load_world

Problem = tuple[str, str]
"""A code, and a path below the argument `input`."""


@dataclass(frozen=True)
class Target:
    """An order with one line, and the database as it is from then on."""

    client: Client
    url: str
    order: str
    line: str
    rows: dict[str, list[str]]

    def post(self, body: str) -> Any:
        """The answer to a body; over a connection of its own, which a crash may close."""
        headers = {"content-type": "application/json"}
        url = self.client.url + "/graphql"
        return httpx2.post(url, content=body, headers=headers, timeout=120).json()

    def send(self, given: Fields, **more: Any) -> Any:
        variables = {"id": self.order, "input": given, **more}
        return self.post(json.dumps({"query": UPDATE % "number", "variables": variables}))

    def refused(self, given: Fields, **more: Any) -> list[Problem]:
        """Why a patch is refused, each reason with a message."""
        answer = self.send(given, **more)
        assert "errors" not in answer, answer["errors"]
        payload = answer["data"]["updateSalesOrder"]
        assert payload["salesOrder"] is None
        assert all(problem["message"] for problem in payload["userErrors"])
        told = [(p["code"], ".".join(p["path"])) for p in payload["userErrors"]]
        return [(rule, path.removeprefix("input.")) for rule, path in told]

    def is_untouched(self) -> bool:
        return dump(self.url) == self.rows


@pytest.fixture(scope="module")
def target(templates: Templates) -> Iterator[Target]:
    url = templates.copy("world", load_world)
    with serving(Settings(database_url=url)) as client:
        made = created(client, order(line(quantity=2), discountAmount=1))
        yield Target(client, url, made["id"], made["lines"][0]["id"], dump(url))


def at(path: str, value: Any, key: str) -> Fields:
    """A patch with the value at a path; the line that it updates has this id."""
    names = path.split(".")
    for name in reversed(names):
        value = [value] if name == "0" else {name: value}
    if path.startswith("lines.update.0.") and not path.endswith("0.id"):
        value["lines"]["update"][0]["id"] = key
    return dict(value)


TEXTS = ("externalDocumentNumber", "salesperson", "shipToName", "shipToContact", "email")
TEXTS += ("sellToAddress.city", "shipToAddress.country", "lines.update.0.description")
TEXTS += ("lines.add.0.description2",)
REFERENCES = ("customer.number", "customer.contactId", "billToCustomer.id", "currency.code")
REFERENCES += ("currency.id", "paymentTerms.code", "shipmentMethod.id", "lines.update.0.id")
REFERENCES += ("lines.update.0.item.number", "lines.update.0.unitOfMeasure.code", "lines.remove.0")
REFERENCES += ("lines.add.0.account.id", "lines.add.0.item.id", "lines.update.0.taxCode.code")
HOSTILE_TEXTS = {
    "NUL": "a\x00b",
    "high surrogate": "\ud800",
    "low surrogate": "x\udc00",
    "reversed pair": "\udc00\ud800",
    "escape": "\x1b[2J",
    "line break": "a\nb",
    "next line": "a\x85b",
    "a million letters": "x" * 10**6,
    "a million wide letters": "\U0001f600" * 10**6,
}


@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_a_hostile_text_is_refused_wherever_it_stands(target: Target, kind: str) -> None:
    text = HOSTILE_TEXTS[kind]
    rule = "TOO_LONG" if "million" in kind else "INVALID"
    for path in TEXTS:
        problems = target.refused(at(path, text, target.line))
        assert (rule, path) in problems
        assert {where for _, where in problems} == {path}
    for path in REFERENCES:
        assert target.refused(at(path, text, target.line)) == [("NOT_FOUND", path)]
    assert target.refused({}, id=text) == [("NOT_FOUND", "id")]
    assert target.refused({}, ifMatch=text) == [("STALE", "ifMatch")]
    assert target.is_untouched()


IDS = ["", "0", "null", "*", "' OR 1=1 --", "../etc", str(2**63), "{00000000-0000-4000-8000-0000}"]
IDS += ["00000000-0000-4000-8000-00000000000g", "00000000000040008000000000000000", "\u0130" * 36]
IDS += ["urn:uuid:00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000"]
ID_PATHS = [path for path in REFERENCES if path.endswith("id")] + ["lines.remove.0"]


@pytest.mark.parametrize("key", IDS)
def test_an_id_that_is_none_names_nothing(target: Target, key: str) -> None:
    for path in ID_PATHS:
        assert target.refused(at(path, key, target.line)) == [("NOT_FOUND", path)]
    assert target.refused({}, id=key) == [("NOT_FOUND", "id")]
    assert target.is_untouched()


NUMBERS = ("discountAmount", "discountPercent", "lines.update.0.quantity")
NUMBERS += ("lines.update.0.unitPrice", "lines.update.0.discountAmount")
NUMBERS += ("lines.update.0.discountPercent", "lines.update.0.shipQuantity")
NUMBERS += ("lines.update.0.invoiceQuantity", "lines.add.0.quantity")


@pytest.mark.parametrize(
    "number", ["9" * 30, "-" + "9" * 30, str(2**63), -(2**63), 10**40, "1e40", "10000000000000"]
)
def test_a_number_too_large_to_keep_is_refused_with_its_bounds(
    target: Target, number: str | int
) -> None:
    for path in NUMBERS:
        assert set(target.refused(at(path, number, target.line))) == {("OUT_OF_RANGE", path)}
    assert target.is_untouched()


def check_invalid(target: Target, answer: Any, path: str) -> None:
    """The answer is one error, which says where the value is."""
    assert "data" not in answer
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    place = "." + path.replace(".0", "[0]")
    assert f"at {place}" in error["message"]


DATES = ("orderDate", "postingDate", "requestedDeliveryDate", "lines.update.0.shipmentDate")
NO_NUMBERS = ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e400", "1e-400", "1e41"]
NO_NUMBERS += ["0x10", "1_000", "1,5", "", " 1", "\u0661", "--1", "1e", "9" * 70]
NO_DATES = ["0000-01-01", "-0001-01-01", "10000-01-01", "2026-02-30", "2026-13-01", "2026-W01-1"]
NO_DATES += ["20260101", "2026-01-01T00:00:00Z", "today", "", "\u0662026-01-01"]


@pytest.mark.parametrize(
    ("paths", "value"),
    [
        *((NUMBERS, text) for text in NO_NUMBERS),
        *((DATES, text) for text in NO_DATES),
        *(((*NUMBERS, *DATES, *TEXTS), value) for value in (True, [], {})),
        *(((*DATES, *TEXTS), value) for value in (2**63, 1.5)),
        *((("lines.update.0.lineType",), v) for v in ("NOPE", "item", "", 2, "\ud800", "ITEM\x00")),
        *((("lines.add.0.sequence",), v) for v in (2**63, -(2**63), 2**31, 1.5, "1", "\x00")),
        *((("pricesIncludeTax", "partialShipping"), value) for value in ("true", 1, 0, "")),
    ],
)  # fmt: skip
def test_what_its_type_does_not_know_is_an_error_that_says_where_it_stands(
    target: Target, paths: tuple[str, ...], value: Any
) -> None:
    for path in paths:
        check_invalid(target, target.send(at(path, value, target.line)), path)
    assert target.is_untouched()


@pytest.mark.parametrize("path", DATES)
def test_a_day_before_the_calendar_of_the_gateway_is_out_of_range(
    target: Target, path: str
) -> None:
    assert target.refused(at(path, "0001-01-01", target.line)) == [("OUT_OF_RANGE", path)]
    assert target.is_untouched()


RAW = ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "1" * 5000, "1e" + "9" * 20]
RAW += ["0." + "1" * 5000, "1e" + "9" * 300, "-1e-" + "9" * 300, '"\\ud800"', "[[[[1]]]]"]


@pytest.mark.parametrize("number", RAW)
def test_a_hostile_number_in_the_json_of_a_request_is_an_error_with_a_code(
    target: Target, number: str
) -> None:
    for path in ("discountAmount", "lines.update.0.quantity", "lines.add.0.sequence"):
        given = {"id": target.order, "input": at(path, "NUMBER", target.line)}
        body = json.dumps({"query": UPDATE % "number", "variables": given})
        answer = target.post(body.replace('"NUMBER"', number))
        assert "data" not in answer
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED"}
    assert target.is_untouched()


@pytest.mark.parametrize(
    "written",
    [
        *('"a\\u0000b"', '"\\uD800"', '"\ud800"', "NaN", "-", "1e400", '"' + "x" * 10**6 + '"'),
        *("[", "$missing", "NOPE", "{" * 2000, "[" * 2000 + "]" * 2000, '"""', "\x00", "\ud800"),
    ],
)
def test_a_hostile_value_in_a_document_is_an_error_with_a_code(
    target: Target, written: str
) -> None:
    query = 'mutation { updateSalesOrder(id: "%s", input: {shipToName: %s, discountAmount: %s}) {'
    query = query % (target.order, written, written) + " userErrors { code } } }"
    answer = target.post(json.dumps({"query": query}))
    assert "INTERNAL_ERROR" not in json.dumps(answer)
    assert answer.get("data") is None
    assert all(error["message"] for error in answer["errors"])
    assert target.is_untouched()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ({"add": [line()] * 10_000}, ("TOO_MANY_LINES", "lines")),
        ({"add": [line("NOPE")] * 10_000}, ("TOO_MANY_LINES", "lines")),
        pytest.param(
            {"add": [line(f"N{n}") for n in range(40_000)]},
            ("TOO_MANY_LINES", "lines"),
            marks=pytest.mark.full,
        ),
    ],
    ids=["items", "no items", "40,000 items"],
)
def test_a_patch_that_makes_an_order_too_long_is_refused_whatever_else_is_wrong(
    target: Target, lines: Fields, problem: Problem
) -> None:
    assert target.refused({"lines": lines}) == [problem]
    assert target.is_untouched()


@pytest.mark.parametrize("count", [1_000, pytest.param(40_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("part", ["update", "remove"])
def test_lines_that_an_order_does_not_have_are_each_told(
    target: Target, part: str, count: int
) -> None:
    """Not even more names than a statement of PostgreSQL may have are a crash."""
    updates = [
        {"id": str(n), "item": named(f"N{n}"), "taxCode": code(f"T{n}")} for n in range(count)
    ]
    given = {"update": updates} if part == "update" else {"remove": list(map(str, range(count)))}
    problems = target.refused({"lines": given})
    places = {path for rule, path in problems if rule in ("NOT_FOUND", "TOO_MANY_LINES")}
    assert places >= {f"lines.{part}.0{'.id' if part == 'update' else ''}"} or places == {"lines"}
    assert target.is_untouched()


def test_a_crash_is_logged_and_the_client_learns_nothing_but_its_incident(
    client: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = created(client, order(line()))
    execute(world_url, "ALTER TABLE sales_order_lines RENAME COLUMN etag TO secret_column")
    before = dump(world_url)
    variables = {"id": made["id"], "input": {"shipToName": "elsewhere"}}
    answer = client.send(UPDATE % "number", **variables)
    [error] = answer["errors"]
    assert (answer["data"], error["path"]) == (None, ["updateSalesOrder"])
    assert error["extensions"].keys() == {"code", "incident"}
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert error["extensions"]["incident"] in error["message"] + str(error["extensions"])
    [record] = [one for one in caplog.records if one.name == "gateway"]
    assert error["extensions"]["incident"] in record.getMessage()
    assert "sales_order_lines" in caplog.text
    assert "sales_order_lines" not in json.dumps(answer)
    assert dump(world_url) == before
