"""Writes ZIP archives while they are sent."""

import io
import zipfile
from collections.abc import AsyncIterator, Iterable

from gateway.storage.tables.column_types import now


class _Sink(io.RawIOBase):
    """Buffers written bytes until they are taken; cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: bytes) -> int:  # type: ignore[override]
        self._parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def zip_stream(files: Iterable[tuple[str, AsyncIterator[bytes]]]) -> AsyncIterator[bytes]:
    """The bytes of an archive of these files, by name; empty files are omitted."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chunks in files:
            first = await _first(chunks)
            if not first:
                continue
            with archive.open(_entry(name), "w", force_zip64=True) as entry:
                entry.write(first)
                yield sink.take()
                async for chunk in chunks:
                    entry.write(chunk)
                    yield sink.take()
    yield sink.take()


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    """The first chunk that is not empty; b"" if there is none."""
    async for chunk in chunks:
        if chunk:
            return chunk
    return b""


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now().timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
