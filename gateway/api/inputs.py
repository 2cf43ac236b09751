"""What clients send, and its way into the changes that the orders package understands."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Maybe, Some
from strawberry.types.base import get_object_definition

from gateway.orders.fields import Reference
from gateway.storage.tables.sales_orders import SalesOrderLineType


def given(description: str) -> Any:
    """An input field that tells absent from null."""
    return strawberry.field(description=description, default=None)


@strawberry.input(one_of=True, description="Names a customer in exactly one way.")
class CustomerRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of a Customer gives it.")
    number: Maybe[str] = given("What people call it by, such as ALFKI.")
    contact_id: Maybe[str] = given("Contact of the customer in the client's own system.")


@strawberry.input(one_of=True, description="Names an item in exactly one way.")
class ItemRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of an Item gives it.")
    number: Maybe[str] = given("What people call it by, unique in the company.")


@strawberry.input(one_of=True, description="Names a general-ledger account in exactly one way.")
class AccountRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of an Account gives it.")
    number: Maybe[str] = given("Its place in the chart of accounts, such as 6110.")


@strawberry.input(one_of=True, description="Names a currency in exactly one way.")
class CurrencyRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of a Currency gives it.")
    code: Maybe[str] = given("ISO 4217 code, such as EUR.")


@strawberry.input(one_of=True, description="Names payment terms in exactly one way.")
class PaymentTermsRefInput:
    id: Maybe[strawberry.ID] = given("Their GUID, as `id` of PaymentTerms gives it.")
    code: Maybe[str] = given("Their short name, such as 30D.")


@strawberry.input(one_of=True, description="Names a shipment method in exactly one way.")
class ShipmentMethodRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of a ShipmentMethod gives it.")
    code: Maybe[str] = given("Its short name, often an incoterm.")


@strawberry.input(one_of=True, description="Names a unit of measure in exactly one way.")
class UnitOfMeasureRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of a UnitOfMeasure gives it.")
    code: Maybe[str] = given("Its short name, such as PCS.")


@strawberry.input(one_of=True, description="Names a tax code in exactly one way.")
class TaxCodeRefInput:
    id: Maybe[strawberry.ID] = given("Its GUID, as `id` of a TaxCode gives it.")
    code: Maybe[str] = given("Its short name, such as S20.")


@strawberry.input(
    description="An address. On a new order parts left out are empty; in a change they stay."
)
class PostalAddressInput:
    address_line1: Maybe[str | None] = given("Street and house number, at most 100 characters.")
    address_line2: Maybe[str | None] = given("Second line, at most 50 characters.")
    city: Maybe[str | None] = given("Town or city, at most 30 characters.")
    state: Maybe[str | None] = given("State, county or province, at most 30 characters.")
    country: Maybe[str | None] = given("Country or region code, at most 10 characters.")
    post_code: Maybe[str | None] = given("Postal code, at most 20 characters.")


@strawberry.input(description="What may be given for a line, new or not.")
class LineFields:
    line_type: Maybe[SalesOrderLineType | None] = given(
        "By default the type of what is named. Another type alone leaves the line without an object."
    )
    item: Maybe[ItemRefInput | None] = given("The item sold; another one brings its price and tax.")
    account: Maybe[AccountRefInput | None] = given("The account posted to.")
    line_object_number: Maybe[str | None] = given(
        "Number of the item, account, resource, fixed asset or charge, as `lineType` says."
    )
    description: Maybe[str | None] = given("By default the name of what is sold; 100 characters.")
    description2: Maybe[str | None] = given("Second line of the text, at most 50 characters.")
    unit_of_measure: Maybe[UnitOfMeasureRefInput | None] = given(
        "One of the item's units; by default the one it is sold in."
    )
    quantity: Maybe[Decimal | None] = given("Units ordered, 0 by default; negative for a return.")
    unit_price: Maybe[Decimal | None] = given(
        "By default the item's price, if the order is in the company's currency."
    )
    discount_amount: Maybe[Decimal | None] = given(
        "Taken off quantity times price, in the order's currency."
    )
    discount_percent: Maybe[Decimal | None] = given("Line discount as a percent from 0 to 100.")
    tax_code: Maybe[TaxCodeRefInput | None] = given(
        "By default the item's or account's; null for no tax."
    )
    shipment_date: Maybe[dt.date | None] = given(
        "By default the requested delivery date of the order, else its date."
    )
    ship_quantity: Maybe[Decimal | None] = given("Units to ship next; by default all outstanding.")
    invoice_quantity: Maybe[Decimal | None] = given(
        "Units to invoice next; by default all that are shipped or about to be."
    )


@strawberry.input(
    description="A new line. It names what it sells by `item`, by `account`, or by"
    " `lineObjectNumber` with a `lineType`; if by nothing, it is a comment."
)
class SalesOrderLineInput(LineFields):
    sequence: Maybe[int | None] = given(
        "Place within the order; by default 10000 after the highest that is given or taken."
    )


@strawberry.input(
    description="A change of a line. What is absent stays; null means the default of a new line."
)
class UpdateSalesOrderLineInput(LineFields):
    id: strawberry.ID = strawberry.field(description="The line, which must be of the order.")


@strawberry.input(description="Lines to add, to update and to remove, all or nothing.")
class SalesOrderLinesPatchInput:
    add: Maybe[list[SalesOrderLineInput] | None] = given("New lines.")
    update: Maybe[list[UpdateSalesOrderLineInput] | None] = given("Changes of lines, by id.")
    remove: Maybe[list[strawberry.ID] | None] = given("Ids of lines to take away.")


@strawberry.input(description="What may be given for the header of an order, new or not.")
class HeaderFields:
    bill_to_customer: Maybe[CustomerRefInput | None] = given(
        "Who pays; by default the customer's payer, else the customer."
    )
    external_document_number: Maybe[str | None] = given("The customer's own number, 35 characters.")
    order_date: Maybe[dt.date | None] = given("By default today, in UTC.")
    posting_date: Maybe[dt.date | None] = given("By default today, in UTC.")
    requested_delivery_date: Maybe[dt.date | None] = given("Day on which the goods are wanted.")
    currency: Maybe[CurrencyRefInput | None] = given(
        "By default the customer's; null for the company's. A new one needs a price for every line."
    )
    prices_include_tax: Maybe[bool | None] = given(
        "By default as the customer's. A change rescales the prices of all lines."
    )
    payment_terms: Maybe[PaymentTermsRefInput | None] = given("By default the customer's.")
    shipment_method: Maybe[ShipmentMethodRefInput | None] = given("By default the customer's.")
    salesperson: Maybe[str | None] = given("Code of the salesperson, at most 20 characters.")
    partial_shipping: Maybe[bool | None] = given("By default as the customer's.")
    discount_amount: Maybe[Decimal | None] = given("Discount on the whole order as an amount.")
    discount_percent: Maybe[Decimal | None] = given(
        "Discount on the whole order as a percent, which then follows the lines."
    )
    ship_to_name: Maybe[str | None] = given("By default the customer's name.")
    ship_to_contact: Maybe[str | None] = given("By default the customer's contact.")
    sell_to_address: Maybe[PostalAddressInput | None] = given("By default the customer's.")
    ship_to_address: Maybe[PostalAddressInput | None] = given("By default the sell-to address.")
    phone_number: Maybe[str | None] = given("By default the customer's; no letters.")
    email: Maybe[str | None] = given("By default the customer's.")


@strawberry.input(description="A new order with its lines.")
class CreateSalesOrderInput(HeaderFields):
    customer: CustomerRefInput = strawberry.field(
        description="Who orders. Address, currency, terms and more come from the customer where"
        " they are not given."
    )
    lines: list[SalesOrderLineInput] = strawberry.field(
        description="The lines, in any order; sequence decides.", default_factory=list
    )


@strawberry.input(
    description="A change of an order and its lines. What is absent stays as it is, null clears."
)
class UpdateSalesOrderInput(HeaderFields):
    customer: Maybe[CustomerRefInput | None] = given(
        "Who orders. Another customer brings its address, currency, terms and more, where they are"
        " not given. Every order has one, so null is refused."
    )
    lines: Maybe[SalesOrderLinesPatchInput | None] = given("Changes of the lines.")


@strawberry.input(description="How much of a line is shipped or invoiced.")
class SalesOrderLineQuantityInput:
    id: strawberry.ID = strawberry.field(description="The line, which must be of the order.")
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
