"""Reads CSV, whether it follows RFC 4180 or not: any common encoding, separator and line end."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from gateway.exchange.formats.headings import NumberedRows, read_headings, read_records
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import FileRecord, FileRefused, Sheet
from gateway.exchange.formats.sources import MAX_ROW, FileSource, encoding_of, guess_remark

STATED = re.compile(r"\ufeff?\"?sep=([^\"\r\n ])\"?(?:\r?\n|$)", re.IGNORECASE)
"""A first line by which spreadsheets state the separator."""

MAX_BLANK = 100_000
"""Consecutive blank lines, which take time without being rows."""

SEPARATORS = (",", ";", "\t", "|")
"""In order of preference, if the headings contain several equally often."""

LONGEST_SHOWN = 40
"""Characters of a cell that a message quotes."""


class NoFinalLineEnd(FileRefused):
    """The last row has no line end, so its last cell may be incomplete."""

    code = "NO_FINAL_LINE_END"


def csv_sheet(source: FileSource, options: ImportOptions) -> Sheet:
    encoding = encoding_of(source, options.encoding)
    separator = options.separator or _separator(source, encoding)
    remarks = guess_remark(encoding, options.encoding is not None)

    def remark_end(row: int, cell: str) -> None:
        message = (
            f"ends without a line end after {cell[-LONGEST_SHOWN:]!r} in row {row}: if it was cut"
            " short, this cell is incomplete"
        )
        if options.strict:
            raise NoFinalLineEnd(source.name, message)
        remarks[NoFinalLineEnd.code] = f"The file {message}."

    def records() -> Iterator[FileRecord]:
        return read_records(source.name, _rows(source, encoding, separator, remark_end))

    rows = _rows(source, encoding, separator)
    return Sheet(
        file=source.name,
        format="CSV-Unicode" if encoding.lower().startswith("utf-16") else "CSV",
        headings=read_headings(source.name, rows),
        records=records,
        encoding=encoding,
        separator=separator,
        remarks=remarks,
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
    """The lines of a text; `spent` counts their characters, and the caller resets it. `last` is the
    latest line."""

    def __init__(self, source: FileSource, text: io.TextIOBase) -> None:
        self.source = source
        self.text = text
        self.spent = 0
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        lines = iter(partial(self.text.readline, MAX_ROW + 1), "")
        first = next(lines, "").removeprefix("\ufeff")
        for line in chain([first], lines):
            self.spent += len(line)
            if self.spent > MAX_ROW:
                raise self.source.refuse(f"has a row of more than {MAX_ROW:,} characters")
            self.last = line
            yield line

    @property
    def may_be_cut(self) -> bool:
        """Whether the latest line ends within a cell. After a quote its last cell is complete."""
        return not self.last.endswith(("\n", "\r", '"'))


def _rows(
    source: FileSource,
    encoding: str,
    separator: str,
    remark_end: Callable[[int, str], None] = lambda _row, _cell: None,
) -> NumberedRows:
    """Every record with its number, including blank lines. If the last one, which is not the headings,
    has no line end, `remark_end` gets its number and its last cell."""
    number = blank = 0
    row: list[str] = []
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
            if number > 1 and row and lines.may_be_cut:
                remark_end(number, row[-1])
        except csv.Error as error:
            raise source.refuse(f"is not well-formed CSV after row {number}: {error}") from error
