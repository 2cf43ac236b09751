"""`gateway export`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.command import (
    COMMAND_LINE,
    CompanyName,
    check_database,
    fail,
    read_settings,
    run_on_database,
)
from gateway.exchange.exports.export_file import save_export
from gateway.exchange.exports.export_request import CannotExport, ExportFormat, ExportRequest
from gateway.exchange.formats.compression import Compression, compression_of_name
from gateway.exchange.formats.destinations import CannotWrite, open_destination
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.storage.conditions import BadFilter, Filter
from gateway.storage.database import Database
from gateway.storage.scope import CompanyNotFound, ScopeRequest

FORMAT = typer.Option("--format", help="The format of the export.")
DATASET = typer.Option(help="The data to export.")
FILTER = typer.Option("--filter", help="A filter on orders: a SalesOrderFilter in JSON.")
OUTPUT = typer.Option(
    help="The file to write, packed if it ends in .gz or .zst. Standard output by default."
)


def export_command(
    form: Annotated[ExportFormat, FORMAT] = ExportFormat.JSON_LINES,
    what: Annotated[Dataset, DATASET] = Dataset.ORDERS,
    chosen: Annotated[str | None, FILTER] = None,
    company: CompanyName = None,
    output: Annotated[Path | None, OUTPUT] = None,
) -> None:
    """Export sales orders and the records they refer to, in files that can be imported again."""
    settings = read_settings()
    try:
        request = ExportRequest(what, form, None if chosen is None else _order_filter(chosen))
        request.check()
    except (BadFilter, CannotExport) as error:
        fail(str(error))
    compression = _compression(request, output)

    async def run(database: Database) -> None:
        await check_database(database)
        scope = ScopeRequest(company, actor=COMMAND_LINE)
        try:
            await save_export(database, scope, request, file, _warn, compression)
        except (BadFilter, CannotWrite) as error:
            fail(str(error))
        except CompanyNotFound as error:
            fail(f"COMPANY_NOT_FOUND: {error}")

    try:
        with open_destination(output) as file:
            run_on_database(settings, run)
    except CannotWrite as error:
        fail(str(error))


def _order_filter(text: str) -> Filter:
    """Raises BadFilter."""
    from gateway.api.filter_text import order_filter  # noqa: PLC0415 - without it, other commands start sooner

    return order_filter(text)


def _compression(request: ExportRequest, output: Path | None) -> Compression | None:
    """The compression in the name of the file. Ends the command if the export cannot be packed."""
    if output is None:
        if (request.is_archive or request.is_workbook) and sys.stdout.isatty():
            fail("A terminal cannot show this file. Name a file with --output.")
        return None
    compression = compression_of_name(output.name)
    if compression is not None and request.is_workbook:
        fail("This export is a workbook, which is packed already. Name a file that ends in .xlsx.")
    if compression is not None and request.is_archive:
        fail(
            "This export is a zip archive, which is packed already. Name a file that ends in .zip."
        )
    return compression


def _warn(text: str) -> None:
    typer.echo(f"warning: {text}", err=True)
