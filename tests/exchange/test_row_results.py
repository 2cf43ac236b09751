"""The results of an import: the id of the record behind each row."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.importing import (
    HEADERS,
    LINES,
    Client,
    ended,
    gate,
    head,
    line,
    orders,
    post,
    table,
)

HEADER_ROW, LINE_ROW = "Sales order headers V2", "Sales order lines V2"
STORED = """query ($number: String!) { salesOrderByNumber(number: $number) { id etag
  lines { id sequence } } }"""
RETRY = "mutation ($id: ID!) { retryImportJob(id: $id) { userErrors { code } } }"


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world, with a limit of 3 lines per order."""
    with gate(world_url, tmp_path, max_lines=3) as client:
        yield client


def results(client: Client, key: str) -> list[dict[str, Any]]:
    """The results of a job, once it has ended."""
    ended(client, key)
    response = client.http.get(f"{client.url}/imports/{key}/results")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(text) for text in response.text.splitlines()]


def imported(client: Client, files: dict[str, bytes], **query: str) -> list[dict[str, Any]]:
    """The results of an upload."""
    answer = post(client, files, **query).json()
    assert answer["results"] == f"/imports/{answer['id']}/results"
    return results(client, answer["id"])


def stored(client: Client, number: str) -> tuple[str, str, dict[int, str]]:
    """The id and etag of an order, and the ids of its lines by their sequence."""
    order = client.ask(STORED, number=number)["salesOrderByNumber"]
    return order["id"], order["etag"], {each["sequence"]: each["id"] for each in order["lines"]}


def of(actual: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(result[name] for name in names) for result in actual]


def test_every_row_has_the_id_and_etag_of_its_order_and_the_id_of_its_line(
    client: Client,
) -> None:
    result = imported(client, orders([head("A")], [line("A", 2), line("A", 1)]))
    key, etag, lines = stored(client, "A")
    shared = {"line": None, "outcome": "CREATED", "id": key, "number": "A", "etag": etag}
    assert result == [
        {"file": HEADERS, "row": 2, "entity": HEADER_ROW, "lineId": None, "codes": []} | shared,
        {"file": LINES, "row": 2, "entity": LINE_ROW, "lineId": lines[2], "codes": []} | shared,
        {"file": LINES, "row": 3, "entity": LINE_ROW, "lineId": lines[1], "codes": []} | shared,
    ]


def test_rows_of_a_stored_order_are_updated_unchanged_or_new(client: Client) -> None:
    imported(client, orders([head("A")], [line("A", 1), line("A", 2)]))
    patched = imported(client, orders([], [line("A", 3), line("A", 2, SALESPRICE=9), line("A", 1)]))
    key, etag, lines = stored(client, "A")
    assert of(patched, "outcome", "id", "lineId", "etag") == [
        ("CREATED", key, lines[3], etag),
        ("UPDATED", key, lines[2], etag),
        ("UNCHANGED", key, lines[1], etag),
    ]
    again = imported(client, orders([head("A")], []))
    assert of(again, "outcome", "id", "etag") == [("UNCHANGED", key, etag)]


def test_new_lines_without_a_sequence_get_the_ids_of_their_own_lines(client: Client) -> None:
    imported(client, orders([head("A")], [line("A", 10)]))
    added = [line("A", "", ITEMNUMBER=item) for item in ("I0011", "I0012")]
    lines = [line("A", 10), *added]
    result = imported(client, orders([], lines), lines="replace")
    items = client.ask("""{ salesOrderByNumber(number: "A") { lines { id item { number } } } }""")[
        "salesOrderByNumber"
    ]["lines"]
    by_item = {each["item"]["number"]: each["id"] for each in items}
    assert of(result, "lineId") == [(by_item[item],) for item in ("I0010", "I0011", "I0012")]


def test_a_retry_replaces_the_results_of_refused_rows_only(client: Client) -> None:
    files = orders(
        [head("A"), head("B", ORDERINGCUSTOMERACCOUNTNUMBER="NEW")], [line("A"), line("B")]
    )
    key = post(client, files).json()["id"]
    first = results(client, key)
    assert of(first, "number", "outcome", "codes") == [
        ("A", "CREATED", []),
        ("B", "REFUSED", ["NOT_FOUND"]),
        ("A", "CREATED", []),
        ("B", "REFUSED", []),
    ]
    imported(client, {"customers.csv": table([{"number": "NEW", "displayName": "New"}])})
    assert client.ask(RETRY, id=key)["retryImportJob"]["userErrors"] == []
    again = results(client, key)
    assert [again[0], again[2]] == [first[0], first[2]]
    order, _, lines = stored(client, "B")
    assert of([again[1], again[3]], "outcome", "id", "lineId") == [
        ("CREATED", order, None),
        ("CREATED", order, lines[1]),
    ]


def test_a_refused_atomic_import_refuses_every_row(client: Client) -> None:
    bad = line("B", ITEMNUMBER="NONE")
    result = imported(client, orders([head("A"), head("B")], [bad, line("A")]), policy="atomic")
    assert of(result, "number", "outcome", "id", "lineId", "etag", "codes") == [
        ("A", "REFUSED", None, None, None, []),
        ("B", "REFUSED", None, None, None, []),
        ("B", "REFUSED", None, None, None, ["NOT_FOUND"]),
        ("A", "REFUSED", None, None, None, []),
    ]


def test_a_dry_run_has_ids_that_differ_from_stored_ones(client: Client) -> None:
    imported(client, orders([head("A")], []))
    files = orders([head("A", EMAIL="a@example.com"), head("B")], [line("B")])
    old, new, new_line = imported(client, files, dryRun="true")
    key, _, _ = stored(client, "A")
    assert (old["outcome"], old["id"], old["etag"]) == ("UPDATED", f"preview:{key}", "preview:2")
    assert (new["outcome"], new["etag"]) == ("CREATED", "preview:1")
    assert new["id"].startswith("preview:")
    assert new_line["id"] == new["id"]
    assert new_line["lineId"].startswith("preview:")


def test_records_have_their_number_or_code(client: Client) -> None:
    item = {"number": "NEW", "displayName": "New", "baseUnitOfMeasureCode": "PCS"}
    files = {
        "items.csv": table([item]),
        "currencies.csv": table([{"code": "SEK"}]),
        "item-units.csv": table(
            [{"itemNumber": "NEW", "unitOfMeasureCode": "NONE", "quantityPerUnit": "2"}]
        ),
    }
    new, currency, unit = imported(client, files)
    [same] = imported(client, {"items.csv": files["items.csv"]})
    stored_item = client.ask('{ itemByNumber(number: "NEW") { id etag } }')["itemByNumber"]
    assert (new["outcome"], new["number"]) == ("CREATED", "NEW")
    assert {"id": new["id"], "etag": new["etag"]} == stored_item
    assert (same["outcome"], same["number"]) == ("UNCHANGED", "NEW")
    assert (currency["outcome"], currency["code"]) == ("CREATED", "SEK")
    assert "number" not in currency
    assert (unit["outcome"], unit["codes"]) == ("REFUSED", ["NOT_FOUND"])


def test_lines_within_an_order_have_its_row_and_their_own_number(client: Client) -> None:
    order = {
        "number": "A",
        "customerNumber": "C1",
        "salesOrderLines": [{"lineType": "Item", "lineObjectNumber": "I0010", "quantity": 1}] * 2,
    }
    result = imported(client, {"salesOrders.jsonl": json.dumps(order).encode()})
    _, _, lines = stored(client, "A")
    first, second = (lines[sequence] for sequence in sorted(lines))
    assert of(result, "row", "line", "entity", "lineId") == [
        (1, None, "salesOrders", None),
        (1, 1, "salesOrderLines", first),
        (1, 2, "salesOrderLines", second),
    ]


def test_results_come_in_the_order_of_the_files_page_by_page(client: Client) -> None:
    """Rows that alternate between orders are stored one by one, here on more than one page."""
    numbers = [f"X{number:03}" for number in range(300)]
    rows = [line(number, sequence) for sequence in (1, 2) for number in reversed(numbers)]
    result = imported(client, orders([], rows), policy="per-order")
    assert of(result, "row", "number") == [
        (place, row["SALESORDERNUMBER"]) for place, row in enumerate(rows, 2)
    ]


def test_every_row_of_an_overlong_order_is_refused_unread(
    client: Client,
) -> None:
    """An order that exceeds the limit by 100 lines or more is refused unread."""
    rows = [line("A", sequence) for sequence in range(1, 105)]
    result = imported(client, orders([head("A"), head("B")], rows))
    assert of(result[:2], "outcome", "codes") == [("REFUSED", ["TOO_MANY_LINES"]), ("CREATED", [])]
    assert of(result[2:], "row", "outcome", "entity") == [
        (row, "REFUSED", LINE_ROW) for row in range(2, 106)
    ]


def test_a_skipped_file_has_one_result_without_a_row(client: Client) -> None:
    charges = table([{"SALESORDERNUMBER": "A", "SALESCHARGECODE": "X"}])
    files = orders([head("A")], []) | {"Sales order header charges.csv": charges}
    skipped = [each for each in imported(client, files) if each["outcome"] == "SKIPPED"]
    assert of(skipped, "file", "row", "codes") == [
        ("Sales order header charges.csv", None, ["FILE_SKIPPED"])
    ]


def test_a_job_that_does_not_exist_has_no_results(client: Client) -> None:
    response = client.http.get(f"{client.url}/imports/00000000-0000-4000-8000-000000000000/results")
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
