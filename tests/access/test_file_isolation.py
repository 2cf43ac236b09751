"""Exports, imports and uploads only show and touch what their credential may see."""

from typing import Any

import pytest

from tests.support.gates import Gate
from tests.support.served import wait_until
from tests.support.world import COMPANY


def test_an_export_only_has_the_orders_of_the_caller(gate: Gate) -> None:
    headers = {"authorization": f"Bearer {gate.keys['limited']}"}
    text = gate.client.http.get(gate.client.url + "/exports", headers=headers).text
    assert [number in text for number in ("SO-000001", "SO-000002", "SO-000003")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("who", ["limited", "importer"])
def test_an_import_writes_no_records_without_the_right(gate: Gate, who: str) -> None:
    headers = {"authorization": f"Bearer {gate.keys[who]}"}
    url = f"{gate.client.url}/imports?name=customers.csv"
    content = f"number,displayName\nC1,Renamed\n{who},New\n".encode()
    key = gate.client.http.post(url, content=content, headers=headers).json()["id"]
    query = """query ($id: ID!) { importJob(id: $id) { finishedDateTime referencesFailed
      problems { nodes { code } } } }"""

    def ended() -> Any:
        job = gate.post(who, query, id=key)["data"]["importJob"]
        return job if job["finishedDateTime"] else None

    job = wait_until(ended)
    assert job["referencesFailed"] == 2
    assert job["problems"]["nodes"] == [{"code": "FORBIDDEN"}] * 2
    name = '{ customerByNumber(number: "C1") { displayName } }'
    assert gate.ask(who, name) == {"customerByNumber": {"displayName": "First Customer"}}


def test_an_import_only_touches_the_orders_of_the_caller(gate: Gate) -> None:
    """Its job is hidden from callers with other limits, and does not change records."""
    rows = '{"number": "NEW-1", "customerNumber": "PAYER"}\n{"number": "NEW-2", "customerNumber": "C1"}'
    headers = {"authorization": f"Bearer {gate.keys['limited']}"}
    url = f"{gate.client.url}/imports?name=salesOrders.jsonl"
    begun = gate.client.http.post(url, content=rows.encode(), headers=headers)
    assert begun.status_code == 202, begun.text
    query = """query ($id: ID!) { importJob(id: $id) { finishedDateTime createdBy headersCreated
      problems { nodes { code orderNumber } } } }"""
    key = begun.json()["id"]

    def ended() -> Any:
        job = gate.post("limited", query, id=key)["data"]["importJob"]
        return job if job["finishedDateTime"] else None

    job = wait_until(ended)
    assert (job["createdBy"], job["headersCreated"]) == ("Partner", 1)
    assert job["problems"]["nodes"] == [{"code": "NOT_FOUND", "orderNumber": "NEW-1"}]
    order = '{ salesOrderByNumber(number: "NEW-2") { createdBy } }'
    assert gate.ask("limited", order) == {"salesOrderByNumber": {"createdBy": "Partner"}}


def test_an_import_does_not_tell_why_a_number_is_taken(gate: Gate) -> None:
    """The order with the number belongs to a customer outside. Nothing of it is shown or changed."""
    hidden = '{ salesOrderByNumber(number: "SO-000003") { etag customer { number } } }'
    before = gate.ask("admin", hidden, COMPANY)
    assert before["salesOrderByNumber"]["customer"] == {"number": "PAYER"}
    row = b'{"number": "so-000003", "customerNumber": "C1", "email": "a@example.com"}'
    headers = {"authorization": f"Bearer {gate.keys['limited']}"}
    url = f"{gate.client.url}/imports?name=salesOrders.jsonl"
    key = gate.client.http.post(url, content=row, headers=headers).json()["id"]
    query = """query ($id: ID!) { importJob(id: $id) { finishedDateTime headersFailed
      problems { nodes { code message orderNumber columnName } } } }"""

    def ended() -> Any:
        job = gate.post("limited", query, id=key)["data"]["importJob"]
        return job if job["finishedDateTime"] else None

    job = wait_until(ended)
    assert job["headersFailed"] == 1
    assert job["problems"]["nodes"] == [
        {
            "code": "DUPLICATE",
            "message": "This number is already taken.",
            "orderNumber": "so-000003",
            "columnName": "number",
        }
    ]
    assert gate.ask("admin", hidden, COMPANY) == before


def test_an_unfinished_upload_belongs_to_its_credential(gate: Gate) -> None:
    """Another one may not see it, append to it or cancel it: to them, it does not exist."""
    http, url = gate.client.http, gate.client.url
    own, other = ({"authorization": f"Bearer {gate.keys[who]}"} for who in ("company", "limited"))
    begun = http.post(
        f"{url}/imports?name=units.csv", content=b"code", headers=own | {"Upload-Complete": "?0"}
    )
    location = url + begun.headers["Location"]
    part = {"Content-Type": "application/partial-upload", "Upload-Complete": "?1"}
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = other | part | {"Upload-Offset": "4"}
        refused = http.request(method, location, content=b",x", headers=headers)
        assert refused.status_code == 404
    assert http.head(location, headers=own).headers["Upload-Offset"] == "4"
    assert http.delete(location, headers=own).status_code == 204
