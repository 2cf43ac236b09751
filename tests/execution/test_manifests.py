"""Manifests of trusted documents: the three formats, and what is wrong with others."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.execution.manifests import BadManifest, ManifestEntry, read_manifests

A, B = "query A { a }", "query B { b }"
HASH = sha256(A.encode()).hexdigest()
APOLLO = "apollo-persisted-query-manifest"


def apollo(*operations: Any, **members: Any) -> dict[str, Any]:
    return {"format": APOLLO, "version": 1, "operations": list(operations), **members}


def operation(name: str, text: str) -> dict[str, str]:
    """An operation as generate-persisted-query-manifest writes it."""
    return {"id": name, "name": "A", "type": "query", "body": text}


def written(folder: Path, *contents: Any) -> list[Path]:
    """Files with these contents, which are JSON unless they are text."""
    files = [folder / f"{number}.json" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return files


@pytest.mark.parametrize(
    "content",
    [{"1": A, "2": B}, apollo(operation("1", A), operation("2", B))],
    ids=["graphql-codegen and Relay", "Apollo"],
)
def test_a_manifest_has_documents_by_id(tmp_path: Path, content: Any) -> None:
    expected = [ManifestEntry("1", A), ManifestEntry("2", B)]
    assert read_manifests(written(tmp_path, content)) == expected


def test_several_manifests_may_have_the_same_document(tmp_path: Path) -> None:
    files = written(tmp_path, {"1": A, f"sha256:{HASH}": A}, apollo(operation("1", A)))
    assert [entry.id for entry in read_manifests(files)] == ["1", f"sha256:{HASH}"]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (["{"], "0.json: The file is not JSON."),
        (["[" * 100_000], "0.json: The file is not JSON."),
        ([[["1", A]]], "0.json: A manifest is a JSON object."),
        ([{}], "0.json: The manifest has no documents."),
        ([{"1": 7}], "0.json: The id and the document of '1' must both be text."),
        ([{"": A}], "0.json: An id has 1 to 200 printable characters."),
        ([{"1" * 201: A}], "0.json: An id has 1 to 200 printable characters."),
        ([{"\x1b[2J": A}], "0.json: An id has 1 to 200 printable characters."),
        ([{"\ud800": A}], "0.json: An id has 1 to 200 printable characters."),
        ([f'{{"1": "{A}", "1": "{B}"}}'], "0.json: There are two documents with the id 1."),
        ([{"1": A}, {"1": B}], "1.json: There are two documents with the id 1."),
        ([{f"sha256:{HASH}": B}], "0.json: The hash of the document sha256:.* differs from its id."),
        ([{"sha256:1": A}], "0.json: The hash of the document sha256:1 differs from its id."),
        ([apollo(version=2)], f"0.json: The format is not {APOLLO}, version 1."),
        ([{"format": "x"}], f"0.json: The format is not {APOLLO}, version 1."),
        ([apollo()], "0.json: The manifest has no operations."),
        ([apollo(operations={"1": A})], "0.json: The manifest has no operations."),
        ([apollo(A)], "0.json: Each operation is an object with `id` and `body`."),
        ([apollo({"id": "1"})], "0.json: The id and the document of '1' must both be text."),
        ([apollo({"body": A})], "0.json: The id and the document of None must both be text."),
    ],
)  # fmt: skip
def test_a_faulty_manifest_is_refused(tmp_path: Path, contents: Any, message: str) -> None:
    with pytest.raises(BadManifest, match=f"{message}$"):
        read_manifests(written(tmp_path, *contents))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match=r"none\.json: The file cannot be read: No such file"):
        read_manifests([tmp_path / "none.json"])
