"""Downloads into a file, which is there when it is whole, or to the standard output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gateway.exchange.exports.export_stream import Wish, download
from gateway.storage.database import Database


class CannotWrite(Exception):
    """There is no writing where the file should go; str() is one sentence for people."""


@contextmanager
def destination(path: Path | None) -> Iterator[BinaryIO]:
    """Where to write; what was there before stays until the end. Raises CannotWrite."""
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


async def save(database: Database, company: str | None, wish: Wish, file: BinaryIO) -> None:
    """Write what is asked for, as long as somebody reads it.

    Raises CannotExport, CannotWrite, CompanyNotFound and BadFilter."""
    found = await download(database, company, wish)
    try:
        async for chunk in found.chunks:
            _write(file, chunk)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        await found.close()


def _write(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotWrite(f"Cannot write the export: {error.strerror}.") from error
