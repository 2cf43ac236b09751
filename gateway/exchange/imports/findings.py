"""The findings of an import job, stored as its problems."""

from collections.abc import Sequence

import orjson

from gateway.exchange.imports.row_reader import Finding
from gateway.orders.problems import encodable
from gateway.storage.tables.import_jobs import ImportJobRow, ImportProblemRow
from gateway.storage.writing import Writer

UnitFinding = tuple[str, Finding, str | None]
"""A finding with its unit and the number of its order."""


async def record_findings(
    writer: Writer, job: ImportJobRow, findings: Sequence[UnitFinding]
) -> None:
    """Store findings as problems of the job, and count them."""
    if not findings:
        return
    files = {sheet.place: sheet.file for sheet in await writer.staging.sheets(job.id)}
    problems = []
    for unit, finding, number in findings:
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
                column_name=_storable(finding.column),
                code=finding.code,
                message=encodable(finding.message),
                rejected_value=_storable(finding.rejected_value),
                suggestions=orjson.dumps([encodable(s) for s in finding.suggestions]).decode(),
                order_number=_storable(number),
                is_warning=finding.is_warning,
            )
        )
    await writer.staging.add_problems(problems)


def _storable(text: str | None) -> str | None:
    return None if text is None else encodable(text).replace("\x00", "�")[:200]
