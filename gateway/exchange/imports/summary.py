"""The summary of an import, as lines for a terminal."""

from collections.abc import Iterator
from pathlib import Path

import orjson

from gateway.exchange.formats.destinations import open_destination, write_chunk
from gateway.exchange.imports.error_report import error_report
from gateway.exchange.imports.file_table import file_table
from gateway.exchange.imports.importer import Importer
from gateway.storage.file_reports import file_report
from gateway.storage.tables.import_jobs import ImportJobRow, ImportProblemRow
from gateway.storage.transactions import read_only

MOST_SHOWN = 20
LEAST_TIMED = 1_000
"""Rows below which a speed means little, because starting takes most of the time."""

REFUSED = "-refused"
OUTCOMES = ("created", "updated", "unchanged", "failed")


async def import_summary(importer: Importer, job: ImportJobRow, seconds: float) -> list[str]:
    """The lines that describe a job."""
    return [*_counts(job, seconds), *await _findings(importer, job.id)]


async def save_refused(importer: Importer, key: str, errors: Path | None) -> Path | None:
    """Write the error report of a job to `errors`, or to the current folder under a name that says what it
    contains. The path of the report; None if no row was refused. Raises CannotWrite."""
    refused = await error_report(importer, key)
    if refused is None:
        return None
    path = errors or _free_path(refused.name)
    with open_destination(path) as file:
        async for chunk in refused.chunks:
            write_chunk(file, chunk)
    return path


def _free_path(name: str) -> Path:
    """A new file name in the current folder."""
    stem, suffix = Path(name).stem, Path(name).suffix
    stem = stem if stem.endswith(REFUSED) else f"{stem}{REFUSED}"
    paths = (Path(f"{stem}{count}{suffix}") for count in ("", *(f" {n}" for n in range(2, 1000))))
    return next(path for path in paths if not path.exists())


def _counts(job: ImportJobRow, seconds: float) -> Iterator[str]:
    """The status of the job and its counts."""
    rate = (
        f", {job.rows_done / seconds:,.0f} a second"
        if job.rows_done >= LEAST_TIMED and seconds
        else ""
    )
    tried = ", dry run: nothing is kept" if job.dry_run else ""
    rows = "1 row" if job.rows_done == 1 else f"{job.rows_done:,} rows"
    yield f"{job.status.name}{tried}: {rows} in {seconds:.1f} s{rate}."
    for what in ("references", "headers", "lines"):
        counts = {outcome: getattr(job, f"{what}_{outcome}") for outcome in OUTCOMES}
        if any(counts.values()):
            yield f"  {what}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())
    if job.message is not None:
        yield f"  {job.message}"


async def _findings(importer: Importer, key: str) -> list[str]:
    """How the files were read, and the first problems and warnings."""
    async with read_only(importer.database, importer.scope) as writer:
        lines = file_table(list(map(file_report, await writer.staging.sheets(key))))
        for is_warning in (False, True):
            problems, count = await writer.staging.first_problems(key, MOST_SHOWN, is_warning)
            lines += [_line(problem, is_warning) for problem in problems]
            if count > len(problems):
                rest = count - len(problems)
                lines.append(f"  and {rest:,} more {'warnings' if is_warning else 'problems'}")
    return lines


def _line(problem: ImportProblemRow, is_warning: bool) -> str:
    row = "" if problem.row is None else f", row {problem.row}"
    line = "" if problem.line is None else f", line {problem.line}"
    column = "" if problem.column_name is None else f", {problem.column_name}"
    word = "warning" if is_warning else "refused"
    near = ", ".join(orjson.loads(problem.suggestions))
    hint = f" Nearest: {near}." if near else ""
    return f"  {word}: {problem.file}{row}{line}{column}: {problem.code}: {problem.message}{hint}"
