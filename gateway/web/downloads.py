"""Downloads. GET /exports returns a file that is produced while it is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.access.scopes import AccessScope
from gateway.api.filter_text import order_filter
from gateway.exchange.exports.export_request import CannotExport, ExportFormat, ExportRequest
from gateway.exchange.exports.export_stream import Download
from gateway.exchange.formats.compression import Compression, packed
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.web.content_encoding import accepted_compression
from gateway.web.credentials import caller_of, company_of
from gateway.web.error_responses import error_response, refusal
from gateway.web.parameters import BadParameter, Parameter, choice, flag, read_parameters, text

PATIENCE = 1
"""Seconds that an export waits for another one to end."""

EXPORT_PARAMETERS = (
    Parameter("format", choice(ExportFormat), "the format, jsonl by default"),
    Parameter("what", choice(Dataset), "the kind of record, orders by default"),
    Parameter(
        "check",
        flag,
        "true returns the values that the file cannot contain, as JSON, instead of the file",
    ),
    Parameter("filter", text, "a SalesOrderFilter in JSON"),
)
UNCACHED = {"Cache-Control": "no-store"}
LOSSES = "Export-Losses"
"""The header with the fields that the file does not contain and the number of their values."""

Begin = Callable[[str | None, Caller, ExportRequest], Awaitable[Download]]


class Exports:
    """The endpoint for downloads, at most `most` at a time, since each occupies a database connection
    until the client has read it, however slowly."""

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
            caller = caller_of(request)
            caller.require([AccessScope.ORDERS_EXPORT], "An export")
            values = read_parameters(request.query_params, EXPORT_PARAMETERS)
            download = await self._begin(company_of(request), caller, _export_request(values))
        except BaseException as error:
            self._slots.release()
            if isinstance(error, CannotExport | BadParameter):
                return refusal(400, "BAD_USER_INPUT", str(error))
            if isinstance(error, Exception):
                return error_response(error)
            raise
        if values.get("check"):
            return await self._losses(download)
        accepted = request.headers.get("accept-encoding", "")
        compression = None if download.is_packed else accepted_compression(accepted)
        is_wanted = request.method != "HEAD"
        return DownloadResponse(download, compression, self._slots.release, is_wanted=is_wanted)

    async def _losses(self, download: Download) -> Response:
        """The values that the file could not contain, without the file."""
        try:
            await download.close()
        finally:
            self._slots.release()
        losses = [{**asdict(loss), "message": str(loss)} for loss in download.losses]
        return JSONResponse({"losses": losses}, headers=UNCACHED)


class DownloadResponse(StreamingResponse):
    """A response that finally closes its download, even if the client disconnects."""

    def __init__(
        self,
        download: Download,
        compression: Compression | None,
        finish: Callable[[], None],
        *,
        is_wanted: bool,
    ) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{download.name}"',
            "Content-Encoding": compression or "",
            "Vary": "Accept-Encoding" if compression else "",
            LOSSES: ", ".join(f"{loss.field}={loss.count}" for loss in download.losses),
        }
        super().__init__(
            packed(download.chunks, compression) if is_wanted else iter(()),
            headers={name: value for name, value in (headers | UNCACHED).items() if value},
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


def _export_request(values: Mapping[str, Any]) -> ExportRequest:
    """Raises CannotExport and BadFilter."""
    condition = values.get("filter")
    return ExportRequest(
        values.get("what", Dataset.ORDERS),
        values.get("format", ExportFormat.JSON_LINES),
        None if condition is None else order_filter(condition),
    )
