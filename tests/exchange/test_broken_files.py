"""Broken files among good ones: each is named with its reason, and the others are imported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.importing import HEADERS, Client, gate, head, order, table, upload
from tests.support.packages import archive

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    with gate(world_url, tmp_path) as client:
        yield client


BROKEN = {
    "salesOrders.json": b'{"value": [{"number": "B", "customerNumber": "C1"}, {"number": "C", "custo',
    "customers.xml": b"<Document><customers><number>N1</number><displayName>On",
    "items.csv": b'number,displayName\r\nI1,"One\r\nI2,Two\r\n',
}
"""Files that end in the middle of a value, an element or a quoted cell."""


def test_files_that_are_cut_short_are_refused_as_a_whole(client: Client) -> None:
    job = upload(client, {HEADERS: table([head("A")])} | BROKEN)
    assert job.status == "PARTIALLY_SUCCEEDED"
    found = job.refusals("file", "code", "row")
    assert sorted(found) == [(name, "FILE_REFUSED", None) for name in sorted(BROKEN)]
    assert job.counts == {"headersCreated": 1}
    assert order(client, "A") is not None
    assert order(client, "B") is None


def test_an_archive_within_an_archive_is_refused_by_name(client: Client) -> None:
    inner = archive({HEADERS: table([head("B")])})
    job = upload(client, {"all.zip": archive({HEADERS: table([head("A")]), "more.zip": inner})})
    assert job.status == "PARTIALLY_SUCCEEDED"
    assert job.refusals("file", "message") == [
        (
            "all.zip/more.zip",
            "The file is refused: it is an archive within an archive, which is not supported.",
        )
    ]
    assert order(client, "A") is not None


def test_an_empty_page_among_full_ones_is_imported(client: Client) -> None:
    page = b'{"value": [{"number": "%s", "customerNumber": "C1"}]}'
    files = {"orders-1.json": page % b"A", "orders-2.json": b'{"value": []}'}
    job = upload(client, files | {"orders-3.json": page % b"B"})
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 2})
