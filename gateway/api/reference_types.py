"""The GraphQL types of the records that orders refer to."""

import datetime as dt
from decimal import Decimal
from typing import Any

import strawberry

from gateway.api.declared_fields import PostalAddress, address, column, to_many, to_one
from gateway.api.entities import entity
from gateway.api.pages import paged
from gateway.storage.tables import reference_data as rows
from gateway.storage.tables.reference_enums import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)


@strawberry.interface(description="A record that can be fetched by its id.")
class Node:
    id: strawberry.ID = column("The GUID of the record. It never changes.")

    @classmethod
    def resolve_type(cls, row: "NodeRow", *_: Any) -> str:
        return row.type_name


CREATED_BY_NOTE = (
    "The name of the credential that created the record. Null if it was not created through"
    " the gateway, or before names were recorded."
)
MODIFIED_BY_NOTE = (
    "The name of the credential that last changed the record. Null in the same cases as"
    " `createdBy`."
)


@strawberry.type(description="The fields of all records that mutations can change.")
class MaintainedNode(Node):
    etag: str = column(
        "A version tag that changes whenever the record changes. Send it as `ifMatch`."
    )
    created_date_time: dt.datetime = column("The time at which the record was created.")
    last_modified_date_time: dt.datetime = column("The time at which the record last changed.")
    created_by: str | None = column(CREATED_BY_NOTE)
    last_modified_by: str | None = column(MODIFIED_BY_NOTE)


class NodeRow:
    """A row together with the name of its GraphQL type."""

    def __init__(self, row: Any, type_name: str) -> None:
        self._row = row
        self.type_name = type_name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


@entity(rows.CurrencyRow)
@strawberry.type(description="A currency and the way in which its amounts are rounded.")
class Currency(MaintainedNode):
    code: str = column("The ISO 4217 code, such as EUR.")
    display_name: str = column("The name of the currency, such as Euro.")
    symbol: str | None = column("The symbol printed next to amounts.")
    amount_decimal_places: str = column(
        "The minimum and maximum number of decimal places of an amount, such as 2:2."
    )
    amount_rounding_precision: Decimal = column(
        "The step to which amounts are rounded: 0.01 for cents, 1 for yen, 0.05 for Swiss cash."
    )
    unit_amount_rounding_precision: Decimal = column("The step to which unit prices are rounded.")
    tax_rounding: TaxRounding = column("The direction in which tax is rounded to the step.")


DUPLICATES_NOTE = (
    "Whether a second order of a customer with the same external document number is refused. Otherwise"
    " it is stored with a warning."
)


@entity(rows.CompanyRow)
@strawberry.type(description="A legal entity. Every other record belongs to exactly one company.")
class Company(Node):
    name: str = column(
        "The unique name of the company. Send it in the Company header to work in this company."
    )
    currency: Currency = to_one(
        "Currency",
        "currency_code",
        "The currency of the company's books and of its item prices.",
        by="code",
    )
    refuse_duplicate_external_document_numbers: bool = column(DUPLICATES_NOTE)


@entity(rows.PaymentTermsRow)
@strawberry.type(
    description="Terms that determine when an invoice is due and the discount for early payment."
)
class PaymentTerms(MaintainedNode):
    code: str = column("The unique short name of the terms.")
    display_name: str = column("The terms in plain words.")
    due_date_calculation: str | None = column(
        "The formula that derives the due date from the invoice date, such as 30D."
    )
    discount_date_calculation: str | None = column(
        "The formula that derives the last day of the discount from the invoice date."
    )
    discount_percent: Decimal = column("The percentage deducted for payment by the discount date.")
    calculate_discount_on_credit_memos: bool = column(
        "Whether the discount applies to credit memos too."
    )


@entity(rows.ShipmentMethodRow)
@strawberry.type(
    description="The way in which goods are shipped and who bears the cost, often an Incoterm."
)
class ShipmentMethod(MaintainedNode):
    code: str = column("The unique short name of the method.")
    display_name: str = column("The method in plain words.")


@entity(rows.UnitOfMeasureRow)
@strawberry.type(description="A unit in which quantities are counted.")
class UnitOfMeasure(MaintainedNode):
    code: str = column("The unique short name of the unit.")
    display_name: str = column("The unit in plain words.")
    international_standard_code: str | None = column(
        "The UN/ECE Recommendation 20 code of the unit, such as C62."
    )
    symbol: str | None = column("The symbol printed after quantities.")
    is_whole: bool = column(
        "Whether quantities in the unit must be whole numbers. Existing lines may have others."
    )


@entity(rows.TaxCodeRow)
@strawberry.type(description="A rate of value-added tax.")
class TaxCode(MaintainedNode):
    code: str = column(
        "The unique short name of the rate. Lines with the same code are taxed together."
    )
    display_name: str = column("The rate in plain words.")
    percent: Decimal = column(
        "The rate for new lines, as a percentage. Existing lines keep their rate."
    )


@entity(rows.CustomerRow)
@strawberry.type(description="An organisation or a person that orders goods or pays for them.")
class Customer(MaintainedNode):
    number: str = column("The unique number by which people identify the customer.")
    display_name: str = column("The name of the customer, copied to new orders.")
    type: CustomerType = column("Whether the customer is an organisation or a person.")
    contact_id: str | None = column(
        "The id of the contact in the client's own system. If set, it is unique."
    )
    contact_name: str | None = column("The person to whom goods are sent by default.")
    address: PostalAddress = address("", "The address of the customer, copied to new orders.")
    phone_number: str | None = column(
        "The telephone number of the customer. It contains no letters."
    )
    email: str | None = column("The e-mail address of the customer.")
    website: str | None = column("The address of the customer's home page.")
    salesperson: str | None = column("The code of the salesperson responsible for the customer.")
    credit_limit: Decimal | None = column(
        "The highest amount that the customer may owe, in the company's currency."
    )
    tax_liable: bool = column("Whether the customer is liable for sales tax.")
    tax_registration_number: str | None = column("The VAT registration number of the customer.")
    bill_to_customer: "Customer | None" = to_one(
        "Customer",
        "bill_to_customer_id",
        "The customer who pays for this customer's orders, if it is a different one.",
    )
    currency: Currency | None = to_one(
        "Currency",
        "currency_id",
        "The currency of new orders. Null stands for the company's currency.",
    )
    payment_terms: PaymentTerms | None = to_one(
        "PaymentTerms", "payment_terms_id", "The payment terms of new orders."
    )
    shipment_method: ShipmentMethod | None = to_one(
        "ShipmentMethod", "shipment_method_id", "The shipment method of new orders."
    )
    prices_include_tax: bool = column("Whether prices on new orders include tax.")
    partial_shipping: bool = column("Whether new orders may be shipped in several parts.")
    blocked: CustomerBlocked = column(
        "The transactions with the customer that are blocked. Any block prevents new orders."
    )
    privacy_blocked: bool = column("Whether privacy law forbids the use of the customer's data.")
    sales_orders: Any = paged(
        "SalesOrder",
        "customer_id",
        "The orders of the customer, the most recent order date first.",
        "-order_date",
        "-id",
    )


@entity(rows.ItemUnitOfMeasureRow)
@strawberry.type(description="A unit in which an item may be sold.")
class ItemUnitOfMeasure(Node):
    unit_of_measure: UnitOfMeasure = to_one(
        "UnitOfMeasure", "unit_of_measure_id", "The unit in which the item may be sold."
    )
    quantity_per_unit: Decimal | None = column(
        "The number of base units in one of this unit, by which the item's price is multiplied;"
        " 1 for the base unit. Null if it is unknown: lines in this unit then need their own price."
    )


@entity(rows.ItemRow)
@strawberry.type(description="A product or service that is sold by quantity.")
class Item(MaintainedNode):
    number: str = column("The unique number by which people identify the item.")
    display_name: str = column("The name of the item, copied to new lines.")
    display_name2: str | None = column("A second line of the name, also copied to new lines.")
    type: ItemType = column("Whether the item is stocked, and whether its stock is counted.")
    item_category_code: str | None = column(
        "The code of the category under which reports group the item."
    )
    gtin: str | None = column("The Global Trade Item Number printed under the bar code.")
    inventory: Decimal = column("The quantity in stock as last imported. Orders do not change it.")
    unit_price: Decimal = column("The price of one base unit in the company's currency.")
    price_includes_tax: bool = column("Whether the unit price includes tax.")
    unit_cost: Decimal = column("The cost of one base unit in the company's currency.")
    tax_code: TaxCode | None = to_one(
        "TaxCode", "tax_code_id", "The tax code of new lines that sell the item."
    )
    base_unit_of_measure: UnitOfMeasure = to_one(
        "UnitOfMeasure",
        "base_unit_of_measure_id",
        "The unit in which the stock is counted and to which the unit price refers.",
    )
    sales_unit_of_measure: UnitOfMeasure | None = to_one(
        "UnitOfMeasure",
        "sales_unit_of_measure_id",
        "The unit of new lines. Null stands for the base unit.",
    )
    units_of_measure: list[ItemUnitOfMeasure] = to_many(
        "ItemUnitOfMeasure", "item_id", "id", "The units in which the item may be sold."
    )
    allow_invoice_discount: bool = column(
        "Whether lines that sell the item take a share of the order discount."
    )
    blocked: bool = column("Whether the item is blocked for all transactions.")
    sales_blocked: bool = column("Whether the item is blocked for sales.")
    sales_order_lines: Any = paged(
        "SalesOrderLine",
        "item_id",
        "The lines that sell the item, grouped by order.",
        "sales_order_id",
        "sequence",
        "id",
    )


@entity(rows.AccountRow)
@strawberry.type(description="An account in the general ledger.")
class Account(MaintainedNode):
    number: str = column("The unique number of the account in the chart of accounts.")
    display_name: str = column("The name of the account, copied to new lines.")
    category: str | None = column("The category of the account, such as Income.")
    sub_category: str | None = column("The subdivision of the category.")
    account_type: AccountType = column("The role of the account in the chart of accounts.")
    direct_posting: bool = column("Whether lines may post to the account directly.")
    tax_code: TaxCode | None = to_one(
        "TaxCode", "tax_code_id", "The tax code of new lines that post to the account."
    )
    blocked: bool = column("Whether the account is blocked.")


@entity(rows.LineObjectRow)
@strawberry.type(
    description="A resource, a fixed asset or a charge that lines refer to by its number."
)
class LineObject(MaintainedNode):
    kind: LineObjectKind = column(
        "Whether it is a resource, a fixed asset or a charge. Lines that sell it have the"
        " type of the same name."
    )
    number: str = column("The number of the line object, unique within its kind.")
    display_name: str = column("The name of the line object, copied to new lines.")
    unit_price: Decimal = column("The price of one unit in the company's currency, without tax.")
    tax_code: TaxCode | None = to_one(
        "TaxCode", "tax_code_id", "The tax code of new lines that sell it."
    )
    blocked: bool = column("Whether it is blocked for sales.")
