"""Staging: stores the rows of files in import_rows, a few thousand at a time, until they are
applied."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from gateway.exchange.formats.cells import TypedNumber, with_point
from gateway.exchange.formats.formulas import unescape_formula
from gateway.exchange.formats.headings import SHORT, SURPLUS
from gateway.exchange.formats.json_cursor import NEXT
from gateway.exchange.formats.json_sheets import MORE_PAGES
from gateway.exchange.formats.sheets import FileRecord, is_table
from gateway.exchange.imports.recognised_files import RecognisedSheet, headings_by_use
from gateway.exchange.imports.row_reader import Finding, Place
from gateway.exchange.mappings.columns import CellKind, FileEntity, RowKind, folded
from gateway.exchange.mappings.sheet_headings import (
    REPORT_COLUMNS,
    nearest_column,
)
from gateway.storage.tables.column_types import case_folded, clean, is_storable_text, without_hidden
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.tables.model_columns import text_lengths
from gateway.storage.tables.sales_orders import SalesOrderRow

ROWS_AT_ONCE = 5000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows that are stored at once; the last row may exceed it."""

LONGEST_NUMBER = text_lengths(SalesOrderRow)["number"]
ORDERS = "9/"
"""The prefix of a unit that is an order. Units of reference data begin with their rank as a hexadecimal
digit, and so sort before the orders, and blocks after them."""

UNNUMBERED = "\x7f"
"""Follows the prefix of a unit whose rows have no number; numbers never contain this character."""


Row = dict[str, Any]


class SheetStager:
    """Turns the records of a sheet into rows of import_rows, and collects the ignored headings."""

    def __init__(self, job: ImportJobRow, recognised: RecognisedSheet) -> None:
        self._job = job
        self._recognised = recognised
        self._is_table = is_table(recognised.sheet.format)
        self._lines = recognised.entity.lines or recognised.entity
        self._key = self._heading_of("number", "code", "+order_number")
        self._payer = self._heading_of("bill_to_customer.number")
        self._customer = self._heading_of("customer.number")
        self._document = self._heading_of("external_document_number")
        locale = recognised.locale
        self._has_typed_commas = locale.day_zero is not None and locale.decimal == ","
        self._headings: dict[str, None] = {}
        self._line_headings: dict[str, None] = {}
        self._count = 0

    async def chunks(self) -> AsyncIterator[list[Row]]:
        """Chunks of rows, read in a thread."""
        records = self._recognised.sheet.records()
        while chunk := await asyncio.to_thread(lambda: self._next_rows(records)):
            yield chunk

    def _next_rows(self, records: Iterator[FileRecord]) -> list[Row]:
        rows: list[Row] = []
        size = 0
        for record in islice(records, ROWS_AT_ONCE):
            rows.append(self._row(record))
            size += len(rows[-1]["cells"])
            if size > SIZE_AT_ONCE:
                break
        return rows

    def _row(self, record: FileRecord) -> Row:
        self._collect_headings(record)
        self._count += 1
        lines = [(line.row, line.cells) for line in record.lines]
        cells = self._with_points(record.cells) if self._has_typed_commas else record.cells
        return {
            "company_id": self._job.company_id,
            "job_id": self._job.id,
            "unit": self.unit(record),
            "sheet": self._recognised.place,
            "row": record.row,
            "cells": _json((cells, lines)),
        }

    def _with_points(self, cells: Mapping[str, str | None]) -> dict[str, str | None]:
        """The cells of a workbook whose text has decimal commas, with a point in all numbers."""
        return {
            heading: with_point(cell) if cell and self._is_typed_number(heading, cell) else cell
            for heading, cell in cells.items()
        }

    def _is_typed_number(self, heading: str, cell: str) -> bool:
        column = self._recognised.entity.column(self._name(heading))
        is_number = column is not None and column.kind in (CellKind.NUMBER, CellKind.WHOLE)
        return is_number and ("," in cell or isinstance(cell, TypedNumber))

    def _collect_headings(self, record: FileRecord) -> None:
        self._headings |= dict.fromkeys(record.cells)
        for line in record.lines:
            self._line_headings |= dict.fromkeys(line.cells)

    def reading(self) -> dict[str, Any]:
        """What is known about the file once all its records are staged."""
        headings = dict.fromkeys(self._recognised.sheet.headings) | self._headings
        known = [heading for heading in headings if not self._is_surplus(heading)]
        return {
            "rows": self._count,
            **headings_by_use(self._recognised, known, self._line_headings),
        }

    def _unknown(self) -> dict[str, FileEntity]:
        """The headings of cells that are ignored, with the entity that lacks them."""
        entity = self._recognised.entity
        own = {name: entity for name in self._headings if not entity.reads(self._name(name))}
        of_lines = [name for name in self._line_headings if not self._lines.reads(name)]
        return own | {name: self._lines for name in of_lines if name not in own}

    def unit(self, record: FileRecord) -> str:
        """Rows with the same key form one unit: the rows of an order, or of a record within one sheet."""
        entity, place = self._recognised.entity, f"{self._recognised.place:04}"
        key = self._cell(record, self._key)
        has_key = 0 < len(key) <= LONGEST_NUMBER and is_storable_text(key)
        folded_key = case_folded(key)
        key = folded_key if has_key and len(folded_key) <= LONGEST_NUMBER else key
        if entity.row_kind is RowKind.REFERENCE:
            is_paid_by_other = case_folded(self._cell(record, self._payer)) not in ("", key)
            rank = entity.rank + is_paid_by_other
            return f"{rank:X}/{place}/{key if has_key else f'{UNNUMBERED}{record.row:012}'}"
        if has_key:
            return ORDERS + key
        is_header = entity.row_kind is RowKind.HEADER and not key and entity.header is None
        own = self._content(record) if is_header else f"{place}/{record.row:012}"
        return f"{ORDERS}{UNNUMBERED}{own}"

    def _content(self, record: FileRecord) -> str:
        """The identity of an order without a number: a hash of its customer and external document number,
        or else of its whole content, so that importing it again does not create a second order."""
        identity = [self._cell(record, self._customer), self._cell(record, self._document)]
        if not all(identity):
            rows = [record.cells, *(line.cells for line in record.lines)]
            identity = [_json([_original(cells) for cells in rows])]
        return hashlib.sha256("\n".join(identity).encode("utf-8", "replace")).hexdigest()[:40]

    def _cell(self, record: FileRecord, heading: str | None) -> str:
        return self._plain(record.cells.get(heading) or "") if heading else ""

    def _plain(self, cell: str) -> str:
        return clean(without_hidden(unescape_formula(cell) if self._is_table else cell))

    def _heading_of(self, *fields: str) -> str | None:
        """The heading of the first of these fields that the sheet has. The first record of a JSON file may
        lack it, so the default is the name of its column."""
        for heading in self._recognised.sheet.headings:
            column = self._recognised.entity.column(self._name(heading))
            if column is not None and column.field in fields:
                return heading
        columns = self._recognised.entity.columns
        return next((column.name for column in columns if column.field in fields), None)

    def _name(self, heading: str) -> str:
        return self._recognised.sheet.fields.get(heading, heading)

    def findings(self) -> list[Finding]:
        """A warning for each ignored heading, and the warnings about the file as a whole."""
        place = Place(self._recognised.place)
        remarks = self._recognised.sheet.remarks.items()
        general = [Finding(place, code, message, is_warning=True) for code, message in remarks]
        return general + [
            Finding(
                place,
                *_ignored_reason(entity, self._name(heading)),
                column=heading,
                is_warning=True,
            )
            for heading, entity in self._unknown().items()
            if folded(heading) not in REPORT_COLUMNS and not self._is_surplus(heading)
        ]

    def _is_surplus(self, heading: str) -> bool:
        """Whether this heading marks a row with more or fewer cells than headings, which is refused."""
        return self._is_table and (heading.startswith(SURPLUS) or heading == SHORT)


def _original(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    """The cells without those that an error report added."""
    return {name: cell for name, cell in cells.items() if folded(name) not in REPORT_COLUMNS}


def _ignored_reason(entity: FileEntity, name: str) -> tuple[str, str]:
    """The code and message of the warning about an ignored heading."""
    column = entity.column(name)
    if column is not None and column.kind is CellKind.ID:
        return "NOT_KEPT", "This column counts only where it has ids of this gateway."
    if column is not None:
        return "NOT_KEPT", f"This column is ignored: {column.note}."
    if folded(name) in entity.further:
        return "NOT_KEPT", "This column is ignored: the gateway has no field for it."
    if name.endswith(NEXT):
        return MORE_PAGES, "Some orders have more lines, on pages that are not in the file."
    near = nearest_column(entity, name)
    hint = "" if near is None else f" Did you mean {near}?"
    return "UNKNOWN_COLUMN", f"This column is unknown in {entity.name}.{hint}"


def _json(value: Any) -> str:
    """JSON text; half of a surrogate pair, which orjson refuses, is written as an escape."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)
