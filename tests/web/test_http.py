"""GraphQL over HTTP: media types, status codes, error codes, and allowed methods."""

import gzip
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.served import Client, serving
from tests.support.world import load_world

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
COMPANY = "{ company { name } }"
CREATE = 'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { userErrors { code } } }'
COST = {"cost": {"requested": 1, "maximum": 20_000}}
ANSWER = {"data": {"company": {"name": "World"}}, "extensions": COST}


@pytest.fixture(scope="module")
def web(all_templates: dict[str, Templates]) -> Iterator[Client]:
    """The gateway over the world on SQLite: HTTP is the same over any database."""
    url = all_templates["sqlite"].copy("world", load_world)
    with serving(Settings(database_url=url)) as client:
        yield client


def post(web: Client, body: Any, accept: str = JSON, **headers: str | None) -> httpx2.Response:
    """The response to a body, which is sent unchanged if it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"accept": accept, "content-type": JSON} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    sent = {name: value for name, value in fields.items() if value is not None}
    return web.http.post(web.url + "/graphql", content=content, headers=sent)


def get(web: Client, accept: str = JSON, method: str = "GET", **parameters: str) -> httpx2.Response:
    url = web.url + "/graphql"
    return web.http.request(method, url, params=parameters, headers={"accept": accept})


def codes(response: httpx2.Response) -> list[str]:
    """The code of each error in a response. Each must have a message and a code."""
    errors = response.json()["errors"]
    assert errors
    assert all(error["message"] for error in errors)
    return [error["extensions"]["code"] for error in errors]


def media_type(response: httpx2.Response) -> str:
    kind, charset = response.headers["content-type"].split("; ")
    assert charset == "charset=utf-8"
    return kind


@pytest.mark.parametrize(
    "content_type",
    [JSON, "Application/JSON", "application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8",
     "application/json ; charset=utf-8"],
)  # fmt: skip
def test_json_is_accepted_however_its_media_type_is_written(web: Client, content_type: str) -> None:
    response = post(web, {"query": COMPANY}, content_type=content_type)
    assert (response.status_code, response.json()) == (200, ANSWER)


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "text/plain, application/json", "application/jsonp", "text/json",
     "application/json-patch+json", "application/graphql", "application/x-www-form-urlencoded",
     "multipart/form-data; boundary=x", "text/plain; application/json"],
)  # fmt: skip
def test_another_media_type_is_415(web: Client, content_type: str | None) -> None:
    """A foreign page can send these without a preflight request."""
    response = post(web, {"query": COMPANY}, content_type=content_type)
    assert (response.status_code, codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, identity", "GZIP"])
def test_a_compressed_operation_is_415(web: Client, coding: str) -> None:
    body = gzip.compress(json.dumps({"query": COMPANY}).encode())
    response = post(web, body, content_encoding=coding)
    assert (response.status_code, codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])
    assert post(web, {"query": COMPANY}, content_encoding="identity").json() == ANSWER


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5,{JSON};q=0.6", JSON),
        (f"{GRAPHQL};Q=0.5 , {JSON}; q=0.6", JSON),
        (f"{GRAPHQL};q=0, {JSON};q=0.001", JSON),
        (f"text/html, {GRAPHQL};q=0.1", GRAPHQL),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (BROWSER, JSON),
        (f"{GRAPHQL}, */*;q=0.1", GRAPHQL),
        (f"*/*;q=0.1, {GRAPHQL};q=0.2", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{JSON};q=0.2, */*;q=0.8", GRAPHQL),
        (f"{GRAPHQL};q=0.2, application/*;q=0.8", JSON),
    ],
)
def test_the_answer_has_the_media_type_that_the_client_prefers(
    web: Client, accept: str, chosen: str
) -> None:
    """The most exact range decides the weight of a type (RFC 9110, 12.5.1)."""
    response = post(web, {"query": COMPANY}, accept)
    assert (response.status_code, media_type(response)) == (200, chosen)
    assert response.json() == ANSWER


def test_a_client_without_a_preference_gets_the_legacy_media_type(web: Client) -> None:
    url = f"{web.url}/graphql?query={quote(COMPANY)}"
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.headers["content-type"] == f"{JSON}; charset=utf-8"
        assert json.load(response) == ANSWER


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "*/*;q=0",
        f"{JSON};q=0",
        "application/xml, text/*",
        "nothing",
        f"{JSON};q=0.000",
    ],
)
def test_an_unsupported_media_type_is_406(web: Client, accept: str) -> None:
    for response in (post(web, {"query": COMPANY}, accept), get(web, accept, query=COMPANY)):
        assert (response.status_code, codes(response)) == (406, ["NOT_ACCEPTABLE"])


MALFORMED = {
    "no JSON": b"{",
    "nothing": b"",
    "invalid UTF-8": b'{"query": "\xff"}',
    "UTF-8 that is cut off": b'{"query": "{ __typename } #\xe2\x82"}',
    "NaN": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "Infinity": b'{"query": "{ __typename }", "variables": {"a": -Infinity}}',
    "deep": b"[" * 100_000,
    "deep variables": b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"}}",
    "long integer": b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 200_000 + b"}}",
    "large exponent": b'{"query": "{ __typename }", "variables": {"a": 1e' + b"9" * 40 + b"}}",
    "null": b"null",
    "number": b"5",
    "text": b'"{ __typename }"',
    "no query": b"{}",
    "null query": b'{"query": null}',
    "number query": b'{"query": 5}',
    "array query": b'{"query": ["{ __typename }"]}',
    "empty query": b'{"query": ""}',
    **{
        f"{name} {value}": f'{{"query": "{{ __typename }}", "{name}": {value}}}'.encode()
        for name, values in {
            "variables": ("0", "false", '""', '"{}"', "[]"),
            "operationName": ("0", "false", "[]", "{}"),
            "extensions": ("0", "false", '""', "[]"),
        }.items()
        for value in values
    },
}


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=list(MALFORMED))
def test_a_body_without_an_operation_is_400(web: Client, body: bytes, accept: str) -> None:
    response = post(web, body, accept)
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])
    assert media_type(response) == accept
    assert "data" not in response.json()


PARSE, VALIDATE, USER = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"
TWO = "query A { company { name } } query B { __typename }"
PAGE = "query ($n: Int) { items(first: $n) { totalCount } }"
LINE_TYPE = "query ($t: [SalesOrderLineType!]) { a: salesOrderLines(filter: {lineType: {in: $t}}) { totalCount } }"
UNRUN: dict[str, tuple[dict[str, Any], str]] = {
    "cut off": ({"query": "{"}, PARSE),
    "blank": ({"query": " "}, PARSE),
    "half a surrogate pair": ({"query": "{ \ud800 }"}, PARSE),
    "deep document": ({"query": "{a" * 5000}, PARSE),
    "deep value": ({"query": "{a(b:" + "[" * 5000}, PARSE),
    "unknown field": ({"query": "{ nope }"}, VALIDATE),
    "missing argument": ({"query": "{ salesOrder { id } }"}, VALIDATE),
    "missing variable": ({"query": "query ($n: Int!) { items(first: $n) { totalCount } }"}, VALIDATE),
    "text for Int": ({"query": PAGE, "variables": {"n": "5"}}, VALIDATE),
    "half a pair for Int": ({"query": PAGE, "variables": {"n": "\ud800"}}, VALIDATE),
    "fraction for Int": ({"query": PAGE, "variables": {"n": 1.5}}, VALIDATE),
    "long Int": ({"query": PAGE, "variables": {"n": 10**4000}}, VALIDATE),
    "long Int literal": ({"query": f"{{ items(first: {'9' * 5000}) {{ totalCount }} }}"}, VALIDATE),
    "unknown value": ({"query": LINE_TYPE, "variables": {"t": ["NOPE"]}}, VALIDATE),
    "half a pair for an enum": ({"query": LINE_TYPE, "variables": {"t": ["\ud800"]}}, VALIDATE),
    "two operations": ({"query": TWO}, USER),
    "unknown operation": ({"query": TWO, "operationName": "C"}, USER),
    "unknown name": ({"query": COMPANY, "operationName": "C"}, USER),
    "no operation": ({"query": "fragment F on Query { __typename }"}, USER),
}  # fmt: skip


@pytest.mark.parametrize(("body", "code"), UNRUN.values(), ids=list(UNRUN))
def test_an_operation_that_cannot_be_run_has_errors_and_no_data(
    web: Client, body: dict[str, Any], code: str
) -> None:
    """The legacy media type says 200 whenever the request itself is well formed."""
    for accept, status in ((JSON, 200), (GRAPHQL, 400)):
        response = post(web, body, accept)
        assert (response.status_code, set(codes(response))) == (status, {code})
        assert "data" not in response.json()
        assert not re.search("Decimal|Exception|Traceback|object at|instance", response.text)


def test_a_subscription_is_refused_because_the_schema_has_none(web: Client) -> None:
    response = post(web, {"query": "subscription { orders }"}, GRAPHQL)
    assert response.status_code == 400
    assert "METHOD_NOT_ALLOWED" not in codes(response)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_an_operation_that_was_run_is_200_even_with_errors(web: Client, accept: str) -> None:
    response = post(web, {"query": "{ items(first: -1) { totalCount } }"}, accept)
    assert (response.status_code, codes(response)) == (200, ["BAD_USER_INPUT"])
    assert response.json()["data"] is None


def test_the_named_operation_is_run(web: Client) -> None:
    assert post(web, {"query": TWO, "operationName": "A"}).json() == ANSWER
    assert get(web, query=TWO, operationName="A").json() == ANSWER


def test_null_and_omitted_parameters_are_the_same(web: Client) -> None:
    body = {"query": COMPANY, "variables": None, "operationName": None, "extensions": None}
    assert post(web, body).json() == ANSWER
    assert get(web, query=COMPANY, variables="null").json() == ANSWER


def test_get_takes_variables_as_json(web: Client) -> None:
    response = get(
        web, query="query ($n: Int) { items(first: $n) { nodes { number } } }", variables='{"n": 1}'
    )
    assert response.json()["data"] == {"items": {"nodes": [{"number": "BLOCKED"}]}}


@pytest.mark.parametrize(
    "parameters",
    [{}, {"query": ""}, {"query": COMPANY, "variables": "{"}, {"query": COMPANY, "variables": "[]"},
     {"query": COMPANY, "variables": '{"a": NaN}'}, {"query": COMPANY, "extensions": "5"},
     {"query": COMPANY, "variables": '{"a": 1e' + "9" * 40 + "}"}],
)  # fmt: skip
def test_a_get_without_an_operation_is_400(web: Client, parameters: dict[str, str]) -> None:
    response = get(web, **parameters)
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


def test_a_get_changes_nothing(web: Client) -> None:
    both = f"query A {COMPANY} {CREATE.replace('mutation', 'mutation B')}"
    for parameters in ({"query": CREATE}, {"query": both, "operationName": "B"}):
        for accept in (JSON, GRAPHQL):
            response = get(web, accept, **parameters)
            assert (response.status_code, response.headers["allow"]) == (405, "POST")
            assert codes(response) == ["METHOD_NOT_ALLOWED"]
    assert get(web, query=both, operationName="A").json() == ANSWER
    assert web.ask("{ salesOrders { totalCount } }") == {"salesOrders": {"totalCount": 0}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_405(web: Client, method: str) -> None:
    response = get(web, method=method, query=COMPANY)
    assert response.status_code == 405
    assert {"GET", "POST"} <= set(re.split(", *", response.headers["allow"]))


@pytest.mark.parametrize(("accept", "query"), [(JSON, COMPANY), (GRAPHQL, "{"), (BROWSER, None)])
def test_head_is_get_without_the_body(web: Client, accept: str, query: str | None) -> None:
    parameters = {} if query is None else {"query": query}
    whole, head = (get(web, accept, method, **parameters) for method in ("GET", "HEAD"))
    assert head.content == b""
    assert head.status_code == whole.status_code
    assert head.headers["content-type"] == whole.headers["content-type"]
