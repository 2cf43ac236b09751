"""The error report of a job: the rows of all refused orders, which can be corrected and imported as they
are. Rows without fault, which their order took with it, have no code and no reason."""

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import orjson

from gateway.exchange.formats.cells import Locale, Unreadable, date, number
from gateway.exchange.formats.formulas import defused, restored
from gateway.exchange.formats.zip_writer import zipped
from gateway.exchange.imports.importer import Importer
from gateway.exchange.mappings.columns import Column, Kind, folded
from gateway.exchange.mappings.recognition import BY_NAME
from gateway.orders.problems import plain
from gateway.storage.tables.import_jobs import ImportProblemRow, ImportSheetRow
from gateway.storage.writing import looking

ROWS_AT_ONCE = 2000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows that are in memory at once, unless one alone has more."""


@dataclass(frozen=True)
class Refusals:
    """A file to download: its name, and its bytes, which are made as they are asked for."""

    name: str
    chunks: AsyncIterator[bytes]


async def refusals(importer: Importer, key: str) -> Refusals | None:
    """The report of a job, one file or a zip of several; None if nothing is refused."""
    async with looking(importer.database, importer.company) as writer:
        sheets = [
            sheet
            for sheet in await writer.staging.sheets(key)
            if await writer.staging.has_refused(key, sheet.place)
        ]
    files: dict[str, AsyncIterator[bytes]] = {}
    for sheet in sheets:
        files[_free_name(sheet, files)] = _content(importer, key, sheet)
    if len(files) > 1:
        return Refusals("refused.zip", zipped(files.items()))
    return next((Refusals(name, chunks) for name, chunks in files.items()), None)


def _free_name(sheet: ImportSheetRow, taken: Collection[str]) -> str:
    suffix = ".jsonl" if sheet.format.startswith("JSON") else ".csv"
    stem = PurePath(sheet.file).stem
    name, count = f"{stem}{suffix}", 2
    while name in taken:
        name, count = f"{stem} {count}{suffix}", count + 1
    return name


async def _content(importer: Importer, key: str, sheet: ImportSheetRow) -> AsyncIterator[bytes]:
    is_json = sheet.format.startswith("JSON")
    written: CsvRefusals | JsonRefusals = JsonRefusals() if is_json else CsvRefusals(sheet)
    async for rows, problems in _pages(importer, key, sheet.place):
        yield await asyncio.to_thread(_page, written, rows, problems)


def _page(
    written: "CsvRefusals | JsonRefusals", rows: Sequence[Any], problems: Sequence[ImportProblemRow]
) -> bytes:
    of_row: dict[int | None, list[ImportProblemRow]] = defaultdict(list)
    for problem in problems:
        of_row[problem.row].append(problem)
    for row in rows:
        written.write(row, of_row[row.row])
    return written.taken().encode("utf-8", "replace")


async def _pages(
    importer: Importer, key: str, sheet: int
) -> AsyncIterator[tuple[Sequence[Any], Sequence[ImportProblemRow]]]:
    after = -1
    while True:
        async with looking(importer.database, importer.company) as writer:
            staging = writer.staging
            rows = await staging.refused_rows(key, sheet, after, ROWS_AT_ONCE, SIZE_AT_ONCE)
            if not rows:
                return
            after = rows[-1].row
            problems = await staging.problems(key, sheet, {row.unit for row in rows})
        yield rows, problems


class Written:
    """Text on its way out."""

    def __init__(self) -> None:
        self._buffer = io.StringIO(newline="")

    def taken(self) -> str:
        """What was written since this was last asked."""
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text


class CsvRefusals(Written):
    """A table like the one that came, in UTF-8; dates and numbers as no reader can mistake them."""

    def __init__(self, sheet: ImportSheetRow) -> None:
        super().__init__()
        reading = orjson.loads(sheet.reading)
        self._entity = BY_NAME[sheet.entity]
        self._locale = Locale(reading["dates"], reading["decimal"])
        self._fields: dict[str, str] = reading["fields"]
        said = {folded(name) for name in ("row", "code", "reason", *ERRORS)}
        self._headings = [
            heading
            for heading in orjson.loads(sheet.headings)
            if folded(heading) not in said or self._column(heading) is not None
        ]
        self._buffer.write("\ufeff")
        self._writer = csv.writer(self._buffer, delimiter=reading["separator"] or ",")
        clash = any(folded(heading) in said for heading in self._headings)
        names = [self._fields.get(heading, heading) for heading in self._headings]
        self._writer.writerow([*names, *(ERRORS if clash else ("row", "code", "reason"))])

    def write(self, row: Any, problems: Sequence[ImportProblemRow]) -> None:
        cells, _ = orjson.loads(row.cells)
        known = [self._cell(heading, cells.get(heading)) for heading in self._headings]
        codes = " ".join(dict.fromkeys(problem.code for problem in problems))
        self._writer.writerow([*known, row.row, codes, _reason(problems)])

    def _column(self, heading: str) -> Column | None:
        return self._entity.column(self._fields.get(heading, heading))

    def _cell(self, heading: str, cell: str | None) -> str:
        column = self._column(heading)
        if cell is None or column is None:
            return defused(restored(cell or ""))
        try:
            if column.kind is Kind.DATE:
                day = date(cell, self._locale)
                return "" if day is None else day.isoformat()
            if column.kind in (Kind.NUMBER, Kind.WHOLE):
                return plain(number(cell, self._locale))
        except Unreadable:
            pass
        return defused(restored(cell))


ERRORS = ("error row", "error code", "error reason")
"""What the added columns are called where a column of the file has one of their usual names."""


class JsonRefusals(Written):
    """The orders as they came, one a line."""

    def write(self, row: Any, problems: Sequence[ImportProblemRow]) -> None:
        cells, lines = orjson.loads(row.cells)
        own = [problem for problem in problems if problem.line is None]
        order = {**_nested(cells), **_error(row.row, own)}
        if lines:
            order["salesOrderLines"] = [
                {**_nested(line), **_error(place, [p for p in problems if p.line == place])}
                for place, line in lines
            ]
        self._buffer.write(orjson.dumps(order).decode() + "\n")


def _error(row: int, problems: Sequence[ImportProblemRow]) -> dict[str, Any]:
    codes = " ".join(dict.fromkeys(problem.code for problem in problems))
    return {"error row": row, "error code": codes, "error reason": _reason(problems)}


def _nested(cells: Mapping[str, str | None]) -> dict[str, Any]:
    """Dotted names as objects within objects, as they came."""
    whole: dict[str, Any] = {}
    for name, value in cells.items():
        *outer, last = name.split(".") if not name.startswith("@") else [name]
        place = whole
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return whole


def _reason(problems: Sequence[ImportProblemRow]) -> str:
    return " ".join(
        f"{problem.column_name}: {problem.message}" if problem.column_name else problem.message
        for problem in problems
    )
