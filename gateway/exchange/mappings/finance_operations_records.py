"""The columns of the records that orders refer to, in the entities of Dynamics 365 Finance &
Operations. Other columns are ignored with a warning."""

from collections.abc import Mapping

from gateway.exchange.mappings import reference_columns
from gateway.exchange.mappings.columns import CellKind, FileColumn, FileEntity
from gateway.exchange.mappings.finance_operations import CUSTOMERS
from gateway.storage.tables.reference_enums import ItemType


def _records(
    name: str,
    own: FileEntity,
    names: tuple[str, ...],
    keys: tuple[str, ...],
    columns: tuple[FileColumn, ...],
    signs: tuple[str, ...] = (),
    choices: Mapping[str, Mapping[str, object]] | None = None,
) -> FileEntity:
    """The vendor's entity for the records of our entity `own`."""
    return FileEntity(
        name,
        own.row_kind,
        own.model,
        names,
        keys,
        columns,
        own.rank,
        choices or {},
        signs=signs,
    )


ITEMS = _records(
    "Released products V2",
    reference_columns.ITEMS,
    ("EcoResReleasedProductV2Entity", "Released products", "ReleasedProductsV2"),
    ("ItemNumber",),
    (
        FileColumn("ItemNumber", "number"),
        FileColumn("ProductName", "display_name"),
        FileColumn("ProductSearchName", "display_name", fallback=True),
        FileColumn("SearchName", "display_name", fallback=True),
        FileColumn("ProductType", "type", CellKind.CHOICE),
        FileColumn("SalesPrice", "unit_price", CellKind.NUMBER, "divided by SalesPriceQuantity"),
        FileColumn("SalesPriceQuantity", "+price_quantity", CellKind.NUMBER),
        FileColumn("InventoryUnitSymbol", "base_unit_of_measure.code"),
        FileColumn("SalesUnitSymbol", "sales_unit_of_measure.code"),
        FileColumn("SalesSalesTaxItemGroupCode", "tax_code.code"),
    ),
    signs=("InventoryUnitSymbol", "SalesUnitSymbol", "ProductSearchName"),
    choices={"type": {"item": ItemType.INVENTORY, "service": ItemType.SERVICE}},
)

CURRENCIES = _records(
    "Currencies",
    reference_columns.CURRENCIES,
    ("CurrencyEntity", "Currency"),
    ("CurrencyCode",),
    (
        FileColumn("CurrencyCode", "code"),
        FileColumn("Name", "display_name"),
        FileColumn("Symbol", "symbol"),
    ),
    signs=("CurrencyGender", "RoundingRuleSalesOrders"),
)

PAYMENT_TERMS = _records(
    "Terms of payment",
    reference_columns.PAYMENT_TERMS,
    ("PaymentTermEntity", "Payment terms", "PaymentTerms"),
    ("Name",),
    (
        FileColumn("Name", "code"),
        FileColumn("Description", "display_name"),
    ),
    signs=("NumberOfDays", "NumberOfMonths"),
)

DELIVERY_TERMS = _records(
    "Terms of delivery",
    reference_columns.SHIPMENT_METHODS,
    ("DeliveryTermsEntity", "Delivery terms"),
    ("TermsCode",),
    (
        FileColumn("TermsCode", "code"),
        FileColumn("TermsDescription", "display_name"),
    ),
    signs=("FreightChargeTerms", "IsCashOnDelivery"),
)

DELIVERY_MODES = _records(
    "Modes of delivery",
    reference_columns.SHIPMENT_METHODS,
    ("DlvDeliveryModeEntity", "Delivery modes"),
    ("ModeCode",),
    (
        FileColumn("ModeCode", "code"),
        FileColumn("ModeDescription", "display_name"),
    ),
    signs=("ChargeDeliveryGroupId", "DefaultExpediteCode", "IntrastatTransportModeCode"),
)

UNITS = _records(
    "Units",
    reference_columns.UNITS_OF_MEASURE,
    ("UnitOfMeasureEntity", "Units of measure"),
    ("UnitSymbol",),
    (
        FileColumn("UnitSymbol", "code"),
        FileColumn("UnitDescription", "display_name"),
    ),
    signs=("UnitClass", "SystemOfUnits"),
)

ACCOUNTS = _records(
    "Main accounts",
    reference_columns.ACCOUNTS,
    ("MainAccountEntity", "Main account"),
    ("MainAccountId",),
    (
        FileColumn("MainAccountId", "number"),
        FileColumn("Name", "display_name"),
    ),
    signs=("ChartOfAccounts", "MainAccountType"),
)

COUNTERPARTS: Mapping[FileEntity, tuple[FileEntity, ...]] = {
    reference_columns.CUSTOMERS: (CUSTOMERS,),
    reference_columns.ITEMS: (ITEMS,),
    reference_columns.CURRENCIES: (CURRENCIES,),
    reference_columns.PAYMENT_TERMS: (PAYMENT_TERMS,),
    reference_columns.SHIPMENT_METHODS: (DELIVERY_TERMS, DELIVERY_MODES),
    reference_columns.UNITS_OF_MEASURE: (UNITS,),
    reference_columns.ACCOUNTS: (ACCOUNTS,),
}
"""The vendor's entities of the records that one of ours contains."""
