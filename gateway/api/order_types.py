"""The GraphQL types of orders and their lines (RULES.md 1.1 and 1.2)."""

import datetime as dt
from decimal import Decimal

import strawberry

from gateway.api.declared_fields import PostalAddress, address, column, to_many, to_one
from gateway.api.derived_fields import (
    TotalsStep,
    status_label_field,
    totals_explanation_field,
)
from gateway.api.entities import entity
from gateway.api.reference_types import (
    CREATED_BY_NOTE,
    MODIFIED_BY_NOTE,
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
from gateway.api.transition_fields import AvailableTransition, available_transitions_field
from gateway.storage.tables import sales_orders as rows
from gateway.storage.tables.sales_orders import LineRounding, SalesOrderLineType, SalesOrderStatus


@entity(rows.SalesOrderLineRow)
@strawberry.type(description="A line of a sales order. Amounts are in the currency of the order.")
class SalesOrderLine(Node):
    etag: str = column("A version tag that changes whenever the line changes.")
    sales_order: "SalesOrder" = to_one(
        "SalesOrder", "sales_order_id", "The order that the line belongs to."
    )
    sequence: int = column(
        "The position of the line within its order. It is unique there and never changes."
    )
    line_type: SalesOrderLineType = column("The kind of thing that the line sells.")
    item: Item | None = to_one("Item", "item_id", "The item sold. Set on lines of type ITEM only.")
    account: Account | None = to_one(
        "Account",
        "account_id",
        "The general-ledger account posted to. Set on lines of type ACCOUNT only.",
    )
    line_object: LineObject | None = to_one(
        "LineObject",
        "line_object_id",
        "The resource, fixed asset or charge sold. Set on lines of type RESOURCE,"
        " FIXED_ASSET and CHARGE only.",
    )
    line_object_number: str | None = column(
        "The number of whatever the line sells: an item, an account or a line object."
    )
    description: str | None = column(
        "The text of the line. It defaults to the name of what the line sells."
    )
    description2: str | None = column("A second line of text.")
    inventory_lot_id: str | None = column(
        "The key that an import assigned to the line (InventoryLotId in Finance &"
        " Operations). It is unique within the order."
    )
    unit_of_measure: UnitOfMeasure | None = to_one(
        "UnitOfMeasure", "unit_of_measure_id", "The unit in which the quantity is counted."
    )
    quantity: Decimal = column("The number of units ordered; negative for a return.")
    unit_price: Decimal = column(
        "The price of one unit. It includes tax if the prices of the order do."
    )
    discount_amount: Decimal = column(
        "The line discount as an amount, deducted from quantity times unit price."
    )
    discount_percent: Decimal = column(
        "The line discount as a percentage. It stays the same when the quantity or the"
        " price changes."
    )
    discount_applied_before_tax: bool = column(
        "Computed. Whether the discount is deducted before tax, as it is when prices exclude tax."
    )
    allow_invoice_discount: bool = column(
        "Whether the line takes a share of the order discount. Copied from the item."
    )
    amount_excluding_tax: Decimal = column(
        "Computed. The amount of the line without tax, before the order discount."
    )
    tax_code: TaxCode | None = to_one(
        "TaxCode",
        "tax_code_id",
        "The tax code of the line. Lines with the same code are taxed and rounded together.",
    )
    tax_percent: Decimal = column(
        "The tax rate as a percentage, copied from the tax code when the line was written."
    )
    total_tax_amount: Decimal = column(
        "Computed. The tax on the line alone, before the order discount."
    )
    amount_including_tax: Decimal = column(
        "Computed. The amount of the line with its tax, before the order discount."
    )
    invoice_discount_allocation: Decimal = column(
        "Computed. The line's share of the order discount, without tax."
    )
    net_amount: Decimal = column(
        "Computed. The amount of the line without tax, after all discounts."
    )
    net_tax_amount: Decimal = column(
        "Computed. The line's share of the tax on its tax group. The shares add up to the"
        " tax on the order."
    )
    net_amount_including_tax: Decimal = column(
        "Computed. The amount of the line with tax, after all discounts."
    )
    shipment_date: dt.date | None = column("The date on which the goods are due to leave.")
    shipped_quantity: Decimal = column("Computed. The number of units shipped so far.")
    invoiced_quantity: Decimal = column("Computed. The number of units invoiced so far.")
    ship_quantity: Decimal = column("The number of units to include in the next shipment.")
    invoice_quantity: Decimal = column("The number of units to include on the next invoice.")


@entity(rows.SalesOrderRow)
@strawberry.type(description="A customer's order. Amounts are in the currency of the order.")
class SalesOrder(Node):
    etag: str = column("A version tag that changes whenever the order or one of its lines changes.")
    number: str = column(
        "The unique order number, taken from the company's number series or from an import."
    )
    external_document_number: str | None = column(
        "The customer's own reference for the order, such as a purchase order number."
    )
    order_date: dt.date = column("The date of the order document.")
    posting_date: dt.date = column("The date under which the order is posted to the books.")
    customer: Customer = to_one("Customer", "customer_id", "The customer who placed the order.")
    customer_name: str = column("The name of the customer at the time the order was written.")
    contact_id: str | None = column("The id of the customer's contact in the client's own system.")
    bill_to_customer: Customer = to_one(
        "Customer", "bill_to_customer_id", "The customer who pays for the order."
    )
    bill_to_name: str = column("The name of the paying customer at the time the order was written.")
    ship_to_name: str | None = column("The name of the recipient at the place of delivery.")
    ship_to_contact: str | None = column("The contact person at the place of delivery.")
    sell_to_address: PostalAddress = address("sell_to_", "The address of the customer.")
    bill_to_address: PostalAddress = address("bill_to_", "The address of the paying customer.")
    ship_to_address: PostalAddress = address(
        "ship_to_", "The address to which the goods are delivered."
    )
    currency: Currency = to_one(
        "Currency", "currency_id", "The currency of all amounts of the order."
    )
    prices_include_tax: bool = column("Whether the unit prices of the lines include tax.")
    line_rounding: LineRounding = column(
        "The way in which the amounts of lines with a discount percentage are rounded."
    )
    payment_terms: PaymentTerms | None = to_one(
        "PaymentTerms", "payment_terms_id", "The terms that decide when payment is due."
    )
    shipment_method: ShipmentMethod | None = to_one(
        "ShipmentMethod", "shipment_method_id", "The way in which the goods are shipped."
    )
    salesperson: str | None = column("The code of the salesperson responsible for the order.")
    partial_shipping: bool = column("Whether the order may be shipped in several parts.")
    requested_delivery_date: dt.date | None = column(
        "The date on which the customer wants the goods."
    )
    discount_amount: Decimal = column(
        "The discount on the whole order, shared among its lines. It includes tax if prices do."
    )
    discount_percent: Decimal | None = column(
        "The order discount as a percentage, if it was entered as one. The amount then"
        " follows the lines."
    )
    discount_applied_before_tax: bool = column(
        "Computed. Whether the order discount is deducted before tax. It is false while"
        " there are no lines."
    )
    total_amount_excluding_tax: Decimal = column(
        "Computed. The sum of the net amounts of all lines."
    )
    total_tax_amount: Decimal = column("Computed. The sum of the net tax amounts of all lines.")
    total_amount_including_tax: Decimal = column("Computed. The amount that the customer pays.")
    totals_explanation: list[TotalsStep] = totals_explanation_field()
    fully_shipped: bool = column(
        "Computed. Whether there is something to ship and all of it has been shipped."
    )
    status: SalesOrderStatus = column("The stage that the order has reached in its life cycle.")
    status_label: str = status_label_field()
    available_transitions: list[AvailableTransition] = available_transitions_field()
    on_hold: bool = column("Whether release, shipping and invoicing are suspended.")
    created_date_time: dt.datetime = column("The time at which the order was created.")
    last_modified_date_time: dt.datetime = column(
        "The time at which the order or one of its lines last changed."
    )
    created_by: str | None = column(CREATED_BY_NOTE)
    last_modified_by: str | None = column(MODIFIED_BY_NOTE)
    phone_number: str | None = column("The telephone number for questions about the order.")
    email: str | None = column("The e-mail address for questions about the order.")
    lines: list[SalesOrderLine] = to_many(
        "SalesOrderLine", "sales_order_id", "sequence", "All lines of the order, by sequence."
    )
