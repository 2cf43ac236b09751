"""Named sources of bytes, in files and in packages, and the common limits of all formats."""

import codecs
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gateway.exchange.formats.encodings import guess_encoding
from gateway.exchange.formats.reader_processes import open_interruptibly
from gateway.exchange.formats.sheets import FileRefused

MAX_ROW = 1_000_000
"""The longest CSV row and the longest XML record, in characters or bytes; real ones have a few
hundred."""

MAX_COLUMNS = 2_000
"""The widest table; the widest entity of Finance & Operations has about three hundred columns."""

HEAD = 65_536
"""Bytes of a file that are examined to detect its format."""

HEADINGS = 32
"""The first bytes, which belong to the headings even of a narrow table. Headings are ASCII even if
cells are not."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CHUNK = 1 << 20
SAMPLE = 1 << 19
"""Bytes of a file from which its encoding is guessed."""

CERTAIN = ("utf-8", "utf-16", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class FileSource:
    """A file, or an entry of a package, that can be opened repeatedly."""

    name: str
    open: Callable[[], BinaryIO]

    def head(self) -> bytes:
        with self.open() as stream:
            return stream.read(HEAD)

    def read(self, limit: int) -> bytes:
        """The whole content. Raises FileRefused beyond `limit` bytes."""
        with self.open() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise FileRefused(self.name, f"is larger than {limit // 1_000_000} MB")
        return content

    def refuse(self, message: str) -> FileRefused:
        return FileRefused(self.name, message)


@dataclass
class FileLocation:
    """The path of a file. If it changes because the file is moved, the sources of the file follow."""

    path: Path


def file_source(location: FileLocation, name: str) -> FileSource:
    def opened() -> BinaryIO:
        try:
            return open_interruptibly(location.path)
        except OSError as error:
            raise FileRefused(name, f"cannot be read: {error.strerror}") from error

    return FileSource(name, opened)


def bom_encoding(head: bytes) -> str | None:
    return next((encoding for bom, encoding in BOMS if head.startswith(bom)), None)


def encoding_of(source: FileSource, stated: str | None) -> str:
    """The encoding in which all of `source` is text. Raises FileRefused if there is none."""
    head = source.head()
    encoding = stated or bom_encoding(head) or _wide_encoding(head)
    if encoding:
        _check_stated(source, encoding)
        return encoding
    try:
        _check(source, "utf-8")
    except UnicodeDecodeError as error:
        if _is_broken_utf8(error):
            raise source.refuse(
                "is mostly but not entirely UTF-8; save it again, or state its encoding"
            ) from error
        guess = _guess(source)
        _check_stated(source, guess)
        return guess
    return "utf-8"


def _guess(source: FileSource) -> str:
    with source.open() as stream:
        guess = guess_encoding(stream.read(SAMPLE))
    if guess is None:
        raise source.refuse("is text in an unknown encoding: state it with the option encoding")
    return guess


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without a byte order mark, if every other byte of the headings or of the whole head is
    0."""
    for part in (head[:HEADINGS], head):
        for name, zeros, others in (
            ("utf-16-le", part[1::2], part[::2]),
            ("utf-16-be", part[::2], part[1::2]),
        ):
            if zeros.count(0) > len(zeros) // 2 and 0 not in others:
                return name
    return None


def guess_remark(encoding: str, is_certain: bool) -> dict[str, str]:
    """The warning about an encoding that was guessed from the characters."""
    if is_certain or encoding in CERTAIN:
        return {}
    message = f"The encoding {encoding} is a guess: state another with the option encoding."
    return {"ENCODING_GUESSED": message}


def _check_stated(source: FileSource, encoding: str) -> None:
    try:
        _check(source, encoding)
    except UnicodeError as error:
        raise source.refuse(f"is not text in the encoding {encoding}") from error
    except (LookupError, ValueError) as error:
        raise source.refuse(f"cannot be read: the encoding {encoding[:40]!r} is unknown") from error


def _check(source: FileSource, encoding: str) -> None:
    """Decode the whole text once, so that reading cannot fail halfway."""
    with source.open() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        is_empty = True
        for part in iter(partial(text.read, CHUNK), ""):
            if "\0" in part:
                raise source.refuse("contains NUL characters, so it is not a text file")
            is_empty = is_empty and not part.strip("\ufeff \t\r\n")
    if is_empty:
        raise source.refuse("is empty")


def _is_broken_utf8(error: UnicodeDecodeError) -> bool:
    """Whether the text is broken UTF-8: a surrogate, or valid UTF-8 beyond ASCII before the bad byte.
    Windows-1252 contains either only by accident."""
    bad = error.object[error.start : error.start + 2]
    is_surrogate = len(bad) == 2 and bad[0] == 0xED and bad[1] >= 0xA0
    return is_surrogate or not error.object[: error.start].isascii()
