"""Every write of a record that orders refer to (RULES.md 6.4 and 6.5). No other code writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from gateway.orders import refusals
from gateway.orders.etags import check_version
from gateway.orders.fields import column_of
from gateway.orders.item_units import list_own_units, own_units
from gateway.orders.problems import Problem, Rejected, Report
from gateway.orders.record_drafts import (
    RecordChange,
    RecordDesk,
    RecordDraft,
    Values,
    draft_records,
)
from gateway.orders.record_fields import Record
from gateway.orders.references import comparable
from gateway.orders.suggestions import with_suggestions
from gateway.storage.tables.column_types import clean
from gateway.storage.tables.reference_data import ItemRow
from gateway.storage.writing import Writer


class RecordOutcome(Enum):
    """What a change did to a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class RowResult:
    """The record written by one of several changes, or the problems that prevented it. Warnings do not
    prevent a change."""

    row: Any | None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


async def create_record(writer: Writer, record: Record, change: RecordChange) -> Any:
    """Store a new record. Raises Rejected with every problem."""
    desk = await RecordDesk.open(writer, record, [change])
    report = Report()
    if desk.stored(change) is not None:
        field, key = record.key, change[record.key]
        report.refuse(refusals.RECORD_EXISTS, field, rejected=key, label=record.label, field=field)
    draft = desk.draft(change, None)
    return await _store_one(writer, draft, report.problems)


async def update_record(
    writer: Writer, record: Record, key: str, change: RecordChange, if_match: str | None
) -> Any:
    """Change the record with this id. Raises Rejected with every problem."""
    stored = await _existing(writer, record, key, if_match)
    desk = await RecordDesk.open(writer, record, [change])
    return await _store_one(writer, desk.draft(change, stored))


async def delete_record(writer: Writer, record: Record, key: str, if_match: str | None) -> str:
    """Delete a record and return its id. Raises Rejected if anything refers to it."""
    row = await _existing(writer, record, key, if_match)
    if writer.scope.is_limited:
        forbidden = Report()
        forbidden.refuse(refusals.RECORD_FORBIDDEN, "id", rejected=key)
        raise Rejected(forbidden.problems)
    users = await writer.users_of(row)
    if users:
        report = Report()
        counts: dict[str, Any] = dict(users)
        report.refuse(
            refusals.RECORD_IN_USE,
            "id",
            rejected=getattr(row, record.key),
            label=record.label,
            key=getattr(row, record.key),
            users=" and ".join(_counted(table, count) for table, count in users.items()),
            **counts,
        )
        raise Rejected(report.problems)
    await writer.delete(row)
    deleted: str = row.id
    return deleted


async def upsert_records(
    writer: Writer, record: Record, changes: Sequence[RecordChange]
) -> list[RowResult]:
    """Create or update the record with the key of each change, independently of the others."""
    drafts = await draft_records(writer, record, changes)
    report = Report()
    _refuse_repeated(record, changes, report)
    for place, draft in enumerate(drafts):
        report.problems += [in_row(problem, place) for problem in draft.problems]
    refused = by_row(await with_suggestions(writer, report.problems))
    fitting = {place: draft for place, draft in enumerate(drafts) if place not in refused}
    await store_records(writer, list(fitting.values()))
    return [
        RowResult(fitting[place].row if place in fitting else None, refused.get(place, ()))
        for place in range(len(drafts))
    ]


def _refuse_repeated(record: Record, changes: Sequence[RecordChange], report: Report) -> None:
    """Two rows with the same key would overwrite each other."""
    seen: set[tuple[Any, str]] = set()
    for place, change in enumerate(changes):
        key = change.get("kind"), comparable(record.key, clean(change[record.key]))
        if key in seen:
            where, field = report.at(str(place)), record.key
            where.refuse(refusals.SAME_ROW_TWICE, field, rejected=change[field], field=field)
        seen.add(key)


def in_row(problem: Problem, place: int) -> Problem:
    """A problem of one of several changes, with a path that begins with the index of its row."""
    return replace(problem, path=(str(place), *problem.path))


def by_row(problems: Sequence[Problem]) -> dict[int, list[Problem]]:
    """The problems by the index of their row."""
    by_place: dict[int, list[Problem]] = {}
    for problem in problems:
        by_place.setdefault(int(problem.path[0]), []).append(problem)
    return by_place


async def store_records(writer: Writer, drafts: Sequence[RecordDraft]) -> list[RecordOutcome]:
    """Write drafts without problems. The number of statements does not depend on their number."""
    outcomes = [_write(draft, writer.scope.company) for draft in drafts]
    by_outcome: dict[RecordOutcome, list[Any]] = {outcome: [] for outcome in RecordOutcome}
    for draft, outcome in zip(drafts, outcomes, strict=True):
        by_outcome[outcome].append(draft.row)
    await writer.save_records(by_outcome[RecordOutcome.CREATED], by_outcome[RecordOutcome.UPDATED])
    return outcomes


async def _store_one(writer: Writer, draft: RecordDraft, more: Sequence[Problem] = ()) -> Any:
    problems = [*more, *draft.problems]
    if problems:
        raise Rejected(await with_suggestions(writer, problems))
    await store_records(writer, [draft])
    return draft.row


def _write(draft: RecordDraft, company: str) -> RecordOutcome:
    changed = not draft.is_new and _set_values(draft.row, draft.values)
    if isinstance(draft.row, ItemRow):
        changed = list_own_units(draft.row) or changed
    for name, wanted in draft.parts.items():
        if _write_parts(draft.record.parts[name], draft.row, name, wanted, company):
            changed = True
    if draft.is_new:
        return RecordOutcome.CREATED
    return RecordOutcome.UPDATED if changed else RecordOutcome.UNCHANGED


def _set_values(row: Any, values: Values) -> bool:
    """Set the values that differ; returns whether there are any."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _write_parts(
    part: Record, row: Any, relation: str, new_parts: Sequence[Values], company: str
) -> bool:
    """Replace the parts of a record; returns whether that changes anything."""
    key = column_of(part.key, part.fields[part.key])
    parts, changed = getattr(row, relation), False
    existing = {getattr(each, key): each for each in parts}
    for values in new_parts:
        old = existing.pop(values[key], None)
        if old is None:
            parts.append(part.model(**{"company_id": company, part.owner: row.id}, **values))
        changed = old is None or _set_values(old, values) or changed
    removed = [part for key, part in existing.items() if key not in own_units(row)]
    for old in removed:
        parts.remove(old)
    parts.sort(key=lambda each: each.id)
    return changed or bool(removed)


async def _existing(writer: Writer, record: Record, key: str, if_match: str | None) -> Any:
    """The record with this id. Raises Rejected if there is none, or if its etag has changed."""
    rows: Sequence[Any] = await writer.records(record.model, {"id": {key}})
    report = Report()
    if not rows:
        report.refuse(
            refusals.RECORD_GONE, "id", rejected=key, label=record.label, have=record.have
        )
    else:
        check_version(if_match, rows[0].etag, getattr(rows[0], record.key), report, record.label)
    if report.problems:
        raise Rejected(report.problems)
    return rows[0]


USERS = {
    "accounts": ("account", "accounts"),
    "companies": ("company as its currency", "companies as their currency"),
    "customers": ("customer", "customers"),
    "items": ("item", "items"),
    "item_units_of_measure": ("unit of an item", "units of items"),
    "line_objects": ("line object", "line objects"),
    "sales_order_lines": ("line of an order", "lines of orders"),
    "sales_orders": ("order", "orders"),
}
"""The name of one row of a table, and of several."""


def _counted(table: str, count: int) -> str:
    return f"{count} {USERS[table][count != 1]}"
