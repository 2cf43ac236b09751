"""The result of each row of an import: the record that it wrote, or the codes of its problems."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.exchange.imports.row_reader import ParsedRow
from gateway.exchange.mappings.columns import FileEntity, RowKind
from gateway.orders.preview import PREVIEW
from gateway.orders.problems import encodable
from gateway.storage.tables.column_types import clean
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.writing import Writer

REFUSED = "REFUSED"
IDS = ("id", "lineId", "etag")
Entry = dict[str, Any]
"""The result of a row or of a line within it. Null members are omitted, and so is the entity if it is
that of the sheet."""


@dataclass(frozen=True)
class UnitResults:
    """The results of the rows of a unit, each with its sheet and row. Without `rows` the unit was not
    read, and `codes` apply to all of its rows."""

    unit: str
    rows: Sequence[tuple[int, int, Entry]] = ()
    codes: Sequence[str] = ()


def unit_results(unit: str, rows: Sequence[ParsedRow], key: str | None = None) -> UnitResults:
    """The results of a unit; `key` is the number of its order."""
    result = []
    for row in rows:
        place = row.place
        assert place.row is not None  # noqa: S101
        result.append((place.sheet, place.row, _entry(row, key)))
    return UnitResults(unit, result)


def _entry(row: ParsedRow, key: str | None) -> Entry:
    target, place = row.target, row.place
    entry: Entry = {"entity": row.entity.name}
    if place.line is not None:
        entry["line"] = place.line
    if target is None:
        key = key or _key_of_record(row)
        codes = [finding.code for finding in row.findings if not finding.is_warning]
        entry |= {"outcome": REFUSED, "codes": list(dict.fromkeys(codes))}
    else:
        key = target.key
        entry |= {"outcome": target.outcome.name, "id": target.id, "etag": str(target.etag)}
        if target.line is not None:
            entry["lineId"] = target.line
    if key is not None:
        entry["key"] = encodable(key)
    return entry


def _key_of_record(row: ParsedRow) -> str | None:
    """The number or code in a row of a record."""
    if row.entity.row_kind is not RowKind.REFERENCE:
        return None
    value = row.change.get(key_name(row.entity))
    return (clean(value) or None) if isinstance(value, str) else None


def key_name(entity: FileEntity) -> str:
    """Whether the records of an entity have numbers or codes."""
    is_coded = entity.row_kind is RowKind.REFERENCE and hasattr(entity.model, "code")
    return "code" if is_coded else "number"


async def record_results(
    writer: Writer, job: ImportJobRow, results: Sequence[UnitResults], *, is_undone: bool = False
) -> None:
    """Store results with their job. Those of a dry run are previews; `is_undone` says that everything
    was rolled back because other rows were refused."""
    stored = []
    for result in results:
        if not result.rows:
            refused = [{"outcome": REFUSED, "codes": result.codes}]
            await writer.import_results.add_same(job.id, result.unit, _json(refused))
        stored += [
            {
                "company_id": job.company_id,
                "job_id": job.id,
                "sheet": sheet,
                "row": row,
                "unit": result.unit,
                "entries": _json([_kept(entry, job, is_undone=is_undone) for entry in entries]),
            }
            for sheet, row, entries in _runs(result.rows)
        ]
    await writer.import_results.add(stored)


def _runs(rows: Sequence[tuple[int, int, Entry]]) -> Iterator[tuple[int, int, list[Entry]]]:
    """Entries of consecutive rows of a sheet, each run with its sheet and first row. A row may have
    several entries; each has its distance from the first row unless that is 0."""
    run: tuple[int, int, list[Entry]] | None = None
    last = 0
    for sheet, row, entry in sorted(rows, key=lambda each: each[:2]):
        if run is None or run[0] != sheet or row > last + 1:
            if run is not None:
                yield run
            run = sheet, row, []
        if row != run[1]:
            entry["after"] = row - run[1]
        run[2].append(entry)
        last = row
    if run is not None:
        yield run


def _kept(entry: Entry, job: ImportJobRow, *, is_undone: bool) -> Entry:
    if is_undone:
        remaining = {name: value for name, value in entry.items() if name not in IDS}
        return {**remaining, "outcome": REFUSED}
    if job.dry_run:
        return {name: PREVIEW + value if name in IDS else value for name, value in entry.items()}
    return entry


def _json(entries: Sequence[Entry]) -> str:
    text: str = orjson.dumps(entries).decode()
    return text
