"""Reads every visible sheet of an XLSX workbook through a separate program (xlsx_rows)."""

import datetime as dt
import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, Any, cast

from gateway.exchange.formats.archive import buffered_source
from gateway.exchange.formats.cells import TypedNumber
from gateway.exchange.formats.headings import NumberedRows, read_headings, read_records
from gateway.exchange.formats.reader_processes import READERS
from gateway.exchange.formats.sheets import FileRecord, Sheet
from gateway.exchange.formats.sources import FileSource

MAX_WORKBOOK = 50_000_000
"""Bytes of one workbook, about a million rows."""

OUT_OF_MEMORY = {5, -signal.SIGABRT, -signal.SIGSEGV}
"""Exit statuses of the program at its memory limit, where the library aborts the process."""

TOO_SLOW = -getattr(signal, "SIGXCPU", 999)
"""Its exit status at the limit of processor time; Windows does not have this signal."""


def xlsx_sheets(source: FileSource) -> list[Sheet]:
    """The visible sheets that are not empty. If there are several, their names are appended to that of
    the file."""
    source = buffered_source(source, MAX_WORKBOOK)
    [day_zero], *sheets = _output(source)
    result = [(place, name, row) for place, (name, row) in enumerate(sheets) if row]
    if not result:
        raise source.refuse("is empty: no visible sheet has cells")
    read = [
        _sheet(source, place, _on_one_line(name), row, has_others=len(result) > 1)
        for place, name, row in result
    ]
    return [replace(sheet, day_zero=dt.date.fromisoformat(day_zero)) for sheet in read]


def _sheet(source: FileSource, place: int, name: str, row: list[str], *, has_others: bool) -> Sheet:
    title = f"{source.name}/{name}" if has_others else source.name

    def records() -> Iterator[FileRecord]:
        return read_records(title, _rows(source, place))

    headings = read_headings(title, iter([(1, row)]))
    return Sheet(file=title, format="XLSX", headings=headings, records=records, worksheet=name)


def _on_one_line(name: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in name)


def _rows(source: FileSource, place: int) -> NumberedRows:
    for number, cells, typed in _output(source, str(place)):
        for column in typed:
            cells[column] = TypedNumber(cells[column])
        yield number, cells


def _output(source: FileSource, *arguments: str) -> Iterator[Any]:
    with _reader(source, *arguments) as output:
        for result in map(json.loads, output):
            if isinstance(result, dict):
                raise source.refuse(result["refused"])
            yield result


@contextmanager
def _reader(source: FileSource, *arguments: str) -> Iterator[IO[bytes]]:
    """The output of the program, which ends when the caller stops reading. Raises FileRefused and
    ReadingStopped."""
    with READERS.start(*arguments) as process:
        workbook, output = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        with source.open() as stream, suppress(BrokenPipeError), workbook:
            shutil.copyfileobj(stream, workbook)
        yield output
        status = process.wait()
    READERS.check()  # a killed reader proves nothing about the file
    if status in OUT_OF_MEMORY:
        size = READERS.memory // 1_000_000
        raise source.refuse(f"needs more memory than {size} MB to read: save it as CSV")
    if status == TOO_SLOW:
        raise source.refuse("takes too long to read: save it as CSV")
    if status:
        raise source.refuse("is a damaged workbook")
