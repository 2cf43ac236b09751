"""The columns of customers, items, accounts and codes in the Business Central API (RULES.md 1.3), and
those that the gateway adds. CSV files have the same headings."""

from gateway.exchange.mappings.business_central import IDS, OLD_PARTS, OTHER_ID, ignored_columns
from gateway.exchange.mappings.columns import CellKind, FileColumn, FileEntity, RowKind
from gateway.storage.tables.reference_data import (
    AccountRow,
    AccountType,
    CurrencyRow,
    CustomerBlocked,
    CustomerRow,
    CustomerType,
    ItemRow,
    ItemType,
    LineObjectKind,
    LineObjectRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    TaxRounding,
    UnitOfMeasureRow,
)

CODE, NAME = FileColumn("code", "code"), FileColumn("displayName", "display_name")
NUMBER = FileColumn("number", "number")
REASSIGNED = ignored_columns("the gateway assigns its own value", *IDS)

CUSTOMERS = FileEntity(
    "customers",
    RowKind.REFERENCE,
    CustomerRow,
    ("customer",),
    ("number", "displayName"),
    (
        NUMBER,
        NAME,
        FileColumn("type", "type", CellKind.CHOICE),
        FileColumn("contactId", "contact_id"),
        FileColumn("contactName", "contact_name"),
        FileColumn("addressLine1", "address_line1"),
        FileColumn("addressLine2", "address_line2"),
        FileColumn("city", "city"),
        FileColumn("state", "state"),
        FileColumn("country", "country"),
        FileColumn("postCode", "post_code"),
        FileColumn("postalCode", "post_code", fallback=True),
        *(FileColumn(f"address.{name}", part, fallback=True) for name, part in OLD_PARTS),
        FileColumn("phoneNumber", "phone_number"),
        FileColumn("email", "email"),
        FileColumn("website", "website"),
        FileColumn("salesperson", "salesperson"),
        FileColumn("salespersonCode", "salesperson", fallback=True),
        FileColumn("creditLimit", "credit_limit", CellKind.NUMBER),
        FileColumn("taxLiable", "tax_liable", CellKind.YES_NO),
        FileColumn("taxRegistrationNumber", "tax_registration_number"),
        FileColumn("billToCustomerNumber", "bill_to_customer.number"),
        FileColumn("currencyCode", "currency.code"),
        FileColumn("paymentTermsCode", "payment_terms.code"),
        FileColumn("shipmentMethodCode", "shipment_method.code"),
        FileColumn("pricesIncludeTax", "prices_include_tax", CellKind.YES_NO),
        FileColumn("partialShipping", "partial_shipping", CellKind.YES_NO),
        FileColumn("blocked", "blocked", CellKind.CHOICE),
        FileColumn("privacyBlocked", "privacy_blocked", CellKind.YES_NO),
        *REASSIGNED,
        *ignored_columns(
            OTHER_ID,
            "currencyId",
            "paymentTermsId",
            "shipmentMethodId",
            "paymentMethodId",
            "taxAreaId",
        ),
        *ignored_columns(
            "the gateway does not store it",
            "taxAreaDisplayName",
            "balanceDue",
            "balance",
            "overdueAmount",
        ),
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

ITEMS = FileEntity(
    "items",
    RowKind.REFERENCE,
    ItemRow,
    ("item", "products", "product"),
    ("number", "displayName"),
    (
        NUMBER,
        NAME,
        FileColumn("displayName2", "display_name2"),
        FileColumn("type", "type", CellKind.CHOICE),
        FileColumn("itemCategoryCode", "item_category_code"),
        FileColumn("gtin", "gtin"),
        FileColumn("inventory", "inventory", CellKind.NUMBER),
        FileColumn("unitPrice", "unit_price", CellKind.NUMBER),
        FileColumn("priceIncludesTax", "price_includes_tax", CellKind.YES_NO),
        FileColumn("unitCost", "unit_cost", CellKind.NUMBER),
        FileColumn("taxCode", "tax_code.code"),
        FileColumn("taxGroupCode", "tax_code.code", fallback=True),
        FileColumn("baseUnitOfMeasureCode", "base_unit_of_measure.code"),
        FileColumn("salesUnitOfMeasureCode", "sales_unit_of_measure.code"),
        FileColumn("allowInvoiceDiscount", "allow_invoice_discount", CellKind.YES_NO),
        FileColumn("blocked", "blocked", CellKind.YES_NO),
        FileColumn("salesBlocked", "sales_blocked", CellKind.YES_NO),
        *REASSIGNED,
        *ignored_columns(OTHER_ID, "itemCategoryId", "taxGroupId", "baseUnitOfMeasureId"),
    ),
    rank=6,
    choices={
        "type": {
            **{kind.name.replace("_", "").casefold(): kind for kind in ItemType},
            "noninventory": ItemType.NON_INVENTORY,
        }
    },
)

ACCOUNTS = FileEntity(
    "accounts",
    RowKind.REFERENCE,
    AccountRow,
    ("account", "gl-accounts"),
    ("number", "displayName"),
    (
        NUMBER,
        NAME,
        FileColumn("category", "category"),
        FileColumn("subCategory", "sub_category"),
        FileColumn("accountType", "account_type", CellKind.CHOICE),
        FileColumn("directPosting", "direct_posting", CellKind.YES_NO),
        FileColumn("taxCode", "tax_code.code"),
        FileColumn("blocked", "blocked", CellKind.YES_NO),
        *REASSIGNED,
        *ignored_columns("the gateway does not store it", "netChange", "consolidationDebitAccount"),
    ),
    rank=5,
    choices={"account_type": {kind.name.replace("_", "").casefold(): kind for kind in AccountType}},
)

LINE_OBJECTS = FileEntity(
    "lineObjects",
    RowKind.REFERENCE,
    LineObjectRow,
    ("line-object", "resources"),
    ("kind", "number"),
    (
        FileColumn("kind", "kind", CellKind.CHOICE),
        NUMBER,
        NAME,
        FileColumn("unitPrice", "unit_price", CellKind.NUMBER),
        FileColumn("taxCode", "tax_code.code"),
        FileColumn("blocked", "blocked", CellKind.YES_NO),
        *REASSIGNED,
    ),
    rank=5,
    choices={"kind": {kind.name.replace("_", "").casefold(): kind for kind in LineObjectKind}},
)

CURRENCIES = FileEntity(
    "currencies",
    RowKind.REFERENCE,
    CurrencyRow,
    ("currency",),
    ("code",),
    (
        CODE,
        NAME,
        FileColumn("symbol", "symbol"),
        FileColumn("amountDecimalPlaces", "amount_decimal_places"),
        FileColumn("amountRoundingPrecision", "amount_rounding_precision", CellKind.NUMBER),
        FileColumn(
            "unitAmountRoundingPrecision", "unit_amount_rounding_precision", CellKind.NUMBER
        ),
        FileColumn("taxRounding", "tax_rounding", CellKind.CHOICE),
        *REASSIGNED,
    ),
    rank=1,
    choices={"tax_rounding": {kind.name.casefold(): kind for kind in TaxRounding}},
)

PAYMENT_TERMS = FileEntity(
    "paymentTerms",
    RowKind.REFERENCE,
    PaymentTermsRow,
    ("payment-terms", "paymentTerm"),
    ("code",),
    (
        CODE,
        NAME,
        FileColumn("dueDateCalculation", "due_date_calculation"),
        FileColumn("discountDateCalculation", "discount_date_calculation"),
        FileColumn("discountPercent", "discount_percent", CellKind.NUMBER),
        FileColumn(
            "calculateDiscountOnCreditMemos", "calculate_discount_on_credit_memos", CellKind.YES_NO
        ),
        *REASSIGNED,
    ),
    rank=2,
)

SHIPMENT_METHODS = FileEntity(
    "shipmentMethods",
    RowKind.REFERENCE,
    ShipmentMethodRow,
    ("shipment-methods", "shipmentMethod"),
    ("code",),
    (CODE, NAME, *REASSIGNED),
    rank=2,
)

UNITS_OF_MEASURE = FileEntity(
    "unitsOfMeasure",
    RowKind.REFERENCE,
    UnitOfMeasureRow,
    ("units-of-measure", "unitOfMeasure", "units"),
    ("code",),
    (
        CODE,
        NAME,
        FileColumn("internationalStandardCode", "international_standard_code"),
        FileColumn("symbol", "symbol"),
        *REASSIGNED,
    ),
    rank=3,
)

TAX_CODES = FileEntity(
    "taxCodes",
    RowKind.REFERENCE,
    TaxCodeRow,
    ("tax-codes", "taxCode", "taxGroups", "tax-groups"),
    ("code", "percent"),
    (
        CODE,
        NAME,
        FileColumn("percent", "percent", CellKind.NUMBER),
        *REASSIGNED,
        *ignored_columns("the gateway does not store it", "taxType"),
    ),
    rank=4,
)
