"""Sales orders and their lines in the Business Central API (RULES.md 1.1 and 1.2); the names that
the gateway adds make JSON lines complete."""

from gateway.exchange.mappings.columns import Column, Entity, Kind, Part
from gateway.storage.tables.sales_orders import (
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
    SalesOrderStatus,
)

HOLD = "on hold"
"""A word of Business Central for a draft that is held."""

ORDER_STATUSES = {
    **{status.name.replace("_", "").casefold(): status for status in SalesOrderStatus},
    "created": SalesOrderStatus.DRAFT,
    "canceled": SalesOrderStatus.CANCELLED,
    "onhold": HOLD,
}
LINE_TYPES = {
    **{kind.name.replace("_", "").casefold(): kind for kind in SalesOrderLineType},
    "fixedx0020asset": SalesOrderLineType.FIXED_ASSET,
}
PARTS = (
    ("AddressLine1", "address_line1"),
    ("AddressLine2", "address_line2"),
    ("City", "city"),
    ("State", "state"),
    ("Country", "country"),
    ("PostCode", "post_code"),
)
OLD_PARTS = (
    ("street", "address_line1"),
    ("city", "city"),
    ("state", "state"),
    ("countryLetterCode", "country"),
    ("postalCode", "post_code"),
)


def not_kept(why: str, *names: str) -> tuple[Column, ...]:
    """Columns that are known, and the reason why none of them is taken."""
    return tuple(Column(name, note=why) for name in names)


def _address(prefix: str, old: str) -> tuple[Column, ...]:
    """The parts of an address, flat as in version 2.0, or one value as before."""
    field = "sell_to_address" if prefix == "sellTo" else "ship_to_address"
    flat = tuple(Column(prefix + name, f"{field}.{part}") for name, part in PARTS)
    before = tuple(Column(f"{old}.{name}", f"{field}.{part}") for name, part in OLD_PARTS)
    return flat + before


IDS = ("id", "@odata.etag", "@odata.context", "etag", "lastModifiedDateTime")
OTHER_ID = "records are named by number or code"
DERIVED = "derived from the lines"

ORDERS = Entity(
    "salesOrders",
    Part.HEADER,
    SalesOrderRow,
    ("salesOrder", "sales-orders", "orders"),
    ("customerNumber",),
    (
        Column("number", "number"),
        Column("externalDocumentNumber", "external_document_number"),
        Column("orderDate", "order_date", Kind.DATE),
        Column("postingDate", "posting_date", Kind.DATE),
        Column("customerNumber", "customer.number"),
        Column("billToCustomerNumber", "bill_to_customer.number"),
        Column("shipToName", "ship_to_name"),
        Column("shipToContact", "ship_to_contact"),
        *_address("sellTo", "sellingPostalAddress"),
        *_address("shipTo", "shippingPostalAddress"),
        Column("currencyCode", "currency.code"),
        Column("pricesIncludeTax", "prices_include_tax", Kind.YES_NO),
        Column("paymentTermsCode", "payment_terms.code"),
        Column("paymentTerms", "payment_terms.code", fallback=True),
        Column("shipmentMethodCode", "shipment_method.code"),
        Column("salesperson", "salesperson"),
        Column("partialShipping", "partial_shipping", Kind.YES_NO),
        Column("requestedDeliveryDate", "requested_delivery_date", Kind.DATE),
        Column("discountPercent", "discount_percent", Kind.NUMBER),
        Column("discountAmount", "discount_amount", Kind.NUMBER),
        Column("phoneNumber", "phone_number"),
        Column("email", "email"),
        Column("status", "+status", Kind.CHOICE, "reached step by step"),
        Column("onHold", "+on_hold", Kind.YES_NO, "holds the order"),
        *not_kept("given anew here", *IDS),
        *not_kept(
            OTHER_ID,
            "customerId",
            "billToCustomerId",
            "currencyId",
            "paymentTermsId",
            "shipmentMethodId",
            "contactId",
        ),
        *not_kept(
            "comes from the customer",
            "customerName",
            "billToName",
            *(f"billTo{name}" for name, _ in PARTS),
            *(f"billingPostalAddress.{name}" for name, _ in OLD_PARTS),
        ),
        *not_kept(
            DERIVED,
            "discountAppliedBeforeTax",
            "totalAmountExcludingTax",
            "totalTaxAmount",
            "totalAmountIncludingTax",
            "fullyShipped",
        ),
        *not_kept("there are no dimensions", "shortcutDimension1Code", "shortcutDimension2Code"),
    ),
    choices={"+status": ORDER_STATUSES},
)

LINES = Entity(
    "salesOrderLines",
    Part.LINE,
    SalesOrderLineRow,
    ("salesOrderLine", "sales-order-lines"),
    ("documentNumber",),
    (
        Column("documentNumber", "+order_number"),
        Column("sequence", "sequence", Kind.WHOLE),
        Column("inventoryLotId", "inventory_lot_id", note="the key of the line"),
        Column("lineType", "line_type", Kind.CHOICE),
        Column("lineObjectNumber", "line_object_number"),
        Column("lineDetails.number", "line_object_number", fallback=True),
        Column("description", "description"),
        Column("description2", "description2"),
        Column("unitOfMeasureCode", "unit_of_measure.code"),
        Column("unitOfMeasure.code", "unit_of_measure.code", fallback=True),
        Column("quantity", "quantity", Kind.NUMBER),
        Column("unitPrice", "unit_price", Kind.NUMBER),
        Column("discountPercent", "discount_percent", Kind.NUMBER),
        Column("discountAmount", "discount_amount", Kind.NUMBER),
        Column("taxCode", "tax_code.code"),
        Column("shipmentDate", "shipment_date", Kind.DATE),
        Column("shipQuantity", "ship_quantity", Kind.NUMBER),
        Column("invoiceQuantity", "invoice_quantity", Kind.NUMBER),
        Column("shippedQuantity", "+shipped", Kind.NUMBER, "shipped again"),
        Column("invoicedQuantity", "+invoiced", Kind.NUMBER, "invoiced again"),
        *not_kept("given anew here", *IDS, "documentId"),
        *not_kept(OTHER_ID, "itemId", "accountId", "unitOfMeasureId"),
        *not_kept("there are no variants and locations", "itemVariantId", "locationId"),
        *not_kept(
            "comes with the line's object",
            "lineDetails.displayName",
            "lineDetails.description",
            "unitOfMeasure.displayName",
            "unitOfMeasure.symbol",
            "unitOfMeasure.unitConversion",
        ),
        *not_kept(
            DERIVED,
            "discountAppliedBeforeTax",
            "amountExcludingTax",
            "taxPercent",
            "totalTaxAmount",
            "amountIncludingTax",
            "invoiceDiscountAllocation",
            "netAmount",
            "netTaxAmount",
            "netAmountIncludingTax",
        ),
    ),
    choices={"line_type": LINE_TYPES},
)
