"""The columns of the sales order headers, sales order lines and customers of Dynamics 365 Finance &
Operations (RULES.md 7.1 and 7.2)."""

from importlib.resources import files

from gateway.exchange.mappings.business_central import (
    LINE_ROUNDINGS,
    LINE_TYPES,
    OWN_STATUS,
    OWN_STATUSES,
    QUANTITIES,
)
from gateway.exchange.mappings.columns import (
    CellKind,
    FileColumn,
    FileEntity,
    RowKind,
    columns_of,
    flat_orders,
    folded,
)
from gateway.orders.fields import HEADER, LINE
from gateway.orders.status_labels import StatusVocabulary
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.reference_enums import CustomerType
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow, SalesOrderStatus

DERIVED = "its value is calculated from the lines"
OF_CUSTOMER = "its value comes from the customer"

DELIVERED = "delivered"
"""The status of Finance & Operations for a released order that has been fully shipped."""

STATUSES = {
    "none": SalesOrderStatus.DRAFT,
    "backorder": SalesOrderStatus.DRAFT,
    "openorder": SalesOrderStatus.DRAFT,
    "delivered": DELIVERED,
    "invoiced": SalesOrderStatus.INVOICED,
    "canceled": SalesOrderStatus.CANCELLED,
    "cancelled": SalesOrderStatus.CANCELLED,
}


def _vendor_columns(name: str) -> frozenset[str]:
    """The folded names of all columns of an entity, plus that of the company, which the lists omit."""
    text = (
        files("gateway.exchange.mappings")
        .joinpath("vendor_columns", f"{name}.txt")
        .read_text("utf-8")
    )
    return frozenset(map(folded, ("DataAreaId", *text.split())))


OWN_HEADER_FIELDS = (
    *("posting_date", "phone_number", "partial_shipping", "line_rounding"),
    *("sell_to_address", "bill_to_address"),
)
OWN_LINE_FIELDS = (
    *("line_type", "line_object_number", "description2", "ship_quantity", "invoice_quantity"),
)
"""Fields without a column of the vendor's. Files have one of our own, which the vendor ignores."""

LINES = FileEntity(
    "Sales order lines V2",
    RowKind.LINE,
    SalesOrderLineRow,
    ("SalesOrderLineV2Entity", "SalesOrderLines", "SalesOrderLinesV2"),
    ("SalesOrderNumber",),
    (
        FileColumn("SalesOrderNumber", "+order_number"),
        FileColumn("InventoryLotId", "inventory_lot_id", note="the key of the line"),
        FileColumn("LineCreationSequenceNumber", "sequence", CellKind.WHOLE),
        FileColumn("ItemNumber", "item.number"),
        FileColumn("MainAccountIdDisplayValue", "account.number", note="if there is no item"),
        FileColumn("LineDescription", "description", note="truncated to 100 characters"),
        FileColumn("OrderedSalesQuantity", "quantity", CellKind.NUMBER),
        FileColumn("SalesUnitSymbol", "unit_of_measure.code"),
        FileColumn("SalesPrice", "unit_price", CellKind.NUMBER, "divided by SalesPriceQuantity"),
        FileColumn("SalesPriceQuantity", "+price_quantity", CellKind.NUMBER),
        FileColumn(
            "LineDiscountAmount", "+unit_discount", CellKind.NUMBER, "for SalesPriceQuantity units"
        ),
        FileColumn("LineDiscountPercentage", "discount_percent", CellKind.NUMBER),
        FileColumn(
            "MultilineDiscountAmount",
            "+multiline_discount",
            CellKind.NUMBER,
            "added to LineDiscountAmount",
        ),
        FileColumn(
            "MultilineDiscountPercentage",
            "+multiline_percent",
            CellKind.NUMBER,
            "of the amount that remains",
        ),
        FileColumn("LineAmount", "+amount", CellKind.NUMBER, "compared with the calculated amount"),
        FileColumn("SalesTaxItemGroupCode", "tax_code.code"),
        FileColumn("RequestedShippingDate", "shipment_date", CellKind.DATE),
        FileColumn("CurrencyCode", "+currency", note="must be the currency of the order"),
        *columns_of(SalesOrderLineRow, {name: LINE[name] for name in OWN_LINE_FIELDS}),
        *QUANTITIES,
    ),
    choices={"line_type": LINE_TYPES},
    further=_vendor_columns("SalesOrderLineV2Entity"),
    signs=(
        "ItemNumber",
        "MainAccountIdDisplayValue",
        "InventoryLotId",
        "LineCreationSequenceNumber",
        "OrderedSalesQuantity",
    ),
)

HEADERS = FileEntity(
    "Sales order headers V2",
    RowKind.HEADER,
    SalesOrderRow,
    ("SalesOrderHeaderV2Entity", "SalesOrderHeadersV2"),
    ("SalesOrderNumber",),
    (
        FileColumn("SalesOrderNumber", "number"),
        FileColumn("OrderingCustomerAccountNumber", "customer.number"),
        FileColumn("InvoiceCustomerAccountNumber", "bill_to_customer.number"),
        FileColumn("SalesOrderName", note=OF_CUSTOMER),
        FileColumn("CurrencyCode", "currency.code"),
        FileColumn("CustomersOrderReference", "external_document_number"),
        FileColumn("CustomerRequisitionNumber", "external_document_number", fallback=True),
        FileColumn("OrderCreationDateTime", "order_date", CellKind.DATE),
        FileColumn("RequestedReceiptDate", "requested_delivery_date", CellKind.DATE),
        FileColumn(
            "RequestedShippingDate", "requested_delivery_date", CellKind.DATE, fallback=True
        ),
        FileColumn("ArePricesIncludingSalesTax", "prices_include_tax", CellKind.YES_NO),
        FileColumn("PaymentTermsName", "payment_terms.code"),
        FileColumn("DeliveryTermsCode", "shipment_method.code"),
        FileColumn("DeliveryModeCode", "shipment_method.code", fallback=True),
        FileColumn("TotalDiscountPercentage", "discount_percent", CellKind.NUMBER),
        FileColumn(
            "TotalDiscountAmount",
            "discount_amount",
            CellKind.NUMBER,
            "if there is no percentage",
        ),
        FileColumn("OrderTakerPersonnelNumber", "salesperson"),
        FileColumn("OrderResponsiblePersonnelNumber", "salesperson", fallback=True),
        FileColumn("Email", "email"),
        FileColumn(
            "SalesOrderStatus", "+status", CellKind.CHOICE, "reached through the transitions"
        ),
        FileColumn("IsSalesProcessingStopped", "+on_hold", CellKind.YES_NO, "holds the order"),
        FileColumn("ContactPersonId", "ship_to_contact"),
        FileColumn("DeliveryAddressName", "ship_to_name"),
        FileColumn("DeliveryAddressStreet", "ship_to_address.address_line1"),
        FileColumn("DeliveryBuildingCompliment", "ship_to_address.address_line2"),
        FileColumn("DeliveryAddressCity", "ship_to_address.city"),
        FileColumn("DeliveryAddressStateId", "ship_to_address.state"),
        FileColumn("DeliveryAddressZipCode", "ship_to_address.post_code"),
        FileColumn("DeliveryAddressCountryRegionId", "ship_to_address.country"),
        *columns_of(SalesOrderRow, {name: HEADER[name] for name in OWN_HEADER_FIELDS}),
        OWN_STATUS,
        FileColumn("OrderTotalAmount", note=DERIVED),
        FileColumn("OrderTotalTaxAmount", note=DERIVED),
        FileColumn("OrderTotalDiscountAmount", note=DERIVED),
    ),
    choices={
        "+status": STATUSES,
        "+gateway_status": OWN_STATUSES,
        "line_rounding": LINE_ROUNDINGS,
    },
    statuses=StatusVocabulary.FINANCE_OPERATIONS,
    further=_vendor_columns("SalesOrderHeaderV2Entity"),
    signs=("OrderingCustomerAccountNumber",),
    lines=LINES,
)

CUSTOMERS = FileEntity(
    "Customers V3",
    RowKind.REFERENCE,
    CustomerRow,
    ("CustCustomerV3Entity", "CustomersV3"),
    ("CustomerAccount",),
    (
        FileColumn("CustomerAccount", "number"),
        FileColumn("OrganizationName", "display_name"),
        FileColumn("NameAlias", "display_name", fallback=True),
        FileColumn("PartyType", "type", CellKind.CHOICE),
        FileColumn("InvoiceAccount", "bill_to_customer.number"),
        FileColumn("SalesCurrencyCode", "currency.code"),
        FileColumn("PaymentTerms", "payment_terms.code"),
        FileColumn("DeliveryTerms", "shipment_method.code"),
        FileColumn("DeliveryMode", "shipment_method.code", fallback=True),
        FileColumn("IsSalesTaxIncludedInPrices", "prices_include_tax", CellKind.YES_NO),
        FileColumn("CreditLimit", "credit_limit", CellKind.NUMBER),
        FileColumn("TaxExemptNumber", "tax_registration_number"),
        FileColumn("AddressStreet", "address_line1"),
        FileColumn("AddressBuildingComplement", "address_line2"),
        FileColumn("AddressCity", "city"),
        FileColumn("AddressState", "state"),
        FileColumn("AddressZipCode", "post_code"),
        FileColumn("AddressCountryRegionId", "country"),
        FileColumn("PrimaryContactPhone", "phone_number"),
        FileColumn("PrimaryContactEmail", "email"),
        FileColumn("PrimaryContactUrl", "website"),
    ),
    rank=7,
    choices={"type": {"organization": CustomerType.COMPANY, "person": CustomerType.PERSON}},
    further=_vendor_columns("CustomersV3"),
    signs=("OrganizationName", "NameAlias"),
)

FLAT_ORDERS = flat_orders(
    "Sales orders V2",
    HEADERS,
    LINES,
    ("SalesOrderNumber", "ItemNumber|MainAccountIdDisplayValue|LineDescription"),
    shared=("SalesOrderNumber", "CurrencyCode"),
)
