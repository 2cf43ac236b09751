"""Writes the units of items from files: each row is a unit in which an item is sold."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.exchange.imports.row_reader import ParsedRow, Target
from gateway.orders import refusals
from gateway.orders.item_units import check_factor
from gateway.orders.problems import Report
from gateway.orders.record_fields import RECORDS
from gateway.orders.records import RecordOutcome
from gateway.storage.tables.column_types import Base, case_folded
from gateway.storage.tables.reference_data import ItemRow, ItemUnitOfMeasureRow, UnitOfMeasureRow
from gateway.storage.writing import Writer

KEYS: Mapping[str, type[Base]] = {"item": ItemRow, "unit_of_measure": UnitOfMeasureRow}
"""The fields that name a row, with the records that they refer to."""


@dataclass(frozen=True)
class _Known:
    """The items in the rows, locked because their etags may change; the units; and the existing units
    of the items, by ids."""

    named: dict[tuple[str, str], Any]
    listed: dict[tuple[str, str], ItemUnitOfMeasureRow]


async def apply_item_units(writer: Writer, rows: Sequence[ParsedRow]) -> Counter[str]:
    """Write the rows without problems, and count them; the problems of the others are in their rows. An
    item whose units change gets a new etag."""
    known = await _known(writer, rows)
    counts: Counter[str] = Counter()
    new: list[ItemUnitOfMeasureRow] = []
    changed: dict[str, ItemRow] = {}
    written: list[tuple[ParsedRow, RecordOutcome, ItemRow]] = []
    for row, item, unit in _fitting(rows, known):
        stored = known.listed.get((item.id, unit.id))
        if stored is None:
            new.append(_new(row, item, unit))
        outcome = RecordOutcome.CREATED if stored is None else _update(stored, row)
        counts[f"references_{outcome.value}"] += 1
        written.append((row, outcome, item))
        if outcome is not RecordOutcome.UNCHANGED:
            changed[item.id] = item
    counts["references_failed"] += sum(row.is_refused for row in rows)
    await writer.add(new)
    await writer.save_records([], list(changed.values()))
    for row, outcome, item in written:
        row.target = Target(outcome, item.id, item.number, item.etag)
    return counts


def _fitting(
    rows: Sequence[ParsedRow], known: _Known
) -> Iterator[tuple[ParsedRow, ItemRow, UnitOfMeasureRow]]:
    """The rows without problems, with their items and units; reports the problems of the others."""
    seen: dict[tuple[str, str], ParsedRow] = {}
    for row in rows:
        named = {name: _named(row, name, known) for name in KEYS}
        item, unit = named["item"], named["unit_of_measure"]
        if item is not None and unit is not None:
            _check(row, item, unit, seen.setdefault((item.id, unit.id), row))
            if not row.is_refused:
                yield row, item, unit


async def _known(writer: Writer, rows: Sequence[ParsedRow]) -> _Known:
    named: dict[tuple[str, str], Any] = {}
    for name, model in KEYS.items():
        key = RECORDS[model].key
        wanted = {row.change[name].value for row in rows if row.change.get(name) is not None}
        read = writer.records if model is ItemRow else writer.find
        records: Sequence[Any] = await read(model, {key: wanted})
        named |= {(name, case_folded(getattr(each, key))): each for each in records}
    items = {each.id for each in named.values() if isinstance(each, ItemRow)}
    stored = await writer.find(ItemUnitOfMeasureRow, {"item_id": items})
    return _Known(named, {(each.item_id, each.unit_of_measure_id): each for each in stored})


def _named(row: ParsedRow, name: str, known: _Known) -> Any | None:
    """The record in a field of a row; reports one that is missing."""
    reference = row.change.get(name)
    if reference is None:
        row.refuse(refusals.RECORD_NEEDS, (name,), field=name.replace("_", " "))
        return None
    result = known.named.get((name, case_folded(reference.value)))
    if result is None:
        record = RECORDS[KEYS[name]]
        row.refuse(
            refusals.RECORD_NOT_FOUND,
            (name,),
            reference.value,
            label=record.label,
            have=record.have,
            by=reference.by,
        )
    return result


def _check(row: ParsedRow, item: ItemRow, unit: UnitOfMeasureRow, first: ParsedRow) -> None:
    report = Report()
    base, factor = item.base_unit_of_measure_id, row.change.get("quantity_per_unit")
    check_factor(factor, base, unit, report, "quantity_per_unit")
    row.add_all(report)
    if first is not row:
        row.refuse(
            refusals.ROW_REPEATED,
            ("unit_of_measure",),
            unit.code,
            row=first.place.seen_from(row.place),
            label="item and unit",
        )


def _new(row: ParsedRow, item: ItemRow, unit: UnitOfMeasureRow) -> ItemUnitOfMeasureRow:
    return ItemUnitOfMeasureRow(
        company_id=item.company_id,
        item_id=item.id,
        unit_of_measure_id=unit.id,
        quantity_per_unit=row.change.get("quantity_per_unit"),
    )


def _update(stored: ItemUnitOfMeasureRow, row: ParsedRow) -> RecordOutcome:
    """Write the quantity of a row."""
    factor = row.change.get("quantity_per_unit")
    if factor is None or factor == stored.quantity_per_unit:
        return RecordOutcome.UNCHANGED
    stored.quantity_per_unit = factor
    return RecordOutcome.UPDATED
