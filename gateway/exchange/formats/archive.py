"""ZIP files of strangers: every entry is counted as it unpacks, and nothing is ever written."""

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

from gateway.exchange.formats.sources import CHUNK, Source

MAX_RATIO = 100
"""Bytes unpacked for each byte packed, in one entry and in the whole archive."""

SMALL = 1_000_000
"""Bytes that may unpack at any ratio: a short file of equal rows is no bomb."""

MAX_ENTRIES = 1_000
"""Files in one archive; a package has one for each entity and two more."""

MAX_UNPACKED = 2_000_000_000
"""Bytes of all entries together: a CSV of 1 GB with its headers, twice over."""

MAX_DIRECTORY = 1_000_000
"""Bytes of the list of entries, known before the list is read."""

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED = 0x1 | 0x40
END = struct.Struct("<4s4H2LH")
LONG_END = struct.Struct("<4sQ2H2L4Q")
LOCATOR_SIZE = 20
UNKNOWN = 0xFFFFFFFF


def zip_entries(source: Source) -> list[zipfile.ZipInfo]:
    """The files in an archive, after all of them were unpacked once and found sound."""
    with _opened(source) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _check_list(source, infos)
        packed = _size(source)
        total = 0
        for size in chain.from_iterable(_unpack(source, archive, info) for info in infos):
            total += size
            _check_ratio(source, "all of it", total, packed)
            if total > MAX_UNPACKED:
                raise source.refuse(f"unpacks to more than {MAX_UNPACKED // 10**9} GB")
        return infos


def entry_source(source: Source, info: zipfile.ZipInfo) -> Source:
    def opened() -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Entry(source, info), CHUNK // 8))

    return Source(f"{source.name}/{info.filename}", opened)


def unpacked(source: Source, limit: int) -> Source:
    """The same bytes, which can be read in any order: at most `limit`, held only while open."""
    return Source(source.name, lambda: io.BytesIO(source.read(limit)))


class _Entry(io.RawIOBase):
    """The bytes of one entry; closing it closes the archive."""

    def __init__(self, source: Source, info: zipfile.ZipInfo) -> None:
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
def _damage(source: Source) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError) as error:
        raise source.refuse("is damaged or cut short") from error
    except (NotImplementedError, ValueError) as error:
        raise source.refuse("is not a ZIP archive that can be read") from error


def _size(source: Source) -> int:
    with source.open() as stream:
        return stream.seek(0, io.SEEK_END)


@contextmanager
def _opened(source: Source) -> Iterator[zipfile.ZipFile]:
    with source.open() as stream:
        if _directory_size(stream) > MAX_DIRECTORY:
            raise source.refuse(f"holds more than {MAX_ENTRIES:,} files")
        with _damage(source), zipfile.ZipFile(stream) as archive:
            yield archive


def _directory_size(stream: BinaryIO) -> int:
    """What the end of the archive says of the list of entries, by the rules of `zipfile`."""
    size = stream.seek(0, io.SEEK_END)
    tail_size = min(size, END.size + 0xFFFF + LOCATOR_SIZE + LONG_END.size)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    stream.seek(0)
    sizes = [0, *_fields(tail, END, b"PK\5\6", 5), *_fields(tail, LONG_END, b"PK\6\6", 8)]
    return max(size for size in sizes if size != UNKNOWN)


def _fields(tail: bytes, layout: struct.Struct, magic: bytes, place: int) -> Iterator[int]:
    """One field of every record in `tail` that begins with `magic`."""
    for match in re.finditer(re.escape(magic), tail):
        if len(tail) - match.start() >= layout.size:
            yield layout.unpack_from(tail, match.start())[place]


def _check_list(source: Source, infos: Sequence[zipfile.ZipInfo]) -> None:
    if not infos:
        raise source.refuse("holds no files")
    if len(infos) > MAX_ENTRIES:
        raise source.refuse(f"holds more than {MAX_ENTRIES:,} files")
    seen = set()
    for info in infos:
        _check_entry(source, info)
        if info.filename.casefold() in seen:
            raise source.refuse(f"holds {info.filename!r} twice")
        seen.add(info.filename.casefold())


def _check_entry(source: Source, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if name.startswith("/") or re.search(r"^[A-Za-z]:|\\|\0|(^|/)\.\.(/|$)", name):
        raise source.refuse(f"holds a file with an unsafe name: {name!r}")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise source.refuse(f"holds a link instead of a file: {name!r}")
    if info.flag_bits & ENCRYPTED:
        raise source.refuse(f"holds an encrypted file: {name!r}")
    if info.compress_type not in METHODS:
        raise source.refuse(f"packs {name!r} in a way other than deflate")


def _unpack(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[int]:
    """The sizes of the parts of an entry, as they come: no header is believed."""
    size = 0
    with archive.open(info) as stream:
        for part in iter(partial(stream.read, CHUNK), b""):
            size += len(part)
            _check_ratio(source, repr(info.filename), size, info.compress_size)
            yield len(part)


def _check_ratio(source: Source, what: str, size: int, packed: int) -> None:
    if size > SMALL and size > packed * MAX_RATIO:
        raise source.refuse(f"is a ZIP bomb: {what} unpacks to over {MAX_RATIO} times its size")
