"""The fields in which a change differs from the stored row, so that importing a file again changes
nothing."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from gateway.orders.assignment import BESIDE
from gateway.orders.fields import Field, Null, Reference, Until, column_of
from gateway.orders.references import References
from gateway.storage.tables.column_types import Base, clean


def difference(
    row: Base, change: Mapping[str, object], fields: Mapping[str, Field], references: References
) -> dict[str, Any]:
    """The values of `change`, except its lines, that differ from those of `row`. An amount next to a
    percentage is ignored, because it follows from the percentage."""
    has_percent = bool(change.get("discount_percent"))
    return {
        name: value
        for name, value in change.items()
        if name not in BESIDE
        and not (fields[name].is_import_only and fields[name].until is Until.CREATED)
        and not (name == "discount_amount" and has_percent)
        and _differs(row, name, value, fields[name], references)
    }


def _differs(row: Base, name: str, value: Any, field: Field, references: References) -> bool:
    """In some fields null means a default, and the stored value may be that default."""
    if value is None and field.null is not Null.EMPTY:
        return False
    if field.model is not None:
        key = getattr(row, column_of(name, field))
        return _names_other(key, field.model, cast(Reference | None, value), references)
    if isinstance(value, Mapping):
        prefix = name.removesuffix("address")
        return any(_is_other(getattr(row, prefix + part), text) for part, text in value.items())
    return _is_other(getattr(row, name), value)


def _names_other(
    key: str | None, model: type[Base], reference: Reference | None, references: References
) -> bool:
    if reference is None:
        return key is not None
    referenced: Any = references.get(model, reference)
    return referenced is None or referenced.id != key


def _is_other(stored: Any, value: Any) -> bool:
    if isinstance(value, str):
        value = clean(value) or None
    if isinstance(value, Decimal):
        stored = stored or Decimal(0)
    return bool(stored != value)
