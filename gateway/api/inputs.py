"""The input types, and their conversion to the changes that orders.fields declares."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Maybe, Some
from strawberry.types.base import get_object_definition

from gateway.orders.fields import Reference
from gateway.storage.tables.sales_orders import SalesOrderLineType


def optional(description: str) -> Any:
    """An input field that distinguishes absent from null."""
    return strawberry.field(description=description, default=None)


@strawberry.input(one_of=True, description="Names a customer in exactly one way.")
class CustomerRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of a Customer.")
    number: Maybe[str] = optional("The number of the customer, such as ALFKI.")
    contact_id: Maybe[str] = optional("The contact of the customer in the client's own system.")


@strawberry.input(one_of=True, description="Names an item in exactly one way.")
class ItemRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of an Item.")
    number: Maybe[str] = optional("The number of the item, unique in the company.")


@strawberry.input(one_of=True, description="Names a general-ledger account in exactly one way.")
class AccountRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of an Account.")
    number: Maybe[str] = optional("The number in the chart of accounts, such as 6110.")


@strawberry.input(one_of=True, description="Names a currency in exactly one way.")
class CurrencyRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of a Currency.")
    code: Maybe[str] = optional("ISO 4217 code, such as EUR.")


@strawberry.input(one_of=True, description="Names payment terms in exactly one way.")
class PaymentTermsRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of PaymentTerms.")
    code: Maybe[str] = optional("The code of the terms, such as 30D.")


@strawberry.input(one_of=True, description="Names a shipment method in exactly one way.")
class ShipmentMethodRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of a ShipmentMethod.")
    code: Maybe[str] = optional("The code of the method, often an incoterm.")


@strawberry.input(one_of=True, description="Names a unit of measure in exactly one way.")
class UnitOfMeasureRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of a UnitOfMeasure.")
    code: Maybe[str] = optional("The code of the unit, such as PCS.")


@strawberry.input(one_of=True, description="Names a tax code in exactly one way.")
class TaxCodeRefInput:
    id: Maybe[strawberry.ID] = optional("The `id` of a TaxCode.")
    code: Maybe[str] = optional("The code itself, such as S20.")


@strawberry.input(
    description="An address. Parts that are left out are empty on a new order, and unchanged in a patch."
)
class PostalAddressInput:
    address_line1: Maybe[str | None] = optional("Street and house number, at most 100 characters.")
    address_line2: Maybe[str | None] = optional("Second line, at most 50 characters.")
    city: Maybe[str | None] = optional("Town or city, at most 30 characters.")
    state: Maybe[str | None] = optional("State, county or province, at most 30 characters.")
    country: Maybe[str | None] = optional("Country or region code, at most 10 characters.")
    post_code: Maybe[str | None] = optional("Postal code, at most 20 characters.")


@strawberry.input(description="The fields of a line, new or not.")
class LineFields:
    line_type: Maybe[SalesOrderLineType | None] = optional(
        "By default the type of the object. Another type alone leaves the line without an object."
    )
    item: Maybe[ItemRefInput | None] = optional(
        "The item that is sold; another item brings its price and tax."
    )
    account: Maybe[AccountRefInput | None] = optional("The account to which the amount is posted.")
    line_object_number: Maybe[str | None] = optional(
        "Number of the item, account, resource, fixed asset or charge, depending on `lineType`."
    )
    description: Maybe[str | None] = optional(
        "By default the name of the object; at most 100 characters."
    )
    description2: Maybe[str | None] = optional("Second line of the text, at most 50 characters.")
    unit_of_measure: Maybe[UnitOfMeasureRefInput | None] = optional(
        "One of the item's units; by default its sales unit."
    )
    quantity: Maybe[Decimal | None] = optional(
        "Units ordered, 0 by default; negative for a return."
    )
    unit_price: Maybe[Decimal | None] = optional(
        "By default the item's price, if the order is in the company's currency."
    )
    discount_amount: Maybe[Decimal | None] = optional(
        "Line discount as an amount in the order's currency."
    )
    discount_percent: Maybe[Decimal | None] = optional("Line discount as a percent from 0 to 100.")
    tax_code: Maybe[TaxCodeRefInput | None] = optional(
        "By default that of the item or account; null for no tax."
    )
    shipment_date: Maybe[dt.date | None] = optional(
        "By default the requested delivery date of the order, else its date."
    )
    ship_quantity: Maybe[Decimal | None] = optional(
        "Units to ship next; by default all outstanding."
    )
    invoice_quantity: Maybe[Decimal | None] = optional(
        "Units to invoice next; by default all that are shipped or to be shipped next."
    )


@strawberry.input(
    description="A new line. It names its object by `item`, by `account`, or by"
    " `lineObjectNumber` with a `lineType`. A line without an object is a comment."
)
class SalesOrderLineInput(LineFields):
    sequence: Maybe[int | None] = optional(
        "Place within the order; by default 10000 after the highest sequence so far."
    )


@strawberry.input(
    description="A change of a line. Absent fields stay; null means the default of a new line."
)
class UpdateSalesOrderLineInput(LineFields):
    id: strawberry.ID = strawberry.field(description="Id of a line of the order.")


@strawberry.input(description="Lines to add, update and remove, all or nothing.")
class SalesOrderLinesPatchInput:
    add: Maybe[list[SalesOrderLineInput] | None] = optional("New lines.")
    update: Maybe[list[UpdateSalesOrderLineInput] | None] = optional("Changes of lines, by id.")
    remove: Maybe[list[strawberry.ID] | None] = optional("Ids of lines to remove.")


@strawberry.input(description="The fields of the header of an order, new or not.")
class HeaderFields:
    bill_to_customer: Maybe[CustomerRefInput | None] = optional(
        "The customer who pays; by default the customer's payer, else the customer."
    )
    external_document_number: Maybe[str | None] = optional(
        "The customer's own number for the order, at most 35 characters."
    )
    order_date: Maybe[dt.date | None] = optional("By default today, in UTC.")
    posting_date: Maybe[dt.date | None] = optional("By default today, in UTC.")
    requested_delivery_date: Maybe[dt.date | None] = optional(
        "Date on which the customer wants the goods."
    )
    currency: Maybe[CurrencyRefInput | None] = optional(
        "By default the customer's; null for the company's. A new currency needs a price for every line."
    )
    prices_include_tax: Maybe[bool | None] = optional(
        "By default the customer's setting. A change rescales the prices of all lines."
    )
    payment_terms: Maybe[PaymentTermsRefInput | None] = optional("By default the customer's.")
    shipment_method: Maybe[ShipmentMethodRefInput | None] = optional("By default the customer's.")
    salesperson: Maybe[str | None] = optional("Code of the salesperson, at most 20 characters.")
    partial_shipping: Maybe[bool | None] = optional("By default the customer's setting.")
    discount_amount: Maybe[Decimal | None] = optional("Discount on the whole order as an amount.")
    discount_percent: Maybe[Decimal | None] = optional(
        "Discount on the whole order as a percent, which then follows the lines."
    )
    ship_to_name: Maybe[str | None] = optional("By default the customer's name.")
    ship_to_contact: Maybe[str | None] = optional("By default the customer's contact.")
    sell_to_address: Maybe[PostalAddressInput | None] = optional("By default the customer's.")
    ship_to_address: Maybe[PostalAddressInput | None] = optional("By default the sell-to address.")
    phone_number: Maybe[str | None] = optional("By default the customer's; no letters.")
    email: Maybe[str | None] = optional("By default the customer's.")


@strawberry.input(description="A new order with its lines.")
class CreateSalesOrderInput(HeaderFields):
    customer: CustomerRefInput = strawberry.field(
        description="The customer who orders, and the source of address, currency, terms and other fields"
        " that are absent."
    )
    lines: list[SalesOrderLineInput] = strawberry.field(
        description="The lines, in any order; sequence decides.", default_factory=list
    )


@strawberry.input(
    description="A change of an order and its lines. Absent fields stay as they are; null clears."
)
class UpdateSalesOrderInput(HeaderFields):
    customer: Maybe[CustomerRefInput | None] = optional(
        "The customer who orders. Another customer brings its address, currency, terms and other"
        " fields that are absent. Every order has a customer, so null is refused."
    )
    lines: Maybe[SalesOrderLinesPatchInput | None] = optional("Changes of the lines.")


@strawberry.input(description="The quantity of a line to ship or to invoice.")
class SalesOrderLineQuantityInput:
    id: strawberry.ID = strawberry.field(description="Id of a line of the order.")
    quantity: Decimal = strawberry.field(description="Units, with the sign of the line's quantity.")


def change_from(value: Any) -> Any:
    """The fields that the client sends, by name, as orders.fields declares them for this input."""
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {name: _plain(item) for name, item in fields.items() if item is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Some):
        value = value.value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    definition = get_object_definition(value)
    if definition is None:
        return value
    change = change_from(value)
    if definition.is_one_of:
        [(by, name)] = change.items()
        return Reference(by, name)
    return change
