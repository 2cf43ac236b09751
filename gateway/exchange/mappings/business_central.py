"""The columns of sales orders and their lines in the Business Central API (RULES.md 1.1 and 1.2), and
those that the gateway adds so that JSON Lines files are complete."""

from gateway.exchange.mappings.columns import (
    CellKind,
    FileColumn,
    FileEntity,
    RowKind,
    camel_case,
    columns_of,
    flat_orders,
    id_columns,
)
from gateway.orders.fields import ADDRESSES, HEADER, LINE
from gateway.orders.status_labels import StatusVocabulary
from gateway.storage.tables.reference_data import ADDRESS_PARTS
from gateway.storage.tables.sales_orders import (
    LineRounding,
    SalesOrderLineRow,
    SalesOrderLineType,
    SalesOrderRow,
    SalesOrderStatus,
)

HOLD = "on hold"
"""The status that Business Central shows for a draft on hold."""

OWN_STATUSES = {status.name.replace("_", "").casefold(): status for status in SalesOrderStatus}
ORDER_STATUSES = {
    **OWN_STATUSES,
    "created": SalesOrderStatus.DRAFT,
    "canceled": SalesOrderStatus.CANCELLED,
    "onhold": HOLD,
}
LINE_ROUNDINGS = {kind.name.replace("_", "").casefold(): kind for kind in LineRounding}
LINE_TYPES = {
    **{kind.name.replace("_", "").casefold(): kind for kind in SalesOrderLineType},
    "fixedx0020asset": SalesOrderLineType.FIXED_ASSET,
}
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


def _nested_address(field: str, heading: str) -> tuple[FileColumn, ...]:
    """The parts of an address as version 1 nests them."""
    return tuple(FileColumn(f"{heading}.{name}", f"{field}.{part}") for name, part in OLD_PARTS)


def _own_address(field: str) -> tuple[FileColumn, ...]:
    """The parts of an address as our own API nests them."""
    return tuple(
        FileColumn(f"{camel_case(field)}.{camel_case(part)}", f"{field}.{part}", fallback=True)
        for part in ADDRESS_PARTS
    )


OWN_STATUS = FileColumn(
    "gatewayStatus",
    "+gateway_status",
    CellKind.CHOICE,
    "the status where the vendor has one word for several",
)
QUANTITIES = (
    FileColumn("shippedQuantity", "+shipped", CellKind.NUMBER, "shipped again"),
    FileColumn("invoicedQuantity", "+invoiced", CellKind.NUMBER, "invoiced again"),
)
IDS = (
    *("id", "@odata.etag", "@odata.context", "etag"),
    *("createdDateTime", "lastModifiedDateTime"),
)
OTHER_ID = "records are identified by number or code"
DERIVED = "its value is calculated from the lines"

LINES = FileEntity(
    "salesOrderLines",
    RowKind.LINE,
    SalesOrderLineRow,
    ("salesOrderLine", "sales-order-lines"),
    ("documentNumber|documentId",),
    (
        FileColumn("documentNumber", "+order_number"),
        *columns_of(
            SalesOrderLineRow,
            LINE,
            "item",
            "account",
            notes={"inventory_lot_id": "the key of the line"},
        ),
        FileColumn("lineDetails.number", "line_object_number", fallback=True),
        FileColumn("unitOfMeasure.code", "unit_of_measure.code", fallback=True),
        *QUANTITIES,
        FileColumn("documentId", "+document_id", note="the id of the order"),
        *ignored_columns("the gateway assigns its own value", *IDS),
        *id_columns("itemId", "accountId", "unitOfMeasureId"),
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
    signs=(
        "lineObjectNumber",
        "lineDetails.number",
        "itemId",
        "lineType",
        "sequence",
        "quantity",
    ),
)

ORDERS = FileEntity(
    "salesOrders",
    RowKind.HEADER,
    SalesOrderRow,
    ("salesOrder", "sales-orders", "orders"),
    ("number|customerNumber|customerId|contactId",),
    (
        *columns_of(SalesOrderRow, HEADER, "import_key"),
        *_nested_address("sell_to_address", "sellingPostalAddress"),
        *_nested_address("ship_to_address", "shippingPostalAddress"),
        *_nested_address("bill_to_address", "billingPostalAddress"),
        *(column for field in ADDRESSES for column in _own_address(field)),
        FileColumn("paymentTerms", "payment_terms.code", fallback=True),
        FileColumn("status", "+status", CellKind.CHOICE, "reached through the transitions"),
        FileColumn("onHold", "+on_hold", CellKind.YES_NO, "holds the order"),
        OWN_STATUS,
        *ignored_columns("the gateway assigns its own value", *IDS),
        FileColumn("contactId", "customer.contact_id", fallback=True),
        *id_columns(
            "customerId", "billToCustomerId", "currencyId", "paymentTermsId", "shipmentMethodId"
        ),
        *ignored_columns(
            "its value comes from the customer",
            "customerName",
            "billToName",
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
    choices={
        "+status": ORDER_STATUSES,
        "+gateway_status": OWN_STATUSES,
        "line_rounding": LINE_ROUNDINGS,
    },
    statuses=StatusVocabulary.BUSINESS_CENTRAL_V2,
    signs=("customerNumber", "customerId", "contactId"),
    lines=LINES,
)

FLAT_ORDERS = flat_orders(
    "salesOrdersWithLines",
    ORDERS,
    LINES,
    (
        "number",
        "lineObjectNumber|itemId|lineType|description",
        "quantity|unitPrice|sequence|lineType",
    ),
    shared=("number",),
)
