"""The error report of a job: the rows of all refused orders, which can be corrected and imported as they
are. Rows without fault, which their order took with it, have no code and no reason."""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import orjson

from gateway.exchange.cells import Locale, Unreadable, date, number
from gateway.exchange.columns import Column, Kind, folded
from gateway.exchange.entities import BY_NAME
from gateway.exchange.formulas import defused, restored
from gateway.exchange.jobs import Importer
from gateway.orders.problems import plain
from gateway.storage.imports import ImportProblem, ImportSheet
from gateway.storage.writing import looking

ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Refusals:
    """A file to download: its name and its bytes."""

    name: str
    content: bytes


async def refusals(importer: Importer, key: str) -> Refusals | None:
    """The report of a job, one file or a zip of several; None if nothing is refused."""
    async with looking(importer.database, importer.company) as writer:
        sheets = await writer.staging.sheets(key)
    files: dict[str, bytes] = {}
    for sheet in sheets:
        content = await _content(importer, key, sheet)
        if content is not None:
            files[_free_name(sheet, files)] = content
    if not files:
        return None
    if len(files) == 1:
        [(name, content)] = files.items()
        return Refusals(name, content)
    return Refusals("refused.zip", _zipped(files))


def _free_name(sheet: ImportSheet, taken: Mapping[str, bytes]) -> str:
    suffix = ".jsonl" if sheet.format.startswith("JSON") else ".csv"
    stem = PurePath(sheet.file).stem
    name, count = f"{stem}{suffix}", 2
    while name in taken:
        name, count = f"{stem} {count}{suffix}", count + 1
    return name


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


async def _content(importer: Importer, key: str, sheet: ImportSheet) -> bytes | None:
    buffer = io.StringIO(newline="")
    written = (
        JsonRefusals(buffer) if sheet.format.startswith("JSON") else CsvRefusals(buffer, sheet)
    )
    found = False
    async for rows, problems in _pages(importer, key, sheet.place):
        found = True
        of_row: dict[int | None, list[ImportProblem]] = defaultdict(list)
        for problem in problems:
            of_row[problem.row].append(problem)
        for row in rows:
            written.write(row, of_row[row.row])
    return buffer.getvalue().encode("utf-8", "replace") if found else None


async def _pages(
    importer: Importer, key: str, sheet: int
) -> AsyncIterator[tuple[Sequence[Any], Sequence[ImportProblem]]]:
    after = -1
    while True:
        async with looking(importer.database, importer.company) as writer:
            rows = await writer.staging.refused_rows(key, sheet, after, ROWS_AT_ONCE)
            if not rows:
                return
            after = rows[-1].row
            problems = await writer.staging.problems(key, sheet, rows[0].row, after)
        yield rows, problems


class CsvRefusals:
    """A table like the one that came, in UTF-8; dates and numbers as no reader can mistake them."""

    def __init__(self, buffer: io.StringIO, sheet: ImportSheet) -> None:
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
        buffer.write("\ufeff")
        self._writer = csv.writer(buffer, delimiter=reading["separator"] or ",")
        clash = any(folded(heading) in said for heading in self._headings)
        names = [self._fields.get(heading, heading) for heading in self._headings]
        self._writer.writerow([*names, *(ERRORS if clash else ("row", "code", "reason"))])

    def write(self, row: Any, problems: Sequence[ImportProblem]) -> None:
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


class JsonRefusals:
    """The orders as they came, one a line."""

    def __init__(self, buffer: io.StringIO) -> None:
        self._buffer = buffer

    def write(self, row: Any, problems: Sequence[ImportProblem]) -> None:
        cells, lines = orjson.loads(row.cells)
        own = [problem for problem in problems if problem.line is None]
        order = {**_nested(cells), **_error(row.row, own)}
        if lines:
            order["salesOrderLines"] = [
                {**_nested(line), **_error(place, [p for p in problems if p.line == place])}
                for place, line in lines
            ]
        self._buffer.write(orjson.dumps(order).decode() + "\n")


def _error(row: int, problems: Sequence[ImportProblem]) -> dict[str, Any]:
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


def _reason(problems: Sequence[ImportProblem]) -> str:
    return " ".join(
        f"{problem.column_name}: {problem.message}" if problem.column_name else problem.message
        for problem in problems
    )
