"""The two sales-order entities of Dynamics 365 Finance & Operations, and its customers (RULES.md
7.1 and 7.2)."""

from importlib.resources import files

from gateway.exchange.mappings.columns import Column, Entity, Kind, Part, folded
from gateway.storage.tables.reference_data import CustomerRow, CustomerType
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow, SalesOrderStatus

DERIVED = "derived from the lines"
OF_CUSTOMER = "comes from the customer"

DELIVERED = "delivered"
"""A word of Finance & Operations for a released order that is shipped in full."""

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
    """The names of all columns that an entity has, folded; none of them names a company."""
    text = (
        files("gateway.exchange.mappings")
        .joinpath("vendor_columns", f"{name}.txt")
        .read_text("utf-8")
    )
    return frozenset(map(folded, ("DataAreaId", *text.split())))


HEADERS = Entity(
    "Sales order headers V2",
    Part.HEADER,
    SalesOrderRow,
    ("SalesOrderHeaderV2Entity", "SalesOrderHeadersV2"),
    ("SalesOrderNumber", "OrderingCustomerAccountNumber"),
    (
        Column("SalesOrderNumber", "number"),
        Column("OrderingCustomerAccountNumber", "customer.number"),
        Column("InvoiceCustomerAccountNumber", "bill_to_customer.number"),
        Column("SalesOrderName", note=OF_CUSTOMER),
        Column("CurrencyCode", "currency.code"),
        Column("CustomersOrderReference", "external_document_number"),
        Column("CustomerRequisitionNumber", "external_document_number", fallback=True),
        Column("OrderCreationDateTime", "order_date", Kind.DATE),
        Column("RequestedReceiptDate", "requested_delivery_date", Kind.DATE),
        Column("RequestedShippingDate", "requested_delivery_date", Kind.DATE, fallback=True),
        Column("ArePricesIncludingSalesTax", "prices_include_tax", Kind.YES_NO),
        Column("PaymentTermsName", "payment_terms.code"),
        Column("DeliveryTermsCode", "shipment_method.code"),
        Column("DeliveryModeCode", "shipment_method.code", fallback=True),
        Column("TotalDiscountPercentage", "discount_percent", Kind.NUMBER),
        Column(
            "TotalDiscountAmount", "discount_amount", Kind.NUMBER, "where there is no percentage"
        ),
        Column("OrderTakerPersonnelNumber", "salesperson"),
        Column("OrderResponsiblePersonnelNumber", "salesperson", fallback=True),
        Column("Email", "email"),
        Column("SalesOrderStatus", "+status", Kind.CHOICE, "reached step by step"),
        Column("IsSalesProcessingStopped", "+on_hold", Kind.YES_NO, "holds the order"),
        Column("ContactPersonId", "ship_to_contact"),
        Column("DeliveryAddressName", "ship_to_name"),
        Column("DeliveryAddressStreet", "ship_to_address.address_line1"),
        Column("DeliveryBuildingCompliment", "ship_to_address.address_line2"),
        Column("DeliveryAddressCity", "ship_to_address.city"),
        Column("DeliveryAddressStateId", "ship_to_address.state"),
        Column("DeliveryAddressZipCode", "ship_to_address.post_code"),
        Column("DeliveryAddressCountryRegionId", "ship_to_address.country"),
        Column("OrderTotalAmount", note=DERIVED),
        Column("OrderTotalTaxAmount", note=DERIVED),
        Column("OrderTotalDiscountAmount", note=DERIVED),
    ),
    choices={"+status": STATUSES},
    further=_vendor_columns("SalesOrderHeaderV2Entity"),
)

LINES = Entity(
    "Sales order lines V2",
    Part.LINE,
    SalesOrderLineRow,
    ("SalesOrderLineV2Entity", "SalesOrderLines", "SalesOrderLinesV2"),
    ("SalesOrderNumber",),
    (
        Column("SalesOrderNumber", "+order_number"),
        Column("InventoryLotId", "inventory_lot_id", note="the key of the line"),
        Column("LineCreationSequenceNumber", "sequence", Kind.WHOLE),
        Column("ItemNumber", "item.number"),
        Column("MainAccountIdDisplayValue", "account.number", note="where there is no item"),
        Column("LineDescription", "description", note="cut after 100 characters"),
        Column("OrderedSalesQuantity", "quantity", Kind.NUMBER),
        Column("SalesUnitSymbol", "unit_of_measure.code"),
        Column("SalesPrice", "unit_price", Kind.NUMBER, "divided by SalesPriceQuantity"),
        Column("SalesPriceQuantity", "+price_quantity", Kind.NUMBER),
        Column("LineDiscountAmount", "+unit_discount", Kind.NUMBER, "for SalesPriceQuantity units"),
        Column("LineDiscountPercentage", "discount_percent", Kind.NUMBER),
        Column(
            "MultilineDiscountAmount",
            "+multiline_discount",
            Kind.NUMBER,
            "added to LineDiscountAmount",
        ),
        Column("MultilineDiscountPercentage", "+multiline_percent", Kind.NUMBER, "of what is left"),
        Column("LineAmount", "+amount", Kind.NUMBER, "compared with what is derived"),
        Column("SalesTaxItemGroupCode", "tax_code.code"),
        Column("RequestedShippingDate", "shipment_date", Kind.DATE),
        Column("CurrencyCode", "+currency", note="must be that of the order"),
    ),
    choices={},
    further=_vendor_columns("SalesOrderLineV2Entity"),
)

CUSTOMERS = Entity(
    "Customers V3",
    Part.REFERENCE,
    CustomerRow,
    ("CustCustomerV3Entity", "CustomersV3"),
    ("CustomerAccount",),
    (
        Column("CustomerAccount", "number"),
        Column("OrganizationName", "display_name"),
        Column("NameAlias", "display_name", fallback=True),
        Column("PartyType", "type", Kind.CHOICE),
        Column("InvoiceAccount", "bill_to_customer.number"),
        Column("SalesCurrencyCode", "currency.code"),
        Column("PaymentTerms", "payment_terms.code"),
        Column("DeliveryTerms", "shipment_method.code"),
        Column("DeliveryMode", "shipment_method.code", fallback=True),
        Column("IsSalesTaxIncludedInPrices", "prices_include_tax", Kind.YES_NO),
        Column("CreditLimit", "credit_limit", Kind.NUMBER),
        Column("TaxExemptNumber", "tax_registration_number"),
        Column("AddressStreet", "address_line1"),
        Column("AddressBuildingComplement", "address_line2"),
        Column("AddressCity", "city"),
        Column("AddressState", "state"),
        Column("AddressZipCode", "post_code"),
        Column("AddressCountryRegionId", "country"),
        Column("PrimaryContactPhone", "phone_number"),
        Column("PrimaryContactEmail", "email"),
        Column("PrimaryContactUrl", "website"),
    ),
    rank=7,
    choices={"type": {"organization": CustomerType.COMPANY, "person": CustomerType.PERSON}},
    further=_vendor_columns("CustomersV3"),
)
