"""Manifests of trusted documents, as graphql-codegen, Relay and Apollo write them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.execution.persisted_documents import PREFIX, document_digest

APOLLO = "apollo-persisted-query-manifest"
LONGEST_ID = 200


class BadManifest(ValueError):
    """A manifest that cannot be used."""


@dataclass(frozen=True)
class ManifestEntry:
    """A document of a manifest, and the id by which clients name it."""

    id: str
    text: str


def read_manifests(files: Iterable[Path]) -> list[ManifestEntry]:
    """The documents of all these manifests. Raises BadManifest."""
    entries: dict[str, ManifestEntry] = {}
    for file in files:
        try:
            for entry in _entries(_json(file)):
                _add(entry, entries)
        except BadManifest as error:
            raise BadManifest(f"{file}: {error}") from None
    return list(entries.values())


def _add(entry: ManifestEntry, entries: dict[str, ManifestEntry]) -> None:
    """Add an entry to those with other ids. The same document may occur twice."""
    if not 0 < len(entry.id) <= LONGEST_ID or not entry.id.isprintable():
        raise BadManifest(f"An id has 1 to {LONGEST_ID} printable characters.")
    if entry.id.startswith(PREFIX) and entry.id != PREFIX + document_digest(entry.text):
        raise BadManifest(f"The hash of the document {entry.id} differs from its id.")
    if entries.setdefault(entry.id, entry).text != entry.text:
        raise BadManifest(f"There are two documents with the id {entry.id}.")


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes(), object_pairs_hook=_Pairs)
    except OSError as error:
        raise BadManifest(f"The file cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise BadManifest("The file is not JSON.") from None


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, in which a name may be repeated."""


def _entries(content: Any) -> Sequence[ManifestEntry]:
    if not isinstance(content, _Pairs):
        raise BadManifest("A manifest is a JSON object.")
    members = dict(content)
    if "format" in members:
        return _of_apollo(members)
    if not content:
        raise BadManifest("The manifest has no documents.")
    return [_entry(name, text) for name, text in content]


def _of_apollo(members: dict[str, Any]) -> list[ManifestEntry]:
    if (members["format"], members.get("version")) != (APOLLO, 1):
        raise BadManifest(f"The format is not {APOLLO}, version 1.")
    operations = members.get("operations")
    if type(operations) is not list or not operations:
        raise BadManifest("The manifest has no operations.")
    if not all(isinstance(operation, _Pairs) for operation in operations):
        raise BadManifest("Each operation is an object with `id` and `body`.")
    return [_entry(each.get("id"), each.get("body")) for each in map(dict, operations)]


def _entry(name: Any, text: Any) -> ManifestEntry:
    if not isinstance(name, str) or not isinstance(text, str):
        raise BadManifest(f"The id and the document of {name!r:.50} must both be text.")
    return ManifestEntry(name, text)
