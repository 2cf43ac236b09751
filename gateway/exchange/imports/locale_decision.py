"""Decides once per import, from all cells of all files, how their sender writes dates and numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from gateway.exchange.formats.cells import Locale, TypedNumber
from gateway.exchange.formats.import_options import DateOrder, DecimalSign
from gateway.exchange.formats.locale_evidence import (
    Cell,
    CellEvidence,
    date_evidence,
    number_evidence,
)
from gateway.exchange.formats.sheets import AmbiguousDates, AmbiguousNumbers, FileRefused, Sheet
from gateway.exchange.mappings.columns import CellKind, FileEntity

P = ParamSpec("P")
T = TypeVar("T")
NUMBERS = (CellKind.NUMBER, CellKind.WHOLE)
OPTIONS: Mapping[type[FileRefused], tuple[str, str]] = {
    AmbiguousDates: ("dates", "Dates"),
    AmbiguousNumbers: ("decimal", "Numbers"),
}
"""For each kind of ambiguity, the option that resolves it and a description."""

LONGEST_SHOWN = 40
"""Characters of a cell that a message quotes."""


@dataclass
class SheetEvidence:
    """The evidence in the cells of one sheet."""

    sheet: Sheet
    dates: CellEvidence = field(default_factory=date_evidence)
    numbers: CellEvidence = field(default_factory=number_evidence)

    @property
    def is_semicolon(self) -> bool:
        return self.sheet.separator == ";"

    @property
    def has_written_numbers(self) -> bool:
        """Whether the numbers of the sheet are text. Those of a workbook are text only if they were
        typed as text."""
        return self.sheet.format.startswith(("CSV", "XML"))


def decide_locales(sheets: Sequence[tuple[Sheet, FileEntity]]) -> list[Locale | FileRefused]:
    """The locale of each sheet, as its options state it or its cells show it, or why the sheet is refused.
    A reading that no cell decides becomes a remark of its sheet, or with `strict` a refusal."""
    found = [_attempt(_collect, sheet, entity) for sheet, entity in sheets]
    readable = [each for each in found if isinstance(each, SheetEvidence)]
    decimals = {id(each): _attempt(_decimal, each, readable) for each in readable}
    has_commas = "," in decimals.values() or any(each.is_semicolon for each in readable)
    usual = DateOrder.DMY if has_commas else DateOrder.MDY
    votes = {reading for each in readable for reading in each.dates.readings}

    def locale(each: SheetEvidence) -> Locale:
        doubt = Doubt(each.sheet, AmbiguousDates, each.dates, votes, usual)
        decimal = decimals[id(each)]
        if isinstance(decimal, FileRefused):
            raise decimal
        dates = each.sheet.options.dates or doubt.reading()
        return Locale(dates, decimal, day_zero=each.sheet.day_zero)

    return [each if isinstance(each, FileRefused) else _attempt(locale, each) for each in found]


def _attempt(decide: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | FileRefused:
    """What a decision about a file comes to, or why the file is refused."""
    try:
        return decide(*args, **kwargs)
    except FileRefused as refused:
        return refused


def _collect(sheet: Sheet, entity: FileEntity) -> SheetEvidence:
    """Reads all records of the sheet, one at a time."""
    evidence = SheetEvidence(sheet)
    is_json, is_written = sheet.format.startswith("JSON"), evidence.has_written_numbers
    kinds: dict[tuple[bool, str], CellKind | None] = {}
    for row, is_line, heading, cell in _cells(sheet):
        key = (is_line, heading)
        if key not in kinds:
            of = entity.lines if is_line and entity.lines else entity
            kinds[key] = _kind(of, sheet.fields.get(heading, heading))
        kind = kinds[key]
        if kind is None or cell is None:
            continue
        if kind is CellKind.DATE:
            evidence.dates.add(heading, row, cell)
        elif is_written or (not is_json and _is_typed(cell)):
            evidence.numbers.add(heading, row, cell)
    return evidence


def _cells(sheet: Sheet) -> Iterator[tuple[int, bool, str, str | None]]:
    """The row of each cell, whether it is in a nested line, its heading, and its text."""
    for record in sheet.records():
        for heading, cell in record.cells.items():
            yield record.row, False, heading, cell
        for line in record.lines:
            for heading, cell in line.cells.items():
                yield record.row, True, heading, cell


def _is_typed(cell: str) -> bool:
    """Whether a number in a workbook is text, which can be read in two ways."""
    return "," in cell or isinstance(cell, TypedNumber)


def _kind(entity: FileEntity, name: str) -> CellKind | None:
    column = entity.column(name)
    is_read = column is not None and column.field
    return column.kind if column and is_read and column.kind in (*NUMBERS, CellKind.DATE) else None


def _decimal(each: SheetEvidence, evidence: Sequence[SheetEvidence]) -> str:
    stated = each.sheet.options.decimal
    votes = {reading for other in evidence for reading in other.numbers.readings}
    votes |= {"," for other in evidence if other.is_semicolon and other.numbers.with_comma}
    if stated is not None:
        return stated
    if each.is_semicolon:
        return _semicolon_decimal(each)
    doubt = Doubt(each.sheet, AmbiguousNumbers, each.numbers, votes, DecimalSign.POINT)
    return doubt.reading()


def _semicolon_decimal(each: SheetEvidence) -> str:
    """Programs separate cells with semicolons if the comma is the decimal sign."""
    contradiction = each.numbers.first.get(".")
    if contradiction is None:
        return DecimalSign.COMMA
    if each.numbers.with_comma is not None:
        raise Doubt(each.sheet, AmbiguousNumbers, each.numbers, set(), "").refusal(contradiction)
    return DecimalSign.POINT


@dataclass(frozen=True)
class Doubt:
    """How to read the dates or numbers of a sheet: the evidence of its own cells, the readings that
    cells of any file require, and the default."""

    sheet: Sheet
    kind: type[FileRefused]
    evidence: CellEvidence
    votes: set[str]
    usual: str

    def reading(self) -> str:
        """Raises FileRefused if cells contradict each other and others can be read in two ways."""
        own, unclear = self.evidence.readings, self.evidence.unclear
        if len(own) == 1:
            return next(iter(own))
        if len(self.votes) == 1:
            return next(iter(self.votes))
        if unclear is not None:
            if self.votes or self.sheet.options.strict:
                raise self.refusal(unclear)
            self.sheet.remarks[self.kind.code] = self._remark(unclear)
        return self.usual

    def refusal(self, cell: Cell) -> FileRefused:
        heading, row, text = cell
        option, what = OPTIONS[self.kind]
        return self.kind(
            self.sheet.file,
            f"has {what.lower()} that can be read in two ways, such as {text[:LONGEST_SHOWN]!r} in row"
            f" {row}, {heading}: state how they are written with the option {option}",
        )

    def _remark(self, cell: Cell) -> str:
        heading, row, text = cell
        option, what = OPTIONS[self.kind]
        other = next(value for value in ("DMY", "MDY", ",", ".") if self._is_other(value))
        return (
            f"{what} such as {text[:LONGEST_SHOWN]!r} in row {row}, {heading}, can be read in two ways, and"
            f" no cell of any file decides. They are read with {option}={self.usual}; state"
            f" {option}={other} if that is wrong."
        )

    def _is_other(self, value: str) -> bool:
        return value != self.usual and len(value) == len(self.usual)
