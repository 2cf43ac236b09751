"""Keeps the keys of an OpenID provider up to date in the background."""

import asyncio
import logging
import time
from contextlib import suppress

import httpx2
from joserfc.jwk import Key

from gateway.access.provider_documents import fetched, key_address
from gateway.access.signing_keys import SigningKeys, read_keys

log = logging.getLogger("gateway.access")

REFRESH_INTERVAL = 300
"""Seconds after which the keys are fetched again."""

FIRST_RETRY, LONGEST_RETRY = 1, 60
"""Seconds before another attempt after a failure; they double up to the second number."""

SEEK_INTERVAL = 60
"""The minimum number of seconds between two fetches because of unknown keys."""

WAIT = 4
"""Seconds that a token with an unknown key waits for a fetch that is running or due."""


class ProviderKeys:
    """The keys of an issuer at `address`, or at the address in the issuer's configuration if that is
    None."""

    def __init__(
        self,
        issuer: str,
        address: str | None,
        client: httpx2.AsyncClient,
        seek_interval: float = SEEK_INTERVAL,
    ) -> None:
        self._issuer = issuer
        self._configured = address
        self._address = address
        self._client = client
        self._keys = SigningKeys()
        self._is_sought = asyncio.Event()
        self._fetched = asyncio.Event()
        self._is_fetching = False
        self._seek_interval = seek_interval
        self._sought_at = -seek_interval
        self._task: asyncio.Task[None] | None = None

    @property
    def are_known(self) -> bool:
        """Whether the keys have been fetched at least once."""
        return bool(self._keys)

    def start(self) -> None:
        self._is_fetching = True
        self._task = asyncio.create_task(self._refresh_for_ever())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._client.aclose()

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """The key with this id. An unknown one causes an immediate fetch, so that the first token after
        a rotation is accepted, but only one fetch in `seek_interval` seconds, however many unknown ids
        are sent."""
        key = self._keys.find(kid, algorithm)
        if key is None:
            self._is_sought.set()
            if self._is_fetching or self._seek_in() <= 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(WAIT):
                        await self._fetched.wait()
            key = self._keys.find(kid, algorithm)
        return key

    def _seek_in(self) -> float:
        """The seconds until an unknown key may cause a fetch again."""
        return self._sought_at + self._seek_interval - time.monotonic()

    async def _refresh_for_ever(self) -> None:
        retry: float = FIRST_RETRY
        while True:
            self._is_fetching = True
            is_fetched = await self._refresh(retry)
            self._is_fetching = False
            if is_fetched:
                self._is_sought.clear()  # whoever waited for this fetch needs no other
            self._fetched.set()
            self._fetched = asyncio.Event()
            pause, retry = (
                (REFRESH_INTERVAL, FIRST_RETRY)
                if is_fetched
                else (retry, min(2 * retry, LONGEST_RETRY))
            )
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        """Wait for this time, or until an unknown key causes a fetch."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_sought.wait()
                await asyncio.sleep(self._seek_in())
                self._sought_at = time.monotonic()
        self._is_sought.clear()

    async def _refresh(self, retry: float) -> bool:
        """Fetch the keys. On a failure, log it and keep the known keys. `retry` is the pause before the
        next attempt, which grows with each failure."""
        try:
            if self._address is None:
                self._address = await key_address(self._client, self._issuer)
            self._keys = read_keys(await fetched(self._client, self._address))
        except Exception as fault:  # noqa: BLE001 - no fault may end the refreshing
            self._address = self._configured
            log.warning(
                "the keys of %s cannot be fetched: %s; next attempt in %d s",
                self._issuer,
                fault,
                retry,
            )
            return False
        if retry > FIRST_RETRY:
            log.info("the keys of %s can be fetched again", self._issuer)
        return True
