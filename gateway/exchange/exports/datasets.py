"""The datasets that can be exported, and the columns of each in every format."""

from typing import Any

from gateway.exchange.exports.values import (
    FINANCE_OPERATIONS_HEADERS,
    FINANCE_OPERATIONS_LINES,
    HEADER_SOURCES,
    LINE_SOURCES,
    Outgoing,
    Source,
    kept_columns,
    label_in,
    named_columns,
    of_header,
    of_line,
)
from gateway.exchange.mappings import business_central, finance_operations
from gateway.exchange.mappings.blocks import BLOCKS, block_fields
from gateway.exchange.mappings.columns import FileEntity
from gateway.exchange.mappings.reference_columns import RECORD_ENTITIES, Dataset
from gateway.orders.status_labels import StatusVocabulary
from gateway.storage.tables.reference_data import ItemUnitOfMeasureRow


def record_columns(dataset: Dataset) -> Outgoing:
    """All columns that the import reads of a kind of record."""
    entity = RECORD_ENTITIES[dataset]
    return Outgoing(entity, kept_columns(entity, {}), {})


def unblocked_columns(dataset: Dataset) -> Outgoing:
    """The same columns without those that block a record."""
    whole = record_columns(dataset)
    blocking = [block_fields(blocks) for blocks in BLOCKS if blocks.model is whole.entity.model]
    columns = tuple(
        column for column in whole.columns if not any(column.field in fields for fields in blocking)
    )
    return Outgoing(whole.entity, columns, {})


def block_columns(blocks: FileEntity) -> Outgoing:
    """The columns that block a record, and its key."""
    return Outgoing(blocks, kept_columns(blocks, {}), {})


def is_blocked(blocks: FileEntity, record: Any) -> bool:
    """Whether a record is blocked in any way."""
    return any(getattr(record, name) != default for name, default in block_fields(blocks).items())


def unique_columns(outgoing: Outgoing) -> tuple[str, ...]:
    """The stored columns that identify a record."""
    names = {column.field for column in outgoing.columns}
    if outgoing.entity.model is ItemUnitOfMeasureRow:
        return "item_id", "unit_of_measure_id"
    return tuple(name for name in ("kind", "number", "code") if name in names)


PACKAGE_HEADERS = Outgoing(
    finance_operations.HEADERS,
    (
        *kept_columns(finance_operations.HEADERS, FINANCE_OPERATIONS_HEADERS),
        *named_columns(finance_operations.HEADERS, "RequestedShippingDate"),
    ),
    FINANCE_OPERATIONS_HEADERS,
)
"""These include RequestedShippingDate, which Finance & Operations requires."""

PACKAGE_LINES = Outgoing(
    finance_operations.LINES,
    kept_columns(finance_operations.LINES, FINANCE_OPERATIONS_LINES),
    FINANCE_OPERATIONS_LINES,
    of_line,
)
COMPLETE_HEADERS = Outgoing(
    business_central.ORDERS, kept_columns(business_central.ORDERS, HEADER_SOURCES), HEADER_SOURCES
)
COMPLETE_LINES = Outgoing(
    business_central.LINES,
    tuple(
        column
        for column in kept_columns(business_central.LINES, LINE_SOURCES)
        if column.field != "+order_number"
    ),
    LINE_SOURCES,
    of_line,
)


def _etag(row: Any) -> str:
    return f'W/"{row.etag}"'


def _line_type(_header: Any, line: Any) -> str:
    words: str = line.line_type.name.replace("_", " ").title()
    return words


ADDRESS = ("AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode")
API_HEADERS = Outgoing(
    business_central.ORDERS,
    named_columns(
        business_central.ORDERS,
        *("@odata.etag", "id", "number", "externalDocumentNumber", "orderDate", "postingDate"),
        *("customerId", "customerNumber", "customerName", "billToName", "billToCustomerId"),
        *("billToCustomerNumber", "shipToName", "shipToContact"),
        *(f"{role}{part}" for role in ("sellTo", "billTo", "shipTo") for part in ADDRESS),
        *("currencyId", "currencyCode", "pricesIncludeTax", "paymentTermsId", "shipmentMethodId"),
        *("salesperson", "partialShipping", "requestedDeliveryDate", "discountAmount"),
        *("discountAppliedBeforeTax", "totalAmountExcludingTax", "totalTaxAmount"),
        *("totalAmountIncludingTax", "fullyShipped", "status", "lastModifiedDateTime"),
        *("phoneNumber", "email"),
        *("paymentTermsCode", "shipmentMethodCode", "discountPercent", "lineRounding"),
        *("onHold", "gatewayStatus"),
    ),
    {
        **HEADER_SOURCES,
        "+gateway_status": of_header("status"),
        "+status": label_in(StatusVocabulary.BUSINESS_CENTRAL_V2),
        "@odata.etag": Source(lambda header, _line: _etag(header), frozenset({"etag"})),
    },
)
API_LINES = Outgoing(
    business_central.LINES,
    named_columns(
        business_central.LINES,
        *("@odata.etag", "id", "documentId", "sequence", "itemId", "accountId", "lineType"),
        *("lineObjectNumber", "description", "description2", "unitOfMeasureId"),
        *("unitOfMeasureCode", "quantity", "unitPrice", "discountAmount", "discountPercent"),
        *("discountAppliedBeforeTax", "amountExcludingTax", "taxCode", "taxPercent"),
        *("totalTaxAmount", "amountIncludingTax", "invoiceDiscountAllocation", "netAmount"),
        *("netTaxAmount", "netAmountIncludingTax", "shipmentDate", "shippedQuantity"),
        *("invoicedQuantity", "invoiceQuantity", "shipQuantity"),
        "inventoryLotId",
    ),
    {
        **LINE_SOURCES,
        "@odata.etag": Source(lambda _header, line: _etag(line), line=frozenset({"etag"})),
        "documentId": of_header("id"),
        "lineType": Source(_line_type, line=frozenset({"line_type"})),
    },
    of_line,
)
"""The fields of version 2.0 of the Business Central API, in its order, followed by our own fields."""
