"""Reads untrusted ZIP archives: every entry is measured while it is unpacked, and nothing is written to
disk."""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, cast

from gateway.exchange.formats.sources import CHUNK, FileSource

MAX_RATIO = 100
"""Unpacked bytes per packed byte, for one entry and for the whole archive."""

SMALL = 1_000_000
"""Bytes that may unpack at any ratio, because a short file of identical rows is not a bomb."""

MAX_ENTRIES = 1_000
"""Files in one archive; a package has one per entity, and two more."""

MAX_UNPACKED = 2_000_000_000
"""Bytes of all entries together: twice a CSV of 1 GB with its headers."""

MAX_DIRECTORY = 1_000_000
"""Bytes of the central directory; its size is known before it is read."""

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED = 0x1 | 0x40
END = struct.Struct("<4s4H2LH")
LONG_END = struct.Struct("<4sQ2H2L4Q")
LOCATOR_SIZE = 20
UNKNOWN = 0xFFFFFFFF


def zip_entries(source: FileSource) -> list[zipfile.ZipInfo]:
    """The files of an archive, after each has been unpacked once as a check. Raises FileRefused."""
    with _opened(source) as archive:
        infos = [info for info in archive.infolist() if not entry_name(info).endswith("/")]
        _check_list(source, infos)
        packed = _size(source)
        total = 0
        for size in chain.from_iterable(_unpack(source, archive, info) for info in infos):
            total += size
            _check_ratio(source, "the whole archive", total, packed)
            if total > MAX_UNPACKED:
                raise source.refuse(f"unpacks to more than {MAX_UNPACKED // 10**9} GB")
        return infos


def entry_source(source: FileSource, info: zipfile.ZipInfo) -> FileSource:
    def opened() -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Entry(source, info), CHUNK // 8))

    return FileSource(f"{source.name}/{entry_name(info)}", opened)


def entry_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry with its folders, which some programs separate with backslashes."""
    return info.filename.replace("\\", "/")


def buffered_source(source: FileSource, limit: int) -> FileSource:
    """The same bytes as a seekable source: at most `limit` of them, in memory only while it is open."""
    return FileSource(source.name, lambda: io.BytesIO(source.read(limit)))


class _Entry(io.RawIOBase):
    """The bytes of one entry; closing it closes the archive."""

    def __init__(self, source: FileSource, info: zipfile.ZipInfo) -> None:
        self._source = source
        with ExitStack() as stack, _damage(source):
            archive = stack.enter_context(_opened(source))
            self._stream = stack.enter_context(archive.open(info))
            self._open = stack.pop_all()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage(self._source):
            content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._open.close()
        super().close()


@contextmanager
def _damage(source: FileSource) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError) as error:
        raise source.refuse("is damaged or cut short") from error
    except (NotImplementedError, ValueError) as error:
        raise source.refuse("is not a readable ZIP archive") from error


def _size(source: FileSource) -> int:
    with source.open() as stream:
        return stream.seek(0, io.SEEK_END)


@contextmanager
def _opened(source: FileSource) -> Iterator[zipfile.ZipFile]:
    with source.open() as stream:
        if _directory_size(stream) > MAX_DIRECTORY:
            raise source.refuse(f"contains more than {MAX_ENTRIES:,} files")
        with _damage(source), zipfile.ZipFile(stream) as archive:
            yield archive


def _directory_size(stream: BinaryIO) -> int:
    """The size of the central directory according to the end of the archive, as `zipfile` reads it."""
    size = stream.seek(0, io.SEEK_END)
    tail_size = min(size, END.size + 0xFFFF + LOCATOR_SIZE + LONG_END.size)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    stream.seek(0)
    sizes = [0, *_fields(tail, END, b"PK\5\6", 5), *_fields(tail, LONG_END, b"PK\6\6", 8)]
    return max(size for size in sizes if size != UNKNOWN)


def _fields(tail: bytes, layout: struct.Struct, magic: bytes, index: int) -> Iterator[int]:
    """The field at `index` of every record in `tail` that begins with `magic`."""
    for match in re.finditer(re.escape(magic), tail):
        if len(tail) - match.start() >= layout.size:
            yield layout.unpack_from(tail, match.start())[index]


def _check_list(source: FileSource, infos: Sequence[zipfile.ZipInfo]) -> None:
    if not infos:
        raise source.refuse("contains no files")
    if len(infos) > MAX_ENTRIES:
        raise source.refuse(f"contains more than {MAX_ENTRIES:,} files")
    seen = set()
    for info in infos:
        _check_entry(source, info)
        name = entry_name(info).casefold()
        if name in seen:
            raise source.refuse(f"contains {info.filename!r} twice")
        seen.add(name)


def _check_entry(source: FileSource, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if re.search(r"^[A-Za-z]:|^/|\0|(^|/)\.\.(/|$)", name.replace("\\", "/")):
        raise source.refuse(f"contains a file with an unsafe name: {name!r}")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise source.refuse(f"contains a link instead of a file: {name!r}")
    if info.flag_bits & ENCRYPTED:
        raise source.refuse(f"contains an encrypted file: {name!r}")
    if info.compress_type not in METHODS:
        raise source.refuse(f"compresses {name!r} with a method other than deflate")


def _unpack(source: FileSource, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[int]:
    """The sizes of the chunks of an entry as they unpack, since the sizes in headers may lie."""
    size = 0
    with archive.open(info) as stream:
        for part in iter(partial(stream.read, CHUNK), b""):
            size += len(part)
            _check_ratio(source, repr(info.filename), size, info.compress_size)
            yield len(part)


def _check_ratio(source: FileSource, what: str, size: int, packed: int) -> None:
    if size > SMALL and size > packed * MAX_RATIO:
        raise source.refuse(f"is a ZIP bomb: {what} unpacks to over {MAX_RATIO} times its size")
