"""Records that orders refer to, written in memory and checked before they are stored (RULES.md 6.4)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.orders import refusals
from gateway.orders.amounts import ONE
from gateway.orders.fields import Reference, column_of
from gateway.orders.item_units import check_factor
from gateway.orders.problems import Path, Problem, Report
from gateway.orders.record_checks import check_value, refuse_missing, refuse_taken, require_fields
from gateway.orders.record_fields import Record
from gateway.orders.references import References, comparable
from gateway.orders.value_checks import (
    checked_country,
)
from gateway.storage.companies import CurrencyUnknown, iso_currency
from gateway.storage.scope import Scope
from gateway.storage.tables.column_types import Base, clean, is_storable_text
from gateway.storage.tables.model_columns import column_default, text_lengths, value_type
from gateway.storage.tables.reference_data import (
    ADDRESS_PARTS,
    CurrencyRow,
    CustomerRow,
    UnitOfMeasureRow,
)
from gateway.storage.writing import Writer

RecordChange = Mapping[str, Any]
"""The fields of a record in a change, by name. Omitted fields stay unchanged, or get their default in a
new record. `address` has the parts of a customer's address."""

Values = dict[str, Any]
"""By column."""


@dataclass
class RecordDraft:
    """A record with the values of its change, and the problems that prevent it from being stored.
    `parts` has the values of all parts of each relation in the change."""

    record: Record
    row: Any
    is_new: bool
    values: Values
    parts: Mapping[str, Sequence[Values]] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


async def draft_records(
    writer: Writer, record: Record, changes: Sequence[RecordChange]
) -> list[RecordDraft]:
    """The result of each change on the record with its key, or on a new one; nothing is written.
    Changes may refer to new records of earlier changes. The number of statements does not depend on the
    number of changes."""
    desk = await RecordDesk.open(writer, record, changes)
    return [desk.draft(change, desk.stored(change)) for change in changes]


class RecordDesk:
    """The data for changes of one kind of record."""

    def __init__(self, record: Record, references: References, scope: Scope) -> None:
        self._record = record
        self._references = references
        self._company = scope.company
        self._is_limited = scope.is_limited
        self._taken: dict[tuple[str, Any], str] = {}
        self._stored: dict[tuple[Any, Any], Any] = {}

    @classmethod
    async def open(
        cls, writer: Writer, record: Record, changes: Sequence[RecordChange]
    ) -> "RecordDesk":
        references = References(await writer.company_currency())
        desk = cls(record, references, writer.scope)
        for model, named in _named(record, changes).items():
            await references.load(writer, model, named)
        wanted = {
            name: {clean(change.get(name) or "") for change in changes} - {""}
            for name in (record.key, *record.unique)
        }
        for row in await writer.records(record.model, wanted):
            desk.know(row)
        unique = {name: wanted[name] for name in record.unique}
        desk._taken |= await writer.hidden.owners(record.model, unique)
        return desk

    def know(self, row: Any) -> None:
        """Register a record that is stored or about to be."""
        name = comparable(self._record.key, getattr(row, self._record.key))
        self._stored[getattr(row, "kind", None), name] = row
        for name in self._record.unique:
            self._taken[name, getattr(row, name)] = row.id

    def stored(self, change: RecordChange) -> Any | None:
        """The stored record with the key of a change, ignoring case."""
        key = self._record.key
        return self._stored.get((change.get("kind"), comparable(key, clean(change.get(key) or ""))))

    def draft(self, change: RecordChange, stored: Any | None) -> RecordDraft:
        report = Report()
        if self._is_limited and (stored is None or not isinstance(stored, CustomerRow)):
            named = self._record.key
            report.refuse(refusals.RECORD_FORBIDDEN, named, rejected=change.get(named))
            return RecordDraft(self._record, None, True, {}, {}, report.problems)
        values = self._values(self._record, change, stored, report)
        parts = {
            name: self._parts(part, change[name], report.at(name))
            for name, part in self._record.parts.items()
            if name in change
        }
        if "units_of_measure" in parts:
            base = values.get("base_unit_of_measure_id") or getattr(
                stored, "base_unit_of_measure_id", None
            )
            self._check_units(change["units_of_measure"] or (), base, report)
            for unit in parts["units_of_measure"]:
                if unit.get("unit_of_measure_id") == base:
                    unit["quantity_per_unit"] = ONE
        key = None if stored is None else stored.id
        for name in self._record.unique:
            owner = self._taken.get((name, values[name])) if values.get(name) else None
            if owner not in (None, key):
                refuse_taken(self._record, name, values[name], report)
        if stored is not None:
            values.pop(self._record.key, None)
            return RecordDraft(self._record, stored, False, values, parts, report.problems)
        row = self._new(values, report)
        return RecordDraft(self._record, row, True, values, parts, report.problems)

    def _new(self, values: Values, report: Report) -> Any | None:
        """A new record, to which later changes may refer; None if something is missing or refused."""
        if self._record.model is CurrencyRow and values.get("code"):
            _complete_currency(values, self._company)
        require_fields(self._record, values, report)
        if report.problems:
            return None
        row: Any = self._record.model(company_id=self._company, **values)
        self._references.add(row)
        self.know(row)
        return row

    def _parts(
        self, part: Record, changes: Sequence[RecordChange] | None, report: Report
    ) -> list[Values]:
        """The values of all parts. Reports duplicate keys."""
        result: dict[Any, Values] = {}
        for place, change in enumerate(changes or ()):
            where = report.at(str(place))
            values = self._values(part, change, None, where)
            require_fields(part, values, where)
            key = values.get(column_of(part.key, part.fields[part.key]))
            if key is not None and result.setdefault(key, values) is not values:
                named: Any = change[part.key]
                where.refuse(refusals.UNIT_REPEATED, part.key, named.by, rejected=named.value)
        return list(result.values())

    def _check_units(
        self, changes: Sequence[RecordChange], base: str | None, report: Report
    ) -> None:
        """Report invalid quantities per unit of an item."""
        for place, change in enumerate(changes):
            unit = self._references.get(UnitOfMeasureRow, change["unit_of_measure"])
            if unit is not None:
                where = report.at("units_of_measure", str(place))
                factor = change.get("quantity_per_unit")
                check_factor(factor, base, unit, where, "quantity_per_unit")

    def _values(
        self, record: Record, change: RecordChange, stored: Any | None, report: Report
    ) -> Values:
        """The columns that a change sets. Reports values that cannot be stored; stored values are not
        checked again."""
        lengths = text_lengths(record.model)
        values: Values = {}
        for name, given, path in _flat(record, change):
            column, where = column_of(name, record.fields[name]), report.at(*path)
            value = _tidy(given) if isinstance(given, str) and name in lengths else given
            if name == "country":
                value = checked_country(value, getattr(stored, column, None), where)
            if isinstance(value, Reference):
                value = self._id_of(record, change, name, stored, report)
            elif value is None and not value_type(record.model, column)[1]:
                _set_default(record, name, stored, values, where)
                continue
            elif record.owner == "" and (stored is None or getattr(stored, column) != value):
                check_value(name, value, record.fields[name], lengths, where)
            values[column] = value
        return values

    def _id_of(
        self, record: Record, change: RecordChange, name: str, stored: Any | None, report: Report
    ) -> str | None:
        """The id of the record that a field refers to; None for the record itself."""
        reference: Reference = change[name]
        model = record.fields[name].model
        if model is record.model and _is_self(record, change, reference, stored):
            return None
        row: Any = self._references.named(model or record.model, change, name, report)
        return None if row is None else str(row.id)


def _named(
    record: Record, changes: Sequence[RecordChange]
) -> Mapping[type[Base], list[Reference | None]]:
    """The references in changes and their parts, by model."""
    result: dict[type[Base], list[Reference | None]] = defaultdict(list)
    for change in changes:
        for name, declared in record.fields.items():
            if declared.model is not None:
                result[declared.model].append(change.get(name))
        for name, part in record.parts.items():
            for model, named in _named(part, change.get(name) or ()).items():
                result[model] += named
    return result


def _flat(record: Record, change: RecordChange) -> Iterator[tuple[str, Any, Path]]:
    """The fields of a change with their paths; an address is split into its parts."""
    for name, value in change.items():
        if name in record.parts:
            continue
        if name == "address" and "address_line1" in record.fields:
            parts = dict.fromkeys(ADDRESS_PARTS) if value is None else value
            yield from ((part, text, (name, part)) for part, text in parts.items())
        else:
            yield name, value, (name,)


def _tidy(text: str) -> str | None:
    """A text as it is stored; None if it is empty."""
    return (clean(text) if is_storable_text(text) else text) or None


def _set_default(
    record: Record, name: str, stored: Any | None, values: Values, report: Report
) -> None:
    """Null means the default of a field that cannot be null, which a new record already has."""
    if stored is None:
        return
    if record.is_required(name):
        refuse_missing(record, name, report)
    else:
        column = column_of(name, record.fields[name])
        values[column] = column_default(record.model, column)


def _is_self(
    record: Record, change: RecordChange, reference: Reference, stored: Any | None
) -> bool:
    own = change.get(reference.by) or getattr(stored, reference.by, None)
    by = reference.by
    return own is not None and comparable(by, clean(str(own))) == comparable(by, reference.value)


def _complete_currency(values: Values, company: str) -> None:
    """Complete a currency with its name and decimals from ISO 4217."""
    try:
        known = iso_currency(company, values["code"])
    except CurrencyUnknown:
        return
    for name in ("display_name", "amount_decimal_places", "amount_rounding_precision"):
        if values.get(name) is None:
            values[name] = getattr(known, name)
