"""Bytes by name, from a file or from within a package, and the limits that all of them keep."""

import codecs
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gateway.exchange.formats.sheets import Refused

MAX_ROW = 1_000_000
"""The longest row of CSV, and the longest record of XML, in characters or bytes; a real one has
some hundred."""

MAX_COLUMNS = 2_000
"""The widest table; the widest entity of Finance & Operations has some three hundred columns."""

HEAD = 65_536
"""How much of a file is looked at to see what it is."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file, or an entry of a package, that can be opened again and again."""

    name: str
    open: Callable[[], BinaryIO]

    def head(self) -> bytes:
        with self.open() as stream:
            return stream.read(HEAD)

    def read(self, limit: int) -> bytes:
        """All of it, at most `limit` bytes."""
        with self.open() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise Refused(self.name, f"is larger than {limit // 1_000_000} MB")
        return content

    def refuse(self, message: str) -> Refused:
        return Refused(self.name, message)


def file_source(path: Path, name: str) -> Source:
    def opened() -> BinaryIO:
        try:
            return path.open("rb")
        except OSError as error:
            raise Refused(name, f"cannot be read: {error.strerror}") from error

    return Source(name, opened)


def bom_encoding(head: bytes) -> str | None:
    return next((encoding for bom, encoding in BOMS if head.startswith(bom)), None)


def encoding_of(source: Source, given: str | None) -> str:
    """The encoding in which all of `source` reads as text; refuses what no encoding fits."""
    promised = given or bom_encoding(source.head())
    if promised:
        _promise(source, promised)
        return promised
    try:
        _check(source, "utf-8")
    except UnicodeDecodeError as error:
        if _meant_utf8(error):
            raise source.refuse(
                "is mostly but not wholly UTF-8; save it again, or say its encoding"
            ) from error
        _promise(source, "cp1252")
        return "cp1252"
    return "utf-8"


def _promise(source: Source, encoding: str) -> None:
    try:
        _check(source, encoding)
    except UnicodeError as error:
        raise source.refuse(f"is not text in the encoding {encoding}") from error
    except (LookupError, ValueError) as error:
        raise source.refuse(f"cannot be read: there is no encoding {encoding[:40]!r}") from error


def _check(source: Source, encoding: str) -> None:
    """Decode everything once, so that no reader meets a surprise in the middle of its work."""
    with source.open() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        is_empty = True
        for part in iter(partial(text.read, CHUNK), ""):
            if "\0" in part:
                raise source.refuse("holds NUL characters, so it is not a text file")
            is_empty = is_empty and not part.strip("\ufeff \t\r\n")
    if is_empty:
        raise source.refuse("is empty")


def _meant_utf8(error: UnicodeDecodeError) -> bool:
    """A surrogate, or good UTF-8 beyond ASCII just before the bad byte: Windows-1252 has neither
    but by accident."""
    bad = error.object[error.start : error.start + 2]
    is_surrogate = len(bad) == 2 and bad[0] == 0xED and bad[1] >= 0xA0
    return is_surrogate or not error.object[: error.start].isascii()
