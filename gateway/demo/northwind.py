"""The demo company: the orders of Northwind, a few of our own, and enough reference data to try every rule.

The orders numbered NW-..., customers and items are Northwind's own. Taxes, currencies, payment terms and accounts, which
Northwind does not have, are invented here."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.demo.further_orders import FURTHER_ORDERS
from gateway.demo.northwind_data import read, shipper_code
from gateway.demo.northwind_orders import northwind_orders
from gateway.demo.order_progress import DemoOrder
from gateway.orders.service import Rules, create_all
from gateway.storage.companies import create_company, iso_currency
from gateway.storage.countries import country_code
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.reference_data import (
    AccountRow,
    CustomerRow,
    ItemRow,
    ItemUnitOfMeasureRow,
    LineObjectRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.reference_enums import AccountType, CustomerBlocked, LineObjectKind
from gateway.storage.transactions import writing
from gateway.storage.writing import Writer

COMPANY = "Northwind Traders"
ORDERS_AT_ONCE = 100
ANY_SIZE = Rules(largest_order=sys.maxsize)

CATEGORIES = (
    "BEVERAGES",
    "CONDIMENTS",
    "CONFECTIONS",
    "DAIRY",
    "GRAINS",
    "MEAT",
    "PRODUCE",
    "SEAFOOD",
)
TAX_OF_CATEGORY = ("S20", "R7.7", "S25", "R5", "R5", "R7.7", "ZERO", "S20")
TAX_PERCENTS = {"ZERO": "0", "R5": "5", "R7.7": "7.7", "S20": "20", "S25": "25"}
CURRENCIES = ("EUR", "GBP", "CHF", "JPY", "KWD")
SWISS_STEP = Decimal("0.05")
UNITS = {
    "BOX": ("box", "BX"), "BOTTLE": ("bottle", "BO"), "JAR": ("jar", "JR"), "PKG": ("package", "PA"),
    "TIN": ("tin", "TN"), "GLASS": ("glass", "GL"), "BAG": ("bag", "BG"), "KG": ("kilogram", "KGM"),
    "PCS": ("piece", "C62"), "HOUR": ("hour", "HUR"),
}  # fmt: skip
WHOLE_UNIT = "PCS"
"""The only unit that is counted in whole numbers."""

UNIT_WORDS = {
    "box": "BOX", "bottle": "BOTTLE", "jar": "JAR", "pkg": "PKG", "tin": "TIN", "can": "TIN",
    "glass": "GLASS", "bag": "BAG",
}  # fmt: skip
_MEASURE = re.compile(r"(kg|g|ml|cl|cc|oz|l)\b")
"""The words after the weight or volume of a single unit, as in "1 kg pkg."."""

TERMS = {
    "14D": ("14 days net", "14D", None, 0),
    "30D": ("30 days net", "30D", None, 0),
    "30D2": ("30 days net, 2 % within 10 days", "30D", "10D", 2),
    "COD": ("Cash on delivery", "0D", None, 0),
}
ACCOUNTS = (
    ("6000", "Income", AccountType.HEADING, None, False),
    ("6110", "Sales of goods", AccountType.POSTING, "S20", False),
    ("6120", "Sales of services", AccountType.POSTING, "S20", False),
    ("6130", "Freight charged", AccountType.POSTING, "R7.7", False),
    ("6190", "Sales of goods (old)", AccountType.POSTING, "S20", True),
    ("6999", "Total income", AccountType.END_TOTAL, None, False),
)
LINE_OBJECTS = (
    (LineObjectKind.RESOURCE, "CHEF", "Chef for tastings", "85", False),
    (LineObjectKind.RESOURCE, "DRIVER", "Delivery driver", "42.5", False),
    (LineObjectKind.FIXED_ASSET, "FA-VAN", "Used delivery van", "9500", False),
    (LineObjectKind.CHARGE, "FREIGHT", "Freight", "25", False),
    (LineObjectKind.CHARGE, "PALLET", "Pallet deposit (no longer charged)", "12", True),
)
TAX_INCLUSIVE_CUSTOMER, BLOCKED_CUSTOMER = "FISSA", "PARIS"
"""The two customers without orders."""


@dataclass(frozen=True)
class Codes:
    """The ids of the code tables by code."""

    tax: Mapping[str, str]
    units: Mapping[str, str]
    terms: Mapping[str, str]
    methods: Mapping[str, str]


async def load_demo(database: Database) -> int:
    """Fill a migrated, empty database. Returns the number of orders."""
    orders = [*northwind_orders(), *FURTHER_ORDERS]
    await load_company(database, orders)
    return len(orders)


async def load_company(database: Database, orders: Sequence[DemoOrder]) -> None:
    """Fill a migrated, empty database with the demo company and these orders."""
    await create_company(database, COMPANY, "USD")
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        codes = await _add_codes(writer)
        await writer.add(list(_customers(writer.scope.company, codes)))
        items = list(_items(writer.scope.company, codes))
        await writer.add(items)
        await writer.add(list(_item_units(items, codes)))
        await writer.add(list(_accounts_and_objects(writer.scope.company, codes)))
    for start in range(0, len(orders), ORDERS_AT_ONCE):
        await _create(database, orders[start : start + ORDERS_AT_ONCE])
    await _discontinue(database)
    await database.analyze()


async def _create(database: Database, orders: Sequence[DemoOrder]) -> None:
    new = [order.new for order in orders]
    transitions = [order.transitions for order in orders]
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        await create_all(writer, new, ANY_SIZE, transitions)


async def _add_codes(writer: Writer) -> Codes:
    company = writer.scope.company
    currencies = [iso_currency(company, code) for code in CURRENCIES]
    for currency in currencies:
        if currency.code == "CHF":
            currency.amount_rounding_precision = SWISS_STEP
    tax = [
        TaxCodeRow(
            company_id=company, code=code, display_name=f"Tax {percent} %", percent=Decimal(percent)
        )
        for code, percent in TAX_PERCENTS.items()
    ]
    units = [
        UnitOfMeasureRow(
            company_id=company,
            code=code,
            display_name=name,
            international_standard_code=standard,
            is_whole=code == WHOLE_UNIT,
        )
        for code, (name, standard) in UNITS.items()
    ]
    terms = _payment_terms(company)
    methods = [
        ShipmentMethodRow(
            company_id=company,
            code=shipper_code(shipper["CompanyName"]),
            display_name=shipper["CompanyName"],
        )
        for shipper in read("shippers")
    ]
    await writer.add([*currencies, *tax, *units, *terms, *methods])
    return Codes(*({row.code: row.id for row in rows} for rows in (tax, units, terms, methods)))


def _payment_terms(company: str) -> list[PaymentTermsRow]:
    return [
        PaymentTermsRow(
            company_id=company,
            code=code,
            display_name=name,
            due_date_calculation=due,
            discount_date_calculation=early,
            discount_percent=Decimal(percent),
        )
        for code, (name, due, early, percent) in TERMS.items()
    ]


def _customers(company: str, codes: Codes) -> Iterator[CustomerRow]:
    terms, methods = list(codes.terms.values()), list(codes.methods.values())
    for index, record in enumerate(read("customers")):
        number = record["CustomerID"]
        yield CustomerRow(
            company_id=company,
            number=number,
            display_name=record["CompanyName"],
            contact_id=f"contact-{number.lower()}",
            contact_name=record["ContactName"],
            address_line1=record["Address"] or None,
            city=record["City"] or None,
            state=record["Region"] or None,
            country=country_code(record["Country"]),
            post_code=record["PostalCode"] or None,
            phone_number=record["Phone"] or None,
            payment_terms_id=terms[index % len(terms)],
            shipment_method_id=methods[index % len(methods)],
            prices_include_tax=number == TAX_INCLUSIVE_CUSTOMER,
            blocked=CustomerBlocked.ALL if number == BLOCKED_CUSTOMER else CustomerBlocked.NONE,
        )


def _items(company: str, codes: Codes) -> Iterator[ItemRow]:
    for record in read("products"):
        category = int(record["CategoryID"]) - 1
        contents = record["QuantityPerUnit"]
        yield ItemRow(
            company_id=company,
            number=record["ProductID"],
            display_name=record["ProductName"],
            display_name2=contents,
            item_category_code=CATEGORIES[category],
            unit_price=Decimal(record["UnitPrice"]),
            inventory=Decimal(record["UnitsInStock"]),
            tax_code_id=codes.tax[TAX_OF_CATEGORY[category]],
            base_unit_of_measure_id=codes.units[_unit_of(contents)],
        )


def _unit_of(contents: str) -> str:
    """The last unit in the description of the contents: "10 boxes x 20 bags" is BAG."""
    positions = {contents.lower().rfind(word): unit for word, unit in UNIT_WORDS.items()}
    last = max(positions)
    return positions[last] if last >= 0 else "PCS"


def _item_units(items: list[ItemRow], codes: Codes) -> Iterator[ItemUnitOfMeasureRow]:
    """The base unit of every item, and the piece, which is Northwind's package of base units."""
    piece = codes.units["PCS"]
    for item in items:
        factors = {
            piece: units_in_package(item.display_name2 or ""),
            item.base_unit_of_measure_id: 1,
        }
        for unit, factor in factors.items():
            yield ItemUnitOfMeasureRow(
                company_id=item.company_id,
                item_id=item.id,
                unit_of_measure_id=unit,
                quantity_per_unit=Decimal(factor),
            )


def units_in_package(contents: str) -> int:
    """The number of base units in a package with these contents: 24 for "24 - 12 oz bottles", 200 for
    "10 boxes x 20 bags" and 1 for "1 kg pkg."."""
    unit = _unit_of(contents)
    counts = 1
    for part in contents.split(" x "):
        count, _, counted = part.partition(" ")
        if count.isdigit() and not _MEASURE.match(counted):
            counts *= int(count)
        if _unit_of(part) == unit:
            break
    return counts


def _accounts_and_objects(company: str, codes: Codes) -> Iterator[AccountRow | LineObjectRow]:
    for number, name, kind, tax_code, blocked in ACCOUNTS:
        yield AccountRow(
            company_id=company,
            number=number,
            display_name=name,
            category="Income",
            account_type=kind,
            tax_code_id=codes.tax[tax_code] if tax_code else None,
            blocked=blocked,
        )
    for object_kind, number, name, price, blocked in LINE_OBJECTS:
        yield LineObjectRow(
            company_id=company,
            kind=object_kind,
            number=number,
            display_name=name,
            unit_price=Decimal(price),
            tax_code_id=codes.tax["S20"],
            blocked=blocked,
        )


async def _discontinue(database: Database) -> None:
    """Block the items that Northwind no longer sells, after their orders have been created."""
    discontinued = {
        record["ProductID"] for record in read("products") if record["Discontinued"] == "1"
    }
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        for item in await writer.find(ItemRow, {"number": discontinued}):
            item.blocked = True
