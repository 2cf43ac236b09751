"""Numbers, dates and times as the gateway and clients write them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import post
from tests.support.served import Client, serving
from tests.support.trade import load_trade


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Client]:
    """The gateway over the 200 orders: item T001 has 12.50 in stock, order O001 is of 2026-12-31,
    and 200 customers were changed on 2026-01-02 at 01:04:05.6789 in UTC."""
    with serving(Settings(database_url=templates.copy("trade", load_trade))) as client:
        yield client


FIELDS = {
    "Decimal": ("items", "inventory"),
    "Date": ("salesOrders", "orderDate"),
    "DateTime": ("customers", "lastModifiedDateTime"),
}
"""Filters on a value of each scalar."""


def count(client: Client, scalar: str, written: str) -> list[Any]:
    """The number of records with the value, which is `written` as JSON, sent as a variable and in the
    document; or the code of the error if it is invalid."""
    listed, field = FIELDS[scalar]
    inside = f"{listed}(filter: {{{field}: {{eq: VALUE}}}}) {{ totalCount }}"
    literal = json.dumps({"query": f"{{ {inside.replace('VALUE', written)} }}"})
    query = f"query ($value: {scalar}!) {{ {inside.replace('VALUE', '$value')} }}"
    variable = f'{{"query": {json.dumps(query)}, "variables": {{"value": {written}}}}}'
    counts = []
    for body in (literal, variable):
        answer = post(client, body).json()
        if "errors" in answer:
            counts.append(answer["errors"][0]["extensions"]["code"])
        else:
            counts.append(answer["data"][listed]["totalCount"])
    return counts


@pytest.mark.parametrize(
    ("scalar", "written", "found"),
    [
        *(("Decimal", text, 1) for text in (
            "12.5", "12.50000000", "1.25e1", "1250E-2", '"12.5"', '"12.50"', '"1.25e1"', '"1.25E+1"',
            "9999999999999.99999", '"9999999999999.99999"', '"-3.1"', "-3.1", "0.00001", "1e-5",
        )),
        ("Decimal", "12.50001", 0),
        ("Decimal", "9999999999999.99998", 0),
        ("Date", '"2026-12-31"', 1),
        ("Date", '"9999-12-31"', 0),
        *(("DateTime", f'"2026-{text}"', 200) for text in (
            "01-02T01:04:05.6789Z", "01-02T01:04:05.678900Z", "01-02T01:04:05.6789+00:00",
            "01-02T03:04:05.6789+02:00", "01-01T20:34:05.6789-04:30",
        )),
        ("DateTime", '"2026-01-02T01:04:05.678901Z"', 0),
        ("DateTime", '"2026-01-02T01:04:05Z"', 0),
    ],
)  # fmt: skip
def test_a_value_is_parsed_exactly(shop: Client, scalar: str, written: str, found: int) -> None:
    assert count(shop, scalar, written) == [found, found]


@pytest.mark.parametrize(
    ("scalar", "written"),
    [
        *(("Decimal", text) for text in (
            '""', '" 1"', '"1 "', '"1_000"', '"1,5"', '"NaN"', '"-Infinity"', '"1e400"', "1e400",
            '"1e-400"', '"0x10"', '".5"', '"5."', '"1e"', '"--1"', '"\u0661\u0662"', '"\uff11"', "true",
            "{}",
        )),
        *(("Date", text) for text in (
            '""', '"2026-2-1"', '"2026-02-30"', '"20260201"', '"2026-02-01T00:00:00Z"', '"0000-01-01"',
            '"10000-01-01"', '" 2026-02-01"', '"2026-W05-1"', '"\u0662026-02-01"', "20260201", "true", "{}",
        )),
        *(("DateTime", text) for text in (
            '""', '"2026-01-02"', '"2026-01-02T01:04:05"', '"2026-01-02 01:04:05Z"',
            '"2026-01-02T25:00:00Z"', '"2026-01-02T01:04:61Z"', '"2026-01-02T01:04:05+25:00"',
            '"0001-01-01T00:00:00+01:00"', '"9999-12-31T23:59:59-01:00"', '"2026-01-02T01:04:05.1234567Z"',
            '"now"', "1767315845", "true", "{}",
        )),
    ],
)  # fmt: skip
def test_an_invalid_value_is_refused_before_anything_runs(
    shop: Client, scalar: str, written: str
) -> None:
    assert count(shop, scalar, written) == ["GRAPHQL_VALIDATION_FAILED"] * 2


@pytest.mark.parametrize(
    ("scalar", "written"),
    [
        ("Decimal", '"1,5"'),
        ("Decimal", "1e41"),
        ("Decimal", "{a: 1}"),
        ("Date", '"1997-02-30"'),
        ("Date", "19970230"),
        ("DateTime", '"2026-01-02"'),
        ("DateTime", "[]"),
    ],
)
def test_a_bad_value_in_the_document_is_reported_with_its_place(
    shop: Client, scalar: str, written: str
) -> None:
    listed, field = FIELDS[scalar]
    before = f"{{ {listed}(filter: {{{field}: {{eq: "
    [error, *_] = shop.send(f"{before}{written}}}}}) {{ totalCount }} }}")["errors"]
    assert error["locations"] == [{"line": 1, "column": len(before) + 1}]
    path = ["filter", field, "eq"]
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED", "argumentPath": path}


@pytest.mark.parametrize(
    ("number", "is_taken"),
    [
        ("9" * 40, True),
        ("9" * 41, False),
        ("0." + "9" * 40, True),
        ("0." + "9" * 41, False),
        ("1e-40", True),
        ("1e-41", False),
        ("-1e39", True),
        ("-1e40", False),
        ("0e-100", True),
        ("0e100", True),
        ("0." + "0" * 100, True),
    ],
)
def test_a_number_is_read_to_forty_digits_on_either_side_and_zero_is_zero(
    shop: Client, number: str, is_taken: bool
) -> None:
    answer = shop.send(f'{{ items(filter: {{inventory: {{eq: "{number}"}}}}) {{ totalCount }} }}')
    messages = [error["message"] for error in answer.get("errors", [])]
    message = "A Decimal has at most 40 digits before the point and 40 after it."
    expected = [f'filter.inventory.eq is "{number}". {message}']
    assert (messages == expected) == (not is_taken)
    assert (messages == []) == (float(number) == 0)


def test_numbers_are_exact_text_without_exponent_and_trailing_zeros(shop: Client) -> None:
    """Of 12.50, 100, 1E+3, 0.00001, 9999999999999.99999, 0, -0.00 and -3.10."""
    items = shop.ask("{ items(first: 8) { nodes { inventory } } }")["items"]["nodes"]
    written = ["12.5", "100", "1000", "0.00001", "9999999999999.99999", "0", "0", "-3.1"]
    assert [item["inventory"] for item in items] == written


def test_moments_are_in_utc(shop: Client) -> None:
    query = "{ customers(first: 1) { nodes { lastModifiedDateTime } } }"
    [customer] = shop.ask(query)["customers"]["nodes"]
    assert re.fullmatch(r"2026-01-02T01:04:05\.6789(00)?Z", customer["lastModifiedDateTime"])
