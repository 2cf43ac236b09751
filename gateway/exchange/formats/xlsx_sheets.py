"""XLSX: every visible sheet of a workbook, read by a program of its own (xlsx_rows)."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from gateway.exchange.formats.archive import unpacked
from gateway.exchange.formats.headings import Rows, read_headings, read_records
from gateway.exchange.formats.sheets import Record, Sheet
from gateway.exchange.formats.sources import Source

MAX_WORKBOOK = 50_000_000
"""Bytes of one workbook; some million rows."""

READER = Path(__file__).with_name("xlsx_rows.py")
DAMAGED = 3


def xlsx_sheets(source: Source) -> list[Sheet]:
    """The visible sheets that are not empty, named if there are several."""
    source = unpacked(source, MAX_WORKBOOK)
    found = [(name, row) for name, row in _answer(source) if row]
    if not found:
        raise source.refuse("is empty: no visible sheet has cells")
    return [
        _sheet(source, name, row, source.name if len(found) == 1 else f"{source.name}/{name}")
        for name, row in found
    ]


def _sheet(source: Source, name: str, row: list[str], title: str) -> Sheet:
    def records() -> Iterator[Record]:
        return read_records(title, _rows(source, name))

    headings = read_headings(title, iter([(1, row)]))
    return Sheet(file=title, format="XLSX", headings=headings, records=records)


def _rows(source: Source, name: str) -> Rows:
    yield from _answer(source, name)


def _answer(source: Source, *arguments: str) -> Iterator[Any]:
    with _reader(source, *arguments) as output:
        yield from map(json.loads, output)


@contextmanager
def _reader(source: Source, *arguments: str) -> Iterator[IO[bytes]]:
    """The output of the program; whoever stops listening ends it."""
    with _started(*arguments) as (process, given, output):
        try:
            with source.open() as stream, suppress(BrokenPipeError), given:
                shutil.copyfileobj(stream, given)
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
