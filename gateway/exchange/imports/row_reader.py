"""Turns the cells of a row into a change, and remembers the column of each field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from gateway.exchange.formats.cells import (
    SPREADSHEET_ERRORS,
    Locale,
    Unreadable,
    parse_date,
    parse_number,
    parse_percent,
    parse_whole_number,
    parse_yes_no,
)
from gateway.exchange.formats.formulas import unescape_formula
from gateway.exchange.formats.headings import SHORT, SURPLUS
from gateway.exchange.imports.line_breaks import BREAK, is_wrapped, lines_of
from gateway.exchange.mappings.columns import REFERENCES, CellKind, FileColumn, FileEntity
from gateway.orders import refusals
from gateway.orders.fields import Reference
from gateway.orders.problems import Path, Problem, Refusal, Report
from gateway.orders.records import RecordOutcome
from gateway.storage.countries import country_code
from gateway.storage.tables.column_types import clean, hidden_at, without_hidden

HIDDEN = "INVISIBLE_CHARACTER"
"""The code of the warning about removed characters."""

BROKEN = "LINE_BREAK"
"""The code of the warning about line breaks that became spaces."""


@dataclass(frozen=True)
class Place:
    """A place in the files of a job: the number of the sheet, the row as its author counts it, and the
    line within a nested record."""

    sheet: int
    row: int | None = None
    line: int | None = None

    def seen_from(self, other: "Place") -> str:
        """The row in a message about `other`, which says if it is in another file."""
        return f"{self.row}" if self.sheet == other.sheet else f"{self.row} of another file"


@dataclass(frozen=True)
class Finding:
    """A problem of a row, or a warning about it."""

    place: Place
    code: str
    message: str
    column: str | None = None
    rejected_value: str | None = None
    suggestions: tuple[str, ...] = ()
    is_warning: bool = False


@dataclass(frozen=True)
class Target:
    """The record that a row created, updated or left unchanged: its id, number or code, and etag. For a
    row with a line of an order this is the order, and `line` is the id of the line."""

    outcome: RecordOutcome
    id: str
    key: str
    etag: int
    line: str | None = None


@dataclass
class ParsedRow:
    """The contents of a row: the fields of a change, the values that only the import needs, and the
    column of each. `target` is set once it has been written."""

    place: Place
    entity: FileEntity
    change: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    columns: dict[Path, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    target: Target | None = None

    @property
    def is_refused(self) -> bool:
        return bool(self.findings) and any(not finding.is_warning for finding in self.findings)

    def column(self, path: Path) -> str | None:
        """The heading of the cell for the field at `path`, or for the field around it; without such a
        cell, the column that could contain it."""
        for length in range(len(path), 0, -1):
            for known, heading in self.columns.items():
                if known[:length] == path[:length]:
                    return heading
        columns = self.entity.columns
        return next((c.name for c in columns if c.field and c.path[:1] == path[:1]), None)

    def add(self, problem: Problem, path: Path) -> None:
        """Add a problem of the field at `path`."""
        self.findings.append(
            Finding(
                self.place,
                problem.code.name,
                problem.message + advice(problem),
                self.column(path),
                problem.rejected_value,
                problem.suggestions or tuple(each.value for each in problem.instead),
            )
        )

    def add_all(self, report: Report) -> None:
        for problem in report.problems:
            self.add(problem, problem.path)

    def refuse(
        self,
        refusal: Refusal,
        path: Path = (),
        rejected: object = None,
        *suggestions: str,
        **values: Any,
    ) -> None:
        report = Report()
        report.refuse(refusal, *path, rejected=rejected, suggestions=suggestions, **values)
        self.add_all(report)

    def warn(self, code: str, message: str, path: Path = (), rejected: str | None = None) -> None:
        self.findings.append(
            Finding(self.place, code, message, self.column(path), rejected, is_warning=True)
        )


def advice(problem: Problem) -> str:
    """The transitions that make a refused change possible, in words."""
    words = " or ".join(transition.value for transition in problem.first)
    return f" First {words} the order." if words else ""


Parse = Callable[[str], Any]
MOST_REMEMBERED = 5_000
"""Cells of a column whose numbers and dates are kept, since most of them repeat."""


class RowReader:
    """Reads the rows of one sheet: `headings` as written, each with the entity's name for it.

    The cells of a table may be escaped against formulas, may group digits, and may outnumber the
    headings; those of JSON may not."""

    def __init__(
        self,
        entity: FileEntity,
        headings: Mapping[str, str],
        locale: Locale,
        *,
        is_table: bool = True,
    ) -> None:
        self.entity = entity
        self._locale = replace(locale, has_groups=is_table)
        self._is_table = is_table
        self._headings = headings
        self._plain: Callable[[str], str] = unescape_formula if is_table else str
        self._columns: dict[str, tuple[FileColumn, Parse] | None] = {}

    def read(self, place: Place, cells: Mapping[str, str | None]) -> ParsedRow:
        row = ParsedRow(place, self.entity)
        later = []
        for heading, cell in cells.items():
            known = self._known(heading)
            if known is None:
                if self._is_table and heading.startswith(SURPLUS):
                    row.refuse(refusals.CELL_WITHOUT_HEADING, (), cell)
                elif self._is_table and heading == SHORT:
                    row.refuse(refusals.ROW_TOO_SHORT, (), cell, cells=cell)
            elif known[0].fallback:
                later.append((known, heading, cell))
            else:
                self._set(row, *known, heading, cell)
        for known, heading, cell in later:
            if _is_unset(row, known[0].path):
                self._set(row, *known, heading, cell)
        _split_streets(row)
        return row

    def _set(
        self, row: ParsedRow, column: FileColumn, parse: Parse, heading: str, cell: str | None
    ) -> None:
        """Read a cell into its field. Blanks, and the empty text of JSON, clear the field."""
        path = column.path
        row.columns[path] = heading
        if self._is_table and cell in SPREADSHEET_ERRORS:
            row.refuse(refusals.CELL_IS_ERROR, path, cell)
            return
        if cell is not None and not cell.isprintable():
            cell = _plain_text(row, path, cell)
        value: Any = None
        if cell is not None and (cell.strip() or column.kind is CellKind.CHOICE):
            try:
                value = parse(self._plain(cell))
            except Unreadable as error:
                row.refuse(
                    refusals.CELL_UNREADABLE, path, cell, error.suggestion, reason=str(error)
                )
                return
        put_value(row, path, value)

    def has_column(self, heading: str) -> bool:
        """Whether the column of a heading is read."""
        return self._known(heading) is not None

    def _known(self, heading: str) -> tuple[FileColumn, Parse] | None:
        if heading not in self._columns:
            column = self.entity.column(self._headings.get(heading, heading))
            kept = column is not None and column.field
            self._columns[heading] = (column, self._parse(column)) if column and kept else None
        return self._columns[heading]

    def _parse(self, column: FileColumn) -> Parse:
        locale, remember = self._locale, lru_cache(MOST_REMEMBERED)
        if column.path[-1] == "country":
            return lambda cell: country_code(cell) or cell
        if column.path[-1].endswith("percent"):
            return remember(lambda cell: parse_percent(cell, locale))
        parsers: dict[CellKind, Parse] = {
            CellKind.TEXT: str,
            CellKind.ID: str,
            CellKind.NUMBER: remember(lambda cell: parse_number(cell, locale)),
            CellKind.WHOLE: remember(lambda cell: parse_whole_number(cell, locale)),
            CellKind.DATE: remember(lambda cell: parse_date(cell, locale)),
            CellKind.YES_NO: parse_yes_no,
            CellKind.CHOICE: lambda cell: _chosen(self.entity.choices[column.field], cell),
        }
        return parsers[column.kind]


def _plain_text(row: ParsedRow, path: Path, cell: str) -> str:
    """The text of a cell that is not printable, without invisible characters, and in one line if its
    line breaks only wrap it."""
    if hidden_at(cell) is not None:
        row.warn(HIDDEN, _hidden(cell), path, cell)
        cell = without_hidden(cell)
    if path[0] not in REFERENCES and is_wrapped(path, cell):
        row.warn(BROKEN, "The line breaks became spaces.", path, cell)
        cell = " ".join(lines_of(cell))
    return cell


def _hidden(cell: str) -> str:
    result = sorted({f"U+{ord(letter):04X}" for letter in cell if hidden_at(letter) is not None})
    return f"The invisible characters {', '.join(result)} were removed."


def _is_unset(row: ParsedRow, path: Path) -> bool:
    """Whether no other column has set a field; a reference may come from several columns."""
    if path[0] in REFERENCES:
        return row.change.get(path[0]) is None and not row.is_refused
    return path not in row.columns


def _split_streets(row: ParsedRow) -> None:
    """Split an address with line breaks: the second line and all further ones belong to
    addressLine2."""
    for path in [path for path in row.columns if path[-1] == "address_line1"]:
        address = row.change if len(path) == 1 else row.change.get(path[0], {})
        street = address.get("address_line1")
        if street is None or not BREAK.search(street):
            continue
        first, *others = lines_of(street) or [""]
        own = address.get("address_line2")
        address["address_line1"] = first
        if others:
            address["address_line2"] = ", ".join([*others, own] if own else others)
            row.columns.setdefault((*path[:-1], "address_line2"), row.columns[path])


def put_value(row: ParsedRow, path: Path, value: Any) -> None:
    """Put the value of a cell into its field."""
    if path[0].startswith("+"):
        row.extras[path[0]] = value
    elif len(path) == 1:
        row.change[path[0]] = value
    elif path[0] in REFERENCES:
        is_named = value is not None and not isinstance(value, Reference)
        row.change[path[0]] = Reference(path[1], clean(value)) if is_named else value
    else:
        row.change.setdefault(path[0], {})[path[1]] = value


def _chosen(choices: Mapping[str, Any], cell: str) -> Any:
    word = "".join(letter for letter in cell.casefold() if letter.isalnum())
    try:
        return choices[word]
    except KeyError:
        known = ", ".join(sorted(filter(None, choices)))
        raise Unreadable(f"It is none of {known}.", next(iter(choices))) from None
