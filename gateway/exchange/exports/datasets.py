"""Which columns go out in which format, and what can be exported besides orders."""

from collections.abc import Mapping
from enum import StrEnum
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
from gateway.exchange.mappings import reference_columns as reference_entities
from gateway.exchange.mappings.blocks import BLOCKS, block_fields
from gateway.exchange.mappings.columns import Entity
from gateway.orders.status_labels import StatusVocabulary


class What(StrEnum):
    """What is exported."""

    ORDERS = "orders"
    CURRENCIES = "currencies"
    PAYMENT_TERMS = "payment-terms"
    SHIPMENT_METHODS = "shipment-methods"
    UNITS_OF_MEASURE = "units-of-measure"
    TAX_CODES = "tax-codes"
    ACCOUNTS = "accounts"
    LINE_OBJECTS = "line-objects"
    ITEMS = "items"
    CUSTOMERS = "customers"
    EVERYTHING = "everything"


RECORDS: Mapping[What, Entity] = {
    What.CURRENCIES: reference_entities.CURRENCIES,
    What.PAYMENT_TERMS: reference_entities.PAYMENT_TERMS,
    What.SHIPMENT_METHODS: reference_entities.SHIPMENT_METHODS,
    What.UNITS_OF_MEASURE: reference_entities.UNITS_OF_MEASURE,
    What.TAX_CODES: reference_entities.TAX_CODES,
    What.ACCOUNTS: reference_entities.ACCOUNTS,
    What.LINE_OBJECTS: reference_entities.LINE_OBJECTS,
    What.ITEMS: reference_entities.ITEMS,
    What.CUSTOMERS: reference_entities.CUSTOMERS,
}
"""What orders refer to, each after what it refers to itself."""


def records(what: What) -> Outgoing:
    """All columns of a kind of record that the import takes."""
    entity = RECORDS[what]
    return Outgoing(entity, kept_columns(entity, {}), {})


def open_records(what: What) -> Outgoing:
    """The same without what closes a record to new orders."""
    whole = records(what)
    closing = [block_fields(blocks) for blocks in BLOCKS if blocks.model is whole.entity.model]
    columns = tuple(
        column for column in whole.columns if not any(column.field in found for found in closing)
    )
    return Outgoing(whole.entity, columns, {})


def closings(blocks: Entity) -> Outgoing:
    """What closes a record to new orders."""
    return Outgoing(blocks, kept_columns(blocks, {}), {})


def is_closed(blocks: Entity, record: Any) -> bool:
    """Whether anything of it does."""
    return any(getattr(record, name) != state for name, state in block_fields(blocks).items())


def unique_columns(outgoing: Outgoing) -> tuple[str, ...]:
    """What names a record."""
    names = {column.field for column in outgoing.columns}
    return tuple(name for name in ("kind", "number", "code") if name in names)


PACKAGE_HEADERS = Outgoing(
    finance_operations.HEADERS,
    (
        *kept_columns(finance_operations.HEADERS, FINANCE_OPERATIONS_HEADERS),
        *named_columns(finance_operations.HEADERS, "RequestedShippingDate"),
    ),
    FINANCE_OPERATIONS_HEADERS,
)
"""RequestedShippingDate besides, which Finance & Operations demands."""

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
ANSWERED_HEADERS = Outgoing(
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
    ),
    {
        "+status": label_in(StatusVocabulary.BUSINESS_CENTRAL_V2),
        "@odata.etag": Source(lambda header, _line: _etag(header), frozenset({"etag"})),
    },
)
ANSWERED_LINES = Outgoing(
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
    ),
    {
        **LINE_SOURCES,
        "@odata.etag": Source(lambda _header, line: _etag(line), line=frozenset({"etag"})),
        "documentId": of_header("id"),
        "lineType": Source(_line_type, line=frozenset({"line_type"})),
    },
    of_line,
)
"""The names and the order in which the API of Business Central answers, version 2.0."""
