"""Customers, items, accounts and codes as the Business Central API has them (RULES.md 1.3), with
the names that the gateway adds; the headings of CSV files are the same."""

from gateway.exchange.mappings.business_central import IDS, OLD_PARTS, OTHER_ID, not_kept
from gateway.exchange.mappings.columns import Column, Entity, Kind, Part
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

CODE, NAME = Column("code", "code"), Column("displayName", "display_name")
NUMBER = Column("number", "number")
GIVEN_ANEW = not_kept("given anew here", *IDS)

CUSTOMERS = Entity(
    "customers",
    Part.REFERENCE,
    CustomerRow,
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
        *not_kept(
            OTHER_ID,
            "currencyId",
            "paymentTermsId",
            "shipmentMethodId",
            "paymentMethodId",
            "taxAreaId",
        ),
        *not_kept("not kept", "taxAreaDisplayName", "balanceDue", "balance", "overdueAmount"),
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
    ItemRow,
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
        *not_kept(OTHER_ID, "itemCategoryId", "taxGroupId", "baseUnitOfMeasureId"),
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
    AccountRow,
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
        *not_kept("not kept", "netChange", "consolidationDebitAccount"),
    ),
    rank=5,
    choices={"account_type": {kind.name.replace("_", "").casefold(): kind for kind in AccountType}},
)

LINE_OBJECTS = Entity(
    "lineObjects",
    Part.REFERENCE,
    LineObjectRow,
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
    CurrencyRow,
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
    PaymentTermsRow,
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
    ShipmentMethodRow,
    ("shipment-methods", "shipmentMethod"),
    ("code",),
    (CODE, NAME, *GIVEN_ANEW),
    rank=2,
)

UNITS_OF_MEASURE = Entity(
    "unitsOfMeasure",
    Part.REFERENCE,
    UnitOfMeasureRow,
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
    TaxCodeRow,
    ("tax-codes", "taxCode", "taxGroups", "tax-groups"),
    ("code", "percent"),
    (
        CODE,
        NAME,
        Column("percent", "percent", Kind.NUMBER),
        *GIVEN_ANEW,
        *not_kept("not kept", "taxType"),
    ),
    rank=4,
)
