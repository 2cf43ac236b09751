"""API keys, which are created here, shown once, and stored as digests."""

import datetime as dt
import hashlib
import hmac
import logging
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.access.caller import Caller
from gateway.access.scopes import AccessScope, with_implied
from gateway.storage.database import Database
from gateway.storage.key_records import add_key, change_keys
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import clean, is_printable, now
from gateway.storage.tables.model_columns import text_lengths

log = logging.getLogger("gateway.keys")

LIVE, TEST = "so_live_", "so_test_"
"""The prefix of keys; those of a demo database begin with TEST."""

ALPHABET = string.ascii_letters + string.digits
LENGTH = 43
"""Characters after the prefix: 43 characters out of 62 have 256 bits."""

SHOWN = 4
"""Characters after the prefix by which people recognise a key."""

LONGEST_NAME = text_lengths(ApiKeyRow)["name"]
OVERLAP = dt.timedelta(hours=24)
"""How long a rotated key stays valid beside its successor."""


class KeyRefused(ValueError):
    """A key cannot be created or changed like this."""


class KeyGone(KeyRefused):
    """There is no valid key with this name, id or prefix."""


@dataclass(frozen=True)
class KeyRequest:
    """What a new key allows. `companies` and `customers` are ids; None stands for all."""

    name: str
    scopes: frozenset[AccessScope]
    companies: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    expires: dt.datetime | None = None


def digest_of(secret: str) -> str:
    """The SHA-256 of a key in hexadecimal. A key is random, so it needs neither salt nor stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def create_key(
    database: Database,
    request: KeyRequest,
    *,
    creator: str | None = None,
    prefix: str = LIVE,
    dry_run: bool = False,
) -> tuple[ApiKeyRow, str]:
    """Store a new key.

    Returns its row and the key itself, which cannot be read again. Raises KeyRefused."""
    _check(request)
    secret = prefix + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    key = ApiKeyRow(
        name=clean(request.name),
        prefix=secret[: len(prefix) + SHOWN],
        digest=digest_of(secret),
        scopes=_listed(request.scopes) or "[]",
        companies=_listed(request.companies),
        customers=_listed(request.customers),
        created_by=creator,
        expires_date_time=request.expires,
    )
    await add_key(database, key, dry_run=dry_run)
    if not dry_run:
        _log(database, "key created", key, creator, scopes=sorted(request.scopes))
    return key, secret


async def revoke_keys(
    database: Database, which: str, *, revoker: str | None = None, dry_run: bool = False
) -> list[ApiKeyRow]:
    """Revoke the keys with this name, or the one with this id or prefix. Raises KeyGone."""
    keys = await change_keys(database, which, dry_run=dry_run, revoked_date_time=now())
    if not dry_run:
        for key in keys:
            _log(database, "key revoked", key, revoker)
    return _some(keys, which)


async def rotate_key(
    database: Database,
    which: str,
    *,
    overlap: dt.timedelta = OVERLAP,
    creator: str | None = None,
    dry_run: bool = False,
) -> tuple[ApiKeyRow, str]:
    """Create a key with the rights of another, which stays valid for `overlap` at most.

    Raises KeyGone, and KeyRefused if several keys have this name."""
    end = now() + overlap
    keys = _some(await change_keys(database, which, dry_run=True), which)
    if len(keys) > 1:
        raise KeyRefused(f"Several keys are named {which!r}: name one by its id or prefix.")
    [old] = keys
    request = KeyRequest(
        old.name,
        scopes_of(old),
        ids_of(old.companies),
        ids_of(old.customers),
        old.expires_date_time,
    )
    kind = TEST if old.prefix.startswith(TEST) else LIVE
    new, secret = await create_key(database, request, creator=creator, prefix=kind, dry_run=dry_run)
    expires = min(end, old.expires_date_time or end)
    await change_keys(database, old.id, dry_run=dry_run, expires_date_time=expires)
    if not dry_run:
        _log(database, "key rotated", old, creator, successor=new.id)
    return new, secret


def caller_with(row: Any, secret: str) -> Caller | None:
    """The caller with a key, from the row with its digest; None if the key is not valid now."""
    if not hmac.compare_digest(row.digest, digest_of(secret)) or row.revoked_date_time is not None:
        return None
    if row.expires_date_time is not None and row.expires_date_time <= now():
        return None
    return Caller(
        row.name, with_implied(scopes_of(row)), ids_of(row.companies), ids_of(row.customers), row.id
    )


def scopes_of(row: Any) -> frozenset[AccessScope]:
    return frozenset(map(AccessScope, orjson.loads(row.scopes)))


def ids_of(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(orjson.loads(text))


def _log(database: Database, event: str, key: ApiKeyRow, actor: str | None, **fields: Any) -> None:
    """Log who has changed which key, once it is committed. The digest and the key itself are never logged."""
    named = {"key_id": key.id, "key_name": key.name, "actor": actor}
    database.after_commit(lambda: log.info(event, extra=named | fields))


def _listed(values: Iterable[str] | None) -> str | None:
    return None if values is None else orjson.dumps(sorted(values)).decode()


def _some(keys: list[ApiKeyRow], which: str) -> list[ApiKeyRow]:
    if not keys:
        raise KeyGone(f"There is no valid key with the name, id or prefix {which!r}.")
    return keys


def _check(request: KeyRequest) -> None:
    name = clean(request.name)
    if not 0 < len(name) <= LONGEST_NAME or not is_printable(name):
        raise KeyRefused(f"The name of a key must have 1 to {LONGEST_NAME} printable characters.")
    if not request.scopes:
        raise KeyRefused(f"Name at least one scope: {', '.join(AccessScope)}.")
    if request.expires is not None and request.expires <= now():
        raise KeyRefused("A key must expire in the future.")
