"""Uploads of files to import: which are accepted and which are refused, without leaving anything
behind."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Templates
from tests.support.importing import (
    HEADERS,
    LINES,
    Client,
    ended,
    gate,
    head,
    line,
    numbers,
    orders,
    post,
    stored_content,
    upload,
)
from tests.support.requests import execute
from tests.support.served import wait_until
from tests.support.world import load_world

GOOD = orders([head("A")], [line("A")])
HEADERS_ONLY = {HEADERS: GOOD[HEADERS]}


@pytest.fixture(scope="module")
def unchanged_url(templates: Templates) -> str:
    """A world for the tests that store nothing."""
    return templates.copy("world", load_world)


@pytest.fixture(scope="module")
def unused_folder(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uploads over `unchanged_url`, none of which may be left there."""
    return tmp_path_factory.mktemp(backend)


@pytest.fixture(scope="module")
def refusing(unchanged_url: str, unused_folder: Path) -> Iterator[Client]:
    """The gateway over `unchanged_url`, with the same limit as `client`."""
    with gate(unchanged_url, unused_folder, max_upload=100_000) as client:
        yield client


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world, with a limit of 100,000 bytes per upload."""
    with gate(world_url, tmp_path, max_upload=100_000) as client:
        yield client


def jobs(url: str) -> int:
    [[count]] = execute(url, "SELECT COUNT(*) FROM import_jobs")
    return int(count.strip("(),"))


@pytest.mark.parametrize("files", [HEADERS_ONLY, GOOD], ids=["raw", "form"])
def test_an_upload_is_accepted_with_the_id_of_its_job(
    client: Client, files: dict[str, bytes]
) -> None:
    response = post(client, files)
    assert response.status_code == 202
    key = response.json()["id"]
    locations = {name: f"/imports/{key}/{name}" for name in ("refused", "results")}
    assert response.json() | {"files": []} == {"id": key, "files": []} | locations
    job = ended(client, key)
    assert (job.status, [file["name"] for file in job.files]) == ("SUCCEEDED", list(files))
    assert numbers(client) == ["A"]


WRONG: dict[str, tuple[dict[str, str], int, str]] = {
    "policy": ({"policy": "most"}, 400, "`policy` must be per-order or atomic."),
    "dryRun": ({"dryRun": "1"}, 400, "`dryRun` must be true or false."),
    "encoding": ({"encoding": "latin-99"}, 400, "`encoding` must be a known encoding"),
    "no encoding": ({"encoding": "\0"}, 400, "not '\\x00'"),
    "separator": ({"separator": "''"}, 400, "`separator` must be one sign"),
}


@pytest.mark.parametrize(("query", "status", "sentence"), WRONG.values(), ids=list(WRONG))
def test_an_invalid_parameter_is_refused_with_a_message(
    refusing: Client, unchanged_url: str, query: dict[str, str], status: int, sentence: str
) -> None:
    response = post(refusing, HEADERS_ONLY, **query)
    assert response.status_code == status
    assert sentence in response.json()["message"]
    assert jobs(unchanged_url) == 0


HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "is empty"),
    "foreign": ("a.csv", b"%PDF-1.7", "a PDF"),
    "no known column": ("a.csv", b"colour,shape\nred,round\n", "no known columns"),
    "a web page": ("a.csv", b"<html>", "web page"),
    "entities": (
        "Sales order headers V2.xml",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b><c>&x;</c></b></a>',
        "document type",
    ),
    "no zip": ("a.zip", b"PK\x03\x04 and no more", "a.zip"),
    "a text that ends early": ("orders.json", b'{"number": "A", "customerNumber"', "well-formed"),
}


@pytest.mark.parametrize(
    ("name", "content", "sentence", "form"),
    [(*case, False) for case in HOSTILE.values()] + [(*HOSTILE["entities"], True)],
    ids=[*HOSTILE, "one of a form"],
)
def test_an_unreadable_file_is_refused_with_a_message_and_nothing_is_stored(
    refusing: Client,
    unchanged_url: str,
    unused_folder: Path,
    name: str,
    content: bytes,
    sentence: str,
    form: bool,
) -> None:
    before = stored_content(unchanged_url)
    files = GOOD | {name: content} if form else {name: content}
    response = post(refusing, files, policy="atomic" if form else "per-order")
    assert (response.status_code, response.json()["code"]) == (400, "FILE_REFUSED")
    message = response.json()["message"]
    assert message.startswith(name)
    assert sentence in message
    assert message.endswith(".")
    assert "\n" not in message
    assert stored_content(unchanged_url) == before
    assert jobs(unchanged_url) == 0
    assert list(unused_folder.iterdir()) == []


def large(size: int) -> Iterator[bytes]:
    yield b"SALESORDERNUMBER,ORDERINGCUSTOMERACCOUNTNUMBER\n"
    for _ in range(size // 1000):
        yield b"A,C1\n" * 200


def large_form(size: int) -> Iterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
    yield from large(size)
    yield b"\r\n--x--\r\n"


@pytest.mark.parametrize("form", [False, True], ids=["raw", "form"])
@pytest.mark.parametrize("is_streamed", [False, True], ids=["length", "streamed"])
def test_an_upload_that_is_too_large_is_refused(
    refusing: Client, unchanged_url: str, unused_folder: Path, form: bool, is_streamed: bool
) -> None:
    body: Any = (large_form if form else large)(150_000)
    kind = "multipart/form-data; boundary=x" if form else "text/csv"
    response = refusing.http.post(
        refusing.url + "/imports",
        content=body if is_streamed else b"".join(body),
        headers={"content-type": kind},
    )
    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")
    assert response.json()["message"] == "An upload can have at most 100,000 bytes."
    assert jobs(unchanged_url) == 0
    assert list(unused_folder.iterdir()) == []


FORMS: dict[str, tuple[bytes, str]] = {
    "no part": (b"--x--\r\n", "The form has no file."),
    "no file": (
        b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n--x--\r\n',
        "The form has a field that is not a file: 'f'.",
    ),
    "not a form": (b"nonsense", "form"),
    "twice": (
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\na\r\n'
            for _ in range(2)
        )
        + b"--x--\r\n",
        "Two files are named a.csv.",
    ),
}


@pytest.mark.parametrize(("body", "sentence"), FORMS.values(), ids=list(FORMS))
def test_an_invalid_form_is_refused(refusing: Client, body: bytes, sentence: str) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = refusing.http.post(refusing.url + "/imports", content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "BAD_REQUEST")
    assert sentence in response.json()["message"]


def test_a_form_without_a_boundary_is_refused(refusing: Client) -> None:
    headers = {"content-type": "multipart/form-data"}
    response = refusing.http.post(refusing.url + "/imports", content=b"code", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "BAD_REQUEST")
    assert response.json()["message"] == "The form cannot be read: Missing boundary in multipart."


@pytest.mark.parametrize("extra", [{}, {LINES: GOOD[LINES]}], ids=["raw", "form"])
@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "C:\\..\\\x00evil.csv"])
def test_a_file_name_never_leads_out_of_the_upload_folder(
    client: Client, tmp_path: Path, name: str, extra: dict[str, bytes]
) -> None:
    job = upload(client, {name: GOOD[HEADERS]} | extra)
    assert job.status == "SUCCEEDED"
    assert re.fullmatch(r"[^/\\]*evil\.csv", job.files[0]["name"])
    assert list(tmp_path.rglob("*evil*")) == []
    assert list(tmp_path.parent.glob("evil*")) == []


def test_an_overlong_file_name_is_cut_before_its_suffix(
    client: Client,
) -> None:
    job = upload(client, {"\U0001f600" * 100 + ".csv": GOOD[HEADERS]})
    assert job.status == "SUCCEEDED"
    assert re.fullmatch("\U0001f600{40,60}.csv", job.files[0]["name"])


def masked(response: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that the response only has the id of an incident, and the log its cause."""
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    incident = re.fullmatch(
        r"The gateway failed to answer this\. It is logged as incident ([0-9a-f]{32})\.",
        response.json()["message"],
    )
    assert incident
    [record] = [one for one in caplog.records if incident[1] in one.getMessage()]
    assert (record.name, record.levelname) == ("gateway", "ERROR")
    assert record.exc_info


def test_an_upload_that_cannot_be_written_to_disk_is_an_incident(
    world_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with gate(world_url, tmp_path / "taken") as client:
        masked(post(client, HEADERS_ONLY), caplog)


def test_an_error_report_that_fails_is_an_incident(
    client: Client, world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = upload(client, orders([head("A", EMAIL="nobody")], [])).fields["id"]
    execute(world_url, "ALTER TABLE import_rows RENAME TO lost")
    masked(client.http.get(f"{client.url}/imports/{key}/refused"), caplog)


def test_a_disconnected_upload_leaves_nothing_behind(
    client: Client, world_url: str, tmp_path: Path
) -> None:
    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /imports?name=a.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n\r\n"
            + GOOD[HEADERS]
        )
        wait_until(lambda: list(tmp_path.rglob("a.csv")) != [])
    wait_until(lambda: list(tmp_path.iterdir()) == [])
    assert jobs(world_url) == 0
