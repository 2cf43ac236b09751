"""Reads and applies one batch of an import job, the next waiting units, and collects their findings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import orjson

from gateway.exchange.formats.cells import Locale
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import is_table
from gateway.exchange.imports.identifiers import resolve_ids
from gateway.exchange.imports.item_unit_rows import apply_item_units
from gateway.exchange.imports.order_rows import (
    OrderRows,
    add_flat_row,
    divide_price,
    refuse_foreign_lines,
)
from gateway.exchange.imports.order_upserts import apply_orders
from gateway.exchange.imports.outcomes import Outcome
from gateway.exchange.imports.reference_rows import apply_records
from gateway.exchange.imports.repeated_rows import note_repeats, set_repeats_aside
from gateway.exchange.imports.row_reader import ParsedRow, Place, RowReader
from gateway.exchange.imports.row_results import UnitResults, unit_results
from gateway.exchange.imports.staging import LONGEST_NUMBER, ORDERS, UNNUMBERED
from gateway.exchange.mappings.columns import FileEntity, RowKind
from gateway.exchange.mappings.file_entities import ENTITIES_BY_NAME
from gateway.exchange.mappings.reference_columns import ITEM_UNITS
from gateway.orders import refusals
from gateway.orders.service import Rules
from gateway.storage.import_rows import Unit
from gateway.storage.tables.column_types import clean, is_storable_text
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.tables.sales_orders import LineRounding
from gateway.storage.writing import RefusedByDatabase, Writer

UNITS_AT_ONCE = 100
ROWS_AT_ONCE = 1000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows of a batch, unless it is a single unit."""

LARGEST_UNIT = 20_000_000
"""Characters of the rows of an order beyond which it is refused unread; a thousand lines with all the
vendor's columns have about five million."""

LONGEST_SHOWN = 100
"""Characters that are shown of an overlong order number."""

SURPLUS_ROWS = 100
"""Rows by which an order may exceed the maximum number of lines before it is refused unread."""


class StagedRowReader:
    """Reads the staged rows of a job."""

    def __init__(self, sheets: Sequence[Any]) -> None:
        read = [sheet for sheet in sheets if sheet.entity]
        self._sheets = {sheet.place: self._readers(sheet) for sheet in read}
        self._flat = {sheet.place for sheet in read if ENTITIES_BY_NAME[sheet.entity].header}

    def _readers(self, sheet: Any) -> tuple[RowReader, RowReader]:
        """The readers of a sheet's rows, or of their headers, and of their lines."""
        reading = orjson.loads(sheet.reading)
        locale = Locale.read(reading)
        entity = ENTITIES_BY_NAME[sheet.entity]
        first, second = (
            RowReader(each, reading["fields"], locale, is_table=is_table(sheet.format))
            for each in (entity.header or entity, entity.lines or entity)
        )
        return first, second

    def entity(self, sheet: int) -> FileEntity:
        return self._sheets[sheet][0].entity

    def read(self, row: Any) -> list[ParsedRow]:
        """The content of a staged row, followed by that of the lines in it."""
        cells, lines = orjson.loads(row.cells)
        reader, of_lines = self._sheets[row.sheet]
        place = Place(row.sheet, row.row)
        if self.is_flat(row.sheet):
            of_header = {name: cell for name, cell in cells.items() if reader.has_column(name)}
            return [reader.read(place, of_header), of_lines.read(place, cells)]
        parsed = [reader.read(place, cells)]
        for number, line in lines:
            parsed.append(of_lines.read(replace(place, line=number), line))
        return parsed

    def is_flat(self, sheet: int) -> bool:
        """Whether each row of a sheet has a line and repeats its header."""
        return sheet in self._flat


@dataclass
class Batch:
    """Units of one kind: records of one entity, or orders."""

    job: ImportJobRow
    rules: Rules
    units: list[Unit]
    reader: StagedRowReader
    options: ImportOptions

    @classmethod
    async def next(
        cls, writer: Writer, job: ImportJobRow, rules: Rules, after: str | None = None
    ) -> "Batch":
        """The units after the job's position, or after `after`, up to the size of a batch."""
        position = job.position if after is None else after
        waiting = await writer.staging.units(job.id, position, UNITS_AT_ONCE)
        units: list[Unit] = []
        for unit in waiting:
            if units and not _fits(unit, units):
                break
            units.append(unit)
        reader = StagedRowReader(await writer.staging.sheets(job.id))
        options = ImportOptions.read(orjson.loads(job.options))
        return cls(job, rules, units, reader, options)

    @property
    def last(self) -> str | None:
        """The name of the last unit; None for an empty batch, which is the end of the job."""
        return self.units[-1].name if self.units else None

    async def apply(self, writer: Writer) -> Outcome:
        outcome = Outcome(rows=sum(unit.rows for unit in self.units))
        if not self.units:
            return outcome
        small = [unit for unit in self.units if not self._is_too_large(unit)]
        for unit in self.units:
            if self._is_too_large(unit):
                outcome.add(await self._refuse_size(writer, unit))
        rows = await self._rows(writer, small)
        try:
            async with writer.savepoint():
                outcome.add(await self._apply(writer, rows))
        except RefusedByDatabase:
            for unit in small:
                outcome.add(await self._apply_alone(writer, unit))
        return outcome

    async def _apply_alone(self, writer: Writer, unit: Unit) -> Outcome:
        """Apply one unit in its own savepoint, so that only the units that the database refuses
        fail."""
        rows = await self._rows(writer, [unit])
        try:
            async with writer.savepoint():
                return await self._apply(writer, rows)
        except RefusedByDatabase:
            parsed = self.reader.read(rows[0])[0]
            parsed.refuse(refusals.DATABASE_REFUSES)
            return self._failed(unit, parsed)

    def _is_too_large(self, unit: Unit) -> bool:
        return unit.rows > self.rules.largest_order + SURPLUS_ROWS or unit.size > LARGEST_UNIT

    async def _refuse_size(self, writer: Writer, unit: Unit) -> Outcome:
        [row] = await writer.staging.rows(self.job.id, unit.name, unit.name, limit=1)
        parsed = self.reader.read(row)[0]
        largest = self.rules.largest_order
        if unit.size > LARGEST_UNIT:
            parsed.refuse(
                refusals.UNIT_TOO_LARGE,
                (),
                unit.size,
                str(LARGEST_UNIT),
                largest=f"{LARGEST_UNIT:,}",
            )
        else:
            parsed.refuse(refusals.TOO_MANY_LINES, (), unit.rows, str(largest), largest=largest)
        return self._failed(unit, parsed)

    def _failed(self, unit: Unit, first: ParsedRow) -> Outcome:
        """The outcome of a unit that is refused as a whole for the problems of its first row."""
        name = "lines_failed" if unit.name.startswith(ORDERS) else "references_failed"
        findings = [(unit.name, finding, _number(unit.name)) for finding in first.findings]
        codes = list(dict.fromkeys(f.code for f in first.findings if not f.is_warning))
        results = [UnitResults(unit.name, codes=codes)]
        return Outcome(Counter({name: unit.rows}), findings, results)

    async def _rows(self, writer: Writer, units: Sequence[Unit]) -> Sequence[Any]:
        if not units:
            return []
        rows = await writer.staging.rows(self.job.id, units[0].name, units[-1].name)
        wanted = {unit.name for unit in units}
        return [row for row in rows if row.unit in wanted]

    async def _apply(self, writer: Writer, rows: Sequence[Any]) -> Outcome:
        if rows and not rows[0].unit.startswith(ORDERS):
            return await self._apply_records(writer, rows)
        return await self._apply_orders(writer, rows)

    async def _apply_records(self, writer: Writer, rows: Sequence[Any]) -> Outcome:
        outcome = Outcome()
        for sheet, group in groupby(rows, key=lambda row: row.sheet):
            parsed = [(row.unit, self.reader.read(row)[0]) for row in group]
            entity, parsed_rows = self.reader.entity(sheet), [row for _, row in parsed]
            await resolve_ids(writer, parsed_rows)
            for each in parsed_rows:
                divide_price(each)
            if writer.scope.is_limited or not writer.scope.writes_references:
                outcome.counts += _forbidden(parsed_rows)
            elif entity is ITEM_UNITS:
                outcome.counts += await apply_item_units(writer, parsed_rows)
            else:
                outcome.counts += await apply_records(writer, entity, parsed_rows)
            outcome.findings += [
                (unit, finding, None) for unit, row in parsed for finding in row.findings
            ]
            outcome.results += [unit_results(unit, [row]) for unit, row in parsed]
        return outcome

    async def _apply_orders(self, writer: Writer, rows: Sequence[Any]) -> Outcome:
        orders = {
            unit: self._order(unit, list(group))
            for unit, group in groupby(rows, key=lambda row: row.unit)
        }
        await resolve_ids(writer, [row for order in orders.values() for row in order.rows])
        counts = await apply_orders(writer, list(orders.values()), self.rules)
        for order in orders.values():
            counts += note_repeats(order)
        findings = [
            (unit, finding, order.number)
            for unit, order in orders.items()
            for row in order.all_rows
            for finding in row.findings
        ]
        results = [
            unit_results(unit, order.all_rows, order.number) for unit, order in orders.items()
        ]
        return Outcome(counts, findings, results)

    def _order(self, unit: str, rows: Sequence[Any]) -> OrderRows:
        order = OrderRows(_number(unit))
        order.has_all_lines = self.options.lines is not None
        if self.options.rounding is not None:
            order.terms["line_rounding"] = LineRounding.ONE_STEP
        for row in rows:
            first, *nested = self.reader.read(row)
            if self.reader.is_flat(row.sheet):
                add_flat_row(order, first, nested[0])
                continue
            is_header = self.reader.entity(row.sheet).row_kind is RowKind.HEADER
            (order.headers if is_header else order.lines).append(first)
            refuse_foreign_lines(first, nested)
            order.lines += nested
        set_repeats_aside(order)
        if order.number is not None:
            order.number = _number_as_written(order.first) or order.number
        if order.number is None and not order.headers:
            order.number = _too_long_number(order.first)
        for header in order.headers if order.number is None else ():
            header.change["import_key"] = unit.removeprefix(ORDERS + UNNUMBERED)
        return order


def _forbidden(rows: Sequence[ParsedRow]) -> Counter[str]:
    """Refuse records that the credential of the job may not write."""
    for row in rows:
        row.refuse(refusals.REFERENCES_FORBIDDEN)
    return Counter(references_failed=len(rows))


def _fits(unit: Unit, units: Sequence[Unit]) -> bool:
    """Whether a unit can join these units in one batch."""
    rows, size = sum(each.rows for each in units), sum(each.size for each in units)
    return (
        unit.name[0] == units[0].name[0]
        and rows + unit.rows <= ROWS_AT_ONCE
        and size + unit.size <= SIZE_AT_ONCE
    )


def _number_as_written(row: ParsedRow) -> str | None:
    """The order number of a row; the unit only has its case-folded form."""
    return clean(row.change.get("number") or row.extras.get("+order_number") or "") or None


def _too_long_number(line: ParsedRow) -> str | None:
    """The order number of a line, shortened, if it is too long for an order."""
    number = clean(line.extras.get("+order_number") or "")
    is_too_long = len(number) > LONGEST_NUMBER and is_storable_text(number)
    return number[:LONGEST_SHOWN] if is_too_long else None


def _number(unit: str) -> str | None:
    """The order number of a unit, or None."""
    number = unit.removeprefix(ORDERS)
    return None if number == unit or number.startswith(UNNUMBERED) else number
