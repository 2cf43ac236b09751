"""Saves an export to a file or to standard output."""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from gateway.exchange.exports.export_request import ExportRequest
from gateway.exchange.exports.export_stream import open_download
from gateway.exchange.formats.compression import Compression, packed
from gateway.exchange.formats.destinations import write_chunk
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest


async def save_export(
    database: Database,
    scope: ScopeRequest,
    request: ExportRequest,
    file: BinaryIO,
    warn: Callable[[str], None],
    compression: Compression | None = None,
) -> None:
    """Write the requested export, at most until the reader of a pipe closes it. Calls `warn` with each
    loss first.

    Raises CannotExport, CannotWrite, CompanyNotFound and BadFilter."""
    download = await open_download(database, scope, request)
    try:
        for loss in download.losses:
            warn(str(loss))
        async for chunk in packed(download.chunks, compression):
            write_chunk(file, chunk)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        await download.close()
