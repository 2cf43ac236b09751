"""Decides whether `gateway serve` needs keys, and explains how to get the first one."""

import typer

from gateway.access.keys import TEST, KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.command import fail
from gateway.loopback import is_loopback
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.key_records import has_keys

FIRST_KEY = "create a key with `gateway key create --name NAME --scope admin`."


def with_access(settings: Settings, host: str) -> Settings:
    """The settings with access decided. By default it is open on a loopback address, unless tokens of a
    provider are accepted, and nowhere else."""
    if settings.auth is None:
        auth = "open" if is_loopback(host) and not settings.jwt_issuer else "required"
        return settings.model_copy(update={"auth": auth})
    if settings.auth == "open" and not is_loopback(host):
        fail(
            f"Anyone who can reach {host} could read and change every order, so GATEWAY_AUTH=open is"
            f" possible only on a loopback address: {FIRST_KEY}"
        )
    return settings


async def announce_access(database: Database, settings: Settings, demo: bool) -> None:
    """Print a key for the demo, or how to create the first key of a database that has none."""
    if demo:
        request = KeyRequest("demo", frozenset({AccessScope.ADMIN}))
        _, secret = await create_key(database, request, prefix=TEST)
        typer.echo(f"Authorization: Bearer {secret}")
    elif not settings.jwt_issuer and not await has_keys(database):
        typer.echo(f"No request has access until there is a key: {FIRST_KEY}")
