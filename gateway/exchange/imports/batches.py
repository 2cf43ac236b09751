"""One batch of a job: the next units that wait, read, applied and told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from gateway.exchange.formats.cells import Locale
from gateway.exchange.imports.findings import Found
from gateway.exchange.imports.order_rows import OrderRows
from gateway.exchange.imports.order_upserts import apply_orders
from gateway.exchange.imports.reference_rows import apply_records
from gateway.exchange.imports.row_reader import Given, Place, RowReader
from gateway.exchange.imports.staging import LONGEST_NUMBER, NAMELESS, ORDERS
from gateway.exchange.mappings.business_central import LINES as NESTED_LINES
from gateway.exchange.mappings.columns import Part
from gateway.exchange.mappings.recognition import BY_NAME
from gateway.orders.problems import ProblemCode
from gateway.orders.service import Rules
from gateway.storage.import_rows import Unit
from gateway.storage.tables.column_types import clean, is_storable_text
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.writing import RefusedByDatabase, Writer

UNITS_AT_ONCE = 100
ROWS_AT_ONCE = 1000
SIZE_AT_ONCE = 10_000_000
"""Characters of the rows of a batch, unless it is of one unit."""

LARGEST_UNIT = 20_000_000
"""Characters of the rows of an order beyond which they are not even read; a thousand lines with all the
columns of the vendor have some five million."""

LONGEST_TOLD = 100
"""Characters of a number too long for an order that are told."""

SURPLUS_ROWS = 100
"""How many more rows than lines are allowed an order may have before they are not even read."""


@dataclass
class Outcome:
    """What came of a batch, or of several."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Found] = field(default_factory=list)
    rows: int = 0

    @property
    def has_failures(self) -> bool:
        return any(name.endswith("_failed") for name in +self.counts)

    def count(self, other: "Outcome") -> None:
        """Count what `other` has counted; its findings are told elsewhere."""
        self.counts += other.counts
        self.rows += other.rows

    def add(self, other: "Outcome") -> None:
        self.count(other)
        self.findings += other.findings

    def undo(self) -> None:
        """Nothing of it is kept: only what failed is counted."""
        for name in [name for name in self.counts if not name.endswith("_failed")]:
            del self.counts[name]


class Reader:
    """Reads the kept rows of a job."""

    def __init__(self, sheets: Sequence[Any]) -> None:
        self._sheets = {sheet.place: self._reader(sheet) for sheet in sheets}
        self._lines = RowReader(NESTED_LINES, {}, Locale(), is_table=False)

    def _reader(self, sheet: Any) -> RowReader:
        reading = orjson.loads(sheet.reading)
        locale = Locale(reading["dates"], reading["decimal"])
        is_table = not sheet.format.startswith("JSON")
        return RowReader(BY_NAME[sheet.entity], reading["fields"], locale, is_table=is_table)

    def entity(self, sheet: int) -> Any:
        return self._sheets[sheet].entity

    def read(self, row: Any) -> list[Given]:
        """What a kept row says: itself, and the lines nested in it."""
        cells, lines = orjson.loads(row.cells)
        given = [self._sheets[row.sheet].read(Place(row.sheet, row.row), cells)]
        for place, line in lines:
            given.append(self._lines.read(Place(row.sheet, row.row, place), line))
        return given


@dataclass
class Batch:
    """Units of one kind: records of one entity, or orders."""

    job: ImportJobRow
    rules: Rules
    units: list[Unit]
    reader: Reader

    @classmethod
    async def next(
        cls, writer: Writer, job: ImportJobRow, rules: Rules, after: str | None = None
    ) -> "Batch":
        """The units that come after the job's position, as many as a transaction takes well."""
        position = job.position if after is None else after
        waiting = await writer.staging.units(job.id, position, UNITS_AT_ONCE)
        units: list[Unit] = []
        for unit in waiting:
            if units and not _fits(unit, units):
                break
            units.append(unit)
        return cls(job, rules, units, Reader(await writer.staging.sheets(job.id)))

    @property
    def last(self) -> str | None:
        """The last unit of the batch; None for an empty one, after which nothing comes."""
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
        """A unit that a database refuses goes without the others of its batch."""
        rows = await self._rows(writer, [unit])
        try:
            async with writer.savepoint():
                return await self._apply(writer, rows)
        except RefusedByDatabase:
            given = self.reader.read(rows[0])[0]
            given.refuse(ProblemCode.INVALID, (), "The database refuses this record.")
            return self._told([(unit.name, given)], failed=len(rows), kind=unit.name)

    def _is_too_large(self, unit: Unit) -> bool:
        return unit.rows > self.rules.largest_order + SURPLUS_ROWS or unit.size > LARGEST_UNIT

    async def _refuse_size(self, writer: Writer, unit: Unit) -> Outcome:
        [row] = await writer.staging.rows(self.job.id, unit.name, unit.name, limit=1)
        given = self.reader.read(row)[0]
        largest = self.rules.largest_order
        if unit.size > LARGEST_UNIT:
            message = f"Its rows together have more than {LARGEST_UNIT:,} characters."
            given.refuse(ProblemCode.TOO_LONG, (), message, str(unit.size), str(LARGEST_UNIT))
        else:
            message = f"An order has at most {largest} lines."
            given.refuse(ProblemCode.TOO_MANY_LINES, (), message, str(unit.rows), str(largest))
        return self._told([(unit.name, given)], failed=unit.rows, kind=unit.name)

    def _told(self, rows: Sequence[tuple[str, Given]], *, failed: int, kind: str) -> Outcome:
        name = "lines_failed" if kind.startswith(ORDERS) else "references_failed"
        findings = [
            (unit, finding, _number(unit)) for unit, given in rows for finding in given.findings
        ]
        return Outcome(Counter({name: failed}), findings)

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
            given = [(row.unit, self.reader.read(row)[0]) for row in group]
            entity = self.reader.entity(sheet)
            outcome.counts += await apply_records(writer, entity, [row for _, row in given])
            outcome.findings += [
                (unit, finding, None) for unit, row in given for finding in row.findings
            ]
        return outcome

    async def _apply_orders(self, writer: Writer, rows: Sequence[Any]) -> Outcome:
        orders = {
            unit: self._order(unit, list(group))
            for unit, group in groupby(rows, key=lambda row: row.unit)
        }
        counts = await apply_orders(writer, list(orders.values()), self.rules)
        findings = [
            (unit, finding, order.number)
            for unit, order in orders.items()
            for row in order.rows
            for finding in row.findings
        ]
        return Outcome(counts, findings)

    def _order(self, unit: str, rows: Sequence[Any]) -> OrderRows:
        order = OrderRows(_number(unit))
        for row in rows:
            first, *nested = self.reader.read(row)
            is_header = self.reader.entity(row.sheet).part is Part.HEADER
            (order.headers if is_header else order.lines).append(first)
            order.lines += nested
        if order.number is None and not order.headers:
            order.number = _unfit(order.first)
        for header in order.headers if order.number is None else ():
            header.change["import_key"] = unit.removeprefix(ORDERS + NAMELESS)
        return order


def _fits(unit: Unit, units: Sequence[Unit]) -> bool:
    """Whether a unit can be done in one batch with others."""
    rows, size = sum(each.rows for each in units), sum(each.size for each in units)
    return (
        unit.name[0] == units[0].name[0]
        and rows + unit.rows <= ROWS_AT_ONCE
        and size + unit.size <= SIZE_AT_ONCE
    )


def _unfit(line: Given) -> str | None:
    """What a line calls its order, if that is too long for the number of one."""
    number = clean(line.extras.get("+order_number") or "")
    is_unfit = len(number) > LONGEST_NUMBER and is_storable_text(number)
    return number[:LONGEST_TOLD] if is_unfit else None


def _number(unit: str) -> str | None:
    """The number of the order that a unit is; None where it has none."""
    number = unit.removeprefix(ORDERS)
    return None if number == unit or number.startswith(NAMELESS) else number
