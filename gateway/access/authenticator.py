"""Authentication: from the header Authorization to the caller."""

import asyncio
import datetime as dt
import logging
import time
from collections import OrderedDict
from typing import Protocol

from gateway.access.caller import Caller, InvalidCredential, Unauthenticated
from gateway.access.keys import LIVE, TEST, caller_with, digest_of
from gateway.storage.database import Database
from gateway.storage.failures import UNUSABLE
from gateway.storage.key_records import key_by_digest, note_use
from gateway.storage.tables.column_types import now

log = logging.getLogger("gateway.access")

SCHEME = "Bearer"
REMEMBERED = 0.5
"""Seconds for which the caller of a key is cached. A revocation takes effect within this time."""

MOST_REMEMBERED = 10_000
NOTED = dt.timedelta(minutes=1)
"""The precision with which the last use of a key is recorded."""

LONGEST = 16_000
"""The maximum number of characters in a credential."""

NO_CREDENTIAL = "Send a key or token in the header Authorization: Bearer ..."
BAD_CREDENTIAL = "The key or token is unknown, expired or revoked."


class Tokens(Protocol):
    """Verifies signed tokens."""

    def start(self) -> None:
        """Begin to fetch the keys of the provider."""

    async def caller(self, token: str) -> Caller:
        """The caller of a token; raises InvalidCredential and ProviderUnavailable."""
        ...

    async def close(self) -> None: ...


class Authenticator:
    """Identifies callers. Keys are looked up in the database; `tokens` verifies tokens."""

    def __init__(self, database: Database, tokens: Tokens | None = None) -> None:
        self._database = database
        self._tokens = tokens
        self._known: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()
        self._used: dict[str, dt.datetime] = {}
        self._notes: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        if self._tokens is not None:
            self._tokens.start()

    async def caller(self, authorization: str | None) -> Caller:
        """The caller with this value of the header Authorization. Raises Unauthenticated,
        ProviderUnavailable, and one of UNUSABLE."""
        if not authorization:
            raise Unauthenticated(NO_CREDENTIAL)
        scheme, _, credential = authorization.partition(" ")
        credential = credential.strip()
        if scheme.lower() != SCHEME.lower() or not credential or len(credential) > LONGEST:
            raise Unauthenticated(NO_CREDENTIAL)
        if credential.startswith((LIVE, TEST)):
            return await self._key(credential)
        if self._tokens is None:
            raise InvalidCredential(BAD_CREDENTIAL)
        return await self._tokens.caller(credential)

    async def _key(self, secret: str) -> Caller:
        digest, begun = digest_of(secret), time.monotonic()
        asked, caller = self._known.get(digest, (0.0, None))
        if not asked or begun - asked > REMEMBERED:
            row = await key_by_digest(self._database, digest)
            caller = None if row is None else caller_with(row, secret)
            self._remember(digest, begun, caller)
        if caller is None:
            raise InvalidCredential(BAD_CREDENTIAL)
        self._note_use(caller)
        return caller

    def _remember(self, digest: str, begun: float, caller: Caller | None) -> None:
        self._known[digest] = begun, caller
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _note_use(self, caller: Caller) -> None:
        """Record the use of a key, at most once a minute and after the answer, since it may have to
        wait."""
        moment, key = now(), caller.credential or ""
        last = self._used.get(key)
        if last is None or moment - last >= NOTED:
            self._used[key] = moment
            note = asyncio.create_task(self._note(key, moment), name="background: use of a key")
            self._notes.add(note)
            note.add_done_callback(self._notes.discard)

    async def _note(self, key: str, moment: dt.datetime) -> None:
        try:
            await note_use(self._database, key, moment)
        except UNUSABLE as error:
            log.warning("the last use of a key was not recorded: %s", type(error).__name__)

    async def close(self) -> None:
        """Wait until all records have been written, and stop fetching keys."""
        if self._tokens is not None:
            await self._tokens.close()
        if self._notes:
            await asyncio.wait(self._notes)
