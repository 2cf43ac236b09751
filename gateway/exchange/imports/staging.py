"""Staging: storing the rows of files in import_rows, a few thousand at a time, until they are applied."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from gateway.exchange.formats.cells import Locale, detect_locale
from gateway.exchange.formats.formulas import unescape_formula
from gateway.exchange.formats.json_sheets import MORE_PAGES, NEXT
from gateway.exchange.formats.sheets import FileRecord, Sheet, is_table
from gateway.exchange.imports.row_reader import SURPLUS, Finding, Place
from gateway.exchange.mappings.columns import CellKind, FileEntity, RowKind, folded
from gateway.exchange.mappings.decisions import Decision, FileOutcome
from gateway.exchange.mappings.recognition import (
    REPORT_COLUMNS,
    check_decisions,
    decide,
    nearest_column,
)
from gateway.storage.tables.column_types import (
    case_folded,
    clean,
    is_storable_text,
    text_lengths,
)
from gateway.storage.tables.import_jobs import ImportJobRow, ImportSheetRow
from gateway.storage.tables.sales_orders import SalesOrderRow

SAMPLE = 1000
"""Records of a file that are examined to detect how it writes dates and numbers."""

ROWS_AT_ONCE = 5000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows that are stored at once; the last row may exceed it."""

LONGEST_NUMBER = text_lengths(SalesOrderRow)["number"]
ORDERS = "9/"
"""The prefix of a unit that is an order. Units of reference data begin with their rank as a hexadecimal
digit, and so sort before the orders, and blocks after them."""

UNNUMBERED = "\x7f"
"""Follows the prefix of a unit whose rows have no number; numbers never contain this character."""


@dataclass(frozen=True)
class RecognisedSheet:
    """A sheet with its entity and the locale of its dates and numbers."""

    place: int
    sheet: Sheet
    entity: FileEntity
    locale: Locale


@dataclass(frozen=True)
class RecognisedFiles:
    """The decisions about all files of an import, and the sheets of those that are imported. The place of
    a sheet is that of its decision."""

    decisions: Sequence[Decision]
    sheets: Sequence[RecognisedSheet]


def recognise_files(sheets: Sequence[Sheet]) -> RecognisedFiles:
    """The entity and locale of every sheet. Raises RecognitionRefused if a file contradicts its name, or if
    none is recognised."""
    decisions: list[Decision] = []
    recognised = []
    for sheet in sheets:
        entity, decision = decide(sheet)
        if entity is not None:
            recognised.append((len(decisions), sheet, entity))
        decisions.append(decision)
        decisions += [
            Decision(skipped.file, FileOutcome.SKIPPED, reason=skipped.reason)
            for skipped in sheet.skipped
        ]
    check_decisions(decisions)
    return RecognisedFiles(
        decisions,
        [
            RecognisedSheet(place, sheet, entity, _locale(sheet, entity))
            for place, sheet, entity in recognised
        ],
    )


def _locale(sheet: Sheet, entity: FileEntity) -> Locale:
    dates: list[str] = []
    numbers: list[str] = []
    for record in islice(sheet.records(), SAMPLE):
        for heading, cell in record.cells.items():
            column = entity.column(sheet.fields.get(heading, heading))
            if cell and column is not None and column.kind is CellKind.DATE:
                dates.append(cell)
            elif cell and column is not None and column.kind is CellKind.NUMBER:
                numbers.append(cell)
    if sheet.format.startswith("CSV"):
        return detect_locale(dates, numbers)
    return detect_locale(dates, ()) if sheet.format == "XLSX" else Locale()


def file_rows(job: ImportJobRow, files: RecognisedFiles) -> list[ImportSheetRow]:
    """The stored descriptions of all files, which outlive them."""
    sheets = {recognised.place: recognised for recognised in files.sheets}
    return [
        _sheet_row(job, sheets[place], decision)
        if place in sheets
        else _skipped_row(job, place, decision)
        for place, decision in enumerate(files.decisions)
    ]


def _skipped_row(job: ImportJobRow, place: int, decision: Decision) -> ImportSheetRow:
    return ImportSheetRow(
        company_id=job.company_id,
        job_id=job.id,
        place=place,
        file=decision.file,
        format="",
        entity="",
        headings="[]",
        reading=orjson.dumps({"decision": decision}).decode(),
    )


def _sheet_row(
    job: ImportJobRow, recognised: RecognisedSheet, decision: Decision
) -> ImportSheetRow:
    sheet = recognised.sheet
    reading = {
        "dates": recognised.locale.dates,
        "decimal": recognised.locale.decimal,
        "encoding": sheet.encoding,
        "separator": sheet.separator,
        "fields": dict(sheet.fields),
        "decision": decision,
    }
    return ImportSheetRow(
        company_id=job.company_id,
        job_id=job.id,
        place=recognised.place,
        file=sheet.file,
        format=sheet.format,
        entity=recognised.entity.name,
        headings=orjson.dumps(sheet.headings).decode(),
        reading=orjson.dumps(reading).decode(),
    )


def skipped_findings(files: RecognisedFiles) -> list[Finding]:
    """A warning for each file that is skipped."""
    return [
        Finding(
            Place(place),
            "FILE_SKIPPED",
            f"The file is skipped: it {decision.reason}.",
            is_warning=True,
        )
        for place, decision in enumerate(files.decisions)
        if decision.outcome is FileOutcome.SKIPPED
    ]


Row = dict[str, Any]


class SheetStager:
    """Turns the records of a sheet into rows of import_rows, and collects the headings that are ignored."""

    def __init__(self, job: ImportJobRow, recognised: RecognisedSheet) -> None:
        self._job = job
        self._recognised = recognised
        self._is_table = is_table(recognised.sheet.format)
        self._lines = recognised.entity.lines or recognised.entity
        self._key = self._heading_of("number", "code", "+order_number")
        self._payer = self._heading_of("bill_to_customer.number")
        self._customer = self._heading_of("customer.number")
        self._document = self._heading_of("external_document_number")
        self.unknown: dict[str, FileEntity] = {}

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
        self._collect_unknown(record)
        lines = [(line.row, line.cells) for line in record.lines]
        return {
            "company_id": self._job.company_id,
            "job_id": self._job.id,
            "unit": self._unit(record),
            "sheet": self._recognised.place,
            "row": record.row,
            "cells": _json((record.cells, lines)),
        }

    def _collect_unknown(self, record: FileRecord) -> None:
        entity = self._recognised.entity
        for heading in record.cells:
            if heading not in self.unknown and not _is_imported(entity, self._name(heading)):
                self.unknown[heading] = entity
        for line in record.lines:
            for heading in line.cells:
                if heading not in self.unknown and not _is_imported(self._lines, heading):
                    self.unknown[heading] = self._lines

    def _unit(self, record: FileRecord) -> str:
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
        return clean(unescape_formula(cell) if self._is_table else cell)

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
            for heading, entity in self.unknown.items()
            if folded(heading) not in REPORT_COLUMNS and not self._is_surplus(heading)
        ]

    def _is_surplus(self, heading: str) -> bool:
        """Whether this is a cell beyond the headings, which is refused with its row."""
        return self._is_table and heading.startswith(SURPLUS)


def _original(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    """The cells without those that an error report added."""
    return {name: cell for name, cell in cells.items() if folded(name) not in REPORT_COLUMNS}


def _is_imported(entity: FileEntity, name: str) -> bool:
    column = entity.column(name)
    return column is not None and bool(column.field)


def _ignored_reason(entity: FileEntity, name: str) -> tuple[str, str]:
    """The code and message of the warning about an ignored heading."""
    column = entity.column(name)
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
