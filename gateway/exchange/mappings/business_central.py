"""The columns of sales orders and their lines in the Business Central API (RULES.md 1.1 and 1.2), and
those that the gateway adds so that JSON Lines files are complete."""

from gateway.exchange.mappings.columns import CellKind, FileColumn, FileEntity, RowKind
from gateway.storage.tables.sales_orders import (
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
    SalesOrderStatus,
)

HOLD = "on hold"
"""The status that Business Central shows for a draft on hold."""

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


def ignored_columns(reason: str, *names: str) -> tuple[FileColumn, ...]:
    """Columns that the import recognises and ignores, with the reason for the warning."""
    return tuple(FileColumn(name, note=reason) for name in names)


def _address(prefix: str, old: str) -> tuple[FileColumn, ...]:
    """The columns of an address: flat as in version 2.0 of the API, and nested as in version 1.0."""
    field = "sell_to_address" if prefix == "sellTo" else "ship_to_address"
    flat = tuple(FileColumn(prefix + name, f"{field}.{part}") for name, part in PARTS)
    nested = tuple(FileColumn(f"{old}.{name}", f"{field}.{part}") for name, part in OLD_PARTS)
    return flat + nested


IDS = ("id", "@odata.etag", "@odata.context", "etag", "lastModifiedDateTime")
OTHER_ID = "records are identified by number or code"
DERIVED = "its value is calculated from the lines"

ORDERS = FileEntity(
    "salesOrders",
    RowKind.HEADER,
    SalesOrderRow,
    ("salesOrder", "sales-orders", "orders"),
    ("customerNumber",),
    (
        FileColumn("number", "number"),
        FileColumn("externalDocumentNumber", "external_document_number"),
        FileColumn("orderDate", "order_date", CellKind.DATE),
        FileColumn("postingDate", "posting_date", CellKind.DATE),
        FileColumn("customerNumber", "customer.number"),
        FileColumn("billToCustomerNumber", "bill_to_customer.number"),
        FileColumn("shipToName", "ship_to_name"),
        FileColumn("shipToContact", "ship_to_contact"),
        *_address("sellTo", "sellingPostalAddress"),
        *_address("shipTo", "shippingPostalAddress"),
        FileColumn("currencyCode", "currency.code"),
        FileColumn("pricesIncludeTax", "prices_include_tax", CellKind.YES_NO),
        FileColumn("paymentTermsCode", "payment_terms.code"),
        FileColumn("paymentTerms", "payment_terms.code", fallback=True),
        FileColumn("shipmentMethodCode", "shipment_method.code"),
        FileColumn("salesperson", "salesperson"),
        FileColumn("partialShipping", "partial_shipping", CellKind.YES_NO),
        FileColumn("requestedDeliveryDate", "requested_delivery_date", CellKind.DATE),
        FileColumn("discountPercent", "discount_percent", CellKind.NUMBER),
        FileColumn("discountAmount", "discount_amount", CellKind.NUMBER),
        FileColumn("phoneNumber", "phone_number"),
        FileColumn("email", "email"),
        FileColumn("status", "+status", CellKind.CHOICE, "reached through the transitions"),
        FileColumn("onHold", "+on_hold", CellKind.YES_NO, "holds the order"),
        *ignored_columns("the gateway assigns its own value", *IDS),
        *ignored_columns(
            OTHER_ID,
            "customerId",
            "billToCustomerId",
            "currencyId",
            "paymentTermsId",
            "shipmentMethodId",
            "contactId",
        ),
        *ignored_columns(
            "its value comes from the customer",
            "customerName",
            "billToName",
            *(f"billTo{name}" for name, _ in PARTS),
            *(f"billingPostalAddress.{name}" for name, _ in OLD_PARTS),
        ),
        *ignored_columns(
            DERIVED,
            "discountAppliedBeforeTax",
            "totalAmountExcludingTax",
            "totalTaxAmount",
            "totalAmountIncludingTax",
            "fullyShipped",
        ),
        *ignored_columns(
            "dimensions are not supported", "shortcutDimension1Code", "shortcutDimension2Code"
        ),
    ),
    choices={"+status": ORDER_STATUSES},
)

LINES = FileEntity(
    "salesOrderLines",
    RowKind.LINE,
    SalesOrderLineRow,
    ("salesOrderLine", "sales-order-lines"),
    ("documentNumber",),
    (
        FileColumn("documentNumber", "+order_number"),
        FileColumn("sequence", "sequence", CellKind.WHOLE),
        FileColumn("inventoryLotId", "inventory_lot_id", note="the key of the line"),
        FileColumn("lineType", "line_type", CellKind.CHOICE),
        FileColumn("lineObjectNumber", "line_object_number"),
        FileColumn("lineDetails.number", "line_object_number", fallback=True),
        FileColumn("description", "description"),
        FileColumn("description2", "description2"),
        FileColumn("unitOfMeasureCode", "unit_of_measure.code"),
        FileColumn("unitOfMeasure.code", "unit_of_measure.code", fallback=True),
        FileColumn("quantity", "quantity", CellKind.NUMBER),
        FileColumn("unitPrice", "unit_price", CellKind.NUMBER),
        FileColumn("discountPercent", "discount_percent", CellKind.NUMBER),
        FileColumn("discountAmount", "discount_amount", CellKind.NUMBER),
        FileColumn("taxCode", "tax_code.code"),
        FileColumn("shipmentDate", "shipment_date", CellKind.DATE),
        FileColumn("shipQuantity", "ship_quantity", CellKind.NUMBER),
        FileColumn("invoiceQuantity", "invoice_quantity", CellKind.NUMBER),
        FileColumn("shippedQuantity", "+shipped", CellKind.NUMBER, "shipped again"),
        FileColumn("invoicedQuantity", "+invoiced", CellKind.NUMBER, "invoiced again"),
        *ignored_columns("the gateway assigns its own value", *IDS, "documentId"),
        *ignored_columns(OTHER_ID, "itemId", "accountId", "unitOfMeasureId"),
        *ignored_columns("variants and locations are not supported", "itemVariantId", "locationId"),
        *ignored_columns(
            "its value comes from the item or account of the line",
            "lineDetails.displayName",
            "lineDetails.description",
            "unitOfMeasure.displayName",
            "unitOfMeasure.symbol",
            "unitOfMeasure.unitConversion",
        ),
        *ignored_columns(
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
