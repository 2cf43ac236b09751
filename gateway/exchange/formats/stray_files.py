"""Files beside the data, such as those that an operating system adds to a folder."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from gateway.exchange.formats.sheets import FileRefused, Sheet, SkippedFile, broken_sheet

SYSTEM = re.compile(r"thumbs\.db|ehthumbs\.db|desktop\.ini|~\$.*|\..*|__macosx", re.IGNORECASE)
"""Names of files and folders that operating systems and office programs add."""

TEXT = re.compile(r"(read.?me|notes?|licen[cs]e|change.?log|instructions?)(\.txt)?", re.IGNORECASE)
"""Names of text files that often lie beside data."""

OTHER_SUFFIXES = frozenset(
    [
        ".bak",
        ".bmp",
        ".css",
        ".db",
        ".doc",
        ".docx",
        ".eml",
        ".gif",
        ".htm",
        ".html",
        ".ico",
        ".ini",
        ".jpeg",
        ".jpg",
        ".lnk",
        ".log",
        ".md",
        ".msg",
        ".pdf",
        ".png",
        ".ppt",
        ".pptx",
        ".rtf",
        ".svg",
        ".tmp",
        ".url",
        ".webp",
    ]
)
"""Suffixes of files that never contain tables."""


class NoData(FileRefused):
    """A file that, judging by its name, is not data and may lie beside data."""


def check_name(file: str) -> None:
    """Raises NoData for a file of the operating system, a picture or a text."""
    path = PurePosixPath(file)
    if any(SYSTEM.fullmatch(part) for part in path.parts):
        raise NoData(file, "is a file of the operating system")
    if TEXT.fullmatch(path.name):
        raise NoData(file, "is a text for people")
    if path.suffix.lower() in OTHER_SUFFIXES:
        raise NoData(file, f"is a {path.suffix.lower()} file, which contains no data")


def collected(reads: Sequence[Callable[[], list[Sheet]]]) -> list[Sheet]:
    """The sheets of several files, skipping those without data. Raises FileRefused if none has data.
    Among several files, a broken one becomes a sheet with a defect."""
    sheets: list[Sheet] = []
    strays: list[NoData] = []
    for read in reads:
        try:
            sheets += read()
        except NoData as stray:
            strays.append(stray)
        except FileRefused as refused:
            if len(reads) == 1:
                raise
            sheets.append(broken_sheet(refused))
    if not sheets:
        raise strays[0]
    skipped = tuple(SkippedFile(stray.file, stray.message) for stray in strays)
    return [replace(sheets[0], skipped=sheets[0].skipped + skipped), *sheets[1:]]
