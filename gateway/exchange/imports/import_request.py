"""The request for an import, and the fingerprint of its files and options."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.mappings.mapping_file import MappingFile
from gateway.storage.tables.import_jobs import ImportPolicy


@dataclass(frozen=True)
class ImportRequest:
    """The scope of an import: what a bad row stops, and whether anything is stored."""

    policy: ImportPolicy = ImportPolicy.PER_ORDER
    dry_run: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether a file that is refused stops the import of the others."""
        return self.policy is ImportPolicy.ATOMIC


class PolicyOption(StrEnum):
    """ImportPolicy as spelled in commands and URLs."""

    PER_ORDER = "per-order"
    ATOMIC = "atomic"

    @property
    def policy(self) -> ImportPolicy:
        return ImportPolicy[self.name]


def fingerprint_files(
    paths: Sequence[Path],
    options: ImportOptions,
    request: ImportRequest,
    mapping: MappingFile | None = None,
) -> str:
    """A hash of the content and the names of the files, the options and the mapping."""
    names = [path.name for path in paths]
    text = None if mapping is None else mapping.text
    digest = hashlib.sha256(repr((names, options.stored(), astuple(request), text)).encode())
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
