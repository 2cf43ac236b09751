"""The decision of an import about each file: which entity it contains and why, or why it is not
read."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.exchange.formats.sheets import FileRefused
from gateway.storage.file_reports import FileReport


class Evidence(StrEnum):
    """The evidence for the entity of a file, strongest first."""

    MAPPING = "MAPPING"
    MANIFEST = "MANIFEST"
    NAME = "NAME"
    COLUMNS = "COLUMNS"


SENTENCES = {
    Evidence.MAPPING: "The mapping states the entity.",
    Evidence.MANIFEST: "The manifest states the entity.",
    Evidence.NAME: "The name states the entity.",
    Evidence.COLUMNS: "The columns fit no other entity.",
}


class FileOutcome(StrEnum):
    """What an import does with a file."""

    IMPORTED = "IMPORTED"
    SKIPPED = "SKIPPED"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class Decision:
    """The decision about a file, a worksheet, or a part of an archive. `entity` is the name of one of our
    entities if the file is imported, else the vendor's name of what it seems to contain, if any.
    `reason` is a sentence about a file that is not imported, `code` that of its finding."""

    file: str
    outcome: FileOutcome
    entity: str | None = None
    evidence: Evidence | None = None
    reason: str | None = None
    code: str | None = None

    @property
    def sentence(self) -> str:
        """Why the file is imported as its entity, or why it is not imported."""
        if self.evidence is not None and self.outcome is FileOutcome.IMPORTED:
            return SENTENCES[self.evidence]
        return f"{self.outcome.capitalize()}: it {self.reason}."


class RecognitionRefused(FileRefused):
    """No file of an import can be read, or one of an import that must be whole. `reports` describes all
    files."""

    reports: Sequence[FileReport] = ()

    def __init__(self, refused: Decision) -> None:
        super().__init__(refused.file, refused.reason or "")
        is_refused = refused.outcome is FileOutcome.REFUSED
        self.code = refused.code if is_refused and refused.code else FileRefused.code

    def __str__(self) -> str:
        prefix = "" if self.code == FileRefused.code else f"{self.code}: "
        return prefix + super().__str__()
