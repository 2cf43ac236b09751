"""Ids in files that refer to records of this gateway, as in its own exports. The ids of other systems
are unknown and ignored."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from gateway.exchange.imports.row_reader import ParsedRow
from gateway.orders.fields import Reference
from gateway.storage.tables.column_types import Base, canonical_guid
from gateway.storage.tables.reference_data import (
    AccountRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    UnitOfMeasureRow,
)
from gateway.storage.writing import Writer

MODELS: Mapping[str, type[Base]] = {
    "customer": CustomerRow,
    "bill_to_customer": CustomerRow,
    "currency": CurrencyRow,
    "payment_terms": PaymentTermsRow,
    "shipment_method": ShipmentMethodRow,
    "item": ItemRow,
    "account": AccountRow,
    "unit_of_measure": UnitOfMeasureRow,
    "base_unit_of_measure": UnitOfMeasureRow,
}
"""The fields that an id may set, and the records that they refer to."""

COLUMNS = {name: f"+{name}_id" for name in MODELS}
"""The names of these ids among the values that only the import needs."""


async def resolve_ids(writer: Writer, rows: Sequence[ParsedRow]) -> None:
    """Set the fields for which the rows have the id of a stored record but no number or code, with one
    statement for each kind of record."""
    wanted: dict[type[Base], set[str]] = defaultdict(set)
    found = [(row, ids) for row in rows if (ids := _ids(row))]
    for _, ids in found:
        for name, key in ids.items():
            wanted[MODELS[name]].add(key)
    known = {
        model: {row.id for row in await writer.find(model, {"id": keys})}  # type: ignore[attr-defined]
        for model, keys in wanted.items()
    }
    for row, ids in found:
        for name, key in ids.items():
            if key in known[MODELS[name]]:
                row.change[name] = Reference("id", key)
                row.columns[name, "id"] = row.columns[(COLUMNS[name],)]


def _ids(row: ParsedRow) -> dict[str, str]:
    """The ids that count, by field: the id of a customer takes precedence over that of its contact."""
    ids: dict[str, str] = {}
    if row.extras.keys().isdisjoint(COLUMNS.values()):
        return ids
    for name, column in COLUMNS.items():
        key = row.extras.get(column)
        named = row.change.get(name)
        is_named = named is not None and named.by != "contact_id"
        if key and not is_named and (guid := canonical_guid(key)):
            ids[name] = guid
    if row.change.get("line_object_number"):
        ids.pop("item", None)
        ids.pop("account", None)
    return ids
