"""What was found in the rows of a job, kept as its problems."""

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import orjson

from gateway.exchange.imports.row_reader import Finding
from gateway.orders.problems import encodable
from gateway.storage.tables.import_jobs import ImportJobRow, ImportProblemRow
from gateway.storage.writing import Writer

Found = tuple[str, Finding, str | None]
"""A finding with the unit and the number of the order that it is about."""


class Findings:
    """What many batches have found, on the disk: it outlives a transaction that is rolled back, and may
    be more than fits into memory."""

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

    def keep(self, found: Sequence[Found]) -> None:
        pickle.dump(found, self._file)

    def batches(self) -> Iterator[Sequence[Found]]:
        """What was kept, as it was kept."""
        self._file.seek(0)
        while True:
            try:
                yield pickle.load(self._file)  # noqa: S301 - nobody else can write the file
            except EOFError:
                return


async def tell(writer: Writer, job: ImportJobRow, found: Sequence[Found]) -> None:
    """Write down what was found, and count it."""
    if not found:
        return
    files = {sheet.place: sheet.file for sheet in await writer.staging.sheets(job.id)}
    problems = []
    for unit, finding, number in found:
        if finding.is_warning:
            job.warnings += 1
        else:
            job.problems += 1
        problems.append(
            ImportProblemRow(
                company_id=job.company_id,
                job_id=job.id,
                sequence=job.warnings + job.problems,
                unit=unit,
                sheet=finding.place.sheet,
                file=files[finding.place.sheet],
                row=finding.place.row,
                line=finding.place.line,
                column_name=_told(finding.column),
                code=finding.code,
                message=encodable(finding.message),
                rejected_value=_told(finding.rejected_value),
                suggestions=orjson.dumps([encodable(s) for s in finding.suggestions]).decode(),
                order_number=_told(number),
                is_warning=finding.is_warning,
            )
        )
    await writer.staging.tell(problems)


def _told(text: str | None) -> str | None:
    return None if text is None else encodable(text).replace("\x00", "�")[:200]
