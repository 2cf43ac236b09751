"""`gateway import`."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from gateway.command import (
    COMMAND_LINE,
    CompanyName,
    check_database,
    fail,
    read_settings,
    run_on_database,
)
from gateway.exchange.formats.destinations import CannotWrite, open_destination
from gateway.exchange.formats.import_options import (
    BadOption,
    DateOrder,
    DecimalSign,
    ImportOptions,
    LinesOption,
    RoundingOption,
)
from gateway.exchange.formats.reader_processes import READERS
from gateway.exchange.formats.sheets import FileRefused
from gateway.exchange.imports.file_table import file_table
from gateway.exchange.imports.import_request import ImportRequest, PolicyOption
from gateway.exchange.imports.importer import Importer, import_files
from gateway.exchange.imports.progress import progress_bar
from gateway.exchange.imports.results_stream import save_results
from gateway.exchange.imports.summary import import_summary, save_refused
from gateway.exchange.mappings.decisions import RecognitionRefused
from gateway.exchange.mappings.mapping_file import MappingFile, MappingRefused, read_mapping
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.scope import CompanyNotFound, ScopeRequest
from gateway.storage.tables.import_jobs import ImportJobRow, ImportJobStatus

FILES = typer.Argument(help="Packages, CSV, XLSX, XML or JSON files.")
DRY_RUN = typer.Option("--dry-run", help="Report what would be imported, but save nothing.")
POLICY = typer.Option(help="What a bad row stops: its order, or the whole import.")
ERRORS = typer.Option(help="File for refused rows; in this folder by default.")
RESULTS = typer.Option(help="File for what became of each row, with ids, as JSON lines.")
DATES = typer.Option(help="The order of day, month and year. Decided from all files by default.")
DECIMAL = typer.Option(help="The decimal sign. Decided from all files by default.")
CSV_ENCODING = typer.Option(help="The encoding of CSV files. Detected by default.")
CSV_SEPARATOR = typer.Option(help="The separator of CSV files. Detected by default.")
MAPPING = typer.Option("--map", help="A TOML file that maps foreign files to entities and fields.")
STRICT = typer.Option("--strict", help="Refuse files whose dates or numbers are ambiguous.")
ROUNDING = typer.Option(help="Round once per line, as Finance & Operations does.")
REPLACED_LINES = typer.Option(
    "--lines", help="The files have all lines of their orders: delete the others."
)


def import_command(
    files: Annotated[list[Path], FILES],
    dry_run: Annotated[bool, DRY_RUN] = False,
    policy: Annotated[PolicyOption, POLICY] = PolicyOption.PER_ORDER,
    company: CompanyName = None,
    errors: Annotated[Path | None, ERRORS] = None,
    results: Annotated[Path | None, RESULTS] = None,
    dates: Annotated[DateOrder | None, DATES] = None,
    decimal: Annotated[DecimalSign | None, DECIMAL] = None,
    encoding: Annotated[str | None, CSV_ENCODING] = None,
    separator: Annotated[str | None, CSV_SEPARATOR] = None,
    mapping_file: Annotated[Path | None, MAPPING] = None,
    strict: Annotated[bool, STRICT] = False,
    rounding: Annotated[RoundingOption | None, ROUNDING] = None,
    lines: Annotated[LinesOption | None, REPLACED_LINES] = None,
) -> None:
    """Import sales orders and the records they refer to. Run it again after a crash to resume."""
    options = _options(dates, decimal, encoding, separator, strict, rounding, lines)
    mapping = None if mapping_file is None else _mapping(mapping_file)
    settings = read_settings()
    READERS.memory = settings.read_memory
    ended: list[ImportJobRow] = []

    async def run(database: Database) -> None:
        scope, rules = ScopeRequest(company, actor=COMMAND_LINE), Rules(settings.max_lines)
        importer, started = Importer(database, scope, rules), time.monotonic()
        request = ImportRequest(policy.policy, dry_run)
        ended.append(await _import(importer, files, options, request, mapping))
        await _report(importer, ended[0], time.monotonic() - started, file, errors)

    try:
        with nullcontext() if results is None else open_destination(results) as file:
            run_on_database(settings, run)
    except CannotWrite as error:
        fail(str(error))
    if any(job.status is not ImportJobStatus.SUCCEEDED for job in ended):
        raise typer.Exit(1)


def _options(
    dates: DateOrder | None,
    decimal: DecimalSign | None,
    encoding: str | None,
    separator: str | None,
    strict: bool,
    rounding: RoundingOption | None,
    lines: LinesOption | None,
) -> ImportOptions:
    try:
        return ImportOptions(dates, decimal, encoding, separator, strict, rounding, lines)
    except BadOption as bad:
        fail(f"{bad.code}: --{bad.option} {bad}.")


def _mapping(path: Path) -> MappingFile:
    try:
        return read_mapping(path.name, path.read_bytes())
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    except MappingRefused as error:
        fail(f"{error.code}: {error}")


async def _import(
    importer: Importer,
    files: Sequence[Path],
    options: ImportOptions,
    request: ImportRequest,
    mapping: MappingFile | None,
) -> ImportJobRow:
    await check_database(importer.database)
    progress, stop = progress_bar()
    try:
        return await import_files(importer, files, options, request, progress, mapping)
    except MappingRefused as error:
        fail(f"{error.code}: {error}")
    except RecognitionRefused as error:
        typer.echo("\n".join(file_table(error.reports)))
        fail(error.with_code)
    except FileRefused as error:
        fail(error.with_code)
    except CompanyNotFound as error:
        fail(f"COMPANY_NOT_FOUND: {error}")
    finally:
        stop()


async def _report(
    importer: Importer,
    job: ImportJobRow,
    seconds: float,
    results: BinaryIO | None,
    errors: Path | None,
) -> None:
    """Print the summary; write the refused rows to `errors`, and the results of all rows to `results`.
    Raises CannotWrite."""
    for line in await import_summary(importer, job, seconds):
        typer.echo(line)
    refused = await save_refused(importer, job.id, errors)
    if refused is not None:
        typer.echo(f"Correct the refused rows in {refused} and import that file.")
    if results is not None:
        await save_results(importer, job.id, results)
