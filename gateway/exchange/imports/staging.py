"""Files into the table of rows that waits to be applied, a few thousand rows at a time."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from gateway.exchange.formats.cells import Locale, locale_of
from gateway.exchange.formats.formulas import restored
from gateway.exchange.formats.json_sheets import MORE_PAGES, NEXT
from gateway.exchange.formats.sheets import Record, Sheet
from gateway.exchange.imports.row_reader import SURPLUS, Finding, Place
from gateway.exchange.mappings.business_central import LINES as NESTED_LINES
from gateway.exchange.mappings.columns import Entity, Kind, Part, folded
from gateway.exchange.mappings.recognition import entity_of, nearest
from gateway.storage.tables.column_types import clean, is_storable_text, text_lengths
from gateway.storage.tables.import_jobs import ImportJobRow, ImportSheetRow
from gateway.storage.tables.sales_orders import SalesOrderRow

SAMPLE = 1000
"""Records of a file that are looked at to learn how it writes dates and numbers."""

ROWS_AT_ONCE = 5000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows that are kept at once; the last row may go beyond."""

LONGEST_NUMBER = text_lengths(SalesOrderRow)["number"]
ORDERS = "9/"
"""How the name of a unit that is an order begins; what orders refer to comes before, with its rank as
one hexadecimal digit, and what closes it after."""

NAMELESS = "\x7f"
"""Begins the rest of the name where the rows have no number; no number has this character."""

REPORT_COLUMNS = {"row", "code", "reason", "errorrow", "errorcode", "errorreason"}
"""What an error report adds to the columns of its file."""


@dataclass(frozen=True)
class Holding:
    """A sheet with what it holds and how it writes dates and numbers."""

    place: int
    sheet: Sheet
    entity: Entity
    locale: Locale


def hold(sheets: Sequence[Sheet]) -> list[Holding]:
    """Recognise every sheet; raises Refused for one that cannot be."""
    held = []
    for place, sheet in enumerate(sheets):
        entity = entity_of(sheet)
        held.append(Holding(place, sheet, entity, _locale(sheet, entity)))
    return held


def _locale(sheet: Sheet, entity: Entity) -> Locale:
    dates: list[str] = []
    numbers: list[str] = []
    for record in islice(sheet.records(), SAMPLE):
        for heading, cell in record.cells.items():
            column = entity.column(sheet.fields.get(heading, heading))
            if cell and column is not None and column.kind is Kind.DATE:
                dates.append(cell)
            elif cell and column is not None and column.kind is Kind.NUMBER:
                numbers.append(cell)
    if sheet.format.startswith("CSV"):
        return locale_of(dates, numbers)
    return locale_of(dates, ()) if sheet.format == "XLSX" else Locale()


def kept(job: ImportJobRow, holding: Holding) -> ImportSheetRow:
    """What stays known of a sheet when its file is gone."""
    sheet = holding.sheet
    reading = {
        "dates": holding.locale.dates,
        "decimal": holding.locale.decimal,
        "encoding": sheet.encoding,
        "separator": sheet.separator,
        "fields": dict(sheet.fields),
        "ignored": list(sheet.ignored),
    }
    return ImportSheetRow(
        company_id=job.company_id,
        job_id=job.id,
        place=holding.place,
        file=sheet.file,
        format=sheet.format,
        entity=holding.entity.name,
        headings=orjson.dumps(sheet.headings).decode(),
        reading=orjson.dumps(reading).decode(),
    )


Row = dict[str, Any]


class Rows:
    """The rows of a sheet as they are kept, and what its headings say that is not taken."""

    def __init__(self, job: ImportJobRow, holding: Holding) -> None:
        self._job = job
        self._holding = holding
        self._is_table = not holding.sheet.format.startswith("JSON")
        self._key = self._heading_of("number", "code", "+order_number")
        self._payer = self._heading_of("bill_to_customer.number")
        self._customer = self._heading_of("customer.number")
        self._document = self._heading_of("external_document_number")
        self.unknown: dict[str, Entity] = {}

    async def chunks(self) -> AsyncIterator[list[Row]]:
        """Lists of rows, read in a thread."""
        records = self._holding.sheet.records()
        while chunk := await asyncio.to_thread(lambda: self._some(records)):
            yield chunk

    def _some(self, records: Iterator[Record]) -> list[Row]:
        rows: list[Row] = []
        size = 0
        for record in islice(records, ROWS_AT_ONCE):
            rows.append(self._row(record))
            size += len(rows[-1]["cells"])
            if size > SIZE_AT_ONCE:
                break
        return rows

    def _row(self, record: Record) -> Row:
        self._look(record)
        lines = [(line.row, line.cells) for line in record.lines]
        return {
            "company_id": self._job.company_id,
            "job_id": self._job.id,
            "unit": self._unit(record),
            "sheet": self._holding.place,
            "row": record.row,
            "cells": _json((record.cells, lines)),
        }

    def _look(self, record: Record) -> None:
        entity = self._holding.entity
        for heading in record.cells:
            if heading not in self.unknown and not _is_kept(entity, self._name(heading)):
                self.unknown[heading] = entity
        for line in record.lines:
            for heading in line.cells:
                if heading not in self.unknown and not _is_kept(NESTED_LINES, heading):
                    self.unknown[heading] = NESTED_LINES

    def _unit(self, record: Record) -> str:
        """The rows with one key are one unit: those of an order, and of a record in one sheet."""
        entity, place = self._holding.entity, f"{self._holding.place:04}"
        key = self._cell(record, self._key)
        has_key = 0 < len(key) <= LONGEST_NUMBER and is_storable_text(key)
        if entity.part is Part.REFERENCE:
            is_paid_by_other = self._cell(record, self._payer) not in ("", key)
            rank = entity.rank + is_paid_by_other
            return f"{rank:X}/{place}/{key if has_key else f'{NAMELESS}{record.row:012}'}"
        if has_key:
            return ORDERS + key
        is_header = entity.part is Part.HEADER and not key
        own = self._content(record) if is_header else f"{place}/{record.row:012}"
        return f"{ORDERS}{NAMELESS}{own}"

    def _content(self, record: Record) -> str:
        """What an order without a number is known by: its customer and the customer's own number, else
        all that it says, so that saying it again makes no second order."""
        known = [self._cell(record, self._customer), self._cell(record, self._document)]
        if not all(known):
            rows = [record.cells, *(line.cells for line in record.lines)]
            known = [_json([_said(cells) for cells in rows])]
        return hashlib.sha256("\n".join(known).encode("utf-8", "replace")).hexdigest()[:40]

    def _cell(self, record: Record, heading: str | None) -> str:
        return self._plain(record.cells.get(heading) or "") if heading else ""

    def _plain(self, cell: str) -> str:
        return clean(restored(cell) if self._is_table else cell)

    def _heading_of(self, *fields: str) -> str | None:
        """The heading of a field; the name of its column where the first record of JSON has none."""
        for heading in self._holding.sheet.headings:
            column = self._holding.entity.column(self._name(heading))
            if column is not None and column.field in fields:
                return heading
        columns = self._holding.entity.columns
        return next((column.name for column in columns if column.field in fields), None)

    def _name(self, heading: str) -> str:
        return self._holding.sheet.fields.get(heading, heading)

    def findings(self) -> list[Finding]:
        """A warning for each heading that is not taken, and for what is odd about the file as a whole."""
        place = Place(self._holding.place)
        remarks = self._holding.sheet.remarks.items()
        odd = [Finding(place, code, message, is_warning=True) for code, message in remarks]
        return odd + [
            Finding(place, *_why(entity, self._name(heading)), column=heading, is_warning=True)
            for heading, entity in self.unknown.items()
            if folded(heading) not in REPORT_COLUMNS and not self._is_surplus(heading)
        ]

    def _is_surplus(self, heading: str) -> bool:
        """Whether this is a cell without a heading, which is refused with its row."""
        return self._is_table and heading.startswith(SURPLUS)


def _said(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    """The cells without what an error report has added."""
    return {name: cell for name, cell in cells.items() if folded(name) not in REPORT_COLUMNS}


def _is_kept(entity: Entity, name: str) -> bool:
    column = entity.column(name)
    return column is not None and bool(column.field)


def _why(entity: Entity, name: str) -> tuple[str, str]:
    """Code and message of the warning about a heading."""
    column = entity.column(name)
    if column is not None:
        return "NOT_KEPT", f"This column is not taken: {column.note}."
    if folded(name) in entity.further:
        return "NOT_KEPT", f"This column of {entity.name} is not taken: there is no place for it."
    if name.endswith(NEXT):
        return MORE_PAGES, "Some orders have further lines, in pages that are not in the file."
    near = nearest(entity, name)
    hint = "" if near is None else f" Is {near} meant?"
    return "UNKNOWN_COLUMN", f"{entity.name} has no such column.{hint}"


def _json(value: Any) -> str:
    """JSON text; half a surrogate pair, which orjson refuses, goes in as an escape."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)
