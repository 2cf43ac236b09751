"""Hostile values in updateSalesOrder: each causes a clear error, and the database does not change."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from gateway.settings import Settings
from tests.support import patches
from tests.support.databases import Templates
from tests.support.requests import Fields, code, created, dump, execute, line, named, order, post
from tests.support.served import Client, serving
from tests.support.world import load_world

UPDATE = patches.UPDATE % "number"


def patch_of(values: dict[str, Any], key: str) -> Fields:
    """The patch that has each value at its path; the line that it updates has this id."""
    patch: Fields = {}
    for path, value in values.items():
        target: Any = patch
        *outer, last = path.split(".")
        for name, follower in zip(outer, [*outer, last][1:], strict=True):
            if isinstance(target, list):
                target += [{} for _ in range(int(name) + 1 - len(target))]
                target = target[int(name)]
            else:
                target = target.setdefault(name, [] if follower.isdigit() else {})
        if isinstance(target, list):
            target.append(value)
        else:
            target[last] = value
    for update in patch.get("lines", {}).get("update", ()):
        update.setdefault("id", key)
    return patch


@dataclass(frozen=True)
class Target:
    """An order with one line."""

    client: Client
    order: str
    line: str

    def send(self, values: dict[str, Any], **more: Any) -> Any:
        """The answer to a patch that has each value at its path; the body is ASCII."""
        fields = {"id": self.order, "input": patch_of(values, self.line), **more}
        return post(self.client, json.dumps({"query": UPDATE, "variables": fields})).json()

    def refused(self, values: dict[str, Any], **more: Any) -> set[tuple[str, str]]:
        """Codes and paths of the reasons to refuse a patch, each reported once."""
        answer = self.send(values, **more)
        assert "errors" not in answer, answer["errors"]
        payload = answer["data"]["updateSalesOrder"]
        assert payload["salesOrder"] is None
        assert all(problem["message"] for problem in payload["userErrors"])
        problems = [(p["code"], ".".join(p["path"])) for p in payload["userErrors"]]
        assert len(set(problems)) == len(problems)
        return {(rule, path.removeprefix("input.")) for rule, path in problems}


@pytest.fixture(scope="module")
def target(templates: Templates) -> Iterator[Target]:
    """The database must not have changed at the end of this module."""
    url = templates.copy("world", load_world)
    with serving(Settings(database_url=url, max_body=50_000_000)) as client:
        new = created(client, order(line(quantity=2), discountAmount=1))
        before = dump(url)
        yield Target(client, new["id"], new["lines"][0]["id"])
        assert dump(url) == before


TEXTS = ("externalDocumentNumber", "salesperson", "shipToName", "shipToContact")
TEXTS += ("sellToAddress.city", "shipToAddress.postCode", "lines.update.0.description")
TEXTS += ("lines.add.0.description2",)
NAMES = ("customer.contactId", "billToCustomer.number", "currency.code", "paymentTerms.code")
NAMES += ("shipmentMethod.code", "lines.update.0.unitOfMeasure.code", "lines.add.0.item.number")
NAMES += ("lines.update.0.taxCode.code", "lines.add.1.account.number")
IDS = ("customer.id", "billToCustomer.id", "currency.id", "paymentTerms.id", "shipmentMethod.id")
IDS += ("lines.update.0.unitOfMeasure.id", "lines.update.0.taxCode.id", "lines.add.0.item.id")
IDS += ("lines.add.1.account.id",)
HOSTILE_TEXTS = {
    "NUL": "a\x00b",
    "high surrogate": "\ud800",
    "low surrogate": "x\udc00",
    "reversed pair": "\udc00\ud800",
    "escape": "\x1b[2J",
    "line break": "a\nb",
    "next line": "a\x85b",
    "zero width space": "a\u200bb",
    "right-to-left override": "\u202ea",
    "byte order mark": "a\ufeff",
    "long text": "x" * 10**5,
    "long wide text": "\U0001f600" * 10**5,
}


@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_a_hostile_text_is_refused_in_every_field(target: Target, kind: str) -> None:
    text = HOSTILE_TEXTS[kind]
    rule = "TOO_LONG" if "long" in kind else "INVALID"
    assert target.refused(dict.fromkeys(TEXTS, text)) == {(rule, path) for path in TEXTS}
    country = "shipToAddress.country"
    assert target.refused({country: text}) == {("INVALID", country)}
    for paths in (NAMES, IDS, ("lines.update.0.id",), ("lines.remove.0",)):
        assert target.refused(dict.fromkeys(paths, text)) == {("NOT_FOUND", path) for path in paths}
    assert target.refused({}, id=text) == {("NOT_FOUND", "id")}
    assert target.refused({}, ifMatch=text) == {("STALE", "ifMatch")}


MALFORMED = ["", "0", "null", "*", "' OR 1=1 --", str(2**63), 2**63, "\u0130" * 36]
MALFORMED += ["00000000-0000-4000-8000-00000000000g", "00000000000040008000000000000000"]
MALFORMED += [
    f"{before}00000000-0000-4000-8000-000000000000" for before in ("", " ", "{", "urn:uuid:")
]


@pytest.mark.parametrize("key", MALFORMED)
def test_a_malformed_id_matches_nothing(target: Target, key: str | int) -> None:
    for paths in (IDS, ("lines.update.0.id",), ("lines.remove.0",)):
        assert target.refused(dict.fromkeys(paths, key)) == {("NOT_FOUND", path) for path in paths}
    assert target.refused({}, id=key) == {("NOT_FOUND", "id")}


NUMBERS = ("discountAmount", "discountPercent", "lines.update.0.quantity")
NUMBERS += ("lines.update.0.unitPrice", "lines.update.0.discountAmount")
NUMBERS += ("lines.update.0.discountPercent", "lines.update.0.shipQuantity")
NUMBERS += ("lines.update.0.invoiceQuantity",)


LARGEST = "9999999999999.99999"


def test_the_largest_number_is_reported_once(target: Target) -> None:
    """As an amount it is rounded to more than can be stored."""
    of_line = [
        f"lines.update.0.{name}" for name in ("quantity", "discountPercent", "discountAmount")
    ]
    for path in ("discountAmount", "discountPercent", *of_line):
        assert target.refused({path: LARGEST}) == {("OUT_OF_RANGE", path)}
    both = {of_line[1]: 1, of_line[2]: LARGEST}
    assert target.refused(both) == {("CONFLICTING", of_line[2])}


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, 2**63, "1e39", "10000000000000"])
def test_a_number_too_large_to_store_is_out_of_range(target: Target, number: str | int) -> None:
    for path in NUMBERS:
        assert target.refused({path: number}) == {("OUT_OF_RANGE", path)}


DATES = ("orderDate", "postingDate", "requestedDeliveryDate", "lines.update.0.shipmentDate")


def test_a_day_before_the_calendar_of_the_gateway_is_out_of_range(target: Target) -> None:
    for path in DATES:
        assert target.refused({path: "0001-01-01"}) == {("OUT_OF_RANGE", path)}


NO_NUMBERS = ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e400", "1e-400", "1e41"]
NO_NUMBERS += ["0x10", "1_000", "1,5", "", " 1", "\u0661", "--1", "1e", "9" * 70]
NO_DATES = ["0000-01-01", "-0001-01-01", "10000-01-01", "2026-02-30", "2026-13-01", "2026-W01-1"]
NO_DATES += ["20260101", "2026-01-01T00:00:00Z", "today", "", "\u0662026-01-01"]
NO_TYPES = ["NOPE", "item", "", 2, "\ud800", "ITEM\x00"]
NO_INTEGERS = [2**63, -(2**63), 2**31, 1.5, "1", "\x00"]
TYPE, SEQUENCE, FLAGS = "lines.update.0.lineType", "lines.add.0.sequence", ("pricesIncludeTax",)


@pytest.mark.parametrize(
    ("paths", "value"),  # at most twenty paths, since an answer reports no more errors
    [
        *((NUMBERS, text) for text in NO_NUMBERS),
        *((DATES, text) for text in NO_DATES),
        *(((TYPE,), value) for value in NO_TYPES),
        *(((SEQUENCE,), value) for value in NO_INTEGERS),
        *((FLAGS, value) for value in ("true", 1, 0, "")),
        *(((*NUMBERS, *DATES, *TEXTS), value) for value in (True, [], {})),
        *(((TYPE,), value) for value in (True, [], {})),
        *(((*DATES, *TEXTS, TYPE), value) for value in (2**63, 1.5)),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_that_names_its_path(
    target: Target, paths: tuple[str, ...], value: Any
) -> None:
    answer = target.send(dict.fromkeys(paths, value))
    assert "data" not in answer
    reported = [".".join(error["extensions"]["argumentPath"]) for error in answer["errors"]]
    assert sorted(reported) == sorted(f"input.{path}" for path in paths)
    for error, path in zip(answer["errors"], reported, strict=True):
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert error["message"].startswith(f"{path} ")


RAW = ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "1" * 5000, "1e" + "9" * 20]
RAW += ["0." + "1" * 5000, "1e" + "9" * 300, "-1e-" + "9" * 300, '"\\ud800"', "[[[[1]]]]"]


@pytest.mark.parametrize("number", RAW)
def test_a_hostile_number_in_the_json_of_a_request_is_an_error_with_a_code(
    target: Target, number: str
) -> None:
    """Each uses its own connection, which a crash would close."""
    for path in ("discountAmount", SEQUENCE):
        fields = {"id": target.order, "input": patch_of({path: "NUMBER"}, target.line)}
        body = json.dumps({"query": UPDATE, "variables": fields}).replace('"NUMBER"', number)
        with httpx2.Client(verify=False) as http:
            answer = post(Client(target.client.url, http), body).json()
        assert "data" not in answer
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    "written",
    [
        *('"a\\u0000b"', '"\\uD800"', '"\ud800"', "NaN", "-", "1e400", '"' + "x" * 10**6 + '"'),
        *("[", "$missing", "NOPE", "{" * 2000, "[" * 2000 + "]" * 2000, "\x00", "\ud800"),
    ],
)
def test_a_hostile_value_in_a_document_is_an_error_with_a_code(
    target: Target, written: str
) -> None:
    query = 'mutation { updateSalesOrder(id: "%s", input: {shipToName: %s, discountAmount: %s}) {'
    query = query % (target.order, written, written) + " userErrors { code } } }"
    answer = post(target.client, json.dumps({"query": query})).json()
    assert "INTERNAL_ERROR" not in json.dumps(answer)
    assert answer.get("data") is None
    assert all(error["message"] for error in answer["errors"])


MANY = pytest.param(40_000, marks=pytest.mark.full)
"""More than the 32,767 values that a statement of PostgreSQL can have."""


@pytest.mark.parametrize("sells", [False, pytest.param(True, marks=pytest.mark.full)])
def test_a_patch_that_makes_an_order_too_long_is_refused_despite_other_problems(
    target: Target, sells: bool
) -> None:
    """10,000 comments in one place, or 40,000 missing items."""
    lines = [line(f"N{n}") for n in range(40_000)] if sells else [{"sequence": 1}] * 10_000
    assert target.refused({"lines.add": lines}) == {("TOO_MANY_LINES", "lines")}


@pytest.mark.parametrize("count", [1_000, MANY])
def test_any_number_of_unknown_lines_is_refused(target: Target, count: int) -> None:
    updates = [
        {"id": str(n), "item": named(f"N{n}"), "taxCode": code(f"T{n}")} for n in range(count)
    ]
    for part in ({"lines.update": updates}, {"lines.remove": list(map(str, range(count)))}):
        rules = {rule for rule, _ in target.refused(part)}
        assert rules in ({"NOT_FOUND"}, {"TOO_MANY_LINES"})


def test_a_crash_is_logged_and_the_client_only_gets_its_incident(
    client: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    new = created(client, order(line()))
    execute(world_url, "ALTER TABLE sales_order_lines RENAME COLUMN etag TO secret_column")
    before = dump(world_url)
    variables = {"id": new["id"], "input": {"shipToName": "elsewhere"}}
    answer = client.send(UPDATE, **variables)
    [error] = answer["errors"]
    assert (answer["data"], error["path"]) == ({"updateSalesOrder": None}, ["updateSalesOrder"])
    assert error["extensions"].keys() == {"code", "incident"}
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert error["extensions"]["incident"] in error["message"] + str(error["extensions"])
    [record] = [one for one in caplog.records if one.name == "gateway"]
    assert error["extensions"]["incident"] in record.getMessage()
    assert "sales_order_lines" in caplog.text
    assert "sales_order_lines" not in json.dumps(answer)
    assert dump(world_url) == before
