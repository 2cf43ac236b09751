"""Files packed with gzip or Zstandard: imported, exported, uploaded and downloaded."""

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
import zstandard

from gateway.demo.northwind import load_demo
from gateway.exchange.formats.compression import SUFFIX_OF, Compression
from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.sheets import FileRefused
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.importing import Client, ended, table
from tests.support.processes import run
from tests.support.served import serving

PACK: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: gzip.compress,
    Compression.ZSTD: zstandard.ZstdCompressor().compress,
}
UNITS = "units-of-measure.csv"
ROWS = table([{"code": f"U{place}", "displayName": f"Unit {place}"} for place in range(100)])
IMPORTED = "references: 100 created, 0 updated, 0 unchanged, 0 failed"


@pytest.fixture
def client(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    url = templates.copy("demo", load_demo)
    with serving(Settings(database_url=url, import_folder=str(tmp_path))) as client:
        yield client


@pytest.mark.parametrize("kind", list(Compression))
def test_the_command_imports_packed_files_and_writes_packed_exports(
    templates: Templates, tmp_path: Path, kind: Compression
) -> None:
    url, suffix = templates.copy("demo", load_demo), SUFFIX_OF[kind]
    (tmp_path / f"{UNITS}{suffix}").write_bytes(PACK[kind](ROWS))
    code, output, _ = run(tmp_path, "import", f"{UNITS}{suffix}", database_url=url)
    assert (code, output.splitlines()[1].strip()) == (0, IMPORTED)
    options = ("--what", "units-of-measure", "--output", f"units-of-measure.jsonl{suffix}")
    assert run(tmp_path, "export", *options, database_url=url) == (0, "", "")
    code, output, _ = run(tmp_path, "import", options[-1], database_url=url)
    assert code == 0
    assert "0 created, 0 updated" in output.splitlines()[1]
    code, _, errors = run(tmp_path, "export", "--format", "csv", "--output", f"a.zip{suffix}", database_url=url)  # fmt: skip
    assert (code, "packed already" in errors) == (1, True)


@pytest.mark.parametrize("kind", list(Compression))
def test_a_packed_body_is_unpacked_and_imported(client: Client, kind: Compression) -> None:
    answer = client.http.post(
        f"{client.url}/imports?name={UNITS}",
        content=PACK[kind](ROWS),
        headers={"Content-Encoding": kind.value},
    )
    job = ended(client, answer.json()["id"])
    assert (job.status, job.fields["referencesCreated"]) == ("SUCCEEDED", 100)


@pytest.mark.parametrize(
    ("coding", "body", "sentence"),
    [
        ("br", ROWS, "is gzip, zstd or identity"),
        ("gzip", ROWS, "not packed with gzip"),
        ("zstd", gzip.compress(ROWS), "not packed with zstd"),
        ("gzip", gzip.compress(ROWS)[:-9], "damaged or cut short"),
        ("gzip", gzip.compress(gzip.compress(ROWS)), "is a gzip archive"),
    ],
)
def test_a_body_without_the_declared_encoding_is_refused(
    client: Client, coding: str, body: bytes, sentence: str
) -> None:
    url, headers = f"{client.url}/imports?name={UNITS}", {"Content-Encoding": coding}
    answer = client.http.post(url, content=body, headers=headers)
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, zstd", "zstd"),
        ("gzip;q=0.5", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("br", None),
        ("identity", None),
    ],
)
def test_a_download_is_packed_as_the_client_accepts(
    client: Client, accepted: str, coding: str | None
) -> None:
    answer = client.http.get(f"{client.url}/exports", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"].split(", ").count("Accept-Encoding") == 1
    content = answer.content
    if coding == "zstd":  # this client does not unpack it
        with zstandard.ZstdDecompressor().stream_reader(content) as reader:
            content = reader.read()
    assert len([orjson.loads(line) for line in content.splitlines()]) == 839


def test_an_archive_is_not_packed_again(client: Client) -> None:
    answer = client.http.get(
        f"{client.url}/exports?format=csv", headers={"Accept-Encoding": "gzip"}
    )
    assert "content-encoding" not in answer.headers


def _refusal(path: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        _rows(path)
    return str(refused.value)


def _rows(path: Path) -> int:
    [sheet] = read_sheets([path])
    return len(list(sheet.records()))


@pytest.mark.parametrize("kind", list(Compression))
def test_bombs_and_damaged_files_are_refused(tmp_path: Path, kind: Compression) -> None:
    path = tmp_path / f"a.csv{SUFFIX_OF[kind]}"
    path.write_bytes(PACK[kind](b"A\n" + b"1\n" * 20_000_000))
    assert "is a bomb" in _refusal(path)
    whole = PACK[kind](b"A\n" + os.urandom(50_000).hex().encode())
    for content in (whole[:-1], whole[:30], whole + b"x", whole[:500] + b"x" * 500):
        path.write_bytes(content)
        assert "is damaged or cut short" in _refusal(path)


@pytest.mark.parametrize("kind", list(Compression))
def test_all_frames_of_a_file_are_read(tmp_path: Path, kind: Compression) -> None:
    path = tmp_path / f"{UNITS}{SUFFIX_OF[kind]}"
    path.write_bytes(PACK[kind](ROWS[:100]) + PACK[kind](ROWS[100:]))
    assert _rows(path) == 100
