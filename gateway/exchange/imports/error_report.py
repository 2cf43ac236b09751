"""The error report of a job: all rows of the refused orders, or of an atomic job that was refused, to be
corrected and imported again. Valid rows are included, without a code or a reason."""

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import orjson

from gateway.exchange.formats.cells import Locale, Unreadable, parse_date, parse_number
from gateway.exchange.formats.formulas import escape_formula, unescape_formula
from gateway.exchange.formats.sheets import is_table
from gateway.exchange.formats.zip_writer import zip_stream
from gateway.exchange.imports.importer import Importer
from gateway.exchange.mappings.columns import CellKind, FileColumn, folded
from gateway.exchange.mappings.file_entities import ENTITIES_BY_NAME
from gateway.orders.problems import plain
from gateway.storage.tables.import_jobs import ImportProblemRow, ImportSheetRow
from gateway.storage.transactions import read_only

ROWS_AT_ONCE = 2000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows in memory at once, unless a single row has more."""


@dataclass(frozen=True)
class ErrorReport:
    """A file to download: its name, and its bytes, which are produced while they are read."""

    name: str
    chunks: AsyncIterator[bytes]


async def error_report(importer: Importer, key: str) -> ErrorReport | None:
    """The report of a job, one file or a ZIP archive of several; None if no row was refused."""
    async with read_only(importer.database, importer.scope) as writer:
        sheets = [
            sheet
            for sheet in await writer.staging.sheets(key)
            if await writer.staging.has_refused(key, sheet.place)
        ]
    files: dict[str, AsyncIterator[bytes]] = {}
    for sheet in sheets:
        files[_free_name(sheet, files)] = _content(importer, key, sheet)
    if len(files) > 1:
        return ErrorReport("import-refused.zip", zip_stream(files.items()))
    return next((ErrorReport(name, chunks) for name, chunks in files.items()), None)


def _free_name(sheet: ImportSheetRow, taken: Collection[str]) -> str:
    suffix = ".csv" if is_table(sheet.format) else ".jsonl"
    stem = PurePath(sheet.file).stem
    name, count = f"{stem}{suffix}", 2
    while name in taken:
        name, count = f"{stem} {count}{suffix}", count + 1
    return name


async def _content(importer: Importer, key: str, sheet: ImportSheetRow) -> AsyncIterator[bytes]:
    report = CsvReport(sheet) if is_table(sheet.format) else JsonReport()
    async for rows, problems in _pages(importer, key, sheet.place):
        yield await asyncio.to_thread(_page, report, rows, problems)


def _page(
    report: "CsvReport | JsonReport", rows: Sequence[Any], problems: Sequence[ImportProblemRow]
) -> bytes:
    of_row: dict[int | None, list[ImportProblemRow]] = defaultdict(list)
    for problem in problems:
        of_row[problem.row].append(problem)
    for row in rows:
        report.write(row, of_row[row.row])
    return report.take().encode("utf-8", "replace")


async def _pages(
    importer: Importer, key: str, sheet: int
) -> AsyncIterator[tuple[Sequence[Any], Sequence[ImportProblemRow]]]:
    after = -1
    while True:
        async with read_only(importer.database, importer.scope) as writer:
            staging = writer.staging
            rows = await staging.refused_rows(key, sheet, after, ROWS_AT_ONCE, SIZE_AT_ONCE)
            if not rows:
                return
            after = rows[-1].row
            problems = await staging.problems(key, sheet, {row.unit for row in rows})
        yield rows, problems


class ReportBuffer:
    """The text of a report that has not been sent yet."""

    def __init__(self) -> None:
        self._buffer = io.StringIO(newline="")

    def take(self) -> str:
        """The text written since the last call."""
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text


class CsvReport(ReportBuffer):
    """A table like the imported one, in UTF-8, with dates and numbers in an unambiguous form."""

    def __init__(self, sheet: ImportSheetRow) -> None:
        super().__init__()
        reading = orjson.loads(sheet.reading)
        self._entity = ENTITIES_BY_NAME[sheet.entity]
        self._locale = Locale.read(reading)
        self._fields: dict[str, str] = reading["fields"]
        added = {folded(name) for name in ("row", "code", "reason", *ERRORS)}
        self._headings = [
            heading
            for heading in orjson.loads(sheet.headings)
            if folded(heading) not in added or self._column(heading) is not None
        ]
        self._buffer.write("\ufeff")
        self._writer = csv.writer(self._buffer, delimiter=reading["separator"] or ",")
        clash = any(folded(heading) in added for heading in self._headings)
        names = [self._fields.get(heading, heading) for heading in self._headings]
        self._writer.writerow([*names, *(ERRORS if clash else ("row", "code", "reason"))])

    def write(self, row: Any, problems: Sequence[ImportProblemRow]) -> None:
        cells, _ = orjson.loads(row.cells)
        original = [self._cell(heading, cells.get(heading)) for heading in self._headings]
        codes = " ".join(dict.fromkeys(problem.code for problem in problems))
        self._writer.writerow([*original, row.row, codes, _reason(problems)])

    def _column(self, heading: str) -> FileColumn | None:
        return self._entity.column(self._fields.get(heading, heading))

    def _cell(self, heading: str, cell: str | None) -> str:
        column = self._column(heading)
        if cell is None or column is None:
            return escape_formula(unescape_formula(cell or ""))
        try:
            if column.kind is CellKind.DATE:
                day = parse_date(cell, self._locale)
                return "" if day is None else day.isoformat()
            if column.kind in (CellKind.NUMBER, CellKind.WHOLE):
                return self._number(plain(parse_number(cell, self._locale)))
        except Unreadable:
            pass
        return escape_formula(unescape_formula(cell))

    def _number(self, text: str) -> str:
        """A number with the decimal sign of the sheet. Three decimals might be grouped thousands."""
        decimals = text.partition(".")[2]
        whole = f"{text}0" if len(decimals) == 3 else text
        return whole.replace(".", self._locale.decimal)


ERRORS = ("error row", "error code", "error reason")
"""Free names for the added columns, in case the file itself has a column named row, code or reason."""


class JsonReport(ReportBuffer):
    """The imported orders, one per line."""

    def write(self, row: Any, problems: Sequence[ImportProblemRow]) -> None:
        cells, lines = orjson.loads(row.cells)
        own = [problem for problem in problems if problem.line is None]
        order = {**_nested(cells), **_error(row.row, own)}
        if lines:
            order["salesOrderLines"] = [
                {**_nested(line), **_error(number, [p for p in problems if p.line == number])}
                for number, line in lines
            ]
        self._buffer.write(orjson.dumps(order).decode() + "\n")


def _error(row: int, problems: Sequence[ImportProblemRow]) -> dict[str, Any]:
    codes = " ".join(dict.fromkeys(problem.code for problem in problems))
    return {"error row": row, "error code": codes, "error reason": _reason(problems)}


def _nested(cells: Mapping[str, str | None]) -> dict[str, Any]:
    """The cells as nested objects, following the dots in their names."""
    whole: dict[str, Any] = {}
    for name, value in cells.items():
        *outer, last = name.split(".") if not name.startswith("@") else [name]
        target = whole
        for part in outer:
            target = target.setdefault(part, {})
        target[last] = value
    return whole


def _reason(problems: Sequence[ImportProblemRow]) -> str:
    return " ".join(
        f"{problem.column_name}: {problem.message}" if problem.column_name else problem.message
        for problem in problems
    )
