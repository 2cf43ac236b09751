"""Writes customers, items, codes and accounts from files, each row independently."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gateway.exchange.imports.row_reader import ParsedRow, Target
from gateway.exchange.mappings.columns import FileEntity
from gateway.orders import refusals
from gateway.orders.fields import column_of
from gateway.orders.record_drafts import RecordChange, RecordDraft, draft_records
from gateway.orders.record_fields import RECORDS, Record
from gateway.orders.records import store_records
from gateway.orders.references import comparable
from gateway.orders.suggestions import with_suggestions
from gateway.storage.tables.column_types import clean
from gateway.storage.tables.model_columns import value_type
from gateway.storage.writing import Writer


async def apply_records(
    writer: Writer, entity: FileEntity, rows: Sequence[ParsedRow]
) -> Counter[str]:
    """Write the rows without problems, and count them; the problems of the others are in their rows."""
    record = RECORDS[entity.model]
    drafts = await draft_records(writer, record, [_change(record, row) for row in rows])
    _refuse_repeated(record, rows)
    fitting: list[tuple[ParsedRow, RecordDraft]] = []
    for row, draft in zip(rows, drafts, strict=True):
        for problem in await with_suggestions(writer, draft.problems):
            row.add(problem, problem.path)
        if not row.is_refused:
            fitting.append((row, draft))
    outcomes = await store_records(writer, [draft for _, draft in fitting])
    for (row, draft), outcome in zip(fitting, outcomes, strict=True):
        stored = draft.row
        row.target = Target(outcome, stored.id, getattr(stored, record.key), stored.etag)
    counts = Counter(f"references_{outcome.value}" for outcome in outcomes)
    counts["references_failed"] += len(rows) - len(fitting)
    return counts


def _change(record: Record, row: ParsedRow) -> RecordChange:
    """The change in a row. A blank cell is ignored for a field that cannot be null."""
    return {
        name: value
        for name, value in row.change.items()
        if value is not None or value_type(record.model, column_of(name, record.fields[name]))[1]
    }


def _refuse_repeated(record: Record, rows: Sequence[ParsedRow]) -> None:
    """Refuse two rows with the same key, which would overwrite each other."""
    seen: dict[tuple[Any, str], ParsedRow] = {}
    for row in rows:
        value = clean(row.change.get(record.key) or "")
        key = row.change.get("kind"), comparable(record.key, value)
        first = seen.setdefault(key, row)
        if first is not row and value:
            place = first.place.row
            row.refuse(refusals.ROW_REPEATED, (record.key,), value, row=place, label=record.key)
