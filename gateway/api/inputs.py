"""The inputs of mutations, and their conversion to the changes that `orders` understands."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Maybe, Some
from strawberry.types.base import get_object_definition

from gateway.api.reference_inputs import (
    AccountRefInput,
    CurrencyRefInput,
    CustomerRefInput,
    ItemRefInput,
    PaymentTermsRefInput,
    ShipmentMethodRefInput,
    TaxCodeRefInput,
    UnitOfMeasureRefInput,
    optional,
    with_lengths,
)
from gateway.orders.fields import Reference
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.sales_orders import (
    LineRounding,
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
)


@strawberry.input(
    description="An address. Omitted parts stay empty on a new order and stay unchanged in an"
    " update."
)
@with_lengths(CustomerRow, without="country")
class PostalAddressInput:
    address_line1: Maybe[str | None] = optional("The street and house number.")
    address_line2: Maybe[str | None] = optional("A second address line.")
    city: Maybe[str | None] = optional("The town or city.")
    state: Maybe[str | None] = optional("The state, county or province.")
    country: Maybe[str | None] = optional(
        "The country as a two-letter ISO 3166 code, such as DE, in upper or lower case."
    )
    post_code: Maybe[str | None] = optional("The postal code.")


@strawberry.input(description="The fields that new lines and line updates have in common.")
@with_lengths(SalesOrderLineRow)
class LineFields:
    line_type: Maybe[SalesOrderLineType | None] = optional(
        "The kind of thing that the line sells. It defaults to the type of the object that"
        " the line refers to. A different type on its own leaves the line without an object."
    )
    item: Maybe[ItemRefInput | None] = optional(
        "The item to sell. A different item brings its own price and tax."
    )
    account: Maybe[AccountRefInput | None] = optional("The general-ledger account to post to.")
    line_object_number: Maybe[str | None] = optional(
        "The number of the item, account, resource, fixed asset or charge. `lineType` says"
        " which of these it is."
    )
    description: Maybe[str | None] = optional(
        "The text of the line. It defaults to the name of what the line sells."
    )
    description2: Maybe[str | None] = optional("A second line of text.")
    unit_of_measure: Maybe[UnitOfMeasureRefInput | None] = optional(
        "One of the item's units. It defaults to the unit in which the item is sold."
    )
    quantity: Maybe[Decimal | None] = optional(
        "The number of units ordered; negative for a return. The default is 0."
    )
    unit_price: Maybe[Decimal | None] = optional(
        "The price of one unit. It defaults to the item's price if the order is in the"
        " company's currency."
    )
    discount_amount: Maybe[Decimal | None] = optional(
        "The line discount as an amount in the order's currency, deducted from quantity"
        " times unit price."
    )
    discount_percent: Maybe[Decimal | None] = optional(
        "The line discount as a percentage from 0 to 100."
    )
    tax_code: Maybe[TaxCodeRefInput | None] = optional(
        "The tax code. It defaults to that of the item or account; null means no tax."
    )
    shipment_date: Maybe[dt.date | None] = optional(
        "The date on which the goods are due to leave. It defaults to the order's requested"
        " delivery date, or else to the order date."
    )
    ship_quantity: Maybe[Decimal | None] = optional(
        "The number of units to ship next. It defaults to all outstanding units."
    )
    invoice_quantity: Maybe[Decimal | None] = optional(
        "The number of units to invoice next. It defaults to all units that are shipped or"
        " about to be shipped."
    )


@strawberry.input(
    description="A new line. It refers to what it sells by `item`, by `account`, or by"
    " `lineObjectNumber` together with `lineType`. A line without any of these is a"
    " comment."
)
class SalesOrderLineInput(LineFields):
    sequence: Maybe[int | None] = optional(
        "The position of the line within the order. It defaults to the highest existing or"
        " requested sequence plus 10000."
    )


@strawberry.input(
    description="An update of a line. Omitted fields stay unchanged; null restores the default of a"
    " new line."
)
class UpdateSalesOrderLineInput(LineFields):
    id: strawberry.ID = strawberry.field(
        description="The id of the line, which must belong to the order."
    )


@strawberry.input(
    description="Lines to add, update and remove. Either all of these changes are made or none."
)
class SalesOrderLinesPatchInput:
    add: Maybe[list[SalesOrderLineInput] | None] = optional("The new lines.")
    update: Maybe[list[UpdateSalesOrderLineInput] | None] = optional(
        "The updates of existing lines, by id."
    )
    remove: Maybe[list[strawberry.ID] | None] = optional("The ids of the lines to remove.")


@strawberry.input(description="The header fields that new orders and order updates have in common.")
@with_lengths(SalesOrderRow)
class HeaderFields:
    bill_to_customer: Maybe[CustomerRefInput | None] = optional(
        "The customer who pays. It defaults to the customer's usual payer, or else to the customer."
        " A different payer brings its own address, currency, payment terms, salesperson and"
        " `pricesIncludeTax`, unless they are supplied."
    )
    external_document_number: Maybe[str | None] = optional(
        "The customer's own reference for the order."
    )
    order_date: Maybe[dt.date | None] = optional(
        "The date of the order document. It defaults to today's date in UTC."
    )
    posting_date: Maybe[dt.date | None] = optional(
        "The date under which the order is posted to the books. It defaults to today's date in UTC."
    )
    requested_delivery_date: Maybe[dt.date | None] = optional(
        "The date on which the customer wants the goods."
    )
    currency: Maybe[CurrencyRefInput | None] = optional(
        "The currency of the order. It defaults to the payer's; null means the"
        " company's. A change of currency requires a new price for every line."
    )
    prices_include_tax: Maybe[bool | None] = optional(
        "Whether the unit prices include tax. It defaults to the payer's setting. A"
        " change converts the prices of all lines."
    )
    line_rounding: Maybe[LineRounding | None] = optional(
        "The way in which the amounts of lines with a discount percentage are rounded. It defaults"
        " to TWO_STEP. A change recalculates the discounts of all lines from their percentages."
    )
    payment_terms: Maybe[PaymentTermsRefInput | None] = optional(
        "The payment terms. They default to the payer's."
    )
    shipment_method: Maybe[ShipmentMethodRefInput | None] = optional(
        "The shipment method. It defaults to the customer's."
    )
    salesperson: Maybe[str | None] = optional(
        "The code of the salesperson. It defaults to the payer's."
    )
    partial_shipping: Maybe[bool | None] = optional(
        "Whether the order may be shipped in several parts. It defaults to the customer's setting."
    )
    discount_amount: Maybe[Decimal | None] = optional(
        "The discount on the whole order as an amount."
    )
    discount_percent: Maybe[Decimal | None] = optional(
        "The discount on the whole order as a percentage. The amount then follows the lines."
    )
    ship_to_name: Maybe[str | None] = optional(
        "The name of the recipient. It defaults to the customer's name."
    )
    ship_to_contact: Maybe[str | None] = optional(
        "The contact person at the place of delivery. It defaults to the customer's contact."
    )
    sell_to_address: Maybe[PostalAddressInput | None] = optional(
        "The address of the customer. It defaults to the address on the customer's record. A"
        " ship-to address that is the same changes with it."
    )
    ship_to_address: Maybe[PostalAddressInput | None] = optional(
        "The address to which the goods are delivered. It defaults to the sell-to address."
    )
    bill_to_address: Maybe[PostalAddressInput | None] = optional(
        "The address to which invoices are sent. It defaults to the payer's address, which is the"
        " sell-to address if the customer pays."
    )
    phone_number: Maybe[str | None] = optional(
        "The telephone number for questions, without letters. It defaults to the customer's."
    )
    email: Maybe[str | None] = optional(
        "The e-mail address for questions. It defaults to the customer's."
    )


@strawberry.input(description="A new order with its lines.")
class CreateSalesOrderInput(HeaderFields):
    customer: CustomerRefInput = strawberry.field(
        description="The customer who places the order. Omitted fields about the goods, such as the"
        " address, are copied from the customer, and those about the money from the payer."
    )
    lines: list[SalesOrderLineInput] = strawberry.field(
        description="The lines, in any order; `sequence` determines their position.",
        default_factory=list,
    )


@strawberry.input(
    description="An update of an order and its lines. Omitted fields stay unchanged; null clears a"
    " field."
)
class UpdateSalesOrderInput(HeaderFields):
    customer: Maybe[CustomerRefInput | None] = optional(
        "The customer who places the order. A different customer brings its own address,"
        " shipment method, contact and payer, unless they are supplied. Null is refused,"
        " because every order has a customer."
    )
    lines: Maybe[SalesOrderLinesPatchInput | None] = optional("The changes to the lines.")


@strawberry.input(description="The quantity of a line to ship or to invoice.")
class SalesOrderLineQuantityInput:
    id: strawberry.ID = strawberry.field(
        description="The id of the line, which must belong to the order."
    )
    quantity: Decimal = strawberry.field(
        description="The number of units, with the same sign as the quantity of the line."
    )


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
