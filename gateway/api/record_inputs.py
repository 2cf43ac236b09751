"""The inputs of records that orders refer to, made from the fields that they declare.

A field has the description of the same field in the type of the record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

import strawberry
from strawberry import Maybe
from strawberry.types.base import get_object_definition

from gateway.api import inputs, reference_inputs, reference_types
from gateway.orders.fields import Field, Until, column_of
from gateway.orders.problems import plain
from gateway.orders.record_fields import RECORDS, Record
from gateway.storage.tables import reference_data as rows
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.model_columns import text_lengths, value_type
from gateway.storage.tables.reference_data import ADDRESS_PARTS

REFERENCE_INPUTS: Mapping[type[Base], Any] = {
    rows.CurrencyRow: reference_inputs.CurrencyRefInput,
    rows.CustomerRow: reference_inputs.CustomerRefInput,
    rows.PaymentTermsRow: reference_inputs.PaymentTermsRefInput,
    rows.ShipmentMethodRow: reference_inputs.ShipmentMethodRefInput,
    rows.TaxCodeRow: reference_inputs.TaxCodeRefInput,
    rows.UnitOfMeasureRow: reference_inputs.UnitOfMeasureRefInput,
}
"""The inputs that refer to records, by type of record."""

FROM_ISO = {(rows.CurrencyRow, "display_name")}
"""Fields that a new record may omit although their columns have no default."""


class Purpose(StrEnum):
    """The purpose of an input. Its name begins with this word."""

    CREATE = "Create"
    UPDATE = "Update"
    UPSERT = "Upsert"


@dataclass(frozen=True)
class RecordType:
    """A kind of record with its type in the schema. `noun` is its name in descriptions."""

    type: Any
    noun: str
    article: str = "a"

    @property
    def record(self) -> Record:
        return RECORDS[self.type.row_model]

    @property
    def name(self) -> str:
        return str(get_object_definition(self.type, strict=True).name)

    @property
    def one(self) -> str:
        """The noun with its indefinite article."""
        return f"{self.article} {self.noun}"

    @cached_property
    def create_input(self) -> Any:
        return self._input(Purpose.CREATE, f"A new {self.noun}.")

    @cached_property
    def update_input(self) -> Any:
        return self._input(
            Purpose.UPDATE,
            f"An update of {self.one}. Omitted fields stay unchanged; null clears a field.",
        )

    @cached_property
    def upsert_input(self) -> Any:
        key = self.record.key
        return self._input(
            Purpose.UPSERT,
            f"A new {self.noun}, or an update of the {self.noun} with the same {key}. Omitted fields"
            " stay unchanged or get their defaults; null clears a field.",
        )

    def _input(self, purpose: Purpose, description: str) -> Any:
        fields = {**dict(_fields(self.record, self.type, purpose)), **_parts(self.record)}
        return _define(f"{purpose.value}{self.name}Input", description, fields)


InputField = tuple[Any, str, bool]
"""The type of an input field, its description, and whether it is required."""


def _fields(record: Record, of: Any, purpose: Purpose) -> Iterator[tuple[str, InputField]]:
    described = _descriptions(of)
    for name, field in record.fields.items():
        if name in ADDRESS_PARTS:
            if name == ADDRESS_PARTS[0]:
                yield "address", (inputs.PostalAddressInput, described["address"], False)
        elif purpose is not Purpose.UPDATE or field.until is not Until.CREATED:
            text = described[name] + _limits(record, name, field)
            yield name, (_kind(record, name, field), text, _must_state(record, name, purpose))


def _must_state(record: Record, name: str, purpose: Purpose) -> bool:
    if purpose is Purpose.CREATE:
        return record.is_required(name) and (record.model, name) not in FROM_ISO
    return purpose is Purpose.UPSERT and name == record.key


def _kind(record: Record, name: str, field: Field) -> Any:
    if field.model is not None:
        return REFERENCE_INPUTS[field.model]
    return value_type(record.model, column_of(name, field))[0]


def _limits(record: Record, name: str, field: Field) -> str:
    """The end of a description with the range of the values."""
    longest = text_lengths(record.model).get(name)
    if longest is not None:
        return f" {reference_inputs.length_note(longest)}"
    if isinstance(field.least, Decimal) and field.most is not None:
        return f" From {plain(field.least)} to {plain(field.most)}."
    return "" if field.least is None else f" At least {plain(field.least)}."


def _parts(record: Record) -> dict[str, InputField]:
    return {
        name: (
            _list_of(PART_INPUTS[part.model]),
            "All units of the item. Omitted units are removed, except its base unit and sales unit.",
            False,
        )
        for name, part in record.parts.items()
    }


def _list_of(kind: Any) -> Any:
    return list[kind]


def _descriptions(of: Any) -> Mapping[str, str]:
    fields = get_object_definition(of, strict=True).fields
    return {field.python_name: field.description or "" for field in fields}


def _define(name: str, description: str, fields: Mapping[str, InputField]) -> Any:
    """An input that distinguishes omitted fields from null."""
    cls = type(name, (), {"__module__": __name__})
    maybe: Any = Maybe
    for field, (kind, text, must_state) in fields.items():
        cls.__annotations__[field] = kind if must_state else maybe[kind | None]
        stated = (
            strawberry.field(description=text) if must_state else reference_inputs.optional(text)
        )
        setattr(cls, field, stated)
    return strawberry.input(cls, description=description)


def _part_input(of: Any, record: Record, description: str) -> Any:
    fields = dict(_fields(record, of, Purpose.CREATE))
    return _define(f"{get_object_definition(of, strict=True).name}Input", description, fields)


PART_INPUTS: Mapping[type[Base], Any] = {
    rows.ItemUnitOfMeasureRow: _part_input(
        reference_types.ItemUnitOfMeasure,
        RECORDS[rows.ItemRow].parts["units_of_measure"],
        "A unit in which an item may be sold.",
    )
}

ACCOUNT = RecordType(reference_types.Account, "general-ledger account")
CURRENCY = RecordType(reference_types.Currency, "currency")
CUSTOMER = RecordType(reference_types.Customer, "customer")
ITEM = RecordType(reference_types.Item, "item", "an")
LINE_OBJECT = RecordType(reference_types.LineObject, "resource, fixed asset or charge")
PAYMENT_TERMS = RecordType(reference_types.PaymentTerms, "set of payment terms")
SHIPMENT_METHOD = RecordType(reference_types.ShipmentMethod, "shipment method")
TAX_CODE = RecordType(reference_types.TaxCode, "tax code")
UNIT_OF_MEASURE = RecordType(reference_types.UnitOfMeasure, "unit of measure")
