"""The outcome of a batch of an import, and a file of outcomes."""

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from gateway.exchange.imports.findings import UnitFinding
from gateway.exchange.imports.row_results import UnitResults


@dataclass
class Outcome:
    """The counts, findings and results of one batch or of several."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[UnitFinding] = field(default_factory=list)
    results: list[UnitResults] = field(default_factory=list)
    rows: int = 0

    @property
    def has_failures(self) -> bool:
        return any(name.endswith("_failed") for name in +self.counts)

    def count(self, other: "Outcome") -> None:
        """Add the counts of `other`, but not its findings and results."""
        self.counts += other.counts
        self.rows += other.rows

    def add(self, other: "Outcome") -> None:
        self.count(other)
        self.findings += other.findings
        self.results += other.results

    def undo(self) -> None:
        """Clear all counts except failures, since everything else is rolled back."""
        for name in [name for name in self.counts if not name.endswith("_failed")]:
            del self.counts[name]


class OutcomeFile:
    """The outcomes of many batches in a temporary file. They survive the rollback of a transaction, and
    may not fit into memory."""

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, outcome: Outcome) -> None:
        pickle.dump(outcome, self._file)

    def outcomes(self) -> Iterator[Outcome]:
        """The appended outcomes, in order."""
        self._file.seek(0)
        while True:
            try:
                yield pickle.load(self._file)  # noqa: S301 - only this process can write the file
            except EOFError:
                return
