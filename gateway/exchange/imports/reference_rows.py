"""Customers, items, codes and accounts from files: each row for itself, new or changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any

from gateway.exchange.imports.row_reader import Given
from gateway.exchange.mappings.columns import FileEntity
from gateway.orders.difference import MODELS
from gateway.orders.problems import ProblemCode, plain
from gateway.orders.references import Reference
from gateway.storage.companies import CurrencyUnknown, iso_currency
from gateway.storage.tables.column_types import (
    Base,
    clean,
    is_storable,
    is_storable_text,
    now,
    text_lengths,
)
from gateway.storage.tables.reference_data import CurrencyRow, CustomerRow, UnitOfMeasureRow
from gateway.storage.writing import Writer

UNITS = {"base_unit_of_measure": UnitOfMeasureRow, "sales_unit_of_measure": UnitOfMeasureRow}
NOT_NEGATIVE = {"percent", "amount_rounding_precision", "unit_amount_rounding_precision"}


async def apply_records(writer: Writer, entity: FileEntity, rows: Sequence[Given]) -> Counter[str]:
    """Write the rows that can be written, and count them; what is wrong with the others stands in them."""
    key = "number" if "number" in entity.model.__table__.c else "code"
    there = await _stored(writer, entity, key, rows)
    named = await _named(writer, rows)
    counts: Counter[str] = Counter()
    new: list[Any] = []
    seen: dict[tuple[Any, ...], Given] = {}
    for row in rows:
        values = _values(entity, key, row, named)
        _refuse_twin(row, seen.setdefault(_key(values, key), row), key, values)
        stored = there.get(_key(values, key))
        if stored is None:
            _complete(entity, values, row, writer.scope.company)
        if row.is_refused:
            counts["references_failed"] += 1
        elif stored is None:
            new.append(entity.model(company_id=writer.scope.company, **values))
            if isinstance(new[-1], CustomerRow):
                named[CustomerRow, "number", new[-1].number] = new[-1]
            counts["references_created"] += 1
        else:
            counts[f"references_{_change(stored, values)}"] += 1
    await writer.add(new)
    return counts


def _refuse_twin(row: Given, first: Given, key: str, values: Mapping[str, Any]) -> None:
    """Two rows with one key would overwrite each other."""
    if first is not row and values.get(key):
        message = f"Row {first.place.row} has this {key} already."
        row.refuse(ProblemCode.DUPLICATE, (key,), message, values[key])


def _key(values: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    return values.get("kind"), values.get(key)


async def _stored(
    writer: Writer, entity: FileEntity, key: str, rows: Sequence[Given]
) -> dict[tuple[Any, ...], Any]:
    wanted = {clean(row.change.get(key) or "") for row in rows}
    found: Sequence[Any] = await writer.find(entity.model, {key: wanted})
    return {(getattr(row, "kind", None), getattr(row, key)): row for row in found}


async def _named(writer: Writer, rows: Sequence[Given]) -> dict[tuple[type[Base], str, str], Base]:
    """The records that the rows refer to, by model, kind of name and name."""
    wanted: dict[type[Base], dict[str, set[str]]] = {}
    for row in rows:
        for name, value in row.change.items():
            if isinstance(value, Reference):
                model = _model(name)
                wanted.setdefault(model, {}).setdefault(value.by, set()).add(value.value)
    return {
        (model, by, getattr(found, by)): found
        for model, values in wanted.items()
        for by in values
        for found in await writer.find(model, {by: values[by]})
    }


def _model(name: str) -> type[Base]:
    return UNITS.get(name) or MODELS[name]


def _values(
    entity: FileEntity, key: str, row: Given, named: Mapping[tuple[type[Base], str, str], Any]
) -> dict[str, Any]:
    """The columns that a row sets; reports what does not fit them."""
    values: dict[str, Any] = {}
    lengths = text_lengths(entity.model)
    for name, value in row.change.items():
        if isinstance(value, Reference):
            values[f"{name}_id"] = _id_of(name, value, key, row, named)
        elif name in UNITS or name in MODELS:
            values[f"{name}_id"] = None
        elif isinstance(value, str):
            values[name] = _text(name, value, lengths.get(name), row)
        else:
            _check_number(name, value, row)
            values[name] = value
    if not values.get(key):
        row.refuse(ProblemCode.REQUIRED, (key,), f"A record needs its {key}.")
    return values


def _id_of(
    name: str,
    reference: Reference,
    key: str,
    row: Given,
    named: Mapping[tuple[type[Base], str, str], Any],
) -> str | None:
    if name == "bill_to_customer" and reference.value == clean(row.change.get(key) or ""):
        return None
    found = named.get((_model(name), reference.by, reference.value))
    if found is None:
        message = f"There is no {name.replace('_', ' ')} with this {reference.by}."
        row.refuse(ProblemCode.NOT_FOUND, (name,), message, reference.value)
        return None
    key_of: str = found.id
    return key_of


def _text(name: str, value: str, longest: int | None, row: Given) -> str | None:
    if not is_storable_text(value):
        message = "The text has a control character or half a surrogate pair in it."
        row.refuse(ProblemCode.INVALID, (name,), message, plain(value))
    text = clean(value)
    if longest is not None and len(text) > longest:
        message = f"The text has {len(text)} characters, at most {longest} fit."
        row.refuse(ProblemCode.TOO_LONG, (name,), message, plain(text), text[:longest])
    return text or None


def _check_number(name: str, value: Any, row: Given) -> None:
    if not isinstance(value, Decimal):
        return
    low = 0 if name in NOT_NEGATIVE or name == "discount_percent" else None
    if not is_storable(value):
        message = "A number has at most 13 digits before the point and 5 after it."
        row.refuse(ProblemCode.OUT_OF_RANGE, (name,), message, plain(value))
    elif (low is not None and value < low) or (name == "discount_percent" and value > 100):
        row.refuse(ProblemCode.OUT_OF_RANGE, (name,), "The number is out of range.", plain(value))


def _complete(entity: FileEntity, values: dict[str, Any], row: Given, company: str) -> None:
    """What a new record has where the file says nothing; reports what it cannot do without."""
    if entity.model is CurrencyRow and values.get("code"):
        _complete_currency(values, company)
    for column in entity.model.__table__.c:
        name = column.name
        if column.nullable or name in ("company_id", "id"):
            continue
        if values.get(name) is None:
            values.pop(name, None)
            if name in _required(entity.model):
                field = name.removesuffix("_id")
                label = field.replace("_", " ")
                row.refuse(ProblemCode.REQUIRED, (field,), f"A new record needs its {label}.")


def _required(model: type[Base]) -> set[str]:
    """The columns that have no value unless one is given."""
    return {
        each.name
        for each in fields(model)
        if each.init and each.default is MISSING and each.default_factory is MISSING
    }


def _complete_currency(values: dict[str, Any], company: str) -> None:
    """ISO 4217 knows the name and the decimals of most currencies."""
    try:
        known = iso_currency(company, values["code"])
    except CurrencyUnknown:
        return
    for name in ("display_name", "amount_decimal_places", "amount_rounding_precision"):
        if values.get(name) is None:
            values[name] = getattr(known, name)


def _change(stored: Any, values: Mapping[str, Any]) -> str:
    """Write what differs; tells whether anything did."""
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
