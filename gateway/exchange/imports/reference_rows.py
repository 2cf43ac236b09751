"""Writes customers, items, codes and accounts from files: each row on its own, new or changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any

from gateway.exchange.imports.row_reader import ParsedRow
from gateway.exchange.mappings.columns import FileEntity
from gateway.orders import refusals
from gateway.orders.fields import RECORDS, Field, Record, Reference, column_of
from gateway.orders.item_units import list_own_units
from gateway.orders.problems import Report
from gateway.orders.references import comparable
from gateway.orders.value_checks import (
    check_number,
    check_range,
    check_stored_text,
    checked_country,
)
from gateway.storage.companies import CurrencyUnknown, iso_currency
from gateway.storage.tables.column_types import Base, case_folded, clean, now, text_lengths
from gateway.storage.tables.reference_data import CurrencyRow, CustomerRow, ItemRow
from gateway.storage.writing import Writer

Named = Mapping[tuple[type[Base], str, str], Any]
"""The records that rows refer to, by model, kind of name and name."""


async def apply_records(
    writer: Writer, entity: FileEntity, rows: Sequence[ParsedRow]
) -> Counter[str]:
    """Write the rows without problems, and count them; the problems of the others are in their rows."""
    record = RECORDS[entity.model]
    stored_records = await _stored(writer, record, rows)
    named = await _named(writer, record, rows)
    counts: Counter[str] = Counter()
    new: list[Any] = []
    seen: dict[tuple[Any, ...], ParsedRow] = {}
    for row in rows:
        values = _values(record, row, named)
        key = values.get("kind"), case_folded(values.get(record.key) or "")
        _refuse_repeated(row, seen.setdefault(key, row), record.key, values)
        stored = stored_records.get(key)
        if stored is None:
            _complete(record.model, values, row, writer.scope.company)
        _check_country(values, stored, row)
        if row.is_refused:
            counts["references_failed"] += 1
        elif stored is None:
            new.append(record.model(company_id=writer.scope.company, **values))
            if isinstance(new[-1], CustomerRow):
                named[CustomerRow, "number", case_folded(new[-1].number)] = new[-1]
            counts["references_created"] += 1
        else:
            values.pop(record.key)
            counts[f"references_{_update(stored, values)}"] += 1
    await writer.add(new)
    if record.model is ItemRow:
        await list_own_units(writer, [*stored_records.values(), *new])
    return counts


def _refuse_repeated(row: ParsedRow, first: ParsedRow, key: str, values: Mapping[str, Any]) -> None:
    """Two rows with the same key would overwrite each other."""
    if first is not row and values.get(key):
        row.refuse(refusals.ROW_REPEATED, (key,), values[key], row=first.place.row, label=key)


async def _stored(
    writer: Writer, record: Record, rows: Sequence[ParsedRow]
) -> dict[tuple[Any, ...], Any]:
    """The stored records that the rows name, by kind and key."""
    wanted = {clean(row.change.get(record.key) or "") for row in rows}
    stored: Sequence[Any] = await writer.find(record.model, {record.key: wanted})
    return {
        (getattr(each, "kind", None), case_folded(getattr(each, record.key))): each
        for each in stored
    }


async def _named(
    writer: Writer, record: Record, rows: Sequence[ParsedRow]
) -> dict[tuple[type[Base], str, str], Any]:
    wanted: dict[type[Base], dict[str, set[str]]] = {}
    for row in rows:
        for name, value in row.change.items():
            model = record.fields[name].model
            if model is not None and value is not None:
                wanted.setdefault(model, {}).setdefault(value.by, set()).add(value.value)
    return {
        (model, by, comparable(by, getattr(each, by))): each
        for model, values in wanted.items()
        for by in values
        for each in await writer.find(model, {by: values[by]})
    }


def _values(record: Record, row: ParsedRow, named: Named) -> dict[str, Any]:
    """The columns that a row sets; reports values that do not fit."""
    lengths = text_lengths(record.model)
    values: dict[str, Any] = {}
    for name, value in row.change.items():
        field = record.fields[name]
        column = column_of(name, field)
        values[column] = value
        if isinstance(value, Reference):
            values[column] = _id_of(name, field, value, record, row, named)
        elif isinstance(value, str) and name in lengths:
            values[column] = _text(name, value, lengths[name], row)
        elif isinstance(value, Decimal):
            _check_number(name, value, field, row)
    if not values.get(record.key):
        row.refuse(refusals.RECORD_NEEDS_KEY, (record.key,), label=record.key)
    return values


def _id_of(
    name: str, field: Field, reference: Reference, record: Record, row: ParsedRow, named: Named
) -> str | None:
    """The id of the record that a row refers to. A record that names itself needs no reference."""
    model = field.model or record.model
    own = clean(row.change.get(record.key) or "")
    name_of_it = comparable(reference.by, reference.value)
    if model is record.model and name_of_it == comparable(record.key, own):
        return None
    target = named.get((model, reference.by, name_of_it))
    if target is None:
        row.refuse(
            refusals.RECORD_NOT_FOUND,
            (name,),
            reference.value,
            label=RECORDS[model].label,
            have=RECORDS[model].have,
            by=reference.by,
        )
        return None
    key: str = target.id
    return key


def _text(name: str, value: str, longest: int, row: ParsedRow) -> str | None:
    text, report = clean(value), Report()
    check_stored_text(text, longest, report, name)
    row.add_all(report)
    return text or None


def _check_number(name: str, value: Decimal, field: Field, row: ParsedRow) -> None:
    report = Report()
    if check_number(value, report, name):
        check_range(value, field, report, name)
    row.add_all(report)


def _check_country(values: dict[str, Any], stored: Any, row: ParsedRow) -> None:
    if values.get("country") is not None:
        report, before = Report(), getattr(stored, "country", None)
        values["country"] = checked_country(values["country"], before, report, "country")
        row.add_all(report)


def _complete(model: type[Base], values: dict[str, Any], row: ParsedRow, company: str) -> None:
    """Leave the defaults of a new record to its table; reports values that have none."""
    if model is CurrencyRow and values.get("code"):
        _complete_currency(values, company)
    for column in model.__table__.c:
        name = column.name
        if column.nullable or name in ("company_id", "id") or values.get(name) is not None:
            continue
        values.pop(name, None)
        if name in _required(model):
            field = name.removesuffix("_id")
            row.refuse(refusals.NEW_RECORD_NEEDS, (field,), label=field.replace("_", " "))


def _required(model: type[Base]) -> set[str]:
    """The columns without a default."""
    return {
        each.name
        for each in fields(model)
        if each.init and each.default is MISSING and each.default_factory is MISSING
    }


def _complete_currency(values: dict[str, Any], company: str) -> None:
    """ISO 4217 has the name and the decimals of most currencies."""
    try:
        known = iso_currency(company, values["code"])
    except CurrencyUnknown:
        return
    for name in ("display_name", "amount_decimal_places", "amount_rounding_precision"):
        if values.get(name) is None:
            values[name] = getattr(known, name)


def _update(stored: Any, values: Mapping[str, Any]) -> str:
    """Write the values that differ, and return whether the record was `updated` or is `unchanged`."""
    columns = stored.__table__.c
    changed = {
        name: value
        for name, value in values.items()
        if getattr(stored, name) != value and not (value is None and not columns[name].nullable)
    }
    for name, value in changed.items():
        setattr(stored, name, value)
    if changed and "last_modified_date_time" in columns:
        stored.last_modified_date_time = now()
    return "updated" if changed else "unchanged"
