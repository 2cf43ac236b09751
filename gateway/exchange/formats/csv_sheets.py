"""CSV as RFC 4180 and the world write it: any common encoding, separator and line end."""

import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain

from gateway.exchange.formats.headings import Rows, read_headings, read_records
from gateway.exchange.formats.sheets import Reading, Record, Sheet
from gateway.exchange.formats.sources import MAX_ROW, Source, encoding_of

SEPARATORS = (",", ";", "\t", "|")
"""The first one wins when headings have none or as many of each."""


def csv_sheet(source: Source, reading: Reading) -> Sheet:
    encoding = encoding_of(source, reading.encoding)
    separator = reading.separator or _separator(source, encoding)
    if len(separator) != 1 or separator in '"\r\n ':
        raise source.refuse(f"cannot be split at {separator!r}, which is not a separator")

    def records() -> Iterator[Record]:
        return read_records(source.name, _rows(source, encoding, separator))

    rows = _rows(source, encoding, separator)
    return Sheet(
        file=source.name,
        format="CSV-Unicode" if encoding.lower().startswith("utf-16") else "CSV",
        headings=read_headings(source.name, rows),
        records=records,
        encoding=encoding,
        separator=separator,
    )


def _separator(source: Source, encoding: str) -> str:
    """The separator that the line of headings has most often outside quotes."""
    with source.open() as stream, io.TextIOWrapper(stream, encoding) as text:
        head = text.read(MAX_ROW)
    unquoted = re.sub(r'"[^"]*"', "", head.lstrip("\ufeff \n"))
    headings = unquoted.partition("\n")[0]
    return max(SEPARATORS, key=headings.count)


class _Lines:
    """The lines of a text, which counts the characters since `spent` was last set to 0."""

    def __init__(self, source: Source, text: io.TextIOBase) -> None:
        self.source = source
        self.text = text
        self.spent = 0

    def __iter__(self) -> Iterator[str]:
        lines = iter(partial(self.text.readline, MAX_ROW + 1), "")
        first = next(lines, "").removeprefix("\ufeff")
        for line in chain([first], lines):
            self.spent += len(line)
            if self.spent > MAX_ROW:
                raise self.source.refuse(f"has a row of more than {MAX_ROW:,} characters")
            yield line


def _rows(source: Source, encoding: str, separator: str) -> Rows:
    """Every record with its number, blank lines too."""
    number = 0
    with source.open() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        lines = _Lines(source, text)
        try:
            for number, row in enumerate(
                csv.reader(lines, delimiter=separator, strict=True), start=1
            ):
                lines.spent = 0
                yield number, row
        except csv.Error as error:
            raise source.refuse(f"is not well-formed CSV after row {number}: {error}") from error
