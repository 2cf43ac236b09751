"""The commands of `gateway documents`."""

from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command import fail, read_settings
from gateway.execution.manifests import BadManifest
from gateway.opened_database import BadDatabaseUrl

if TYPE_CHECKING:
    from gateway.api.trusted_documents import CheckedDocument, CheckedOperation

documents = typer.Typer(help="Check the manifests of trusted documents.", no_args_is_help=True)

Manifests = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="As in GATEWAY_DOCUMENT_MANIFESTS.")
]


@documents.callback()
def _commands() -> None:
    """Makes `check` a command of its own, though it is the only one."""


@documents.command("check")
def documents_check(files: Manifests) -> None:
    """Print the costs and plans of trusted documents, and their faults; the exit code is then 1."""
    from gateway.app import check_manifests  # noqa: PLC0415 - other commands start sooner

    valid = faulty = 0
    try:
        for document in check_manifests(read_settings(), files):
            typer.echo(_described(document))
            valid, faulty = valid + (not document.faults), faulty + bool(document.faults)
    except (BadManifest, BadDatabaseUrl) as error:
        fail(str(error))
    typer.echo(f"{valid} valid, {faulty} faulty.")
    if faulty:
        raise typer.Exit(1)


def _described(document: "CheckedDocument") -> str:
    if document.faults:
        return f"{document.id}\n" + "".join(f"  Fault: {fault}\n" for fault in document.faults)
    return f"{document.id}\n" + "".join(map(_operation, document.operations))


def _operation(operation: "CheckedOperation") -> str:
    most = (
        "" if operation.most == operation.cost else f", with the largest pages {operation.most:,}"
    )
    title = f"{operation.name}: cost {operation.cost:,}{most}"
    return indent(f"{title}\n{indent(operation.plan, '  ')}\n", "  ")
