"""The commands of `gateway company`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from gateway.command import check_database, fail, read_settings, run_on_database
from gateway.storage.companies import (
    CompanyGone,
    CompanyRefused,
    create_company,
    list_companies,
    rename_company,
    update_company,
)
from gateway.storage.company_directory import MOST_NAMED
from gateway.storage.database import Database

company = typer.Typer(help="Manage the companies in the database.", no_args_is_help=True)


@company.command("create")
def company_create(
    name: Annotated[str, typer.Argument(help="The unique name, as sent in the Company header.")],
    currency: Annotated[str, typer.Option(help="The ISO 4217 code of the currency of its books.")],
) -> None:
    """Create a company. The first one replaces the untouched one that `migrate` creates."""
    _run(lambda database: create_company(database, name, currency))
    typer.echo(f"Company {name!r} keeps its books in {currency}.")


@company.command("list")
def company_list() -> None:
    """Print the name, the currency and the id of each company."""

    async def show(database: Database) -> None:
        for each in await list_companies(database):
            typer.echo(f"{each.name}\t{each.currency_code}\t{each.id}")

    _run(show)


@company.command("rename")
def company_rename(
    name: Annotated[str, typer.Argument(help="The name or the id of the company.")],
    new_name: Annotated[str, typer.Argument(help="The new name, which no other company has.")],
) -> None:
    """Rename a company. Requests must then send the new name in the Company header."""
    _run(lambda database: rename_company(database, name, new_name))
    typer.echo(f"Company {name!r} is now {new_name!r}.")


@company.command("update")
def company_update(
    name: Annotated[str, typer.Argument(help="The name or the id of the company.")],
    refuse: Annotated[
        bool,
        typer.Option(
            "--refuse-duplicate-external-document-numbers/--allow-duplicate-external-document-numbers",
            help="Whether a second order of a customer with the same external document"
            " number is refused.",
        ),
    ],
) -> None:
    """Change the settings of a company."""
    _run(
        lambda database: update_company(
            database, name, refuse_duplicate_external_document_numbers=refuse
        )
    )
    does = "refuses" if refuse else "allows"
    typer.echo(f"Company {name!r} {does} duplicate external document numbers.")


def _run(work: Callable[[Database], Awaitable[Any]]) -> None:
    async def checked(database: Database) -> None:
        await check_database(database)
        try:
            await work(database)
        except CompanyGone as error:
            companies = (await list_companies(database))[:MOST_NAMED]
            names = ", ".join(repr(each.name) for each in companies)
            fail(f"COMPANY_NOT_FOUND: {error} Name one of these: {names}.")
        except CompanyRefused as error:
            fail(str(error))

    run_on_database(read_settings(), checked)
