"""Packs and unpacks whole files and downloads with gzip or Zstandard."""

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from functools import partial
from pathlib import PurePath
from typing import Any, BinaryIO, cast

import zstandard

from gateway.exchange.formats.sources import FileSource

SLICE = 1024
"""Bytes that are unpacked at once: at most 32 MB come out of them."""

WINDOW = 1 << 27
"""The maximum memory for unpacking a Zstandard file; programs do not exceed it by default."""

MAX_PACKING = 500
"""Unpacked bytes per packed byte; JSON lines of orders that are much alike reach about a hundred."""

ANY_PACKING = 1_000_000
"""Bytes that may unpack at any ratio."""

MOST_UNPACKED = 2_000_000_000
BUFFER = 1 << 17


class Compression(StrEnum):
    """The compressions, by their names in HTTP headers."""

    ZSTD = "zstd"
    GZIP = "gzip"


SUFFIX_OF = {Compression.GZIP: ".gz", Compression.ZSTD: ".zst"}
MAGIC_OF = {Compression.GZIP: b"\x1f\x8b", Compression.ZSTD: b"\x28\xb5\x2f\xfd"}


def compression_of_name(name: str) -> Compression | None:
    """The compression of a file with this name."""
    suffix = PurePath(name).suffix.lower()
    return next((kind for kind, ending in SUFFIX_OF.items() if ending == suffix), None)


def compression_of_head(head: bytes) -> Compression | None:
    """The compression of a file that begins with `head`."""
    return next((kind for kind, magic in MAGIC_OF.items() if head.startswith(magic)), None)


async def packed(
    chunks: AsyncIterator[bytes], compression: Compression | None
) -> AsyncIterator[bytes]:
    """The chunks packed in a thread, or as they are without a compression."""
    if compression is None:
        async for chunk in chunks:
            yield chunk
        return
    packer: Any = (
        zlib.compressobj(wbits=31)
        if compression is Compression.GZIP
        else zstandard.ZstdCompressor().compressobj()
    )
    async for chunk in chunks:
        if content := await asyncio.to_thread(packer.compress, chunk):
            yield content
    yield packer.flush()


def unpacked_source(source: FileSource, compression: Compression) -> FileSource:
    """The content of a packed file, which is unpacked and measured whenever it is read.

    Opening and reading raise FileRefused for damaged files and for bombs."""
    path = PurePath(source.name)
    name = path.stem if path.suffix.lower() == SUFFIX_OF[compression] else source.name
    inner = FileSource(name, source.open)

    def opened() -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Unpacked(inner, compression), BUFFER))

    return FileSource(name, opened)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a file; closing it closes the file."""

    def __init__(self, source: FileSource, compression: Compression) -> None:
        self._file = source.open()
        self._parts = _unpack(source, self._file, compression)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _unpack(source: FileSource, file: BinaryIO, compression: Compression) -> Iterator[bytes]:
    """The content of the frames of a file, one after the other."""
    sizes = [0, 0]
    unpacker = _unpacker(compression)
    is_between = True
    for read in iter(partial(file.read, SLICE), b""):
        sizes[0] += len(read)
        rest = read
        while rest:
            if unpacker.eof:
                unpacker = _unpacker(compression)
            try:
                part = unpacker.decompress(rest)
            except (zlib.error, zstandard.ZstdError) as error:
                raise source.refuse("is damaged or cut short") from error
            rest = unpacker.unused_data if unpacker.eof else b""
            sizes[1] += len(part)
            _check_sizes(source, *sizes)
            yield part
        is_between = unpacker.eof
    if not is_between:
        raise source.refuse("is damaged or cut short")


def _unpacker(compression: Compression) -> Any:
    if compression is Compression.GZIP:
        return zlib.decompressobj(wbits=31)
    return zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()


def _check_sizes(source: FileSource, packed_size: int, size: int) -> None:
    if size > ANY_PACKING and size > packed_size * MAX_PACKING:
        raise source.refuse(f"is a bomb: it unpacks to over {MAX_PACKING} times its size")
    if size > MOST_UNPACKED:
        raise source.refuse(f"unpacks to more than {MOST_UNPACKED // 10**9} GB")
