"""Inputs that identify an existing record, each in exactly one way."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry import Maybe
from strawberry.types.field import StrawberryField

from gateway.storage.tables.column_types import Base
from gateway.storage.tables.model_columns import text_lengths


def optional(description: str) -> Any:
    """An input field that distinguishes an omitted value from null."""
    return strawberry.field(description=description, default=None)


def with_lengths(row: type[Base], *, without: str = "") -> Callable[[type], type]:
    """Adds the maximum length of its column in `row` to the description of each field of a class."""

    def complete(cls: type) -> type:
        for name, longest in text_lengths(row).items():
            field = cls.__dict__.get(name)
            if isinstance(field, StrawberryField) and name != without:
                field.description = f"{field.description} {length_note(longest)}"
        return cls

    return complete


def length_note(longest: int) -> str:
    return f"At most {longest} characters."


@strawberry.input(one_of=True, description="Identifies a customer in exactly one way.")
class CustomerRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of Customer.")
    number: Maybe[str] = optional(
        "The number by which people identify the customer, such as ALFKI."
    )
    contact_id: Maybe[str] = optional(
        "The id of the customer's contact in the client's own system."
    )


@strawberry.input(one_of=True, description="Identifies an item in exactly one way.")
class ItemRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of Item.")
    number: Maybe[str] = optional("The number by which people identify the item.")


@strawberry.input(
    one_of=True, description="Identifies a general-ledger account in exactly one way."
)
class AccountRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of Account.")
    number: Maybe[str] = optional("The number in the chart of accounts, such as 6110.")


@strawberry.input(one_of=True, description="Identifies a currency in exactly one way.")
class CurrencyRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of Currency.")
    code: Maybe[str] = optional("The ISO 4217 code, such as EUR.")


@strawberry.input(one_of=True, description="Identifies payment terms in exactly one way.")
class PaymentTermsRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of PaymentTerms.")
    code: Maybe[str] = optional("The short name, such as 30D.")


@strawberry.input(one_of=True, description="Identifies a shipment method in exactly one way.")
class ShipmentMethodRefInput:
    id: Maybe[strawberry.ID] = optional(
        "The GUID, as returned in the `id` field of ShipmentMethod."
    )
    code: Maybe[str] = optional("The short name, often an Incoterm.")


@strawberry.input(one_of=True, description="Identifies a unit of measure in exactly one way.")
class UnitOfMeasureRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of UnitOfMeasure.")
    code: Maybe[str] = optional("The short name, such as PCS.")


@strawberry.input(one_of=True, description="Identifies a tax code in exactly one way.")
class TaxCodeRefInput:
    id: Maybe[strawberry.ID] = optional("The GUID, as returned in the `id` field of TaxCode.")
    code: Maybe[str] = optional("The short name, such as S20.")
