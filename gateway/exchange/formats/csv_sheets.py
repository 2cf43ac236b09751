"""Reads CSV, whether it follows RFC 4180 or not: any common encoding, separator and line end."""

import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain

from gateway.exchange.formats.headings import NumberedRows, read_headings, read_records
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import FileRecord, Sheet
from gateway.exchange.formats.sources import MAX_ROW, FileSource, encoding_of, guess_remark

STATED = re.compile(r"\ufeff?\"?sep=([^\"\r\n ])\"?(?:\r?\n|$)", re.IGNORECASE)
"""A first line by which spreadsheets state the separator."""

MAX_BLANK = 100_000
"""Consecutive blank lines, which take time without being rows."""

SEPARATORS = (",", ";", "\t", "|")
"""In order of preference, if the headings contain several equally often."""


def csv_sheet(source: FileSource, options: ImportOptions) -> Sheet:
    encoding = encoding_of(source, options.encoding)
    separator = options.separator or _separator(source, encoding)

    def records() -> Iterator[FileRecord]:
        return read_records(source.name, _rows(source, encoding, separator))

    rows = _rows(source, encoding, separator)
    return Sheet(
        file=source.name,
        format="CSV-Unicode" if encoding.lower().startswith("utf-16") else "CSV",
        headings=read_headings(source.name, rows),
        records=records,
        encoding=encoding,
        separator=separator,
        remarks=guess_remark(encoding, options.encoding is not None),
    )


def _separator(source: FileSource, encoding: str) -> str:
    """The separator that occurs most often outside quotes in the line of headings."""
    with source.open() as stream, io.TextIOWrapper(stream, encoding) as text:
        head = text.read(MAX_ROW)
    match = STATED.match(head)
    if match:
        return match[1]
    unquoted = re.sub(r'"[^"]*"', "", head.lstrip("\ufeff \n"))
    headings = unquoted.partition("\n")[0]
    return max(SEPARATORS, key=headings.count)


class _Lines:
    """The lines of a text; `spent` counts their characters, and the caller resets it."""

    def __init__(self, source: FileSource, text: io.TextIOBase) -> None:
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


def _rows(source: FileSource, encoding: str, separator: str) -> NumberedRows:
    """Every record with its number, including blank lines."""
    number = blank = 0
    with source.open() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        lines = _Lines(source, text)
        try:
            for number, row in enumerate(
                csv.reader(lines, delimiter=separator, strict=True), start=1
            ):
                lines.spent = 0
                blank = 0 if row else blank + 1
                if blank > MAX_BLANK:
                    raise source.refuse(f"has more than {MAX_BLANK:,} consecutive blank lines")
                if not (number == 1 and STATED.match(separator.join(row) + "\n")):
                    yield number, row
        except csv.Error as error:
            raise source.refuse(f"is not well-formed CSV after row {number}: {error}") from error
