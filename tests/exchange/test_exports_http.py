"""GET /exports sends a file while it is produced."""

import socket
import time
from collections.abc import Iterator

import httpx2
import orjson
import pytest

from gateway.demo.northwind import COMPANY, load_demo
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.exporting import entries
from tests.support.requests import execute
from tests.support.served import Client, serving

COUNT = "{ salesOrders { totalCount } }"
PATIENCE = 10


@pytest.fixture(scope="module")
def one(templates: Templates) -> Iterator[Client]:
    """The gateway over Northwind with one connection: an export that did not return it would block all
    others."""
    url = templates.copy("demo", load_demo)
    with serving(Settings(database_url=url, pool_size=1)) as client:
        yield client


def get(client: Client, headers: dict[str, str] | None = None, **given: str) -> httpx2.Response:
    return client.http.get(client.url + "/exports", params=given, headers=headers or {})


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ({}, "application/x-ndjson", "sales-orders.jsonl"),
        ({"format": "bc-json"}, "application/json", "sales-orders.json"),
        ({"format": "fo-package"}, "application/zip", "sales-orders.zip"),
        ({"format": "csv"}, "application/zip", "sales-orders.zip"),
        ({"what": "everything"}, "application/zip", "everything.zip"),
        ({"what": "items", "format": "csv"}, "text/csv; charset=utf-8", "items.csv"),
    ],
)
def test_a_download_has_a_media_type_and_a_file_name(
    one: Client, given: dict[str, str], kind: str, name: str
) -> None:
    answer = get(one, **given)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    if kind == "application/zip":
        assert all(entries(answer.content).values())


def test_a_download_has_every_order_or_those_that_match_the_filter(one: Client) -> None:
    assert len(get(one).content.splitlines()) == 839
    chosen = get(one, filter='{"customer": {"number": {"eq": "VINET"}}}').content.splitlines()
    numbers = [orjson.loads(document)["number"] for document in chosen]
    assert numbers == ["NW-10248", "NW-10274", "NW-10295", "NW-10737", "NW-10739"]


def test_a_download_lists_its_losses_in_a_header_and_a_check_explains_them(
    templates: Templates,
) -> None:
    url = templates.copy("demo", load_demo)
    execute(url, "UPDATE customers SET display_name = 'New name' WHERE number = 'VINET'")
    with serving(Settings(database_url=url)) as client:
        assert get(client).headers["export-losses"] == "customerName=5, billToName=5"
        assert get(client, check="true").json()["losses"][0] == {
            "field": "customerName",
            "count": 5,
            "of": "orders",
            "reason": "the customer has another name now",
            "message": "customerName is lost on 5 orders: the customer has another name now.",
        }
        others = '{"customer": {"number": {"ne": "VINET"}}}'
        assert get(client, check="true", filter=others).json() == {"losses": []}
        assert "export-losses" not in get(client, filter=others).headers


def test_a_head_request_returns_the_headers_of_the_download(one: Client) -> None:
    answer = one.http.head(one.url + "/exports")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert one.ask(COUNT) == {"salesOrders": {"totalCount": 839}}


@pytest.mark.parametrize(
    ("given", "status", "code", "sentence"),
    [
        ({"format": "pdf"}, 400, "BAD_USER_INPUT", "jsonl"),
        ({"what": "prices"}, 400, "BAD_USER_INPUT", "customers"),
        ({"what": "items", "format": "bc-json"}, 400, "BAD_USER_INPUT", "csv"),
        ({"filter": '{"nmber": {"eq": "1"}}'}, 400, "BAD_USER_INPUT", "number"),
        ({"filter": '{"number": {"eq": "\\u0000"}}'}, 400, "BAD_USER_INPUT", "control"),
        ({"company": COMPANY}, 400, "BAD_USER_INPUT", "company"),
    ],
)
def test_an_invalid_download_is_refused_with_a_code_and_a_message(
    one: Client, given: dict[str, str], status: int, code: str, sentence: str
) -> None:
    answer = get(one, **given)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message"}
    assert answer.json()["code"] == code
    assert sentence in answer.json()["message"]
    assert get(one).status_code == 200


def test_the_company_header_selects_the_company(one: Client) -> None:
    assert get(one, {"company": COMPANY}).status_code == 200
    answer = get(one, {"company": "Nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "COMPANY_NOT_FOUND")


def read_a_little(client: Client) -> socket.socket:
    """A connection with a download that has begun but is not read any further."""
    host, port = client.url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(f"GET /exports?format=bc-json HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    return connection


def test_a_disconnected_client_releases_its_database_connection(one: Client) -> None:
    for _ in range(5):
        read_a_little(one).close()
        deadline = time.monotonic() + PATIENCE
        while get(one, filter='{"number": {"eq": "NW-10248"}}').status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert one.ask(COUNT) == {"salesOrders": {"totalCount": 839}}


def test_slow_clients_leave_database_connections_to_others(templates: Templates) -> None:
    """Exports may use two of four connections."""
    settings = Settings(database_url=templates.copy("demo", load_demo), pool_size=4)
    with serving(settings) as client:
        slow = [read_a_little(client) for _ in range(2)]
        answer = get(client)
        assert (answer.status_code, answer.json()["code"]) == (503, "TOO_MANY_EXPORTS")
        assert answer.headers["retry-after"] == "10"
        assert client.ask(COUNT) == {"salesOrders": {"totalCount": 839}}
        for connection in slow:
            connection.close()
