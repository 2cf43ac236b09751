"""Writes rows of values as XLSX workbooks, in constant memory. Needs the extra `xlsx`."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gateway.exchange.formats.csv_writer import csv_cell
from gateway.exchange.formats.sources import CHUNK

MOST_ROWS = 1_048_576
"""The maximum number of rows in a worksheet, including the headings."""

Rows = Sequence[Iterable[Any]]


def can_write_workbooks() -> bool:
    return find_spec("xlsxwriter") is not None


async def workbook(
    headings: Sequence[str], pages: AsyncIterator[Rows], most_rows: int = MOST_ROWS
) -> AsyncIterator[bytes]:
    """The bytes of a workbook of these rows, which are collected in a temporary file. Rows beyond
    `most_rows` go to further worksheets with the same headings."""
    with tempfile.TemporaryDirectory(prefix="gateway-export-") as folder:
        path = Path(folder) / "export.xlsx"
        writer = _Writer(path, headings, most_rows)
        try:
            async for page in pages:
                await asyncio.to_thread(writer.add, page)
        finally:
            await asyncio.to_thread(writer.close)
        with path.open("rb") as file:
            for part in iter(partial(file.read, CHUNK), b""):
                yield part


class _Writer:
    def __init__(self, path: Path, headings: Sequence[str], most_rows: int) -> None:
        import xlsxwriter  # noqa: PLC0415 - an extra, which only these exports need

        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._headings = headings
        self._most_rows = most_rows
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._row = 0
        self._write(self._headings)

    def add(self, rows: Rows) -> None:
        for row in rows:
            if self._row == self._most_rows:
                self._begin_sheet()
            self._write(row)

    def _write(self, row: Iterable[Any]) -> None:
        for place, value in enumerate(row):
            if isinstance(value, Decimal) and Decimal(repr(float(value))) == value:
                self._sheet.write_number(self._row, place, float(value))
            elif (cell := csv_cell(value)) != "":
                self._sheet.write_string(self._row, place, cell)
        self._row += 1

    def close(self) -> None:
        self._book.close()
