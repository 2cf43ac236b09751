"""Orders and their lines, as clients see them (RULES.md 1.1 and 1.2)."""

import datetime as dt
from decimal import Decimal

import strawberry

from gateway.api.derived_fields import (
    TotalsStep,
    status_label_field,
    totals_explanation_field,
)
from gateway.api.entities import entity
from gateway.api.fields import PostalAddress, address, column, to_many, to_one
from gateway.api.reference_types import (
    Account,
    Currency,
    Customer,
    Item,
    LineObject,
    Node,
    PaymentTerms,
    ShipmentMethod,
    TaxCode,
    UnitOfMeasure,
)
from gateway.storage.tables import sales_orders as rows
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderStatus


@entity(rows.SalesOrderLineRow)
@strawberry.type(description="One line of an order. Amounts are in the currency of the order.")
class SalesOrderLine(Node):
    etag: str = column("Changes whenever the line does.")
    sales_order: "SalesOrder" = to_one(
        "SalesOrder", "sales_order_id", "The order that the line belongs to."
    )
    sequence: int = column("Place of the line within its order; unique there, and never changed.")
    line_type: SalesOrderLineType = column("What the line sells.")
    item: Item | None = to_one("Item", "item_id", "The item sold, on lines of type ITEM.")
    account: Account | None = to_one(
        "Account", "account_id", "The account posted to, on lines of type ACCOUNT."
    )
    line_object: LineObject | None = to_one(
        "LineObject",
        "line_object_id",
        "What is sold on lines of type RESOURCE, FIXED_ASSET and CHARGE.",
    )
    line_object_number: str | None = column("Number of what the line sells, of whatever type.")
    description: str | None = column("Text of the line; by default the name of what it sells.")
    description2: str | None = column("Second line of the text.")
    inventory_lot_id: str | None = column(
        "Key that an import gave the line (InventoryLotId of Finance & Operations); unique in its order."
    )
    unit_of_measure: UnitOfMeasure | None = to_one(
        "UnitOfMeasure", "unit_of_measure_id", "Unit in which the quantity is counted."
    )
    quantity: Decimal = column("How many units are ordered; negative for a return.")
    unit_price: Decimal = column("Price of one unit, with tax if the order's prices include it.")
    discount_amount: Decimal = column("Line discount, taken off quantity times price.")
    discount_percent: Decimal = column(
        "The line discount as a percent, which it stays when quantity or price change."
    )
    discount_applied_before_tax: bool = column("Computed. Whether prices come without tax.")
    allow_invoice_discount: bool = column(
        "Whether the line shares in the discount of its order; copied from its item."
    )
    amount_excluding_tax: Decimal = column(
        "Computed. What the line costs without tax, before the discount of the order."
    )
    tax_code: TaxCode | None = to_one(
        "TaxCode", "tax_code_id", "Rate of tax; lines of one code are taxed and rounded together."
    )
    tax_percent: Decimal = column("Percent of the tax code when the line was written.")
    total_tax_amount: Decimal = column("Computed. Tax on the line alone, before the discount.")
    amount_including_tax: Decimal = column("Computed. What the line costs with that tax.")
    invoice_discount_allocation: Decimal = column(
        "Computed. Share of the discount of the order, without tax."
    )
    net_amount: Decimal = column(
        "Computed. What is paid for the line without tax, all discounts off."
    )
    net_tax_amount: Decimal = column(
        "Computed. The line's part of its group's tax; these add up to the tax of the order."
    )
    net_amount_including_tax: Decimal = column("Computed. What is paid for the line in all.")
    shipment_date: dt.date | None = column("Day on which the goods are to leave.")
    shipped_quantity: Decimal = column("Computed. Units that have left.")
    invoiced_quantity: Decimal = column("Computed. Units that have been invoiced.")
    ship_quantity: Decimal = column("Units that the next shipment takes.")
    invoice_quantity: Decimal = column("Units that the next invoice takes.")


@entity(rows.SalesOrderRow)
@strawberry.type(description="A customer's order. Amounts are in its currency.")
class SalesOrder(Node):
    etag: str = column("Changes whenever the order or one of its lines does.")
    number: str = column("Unique number, drawn from the company's series or brought by an import.")
    external_document_number: str | None = column("The customer's own number for the order.")
    order_date: dt.date = column("Date of the document.")
    posting_date: dt.date = column("Date on which the order counts in the books.")
    customer: Customer = to_one("Customer", "customer_id", "Who ordered.")
    customer_name: str = column("Name of the customer when the order was written.")
    contact_id: str | None = column("Contact of the customer in the client's own system.")
    bill_to_customer: Customer = to_one("Customer", "bill_to_customer_id", "Who pays.")
    bill_to_name: str = column("Name of the payer when the order was written.")
    ship_to_name: str | None = column("Name at the place of delivery.")
    ship_to_contact: str | None = column("Person at the place of delivery.")
    sell_to_address: PostalAddress = address("sell_to_", "Address of the customer.")
    bill_to_address: PostalAddress = address("bill_to_", "Address of the payer.")
    ship_to_address: PostalAddress = address("ship_to_", "Where the goods go.")
    currency: Currency = to_one("Currency", "currency_id", "Currency of all amounts of the order.")
    prices_include_tax: bool = column("Whether the unit prices of the lines include tax.")
    payment_terms: PaymentTerms | None = to_one(
        "PaymentTerms", "payment_terms_id", "When payment is due."
    )
    shipment_method: ShipmentMethod | None = to_one(
        "ShipmentMethod", "shipment_method_id", "How the goods travel."
    )
    salesperson: str | None = column("Code of the salesperson.")
    partial_shipping: bool = column("Whether the order may be shipped in parts.")
    requested_delivery_date: dt.date | None = column("Day on which the customer wants the goods.")
    discount_amount: Decimal = column(
        "Discount on the whole order; with tax if prices include it. Lines share it."
    )
    discount_percent: Decimal | None = column(
        "The same as a percent, if it was given so: the amount then follows the lines."
    )
    discount_applied_before_tax: bool = column(
        "Computed. Whether the discount comes off before tax; false while there are no lines."
    )
    total_amount_excluding_tax: Decimal = column("Computed. The net amounts of all lines.")
    total_tax_amount: Decimal = column("Computed. The net tax amounts of all lines.")
    total_amount_including_tax: Decimal = column("Computed. What the customer pays.")
    totals_explanation: list[TotalsStep] = totals_explanation_field()
    fully_shipped: bool = column("Computed. Whether there is something to ship and all has left.")
    status: SalesOrderStatus = column("Where the order stands in its life.")
    status_label: str = status_label_field()
    on_hold: bool = column("Whether release, shipping and invoicing are stopped for now.")
    last_modified_date_time: dt.datetime = column(
        "When the order or one of its lines last changed."
    )
    phone_number: str | None = column("Telephone number for questions about the order.")
    email: str | None = column("E-mail address for questions about the order.")
    lines: list[SalesOrderLine] = to_many(
        "SalesOrderLine", "sales_order_id", "sequence", "All lines by sequence."
    )
