"""Downloads: GET /exports answers with a file that is produced while it is sent."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.api.filter_text import order_filter
from gateway.exchange.exports.export_stream import (
    CannotExport,
    Download,
    ExportFormat,
    ExportRequest,
)
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.web.endpoint import company_of
from gateway.web.error_responses import error_response, refusal
from gateway.web.parameters import BadParameter, Parameter, choice, read_parameters, text

PATIENCE = 1
"""Seconds that an export waits for another to end."""

EXPORT_PARAMETERS = (
    Parameter("format", choice(ExportFormat), "the format, jsonl by default"),
    Parameter("what", choice(Dataset), "the kind of record, orders by default"),
    Parameter("filter", text, "a SalesOrderFilter in JSON"),
)
Begin = Callable[[str | None, ExportRequest], Awaitable[Download]]


class Exports:
    """The endpoint for downloads, at most `most` at a time, since each keeps a database connection until
    it has been read, however slowly."""

    def __init__(self, begin: Begin, most: int) -> None:
        self._begin = begin
        self._slots = asyncio.Semaphore(most)

    async def answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._slots.acquire()
        except TimeoutError:
            message = "Too many exports are running: try again later."
            return refusal(503, "TOO_MANY_EXPORTS", message, {"Retry-After": "10"})
        try:
            download = await self._begin(company_of(request), _export_request(request))
        except BaseException as error:
            self._slots.release()
            if isinstance(error, CannotExport | BadParameter):
                return refusal(400, "BAD_USER_INPUT", str(error))
            if isinstance(error, Exception):
                return error_response(error)
            raise
        return DownloadResponse(download, self._slots.release, is_wanted=request.method != "HEAD")


class DownloadResponse(StreamingResponse):
    """A response that closes its download at the end, even if the client disconnects."""

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


def _export_request(request: Request) -> ExportRequest:
    """Raises BadParameter, CannotExport and BadFilter."""
    values = read_parameters(request.query_params, EXPORT_PARAMETERS)
    condition = values.get("filter")
    return ExportRequest(
        values.get("what", Dataset.ORDERS),
        values.get("format", ExportFormat.JSON_LINES),
        None if condition is None else order_filter(condition),
    )
