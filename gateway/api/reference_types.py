"""What orders refer to, as clients see it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import strawberry

from gateway.api.entities import entity
from gateway.api.fields import PostalAddress, address, column, to_many, to_one
from gateway.api.pages import paged
from gateway.storage.tables import reference_data as rows
from gateway.storage.tables.reference_data import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)


@strawberry.interface(description="A record with an id of its own.")
class Node:
    id: strawberry.ID = column("GUID of the record; it never changes.")

    @classmethod
    def resolve_type(cls, row: "NodeRow", *_: Any) -> str:
        return row.type_name


class NodeRow:
    """A row that tells of which type it is."""

    def __init__(self, row: Any, kind: str) -> None:
        self._row = row
        self.type_name = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


@entity(rows.CurrencyRow)
@strawberry.type(description="A currency and how its amounts are rounded.")
class Currency(Node):
    code: str = column("ISO 4217 code, such as EUR.")
    display_name: str = column("Name in plain words.")
    symbol: str | None = column("Sign that is printed with amounts.")
    amount_decimal_places: str = column("Fewest and most decimals of an amount, such as 2:2.")
    amount_rounding_precision: Decimal = column(
        "Step to which amounts are rounded: 0.01 for cents, 1 for yen, 0.05 for Swiss cash."
    )
    unit_amount_rounding_precision: Decimal = column("Step to which unit prices are rounded.")
    tax_rounding: TaxRounding = column("Direction in which tax is rounded to the step.")


@entity(rows.CompanyRow)
@strawberry.type(description="A legal entity; every other record belongs to exactly one.")
class Company(Node):
    name: str = column("Unique name; send it in the Company header to work in this company.")
    currency: Currency = to_one(
        "Currency",
        "currency_code",
        "The currency of the books and of item prices.",
        by="code",
    )


@entity(rows.PaymentTermsRow)
@strawberry.type(description="When an invoice is due, and the discount for paying early.")
class PaymentTerms(Node):
    code: str = column("Unique short name.")
    display_name: str = column("The terms in plain words.")
    due_date_calculation: str | None = column("Date formula from invoice to due date, such as 30D.")
    discount_date_calculation: str | None = column("Date formula to the last day of the discount.")
    discount_percent: Decimal = column("Percent off for paying by the discount date.")
    calculate_discount_on_credit_memos: bool = column("Whether credit memos get the discount too.")


@entity(rows.ShipmentMethodRow)
@strawberry.type(description="How goods travel and who bears the cost, often an incoterm.")
class ShipmentMethod(Node):
    code: str = column("Unique short name.")
    display_name: str = column("The method in plain words.")


@entity(rows.UnitOfMeasureRow)
@strawberry.type(description="A unit in which quantities are counted.")
class UnitOfMeasure(Node):
    code: str = column("Unique short name.")
    display_name: str = column("The unit in plain words.")
    international_standard_code: str | None = column("UN/ECE Recommendation 20 code, such as C62.")
    symbol: str | None = column("Sign that is printed after quantities.")


@entity(rows.TaxCodeRow)
@strawberry.type(description="A rate of value-added tax.")
class TaxCode(Node):
    code: str = column("Unique short name; lines of one code are taxed together.")
    display_name: str = column("The rate in plain words.")
    percent: Decimal = column("Rate for new lines; lines keep the rate they were written with.")


@entity(rows.CustomerRow)
@strawberry.type(description="Who orders or pays.")
class Customer(Node):
    number: str = column("Unique number by which people name the customer.")
    display_name: str = column("Name that is copied to new orders.")
    type: CustomerType = column("Whether the customer is an organisation or a person.")
    contact_id: str | None = column(
        "Id of the contact in the client's own system; unique if given."
    )
    contact_name: str | None = column("Person to whom goods are sent by default.")
    address: PostalAddress = address("", "Address that is copied to new orders.")
    phone_number: str | None = column("Telephone number, without letters.")
    email: str | None = column("E-mail address.")
    website: str | None = column("Home page.")
    salesperson: str | None = column("Code of the salesperson who looks after the customer.")
    credit_limit: Decimal | None = column("Most that the customer may owe, in company currency.")
    tax_liable: bool = column("Whether the customer pays sales tax.")
    tax_registration_number: str | None = column("VAT registration number.")
    bill_to_customer: "Customer | None" = to_one(
        "Customer", "bill_to_customer_id", "Who pays for this customer's orders, if somebody else."
    )
    currency: Currency | None = to_one(
        "Currency", "currency_id", "Currency of new orders; null for the company's."
    )
    payment_terms: PaymentTerms | None = to_one(
        "PaymentTerms", "payment_terms_id", "Payment terms of new orders."
    )
    shipment_method: ShipmentMethod | None = to_one(
        "ShipmentMethod", "shipment_method_id", "Shipment method of new orders."
    )
    prices_include_tax: bool = column("Whether prices on new orders include tax.")
    partial_shipping: bool = column("Whether new orders may be shipped in parts.")
    blocked: CustomerBlocked = column("Business that is stopped; any block refuses new orders.")
    privacy_blocked: bool = column("Whether privacy law forbids using the customer's data.")
    last_modified_date_time: dt.datetime = column("When the customer last changed.")
    sales_orders: Any = paged(
        "SalesOrder",
        "customer_id",
        "Orders of the customer, the latest order date first.",
        "-order_date",
        "-id",
    )


@entity(rows.ItemUnitOfMeasureRow)
@strawberry.type(description="A further unit in which an item may be sold.")
class ItemUnitOfMeasure(Node):
    unit_of_measure: UnitOfMeasure = to_one(
        "UnitOfMeasure", "unit_of_measure_id", "The unit itself."
    )


@entity(rows.ItemRow)
@strawberry.type(description="Something that is sold by quantity.")
class Item(Node):
    number: str = column("Unique number by which people name the item.")
    display_name: str = column("Name that is copied to new lines.")
    display_name2: str | None = column("Second line of the name, copied as well.")
    type: ItemType = column("How the item is kept.")
    item_category_code: str | None = column("Category for reports.")
    gtin: str | None = column("Global trade item number, the number under the bar code.")
    inventory: Decimal = column("Quantity in stock as last imported; orders do not change it.")
    unit_price: Decimal = column("Price of one unit in company currency.")
    price_includes_tax: bool = column("Whether the unit price includes tax.")
    unit_cost: Decimal = column("Cost of one unit in company currency.")
    tax_code: TaxCode | None = to_one("TaxCode", "tax_code_id", "Tax code of new lines.")
    base_unit_of_measure: UnitOfMeasure = to_one(
        "UnitOfMeasure", "base_unit_of_measure_id", "Unit in which the item is kept."
    )
    sales_unit_of_measure: UnitOfMeasure | None = to_one(
        "UnitOfMeasure",
        "sales_unit_of_measure_id",
        "Unit of new lines; null for the base unit.",
    )
    units_of_measure: list[ItemUnitOfMeasure] = to_many(
        "ItemUnitOfMeasure", "item_id", "id", "Further units in which the item may be sold."
    )
    allow_invoice_discount: bool = column("Whether lines share in the discount of their order.")
    blocked: bool = column("Whether the item is closed altogether.")
    sales_blocked: bool = column("Whether the item is closed for sales.")
    last_modified_date_time: dt.datetime = column("When the item last changed.")
    sales_order_lines: Any = paged(
        "SalesOrderLine",
        "item_id",
        "Lines that sell the item, those of an order together.",
        "sales_order_id",
        "sequence",
        "id",
    )


@entity(rows.AccountRow)
@strawberry.type(description="An account of the general ledger.")
class Account(Node):
    number: str = column("Unique number in the chart of accounts.")
    display_name: str = column("Name that is copied to new lines.")
    category: str | None = column("Category of the account, such as Income.")
    sub_category: str | None = column("Finer category.")
    account_type: AccountType = column("Place of the account in the chart.")
    direct_posting: bool = column("Whether lines may name the account.")
    tax_code: TaxCode | None = to_one("TaxCode", "tax_code_id", "Tax code of new lines.")
    blocked: bool = column("Whether the account is closed.")
    last_modified_date_time: dt.datetime = column("When the account last changed.")


@entity(rows.LineObjectRow)
@strawberry.type(description="A resource, fixed asset or charge that lines name by its number.")
class LineObject(Node):
    kind: LineObjectKind = column("What it is; lines that name it have the type of the same name.")
    number: str = column("Number, unique within its kind.")
    display_name: str = column("Name that is copied to new lines.")
    unit_price: Decimal = column("Price of one unit in company currency, without tax.")
    tax_code: TaxCode | None = to_one("TaxCode", "tax_code_id", "Tax code of new lines.")
    blocked: bool = column("Whether it is closed for sales.")
