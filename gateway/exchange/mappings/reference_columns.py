"""The columns of customers, items, accounts and codes in the Business Central API (RULES.md 1.3), and
those that the gateway adds. CSV files have the same headings."""

from collections.abc import Mapping
from enum import StrEnum

from gateway.exchange.mappings.business_central import IDS, OLD_PARTS, OTHER_ID, ignored_columns
from gateway.exchange.mappings.columns import (
    CellKind,
    FileColumn,
    FileEntity,
    RowKind,
    columns_of_record,
    id_columns,
)
from gateway.storage.tables.reference_data import (
    AccountRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    ItemUnitOfMeasureRow,
    LineObjectRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.reference_enums import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)


class Dataset(StrEnum):
    """The choices of what to export."""

    ORDERS = "orders"
    CURRENCIES = "currencies"
    PAYMENT_TERMS = "payment-terms"
    SHIPMENT_METHODS = "shipment-methods"
    UNITS_OF_MEASURE = "units-of-measure"
    TAX_CODES = "tax-codes"
    ACCOUNTS = "accounts"
    LINE_OBJECTS = "line-objects"
    ITEMS = "items"
    ITEM_UNITS = "item-units"
    CUSTOMERS = "customers"
    EVERYTHING = "everything"


REASSIGNED = ignored_columns("the gateway assigns its own value", *IDS)

CUSTOMERS = FileEntity(
    "customers",
    RowKind.REFERENCE,
    CustomerRow,
    ("customer",),
    ("number",),
    (
        *columns_of_record(CustomerRow),
        FileColumn("postalCode", "post_code", fallback=True),
        *(FileColumn(f"address.{name}", part, fallback=True) for name, part in OLD_PARTS),
        FileColumn("salespersonCode", "salesperson", fallback=True),
        *REASSIGNED,
        *id_columns("currencyId", "paymentTermsId", "shipmentMethodId"),
        *ignored_columns(OTHER_ID, "paymentMethodId", "taxAreaId"),
        *ignored_columns(
            "the gateway does not store it",
            "taxAreaDisplayName",
            "balanceDue",
            "balance",
            "overdueAmount",
        ),
    ),
    rank=7,
    signs=(
        "creditLimit",
        "contactId",
        "billToCustomerNumber",
        "salesperson",
        "salespersonCode",
        "shipmentMethodCode",
        "pricesIncludeTax",
        "privacyBlocked",
        "taxLiable",
    ),
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
    ("number",),
    (
        *columns_of_record(ItemRow),
        FileColumn("taxGroupCode", "tax_code.code", fallback=True),
        *REASSIGNED,
        *id_columns("baseUnitOfMeasureId"),
        *ignored_columns(OTHER_ID, "itemCategoryId", "taxGroupId"),
    ),
    rank=6,
    signs=("unitPrice", "baseUnitOfMeasureCode", "gtin", "itemCategoryCode"),
    choices={
        "type": {
            **{kind.name.replace("_", "").casefold(): kind for kind in ItemType},
            "noninventory": ItemType.NON_INVENTORY,
        }
    },
)

ITEM_UNITS = FileEntity(
    "itemUnitsOfMeasure",
    RowKind.REFERENCE,
    ItemUnitOfMeasureRow,
    ("item-units", "item-units-of-measure", "itemUnitOfMeasure"),
    ("itemNumber", "unitOfMeasureCode"),
    (
        FileColumn("itemNumber", "item.number"),
        FileColumn("unitOfMeasureCode", "unit_of_measure.code"),
        FileColumn("quantityPerUnit", "quantity_per_unit", CellKind.NUMBER),
        FileColumn("qtyPerUnitOfMeasure", "quantity_per_unit", CellKind.NUMBER, fallback=True),
        *REASSIGNED,
        *ignored_columns(OTHER_ID, "itemId", "unitOfMeasureId"),
    ),
    rank=7,
    signs=("itemNumber",),
)

ACCOUNTS = FileEntity(
    "accounts",
    RowKind.REFERENCE,
    AccountRow,
    ("account", "gl-accounts", "general-ledger-accounts"),
    ("number",),
    (
        *columns_of_record(AccountRow),
        *REASSIGNED,
        *ignored_columns("the gateway does not store it", "netChange", "consolidationDebitAccount"),
    ),
    rank=5,
    signs=("accountType", "directPosting"),
    choices={"account_type": {kind.name.replace("_", "").casefold(): kind for kind in AccountType}},
)

LINE_OBJECTS = FileEntity(
    "lineObjects",
    RowKind.REFERENCE,
    LineObjectRow,
    ("line-object", "resources"),
    ("kind", "number"),
    (
        *columns_of_record(LineObjectRow),
        *REASSIGNED,
    ),
    rank=5,
    signs=("kind",),
    choices={"kind": {kind.name.replace("_", "").casefold(): kind for kind in LineObjectKind}},
)

CURRENCIES = FileEntity(
    "currencies",
    RowKind.REFERENCE,
    CurrencyRow,
    ("currency",),
    ("code",),
    (
        *columns_of_record(CurrencyRow),
        *REASSIGNED,
    ),
    rank=1,
    signs=("amountDecimalPlaces", "amountRoundingPrecision", "taxRounding"),
    choices={"tax_rounding": {kind.name.casefold(): kind for kind in TaxRounding}},
)

PAYMENT_TERMS = FileEntity(
    "paymentTerms",
    RowKind.REFERENCE,
    PaymentTermsRow,
    ("payment-terms", "paymentTerm"),
    ("code",),
    (
        *columns_of_record(PaymentTermsRow),
        *REASSIGNED,
    ),
    rank=2,
    signs=("dueDateCalculation", "discountDateCalculation"),
)

SHIPMENT_METHODS = FileEntity(
    "shipmentMethods",
    RowKind.REFERENCE,
    ShipmentMethodRow,
    ("shipment-methods", "shipmentMethod"),
    ("code",),
    (*columns_of_record(ShipmentMethodRow), *REASSIGNED),
    rank=2,
)

UNITS_OF_MEASURE = FileEntity(
    "unitsOfMeasure",
    RowKind.REFERENCE,
    UnitOfMeasureRow,
    ("units-of-measure", "unitOfMeasure", "units"),
    ("code",),
    (
        *columns_of_record(UnitOfMeasureRow),
        *REASSIGNED,
    ),
    rank=3,
    signs=("internationalStandardCode", "isWhole"),
)

TAX_CODES = FileEntity(
    "taxCodes",
    RowKind.REFERENCE,
    TaxCodeRow,
    ("tax-codes", "taxCode", "taxGroups", "tax-groups"),
    ("code", "percent"),
    (
        *columns_of_record(TaxCodeRow),
        *REASSIGNED,
        *ignored_columns("the gateway does not store it", "taxType"),
    ),
    rank=4,
    signs=("percent",),
)

RECORD_ENTITIES: Mapping[Dataset, FileEntity] = {
    Dataset.CURRENCIES: CURRENCIES,
    Dataset.PAYMENT_TERMS: PAYMENT_TERMS,
    Dataset.SHIPMENT_METHODS: SHIPMENT_METHODS,
    Dataset.UNITS_OF_MEASURE: UNITS_OF_MEASURE,
    Dataset.TAX_CODES: TAX_CODES,
    Dataset.ACCOUNTS: ACCOUNTS,
    Dataset.LINE_OBJECTS: LINE_OBJECTS,
    Dataset.ITEMS: ITEMS,
    Dataset.ITEM_UNITS: ITEM_UNITS,
    Dataset.CUSTOMERS: CUSTOMERS,
}
"""Reference data, in an order in which every record follows those that it refers to."""
