"""The commands of `gateway key`."""

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from gateway.access.keys import (
    OVERLAP,
    KeyRefused,
    KeyRequest,
    create_key,
    ids_of,
    revoke_keys,
    rotate_key,
    scopes_of,
)
from gateway.access.scopes import SCOPES, AccessScope
from gateway.command import COMMAND_LINE, check_database, fail, read_settings, run_on_database
from gateway.storage.companies import customer_ids, list_companies
from gateway.storage.database import Database
from gateway.storage.key_records import list_keys
from gateway.storage.scope import CompanyNotFound
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import now

key = typer.Typer(help="Manage the API keys of clients.", no_args_is_help=True)

DURATION = re.compile(r"(\d{1,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
ONCE = "This is the only time that the key is shown."
Which = Annotated[str, typer.Argument(help="The name, id or prefix of the key.")]


@key.command("create")
def key_create(
    name: Annotated[str, typer.Option(help="What the key is for, such as the name of a partner.")],
    scope: Annotated[
        list[AccessScope],
        typer.Option(help="What the key allows; may be repeated. See `gateway key scopes`."),
    ],
    company: Annotated[
        list[str] | None,
        typer.Option(help="A company that it is limited to; by default the only one."),
    ] = None,
    customer: Annotated[
        list[str] | None,
        typer.Option(help="The number of a customer that it is limited to; may be repeated."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="How long it is valid, such as 90d; for ever by default.")
    ] = None,
) -> None:
    """Create a key and print it, once."""
    end = None if expires is None else now() + _duration(expires)

    async def create(database: Database) -> None:
        companies = await _companies(database, company, scope)
        customers = await _customers(database, companies, customer)
        request = KeyRequest(name, frozenset(scope), companies, customers, end)
        _, secret = await create_key(database, request, creator=COMMAND_LINE)
        _show(secret, f"Key {name!r} allows {', '.join(scope)}. {ONCE}")

    _run(create)


@key.command("list")
def key_list() -> None:
    """Print the prefix, name, scopes, last use and state of each key, but never the key itself."""

    async def show(database: Database) -> None:
        names = {each.id: each.name for each in await list_companies(database)}
        for each in await list_keys(database):
            typer.echo("\t".join(_described(each, names)))

    _run(show)


@key.command("revoke")
def key_revoke(which: Which) -> None:
    """Revoke a key. Every process refuses it within a second."""

    async def revoke(database: Database) -> None:
        for each in await revoke_keys(database, which, revoker=COMMAND_LINE):
            typer.echo(f"Key {each.name!r} ({each.prefix}...) is revoked.")

    _run(revoke)


@key.command("rotate")
def key_rotate(
    which: Which,
    overlap: Annotated[str, typer.Option(help="How long the old key stays valid.")] = "24h",
) -> None:
    """Create a successor of a key with the same rights. The old key stays valid for a while."""
    lasting = _duration(overlap) if overlap else OVERLAP

    async def rotate(database: Database) -> None:
        new, secret = await rotate_key(database, which, overlap=lasting, creator=COMMAND_LINE)
        _show(secret, f"The old key {new.name!r} stays valid for {overlap}. {ONCE}")

    _run(rotate)


@key.command("scopes")
def key_scopes() -> None:
    """Print what each scope allows."""
    for scope, meaning in SCOPES.items():
        typer.echo(f"{scope}\t{meaning}")


def _show(secret: str, remark: str) -> None:
    """Print only the key to standard output, so that a script can store it."""
    typer.echo(secret)
    typer.echo(remark, err=True)


def _described(each: ApiKeyRow, companies: dict[str, str]) -> list[str]:
    limited = ids_of(each.companies)
    named = (
        "all companies"
        if limited is None
        else ", ".join(companies[each_id] for each_id in sorted(limited))
    )
    used = each.last_used_date_time
    return [
        f"{each.prefix}...",
        each.name,
        ",".join(sorted(scopes_of(each))),
        named,
        "never used" if used is None else f"last used {used:%Y-%m-%d %H:%M}",
        _state(each),
    ]


def _state(each: ApiKeyRow) -> str:
    if each.revoked_date_time is not None:
        return "revoked"
    end = each.expires_date_time
    if end is None:
        return "valid"
    return "expired" if end <= now() else f"valid until {end:%Y-%m-%d %H:%M}"


def _duration(text: str) -> dt.timedelta:
    match = DURATION.fullmatch(text)
    if match is None:
        fail(f"{text!r} is not a duration such as 30m, 24h or 90d.")
    return dt.timedelta(**{UNITS[match[2]]: int(match[1])})


async def _companies(
    database: Database, names: list[str] | None, scopes: list[AccessScope]
) -> frozenset[str] | None:
    """The ids of the companies that a key is limited to. An admin key is not limited by default."""
    companies = await list_companies(database)
    if not names:
        if AccessScope.ADMIN in scopes:
            return None
        if len(companies) != 1:
            fail(f"Name a company with --company: {', '.join(each.name for each in companies)}.")
        return frozenset({companies[0].id})
    ids = {each.name: each.id for each in companies} | {each.id: each.id for each in companies}
    if missing := [name for name in names if name not in ids]:
        fail(f"COMPANY_NOT_FOUND: There is no company {missing[0]!r}.")
    return frozenset(ids[name] for name in names)


async def _customers(
    database: Database, companies: frozenset[str] | None, numbers: list[str] | None
) -> frozenset[str] | None:
    if not numbers:
        return None
    if companies is None or len(companies) != 1:
        fail(
            "A key that is limited to customers is limited to one company: name it with --company."
        )
    [company] = companies
    result = await customer_ids(database, company, numbers)
    if missing := [number for number in numbers if number not in result]:
        fail(f"NOT_FOUND: There is no customer {missing[0]!r}.")
    return frozenset(result.values())


def _run(work: Callable[[Database], Awaitable[None]]) -> None:
    async def checked(database: Database) -> None:
        await check_database(database)
        try:
            await work(database)
        except KeyRefused as error:
            fail(str(error))
        except CompanyNotFound as error:
            fail(f"COMPANY_NOT_FOUND: {error}")

    run_on_database(read_settings(), checked)
