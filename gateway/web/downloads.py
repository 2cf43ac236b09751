"""Downloads: GET /exports answers with a file that is made while it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.api.filter_text import order_filter
from gateway.exchange.exports.datasets import What
from gateway.exchange.exports.export_stream import CannotExport, Download, Format, Wish
from gateway.web.endpoint import company_of
from gateway.web.refusing import refusal, told

PATIENCE = 1
"""Seconds that an export waits for another one to end."""

PARAMETERS = {"format", "what", "filter"}
Begin = Callable[[str | None, Wish], Awaitable[Download]]
Choice = TypeVar("Choice", bound=StrEnum)


class Exports:
    """The endpoint of downloads, at most `most` at a time: each holds a connection to its end, however
    slowly it is read."""

    def __init__(self, begin: Begin, most: int) -> None:
        self._begin = begin
        self._slots = asyncio.Semaphore(most)

    async def answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._slots.acquire()
        except TimeoutError:
            message = "As many exports as may run at once are running: try again later."
            return refusal(503, "TOO_MANY_EXPORTS", message, {"Retry-After": "10"})
        try:
            download = await self._begin(company_of(request), _wish(request))
        except BaseException as error:
            self._slots.release()
            if isinstance(error, CannotExport):
                return refusal(400, "BAD_USER_INPUT", str(error))
            if isinstance(error, Exception):
                return told(error)
            raise
        return Sent(download, self._slots.release, is_wanted=request.method != "HEAD")


class Sent(StreamingResponse):
    """A download on its way, closed at its end, also when its reader goes away."""

    def __init__(self, download: Download, finish: Callable[[], None], *, is_wanted: bool) -> None:
        disposition = f'attachment; filename="{download.name}"'
        super().__init__(
            download.chunks if is_wanted else iter(()),
            headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
            media_type=download.media_type,
        )
        self._download = download
        self._finish = finish

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                await self._download.close()
            finally:
                self._finish()


def _wish(request: Request) -> Wish:
    """Raises CannotExport and BadFilter."""
    given = request.query_params
    if unknown := sorted(given.keys() - PARAMETERS):
        raise CannotExport(f"There is no parameter {unknown[0]!r}: take format, what or filter.")
    text = given.get("filter")
    return Wish(
        _chosen(What, given.get("what"), What.ORDERS),
        _chosen(Format, given.get("format"), Format.JSON_LINES),
        None if text is None else order_filter(text),
    )


def _chosen(kind: type[Choice], word: str | None, default: Choice) -> Choice:
    with suppress(ValueError):
        return default if word is None else kind(word)
    raise CannotExport(f"{word!r} is none of {', '.join(kind)}.")
