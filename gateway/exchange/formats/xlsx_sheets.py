"""Reading XLSX: every visible sheet of a workbook, through a separate program (xlsx_rows)."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from gateway.exchange.formats.archive import buffered_source
from gateway.exchange.formats.headings import NumberedRows, read_headings, read_records
from gateway.exchange.formats.sheets import FileRecord, Sheet
from gateway.exchange.formats.sources import FileSource

MAX_WORKBOOK = 50_000_000
"""Bytes of one workbook, about a million rows."""

READER = Path(__file__).with_name("xlsx_rows.py")
DAMAGED = 3


def xlsx_sheets(source: FileSource) -> list[Sheet]:
    """The visible sheets that are not empty; each adds its name to the file's if there are several."""
    source = buffered_source(source, MAX_WORKBOOK)
    found = [(name, row) for name, row in _output(source) if row]
    if not found:
        raise source.refuse("is empty: no visible sheet has cells")
    return [
        _sheet(source, name, row, source.name if len(found) == 1 else f"{source.name}/{name}")
        for name, row in found
    ]


def _sheet(source: FileSource, name: str, row: list[str], title: str) -> Sheet:
    def records() -> Iterator[FileRecord]:
        return read_records(title, _rows(source, name))

    headings = read_headings(title, iter([(1, row)]))
    return Sheet(file=title, format="XLSX", headings=headings, records=records, worksheet=name)


def _rows(source: FileSource, name: str) -> NumberedRows:
    yield from _output(source, name)


def _output(source: FileSource, *arguments: str) -> Iterator[Any]:
    with _reader(source, *arguments) as output:
        yield from map(json.loads, output)


@contextmanager
def _reader(source: FileSource, *arguments: str) -> Iterator[IO[bytes]]:
    """The output of the program, which ends when the caller stops reading."""
    with _started(*arguments) as (process, workbook, output):
        try:
            with source.open() as stream, suppress(BrokenPipeError), workbook:
                shutil.copyfileobj(stream, workbook)
            yield output
            status = process.wait()
        finally:
            process.kill()
    if status == DAMAGED:
        raise source.refuse("is a damaged workbook")
    if status:
        raise source.refuse("is a damaged workbook, or one that needs more memory than 2 GB")


@contextmanager
def _started(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    with subprocess.Popen(  # noqa: S603 - our own program; the name of a sheet is an argument
        [sys.executable, "-P", str(READER), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process, cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
