"""The `gateway` command."""

import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from gateway.command import COMMAND_LINE, NOT_MIGRATED, fail, read_settings, run_on_database
from gateway.company_commands import company
from gateway.demo.northwind import load_demo
from gateway.exchange.exports.export_file import CannotWrite, open_destination, save_export
from gateway.exchange.exports.export_request import CannotExport, ExportFormat, ExportRequest
from gateway.exchange.formats.compression import compression_of_name
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
from gateway.exchange.imports.importer import Importer, ImportRequest, PolicyOption, import_files
from gateway.exchange.imports.progress import progress_bar
from gateway.exchange.imports.results_stream import save_results
from gateway.exchange.imports.summary import import_summary
from gateway.exchange.mappings.mapping_file import MappingFile, MappingRefused, read_mapping
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.key_commands import key
from gateway.orders.service import Rules
from gateway.serve_access import FIRST_KEY, announce_access, with_access
from gateway.settings import EMBEDDED_DATABASE, Settings
from gateway.storage.companies import set_up
from gateway.storage.conditions import BadFilter, Filter
from gateway.storage.database import Database
from gateway.storage.migrations import is_current, migrate
from gateway.storage.scope import CompanyNotFound, ScopeRequest
from gateway.storage.tables.import_jobs import ImportJobRow, ImportJobStatus
from gateway.web.address import CannotListen, host_and_port, listen
from gateway.web.process import log_operations
from gateway.web.stop_signal import STOP_SIGNAL

cli = typer.Typer(
    help="A GraphQL gateway over sales orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(company, name="company")
cli.add_typer(key, name="key")


DEMO = "This is the demo company Northwind. Your changes are lost when you stop the gateway."
CompanyName = Annotated[
    str | None, typer.Option(help="The name of the company. Not needed if there is only one.")
]
CSV_ENCODING = typer.Option(help="The encoding of CSV files. Detected by default.")
CSV_SEPARATOR = typer.Option(help="The separator of CSV files. Detected by default.")
DATES = typer.Option(help="The order of day, month and year. Decided from all files by default.")
DECIMAL = typer.Option(help="The decimal sign. Decided from all files by default.")
RESULTS = typer.Option(help="File for what became of each row, with ids, as JSON lines.")
MAPPING = typer.Option("--map", help="A TOML file that maps foreign files to entities and fields.")
STRICT = typer.Option("--strict", help="Refuse files whose dates or numbers are ambiguous.")
ROUNDING = typer.Option(help="Round once per line, as Finance & Operations does.")
REPLACED_LINES = typer.Option(
    "--lines", help="The files have all lines of their orders: delete the others."
)
NO_BACKUP = typer.Option("--no-backup", help="Do not back up a SQLite file before changing it.")


def _print_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"gateway {version('sales-order-gateway')}")
        raise typer.Exit


@cli.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """The options of `gateway` itself."""


@cli.command()
def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Try out a demo company in a temporary database.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
    allow_open: Annotated[
        bool, typer.Option("--allow-open", help="Refused: keys took its place.")
    ] = False,
) -> None:
    """Serve GraphQL and GraphiQL."""
    from gateway.server import run_server  # noqa: PLC0415 - without it, other commands start in half the time

    if allow_open:
        fail(f"--allow-open is gone: {FIRST_KEY}")
    settings = with_access(read_settings(), host)
    STOP_SIGNAL.install()
    STOP_SIGNAL.check()
    if settings.debug:
        log_operations()
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        if demo:
            file = Path(folder) / "demo.db"
            settings = settings.model_copy(update={"database_url": f"sqlite:///{file}"})
        try:
            listener = listen(host, port)
        except CannotListen as error:
            fail(f"{error} Choose another port with --port.")
        run_on_database(
            settings, lambda database: STOP_SIGNAL.run(_prepare(database, settings, demo))
        )
        STOP_SIGNAL.check()
        listener.listen()
        typer.echo(f"GraphQL and GraphiQL: http://{host_and_port(listener)}/graphql")
        if demo:
            typer.echo(DEMO)
        run_server(settings, listener, host)


@cli.command("migrate")
def migrate_command(no_backup: Annotated[bool, NO_BACKUP] = False) -> None:
    """Create or upgrade the tables, and create a first company if there is none."""
    run_on_database(read_settings(), lambda database: _set_up(database, backup=not no_backup))
    typer.echo("The database is up to date.")


@cli.command()
def schema() -> None:
    """Print the GraphQL schema in SDL, as in schema.graphql."""
    from gateway.api.schema import sdl  # noqa: PLC0415 - without it, other commands start sooner

    typer.echo(sdl(), nl=False)


@cli.command("explain")
def explain_command(
    operation: Annotated[str, typer.Argument(help="The operation; - reads standard input.")],
    variables: Annotated[str, typer.Option(help="Its variables, as a JSON object.")] = "{}",
    name: Annotated[
        str | None, typer.Option("--operation", help="Its name, if the document has several.")
    ] = None,
) -> None:
    """Print how an operation runs: its plan, the Python source generated from the plan, and its SQL."""
    from gateway.api.explain import CannotExplain  # noqa: PLC0415 - as for `schema`
    from gateway.app import explain_on  # noqa: PLC0415 - as for `schema`

    text = sys.stdin.read() if operation == "-" else operation
    try:
        typer.echo(explain_on(read_settings(), text, variables, name), nl=False)
    except CannotExplain as reason:
        fail(str(reason))


@cli.command("import")
def import_command(
    files: Annotated[list[Path], typer.Argument(help="Packages, CSV, XLSX, XML or JSON files.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be imported, but save nothing.")
    ] = False,
    policy: Annotated[
        PolicyOption, typer.Option(help="What a bad row stops: its order, or the whole import.")
    ] = PolicyOption.PER_ORDER,
    company: CompanyName = None,
    errors: Annotated[
        Path | None, typer.Option(help="File for refused rows; in this folder by default.")
    ] = None,
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
    request = ImportRequest(policy.policy, dry_run)
    try:
        chosen = ImportOptions(dates, decimal, encoding, separator, strict, rounding, lines)
    except BadOption as bad:
        fail(f"{bad.code}: --{bad.option} {bad}.")
    mapping = None if mapping_file is None else _mapping(mapping_file)
    settings = read_settings()
    rules = Rules(largest_order=settings.max_lines)
    READERS.memory = settings.read_memory

    ended: list[ImportJobRow] = []

    async def run(database: Database) -> None:
        importer, started = Importer(database, _scope(company), rules), time.monotonic()
        job = await _import(importer, files, chosen, request, mapping)
        ended.append(job)
        seconds = time.monotonic() - started
        if file is not None:
            await save_results(importer, job.id, file)
        for line in await import_summary(importer, job, errors, seconds):
            typer.echo(line)

    try:
        with nullcontext() if results is None else open_destination(results) as file:
            run_on_database(settings, run)
    except CannotWrite as error:
        fail(str(error))
    if any(job.status is not ImportJobStatus.SUCCEEDED for job in ended):
        raise typer.Exit(1)


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
    chosen: ImportOptions,
    request: ImportRequest,
    mapping: MappingFile | None,
) -> ImportJobRow:
    if not await is_current(importer.database):
        fail(NOT_MIGRATED)
    progress, stop = progress_bar()
    try:
        return await import_files(importer, files, chosen, request, progress, mapping)
    except MappingRefused as error:
        fail(f"{error.code}: {error}")
    except FileRefused as error:
        fail(str(error))
    except CompanyNotFound as error:
        fail(f"COMPANY_NOT_FOUND: {error}")
    finally:
        stop()


@cli.command("export")
def export_command(
    form: Annotated[
        ExportFormat, typer.Option("--format", help="The format of the export.")
    ] = ExportFormat.JSON_LINES,
    what: Annotated[Dataset, typer.Option(help="The data to export.")] = Dataset.ORDERS,
    chosen: Annotated[
        str | None, typer.Option("--filter", help="A filter on orders: a SalesOrderFilter in JSON.")
    ] = None,
    company: CompanyName = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, packed if it ends in .gz or .zst. Standard output by default."
        ),
    ] = None,
) -> None:
    """Export sales orders and the records they refer to, in files that can be imported again."""
    settings = read_settings()
    try:
        request = ExportRequest(what, form, None if chosen is None else _order_filter(chosen))
        request.check()
    except (BadFilter, CannotExport) as error:
        fail(str(error))
    if output is None and (request.is_archive or request.is_workbook) and sys.stdout.isatty():
        fail("A terminal cannot show this file. Name a file with --output.")
    compression = None if output is None else compression_of_name(output.name)
    if compression is not None and request.is_workbook:
        fail("This export is a workbook, which is packed already. Name a file that ends in .xlsx.")
    if compression is not None and request.is_archive:
        fail(
            "This export is a zip archive, which is packed already. Name a file that ends in .zip."
        )

    async def run(database: Database) -> None:
        if not await is_current(database):
            fail(NOT_MIGRATED)
        try:
            await save_export(database, _scope(company), request, file, _warn, compression)
        except (BadFilter, CannotWrite) as error:
            fail(str(error))
        except CompanyNotFound as error:
            fail(f"COMPANY_NOT_FOUND: {error}")

    try:
        with open_destination(output) as file:
            run_on_database(settings, run)
    except CannotWrite as error:
        fail(str(error))


def _scope(company: str | None) -> ScopeRequest:
    return ScopeRequest(company, actor=COMMAND_LINE)


def _warn(text: str) -> None:
    typer.echo(f"warning: {text}", err=True)


def _order_filter(text: str) -> Filter:
    """Raises BadFilter."""
    from gateway.api.filter_text import order_filter  # noqa: PLC0415 - as for `schema`

    return order_filter(text)


async def _prepare(database: Database, settings: Settings, demo: bool) -> None:
    """Migrate the demo and the embedded database; refuse any other one that is not migrated."""
    if demo:
        await migrate(database)
        await load_demo(database)
    elif settings.database_url == EMBEDDED_DATABASE:
        await _set_up(database)
    elif not await is_current(database):
        fail(NOT_MIGRATED)
    if settings.auth == "required":
        await announce_access(database, demo)


async def _set_up(database: Database, *, backup: bool = True) -> None:
    if (copy := await set_up(database, backup=backup)) is not None:
        typer.echo(f"A backup of the database is beside it: {copy.name}.")
