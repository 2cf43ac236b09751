"""The records of the Business Central API, sales orders with their lines and what these refer to
(domain rules 1.1 to 1.3); the names that the gateway adds make JSON lines complete."""

from gateway.exchange.columns import Column, Entity, Kind, Part
from gateway.storage.reference_data import (
    Account,
    AccountType,
    Currency,
    Customer,
    CustomerBlocked,
    CustomerType,
    Item,
    ItemType,
    LineObject,
    LineObjectKind,
    PaymentTerms,
    ShipmentMethod,
    TaxCode,
    TaxRounding,
    UnitOfMeasure,
)
from gateway.storage.sales_orders import (
    SalesOrder,
    SalesOrderLine,
    SalesOrderLineType,
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


def _not_kept(why: str, *names: str) -> tuple[Column, ...]:
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
    SalesOrder,
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
        *_not_kept("given anew here", *IDS),
        *_not_kept(
            OTHER_ID,
            "customerId",
            "billToCustomerId",
            "currencyId",
            "paymentTermsId",
            "shipmentMethodId",
            "contactId",
        ),
        *_not_kept(
            "comes from the customer",
            "customerName",
            "billToName",
            *(f"billTo{name}" for name, _ in PARTS),
            *(f"billingPostalAddress.{name}" for name, _ in OLD_PARTS),
        ),
        *_not_kept(
            DERIVED,
            "discountAppliedBeforeTax",
            "totalAmountExcludingTax",
            "totalTaxAmount",
            "totalAmountIncludingTax",
            "fullyShipped",
        ),
        *_not_kept("there are no dimensions", "shortcutDimension1Code", "shortcutDimension2Code"),
    ),
    choices={"+status": ORDER_STATUSES},
)

LINES = Entity(
    "salesOrderLines",
    Part.LINE,
    SalesOrderLine,
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
        *_not_kept("given anew here", *IDS, "documentId"),
        *_not_kept(OTHER_ID, "itemId", "accountId", "unitOfMeasureId"),
        *_not_kept("there are no variants and locations", "itemVariantId", "locationId"),
        *_not_kept(
            "comes with the line's object",
            "lineDetails.displayName",
            "lineDetails.description",
            "unitOfMeasure.displayName",
            "unitOfMeasure.symbol",
            "unitOfMeasure.unitConversion",
        ),
        *_not_kept(
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

CODE, NAME = Column("code", "code"), Column("displayName", "display_name")
NUMBER = Column("number", "number")
GIVEN_ANEW = _not_kept("given anew here", *IDS)

CUSTOMERS = Entity(
    "customers",
    Part.REFERENCE,
    Customer,
    ("customer",),
    ("number", "displayName"),
    (
        NUMBER,
        NAME,
        Column("type", "type", Kind.CHOICE),
        Column("contactId", "contact_id"),
        Column("contactName", "contact_name"),
        Column("addressLine1", "address_line1"),
        Column("addressLine2", "address_line2"),
        Column("city", "city"),
        Column("state", "state"),
        Column("country", "country"),
        Column("postCode", "post_code"),
        Column("postalCode", "post_code", fallback=True),
        *(Column(f"address.{name}", part, fallback=True) for name, part in OLD_PARTS),
        Column("phoneNumber", "phone_number"),
        Column("email", "email"),
        Column("website", "website"),
        Column("salesperson", "salesperson"),
        Column("salespersonCode", "salesperson", fallback=True),
        Column("creditLimit", "credit_limit", Kind.NUMBER),
        Column("taxLiable", "tax_liable", Kind.YES_NO),
        Column("taxRegistrationNumber", "tax_registration_number"),
        Column("billToCustomerNumber", "bill_to_customer.number"),
        Column("currencyCode", "currency.code"),
        Column("paymentTermsCode", "payment_terms.code"),
        Column("shipmentMethodCode", "shipment_method.code"),
        Column("pricesIncludeTax", "prices_include_tax", Kind.YES_NO),
        Column("partialShipping", "partial_shipping", Kind.YES_NO),
        Column("blocked", "blocked", Kind.CHOICE),
        Column("privacyBlocked", "privacy_blocked", Kind.YES_NO),
        *GIVEN_ANEW,
        *_not_kept(
            OTHER_ID,
            "currencyId",
            "paymentTermsId",
            "shipmentMethodId",
            "paymentMethodId",
            "taxAreaId",
        ),
        *_not_kept("not kept", "taxAreaDisplayName", "balanceDue", "balance", "overdueAmount"),
    ),
    rank=7,
    choices={
        "type": {kind.name.casefold(): kind for kind in CustomerType},
        "blocked": {
            "": CustomerBlocked.NONE,
            "none": CustomerBlocked.NONE,
            **{kind.name.casefold(): kind for kind in CustomerBlocked},
        },
    },
)

ITEMS = Entity(
    "items",
    Part.REFERENCE,
    Item,
    ("item", "products", "product"),
    ("number", "displayName"),
    (
        NUMBER,
        NAME,
        Column("displayName2", "display_name2"),
        Column("type", "type", Kind.CHOICE),
        Column("itemCategoryCode", "item_category_code"),
        Column("gtin", "gtin"),
        Column("inventory", "inventory", Kind.NUMBER),
        Column("unitPrice", "unit_price", Kind.NUMBER),
        Column("priceIncludesTax", "price_includes_tax", Kind.YES_NO),
        Column("unitCost", "unit_cost", Kind.NUMBER),
        Column("taxCode", "tax_code.code"),
        Column("taxGroupCode", "tax_code.code", fallback=True),
        Column("baseUnitOfMeasureCode", "base_unit_of_measure.code"),
        Column("salesUnitOfMeasureCode", "sales_unit_of_measure.code"),
        Column("allowInvoiceDiscount", "allow_invoice_discount", Kind.YES_NO),
        Column("blocked", "blocked", Kind.YES_NO),
        Column("salesBlocked", "sales_blocked", Kind.YES_NO),
        *GIVEN_ANEW,
        *_not_kept(OTHER_ID, "itemCategoryId", "taxGroupId", "baseUnitOfMeasureId"),
    ),
    rank=6,
    choices={
        "type": {
            **{kind.name.replace("_", "").casefold(): kind for kind in ItemType},
            "noninventory": ItemType.NON_INVENTORY,
        }
    },
)

ACCOUNTS = Entity(
    "accounts",
    Part.REFERENCE,
    Account,
    ("account", "gl-accounts"),
    ("number", "displayName"),
    (
        NUMBER,
        NAME,
        Column("category", "category"),
        Column("subCategory", "sub_category"),
        Column("accountType", "account_type", Kind.CHOICE),
        Column("directPosting", "direct_posting", Kind.YES_NO),
        Column("taxCode", "tax_code.code"),
        Column("blocked", "blocked", Kind.YES_NO),
        *GIVEN_ANEW,
        *_not_kept("not kept", "netChange", "consolidationDebitAccount"),
    ),
    rank=5,
    choices={"account_type": {kind.name.replace("_", "").casefold(): kind for kind in AccountType}},
)

LINE_OBJECTS = Entity(
    "lineObjects",
    Part.REFERENCE,
    LineObject,
    ("line-object", "resources"),
    ("kind", "number"),
    (
        Column("kind", "kind", Kind.CHOICE),
        NUMBER,
        NAME,
        Column("unitPrice", "unit_price", Kind.NUMBER),
        Column("taxCode", "tax_code.code"),
        Column("blocked", "blocked", Kind.YES_NO),
        *GIVEN_ANEW,
    ),
    rank=5,
    choices={"kind": {kind.name.replace("_", "").casefold(): kind for kind in LineObjectKind}},
)

CURRENCIES = Entity(
    "currencies",
    Part.REFERENCE,
    Currency,
    ("currency",),
    ("code",),
    (
        CODE,
        NAME,
        Column("symbol", "symbol"),
        Column("amountDecimalPlaces", "amount_decimal_places"),
        Column("amountRoundingPrecision", "amount_rounding_precision", Kind.NUMBER),
        Column("unitAmountRoundingPrecision", "unit_amount_rounding_precision", Kind.NUMBER),
        Column("taxRounding", "tax_rounding", Kind.CHOICE),
        *GIVEN_ANEW,
    ),
    rank=1,
    choices={"tax_rounding": {kind.name.casefold(): kind for kind in TaxRounding}},
)

PAYMENT_TERMS = Entity(
    "paymentTerms",
    Part.REFERENCE,
    PaymentTerms,
    ("payment-terms", "paymentTerm"),
    ("code",),
    (
        CODE,
        NAME,
        Column("dueDateCalculation", "due_date_calculation"),
        Column("discountDateCalculation", "discount_date_calculation"),
        Column("discountPercent", "discount_percent", Kind.NUMBER),
        Column("calculateDiscountOnCreditMemos", "calculate_discount_on_credit_memos", Kind.YES_NO),
        *GIVEN_ANEW,
    ),
    rank=2,
)

SHIPMENT_METHODS = Entity(
    "shipmentMethods",
    Part.REFERENCE,
    ShipmentMethod,
    ("shipment-methods", "shipmentMethod"),
    ("code",),
    (CODE, NAME, *GIVEN_ANEW),
    rank=2,
)

UNITS_OF_MEASURE = Entity(
    "unitsOfMeasure",
    Part.REFERENCE,
    UnitOfMeasure,
    ("units-of-measure", "unitOfMeasure", "units"),
    ("code",),
    (
        CODE,
        NAME,
        Column("internationalStandardCode", "international_standard_code"),
        Column("symbol", "symbol"),
        *GIVEN_ANEW,
    ),
    rank=3,
)

TAX_CODES = Entity(
    "taxCodes",
    Part.REFERENCE,
    TaxCode,
    ("tax-codes", "taxCode", "taxGroups", "tax-groups"),
    ("code", "percent"),
    (
        CODE,
        NAME,
        Column("percent", "percent", Kind.NUMBER),
        *GIVEN_ANEW,
        *_not_kept("not kept", "taxType"),
    ),
    rank=4,
)
