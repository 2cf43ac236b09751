"""Uploads continue after an interruption, as the IETF draft on resumable uploads describes."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.importing import HEADERS, Client, ended, gate, head, numbers, orders
from tests.support.served import wait_until

FILE = orders([head(f"A{number}") for number in range(20)], [])[HEADERS]
PART = {"Content-Type": "application/partial-upload"}


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world, with a limit of 10,000 bytes per upload."""
    with gate(world_url, tmp_path, max_upload=10_000) as client:
        yield client


def create(client: Client, content: bytes = b"", **headers: str) -> Any:
    return client.http.post(
        f"{client.url}/imports",
        params={"name": HEADERS},
        content=content,
        headers={"Upload-Complete": "?0"} | headers,
    )


def append(client: Client, location: str, content: bytes, offset: int, complete: str = "?1") -> Any:
    state = {"Upload-Offset": str(offset), "Upload-Complete": complete}
    return client.http.patch(client.url + location, content=content, headers=PART | state)


def offset(client: Client, location: str) -> int:
    response = client.http.head(client.url + location)
    assert response.status_code == 204
    assert response.headers["Upload-Complete"] == "?0"
    return int(response.headers["Upload-Offset"])


def cut(client: Client, location: str, content: bytes, sent: int) -> None:
    """Append `content`, but hang up after `sent` bytes of it."""
    host, port = client.url.removeprefix("http://").split(":")
    head = (
        f"PATCH {location} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/partial-upload\r\n"
        f"Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + content[:sent])


def test_an_upload_continues_where_the_connection_was_cut_even_after_a_restart(
    world_url: str, tmp_path: Path
) -> None:
    with gate(world_url, tmp_path) as client:
        created = create(client)
        assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
        location = created.headers["Location"]
        cut(client, location, FILE, 100)
        wait_until(lambda: any(path.stat().st_size == 100 for path in tmp_path.rglob("content")))
        assert offset(client, location) == 100
    with gate(world_url, tmp_path) as client:
        assert offset(client, location) == 100
        response = append(client, location, FILE[100:], 100)
        assert response.status_code == 202
        assert ended(client, response.json()["id"]).status == "SUCCEEDED"
        assert numbers(client) == sorted(f"A{number}" for number in range(20))
        again = append(client, location, b"", len(FILE))
        assert (again.status_code, again.json()) == (202, response.json())


def test_a_part_with_another_offset_is_refused_with_the_right_one(client: Client) -> None:
    location = create(client, FILE[:50]).headers["Location"]
    for wrong in (0, 49, 51):
        response = append(client, location, FILE[50:], wrong)
        assert response.status_code == 409
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["expected-offset"] == 50
    assert append(client, location, FILE[50:60], 50, "?0").headers["Upload-Offset"] == "60"
    assert append(client, location, FILE[60:], 60).status_code == 202


def test_a_file_that_is_refused_is_refused_once_it_is_complete(client: Client) -> None:
    location = create(client, b"colour,shape\n").headers["Location"]
    response = append(client, location, b"red,round\n", 13)
    assert (response.status_code, response.json()["code"]) == (400, "FILE_REFUSED")


def test_an_upload_has_a_maximum_size(client: Client, tmp_path: Path) -> None:
    assert create(client, **{"Upload-Length": "10001"}).status_code == 413
    location = create(client, b"x" * 9_999).headers["Location"]
    assert append(client, location, b"xx", 9_999).status_code == 413
    assert offset(client, location) == 9_999


def test_a_cancelled_upload_is_removed(client: Client, tmp_path: Path) -> None:
    location = create(client, FILE).headers["Location"]
    assert client.http.delete(client.url + location).status_code == 204
    assert client.http.head(client.url + location).status_code == 404
    assert list(tmp_path.rglob("content")) == []


def test_unfinished_uploads_are_limited_in_number_until_they_expire(
    client: Client, tmp_path: Path
) -> None:
    locations = [create(client).headers["Location"] for _ in range(20)]
    refused = create(client)
    assert (refused.status_code, refused.json()["code"]) == (503, "TOO_MANY_UPLOADS")
    old = time.time() - 25 * 3600
    folder = next(tmp_path.rglob(locations[0].rpartition("/")[2]))
    for path in (*folder.iterdir(), folder):
        os.utime(path, (old, old))
    assert create(client).status_code == 201
    assert client.http.head(client.url + locations[0]).status_code == 404


def test_parameters_and_origins_are_checked_as_for_other_uploads(client: Client) -> None:
    unknown = client.http.post(
        f"{client.url}/imports?dryrun=true", headers={"Upload-Complete": "?0"}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (400, "BAD_USER_INPUT")
    location = create(client).headers["Location"]
    foreign = {"Origin": "https://elsewhere.example"} | PART
    for method in ("PATCH", "DELETE", "HEAD"):
        response = client.http.request(method, client.url + location, headers=foreign)
        assert response.status_code == 403


def test_curl_continues_an_upload(client: Client, tmp_path: Path) -> None:
    location = create(client, FILE[:70]).headers["Location"]
    rest = tmp_path / "rest"
    rest.write_bytes(FILE[70:])
    command = ["curl", "-s", "-X", "PATCH", "--data-binary", f"@{rest}", client.url + location]
    for header in ("Content-Type: application/partial-upload", "Upload-Offset: 70"):
        command += ["-H", header]
    done = subprocess.run(
        [*command, "-H", "Upload-Complete: ?1"], capture_output=True, text=True, check=True
    )
    assert '"results"' in done.stdout
