"""Saves an export to a file, which only appears when it is complete, or to standard output."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gateway.exchange.exports.export_request import ExportRequest
from gateway.exchange.exports.export_stream import open_download
from gateway.exchange.formats.compression import Compression, packed
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest


class CannotWrite(Exception):
    """The file cannot be written. The message is a sentence for people."""


@contextmanager
def open_destination(path: Path | None) -> Iterator[BinaryIO]:
    """A stream to write to. An existing file is only replaced at the end. Raises CannotWrite."""
    if path is None:
        yield sys.stdout.buffer
        return
    part = path.with_name(f".{path.name}.part")
    try:
        file = part.open("wb")
    except OSError as error:
        raise CannotWrite(f"Cannot write {path}: {error.strerror}.") from error
    try:
        with file:
            yield file
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


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
            _write(file, chunk)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        await download.close()


def _write(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotWrite(f"Cannot write the export: {error.strerror}.") from error
