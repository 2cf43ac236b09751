"""The `gateway` command."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command import (
    begin_log,
    check_database,
    check_is_shared,
    fail,
    read_settings,
    run_on_database,
    use_database,
)
from gateway.company_commands import company
from gateway.demo.northwind import load_demo
from gateway.document_commands import documents
from gateway.execution.manifests import BadManifest
from gateway.export_command import export_command
from gateway.import_command import import_command
from gateway.key_commands import key
from gateway.opened_database import BadDatabaseUrl
from gateway.serve_access import FIRST_KEY, announce_access, with_access
from gateway.settings import EMBEDDED_DATABASE, Settings
from gateway.storage.companies import set_up
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.row_security import secure
from gateway.web.address import CannotListen, host_and_port, listen
from gateway.web.stop_signal import STOP_SIGNAL
from gateway.workers import Workers

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

cli = typer.Typer(
    help="A GraphQL gateway over sales orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(company, name="company")
cli.add_typer(documents, name="documents")
cli.add_typer(key, name="key")


DEMO = "This is the demo company Northwind. Your changes are lost when you stop the gateway."
HOST = "The address to listen on. GATEWAY_HOST or 127.0.0.1 by default."
WORKERS = "Server processes that share the address and the database; one per core."
PORT = "The port to listen on. GATEWAY_PORT or 8000 by default."
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
    host: Annotated[str | None, typer.Option(help=HOST)] = None,
    port: Annotated[int | None, typer.Option(help=PORT, min=0, max=65535)] = None,
    workers: Annotated[int, typer.Option(help=WORKERS, min=1, max=64)] = 1,
    allow_open: Annotated[
        bool, typer.Option("--allow-open", help="Refused: keys took its place.")
    ] = False,
) -> None:
    """Serve GraphQL and GraphiQL."""
    if allow_open:
        fail(f"--allow-open is gone: {FIRST_KEY}")
    settings = read_settings()
    host = settings.host if host is None else host
    settings = with_access(settings, host)
    if workers > 1 and not demo:
        check_is_shared(settings)
    STOP_SIGNAL.install()
    STOP_SIGNAL.check()
    log = begin_log(settings, "info")
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        if demo:
            file = Path(folder) / "demo.db"
            settings = settings.embedded(file)
        try:
            listener = listen(host, settings.port if port is None else port)
        except CannotListen as error:
            fail(f"{error} Choose another port with --port.")
        use_database(settings, lambda database: STOP_SIGNAL.run(_prepare(database, settings, demo)))
        STOP_SIGNAL.check()
        listener.listen()
        typer.echo(f"GraphQL and GraphiQL: http://{host_and_port(listener)}/graphql")
        if demo:
            typer.echo(DEMO)
        if workers == 1:
            _run(settings, listener, host, log)
        else:
            _run_workers(workers, settings, listener, host)


def _run(
    settings: Settings,
    listener: socket,
    host: str,
    log: "FilteringBoundLogger",
    parent: int | None = None,
) -> None:
    from gateway.server import run_server  # noqa: PLC0415 - without it, other commands start in half the time

    run_server(settings, listener, host, log, parent)


def _run_workers(count: int, settings: Settings, listener: socket, host: str) -> None:
    """Each worker has its own log, since threads do not survive a fork."""
    import gateway.server  # noqa: F401, PLC0415 - the workers share the memory of what is imported here

    def serve(parent: int) -> None:
        _run(settings, listener, host, begin_log(settings, "info"), parent)

    raise typer.Exit(Workers(count, serve, settings.stop_seconds).run())


def _check_documents(settings: Settings) -> None:
    """End the command if a trusted document cannot run, before a worker fails to start."""
    from gateway.app import check_trusted_documents  # noqa: PLC0415 - as in `_run`

    try:
        check_trusted_documents(settings)
    except BadManifest as error:
        fail(f"GATEWAY_DOCUMENT_MANIFESTS: {error}")


@cli.command("migrate")
def migrate_command(no_backup: Annotated[bool, NO_BACKUP] = False) -> None:
    """Create or upgrade the tables, and create a first company if there is none."""
    settings = read_settings()
    run_on_database(settings, lambda database: _set_up(database, settings, backup=not no_backup))
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
    except (CannotExplain, BadDatabaseUrl) as reason:
        fail(str(reason))


cli.command("import")(import_command)
cli.command("export")(export_command)


async def _prepare(database: Database, settings: Settings, demo: bool) -> None:
    """Migrate the demo and the embedded database; refuse any other one that is not migrated, and trusted
    documents that cannot run."""
    if demo:
        await migrate(database)
        await load_demo(database)
    elif settings.database_url == EMBEDDED_DATABASE:
        await _set_up(database, settings)
    else:
        await check_database(database)
    if settings.manifests:
        _check_documents(settings)
    if settings.auth == "required":
        await announce_access(database, settings, demo)


async def _set_up(database: Database, settings: Settings, *, backup: bool = True) -> None:
    if (copy := await set_up(database.owner, backup=backup)) is not None:
        typer.echo(f"A backup of the database is beside it: {copy.name}.")
    if database.is_secured:
        await secure(database, settings.database_url)
