"""The demo company: the orders of Northwind, and enough reference data to try every rule.

The orders, customers and items are Northwind's own. Taxes, currencies, payment terms and accounts, which
Northwind does not have, are invented here."""

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

from gateway.orders.fields import LineChange, NewOrder, Reference
from gateway.orders.service import Rules, create_all
from gateway.storage.companies import create_company, iso_currency
from gateway.storage.countries import country_code
from gateway.storage.database import Database
from gateway.storage.tables.reference_data import (
    AccountRow,
    AccountType,
    CustomerBlocked,
    CustomerRow,
    ItemRow,
    ItemUnitOfMeasureRow,
    LineObjectKind,
    LineObjectRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.writing import Writer, writing

COMPANY = "Northwind Traders"
ORDERS_AT_ONCE = 100

Record = Mapping[str, str]

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
UNIT_WORDS = {
    "box": "BOX", "bottle": "BOTTLE", "jar": "JAR", "pkg": "PKG", "tin": "TIN", "can": "TIN",
    "glass": "GLASS", "bag": "BAG", "kg": "KG",
}  # fmt: skip
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
    await create_company(database, COMPANY, "USD")
    async with writing(database, COMPANY) as writer:
        codes = await _add_codes(writer)
        await writer.add(list(_customers(writer.scope.company, codes)))
        items = list(_items(writer.scope.company, codes))
        await writer.add(items)
        await writer.add(list(_further_units(items, codes)))
        await writer.add(list(_accounts_and_objects(writer.scope.company, codes)))
    changes = list(_orders())
    for start in range(0, len(changes), ORDERS_AT_ONCE):
        async with writing(database, COMPANY) as writer:
            await create_all(writer, changes[start : start + ORDERS_AT_ONCE], Rules())
    await _discontinue(database)
    await database.analyze()
    return len(changes)


def _read(name: str) -> list[Record]:
    with files("gateway.demo").joinpath("data", f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


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
            company_id=company, code=code, display_name=name, international_standard_code=standard
        )
        for code, (name, standard) in UNITS.items()
    ]
    terms = [
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
    methods = [
        ShipmentMethodRow(
            company_id=company,
            code=_shipper_code(shipper["CompanyName"]),
            display_name=shipper["CompanyName"],
        )
        for shipper in _read("shippers")
    ]
    await writer.add([*currencies, *tax, *units, *terms, *methods])
    return Codes(*({row.code: row.id for row in rows} for rows in (tax, units, terms, methods)))


def _shipper_code(name: str) -> str:
    return name.split(maxsplit=1)[0].upper()


def _customers(company: str, codes: Codes) -> Iterator[CustomerRow]:
    terms, methods = list(codes.terms.values()), list(codes.methods.values())
    for index, record in enumerate(_read("customers")):
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
    for record in _read("products"):
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


def _further_units(items: list[ItemRow], codes: Codes) -> Iterator[ItemUnitOfMeasureRow]:
    """The piece as a second unit of every item."""
    piece = codes.units["PCS"]
    for item in items:
        if item.base_unit_of_measure_id != piece:
            yield ItemUnitOfMeasureRow(
                company_id=item.company_id, item_id=item.id, unit_of_measure_id=piece
            )


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


def _orders() -> Iterator[NewOrder]:
    sellers = {record["EmployeeID"]: record["LastName"].upper() for record in _read("employees")}
    shippers = {record["ShipperID"]: record["CompanyName"] for record in _read("shippers")}
    lines = defaultdict(list)
    for record in _read("order_lines"):
        lines[record["OrderID"]].append(_line(record))
    for record in _read("orders"):
        order_date = dt.date.fromisoformat(record["OrderDate"])
        yield {
            "number": f"NW-{record['OrderID']}",
            "customer": Reference("number", record["CustomerID"]),
            "order_date": order_date,
            "posting_date": order_date,
            "requested_delivery_date": dt.date.fromisoformat(record["RequiredDate"]),
            "shipment_method": Reference("code", _shipper_code(shippers[record["ShipVia"]])),
            "salesperson": sellers[record["EmployeeID"]],
            "ship_to_name": record["ShipName"],
            "ship_to_contact": None,
            "ship_to_address": {
                "address_line1": record["ShipAddress"],
                "city": record["ShipCity"],
                "state": record["ShipRegion"],
                "country": country_code(record["ShipCountry"]),
                "post_code": record["ShipPostalCode"],
            },
            "lines": lines[record["OrderID"]],
        }


def _line(record: Record) -> LineChange:
    return {
        "item": Reference("number", record["ProductID"]),
        "quantity": Decimal(record["Quantity"]),
        "unit_price": Decimal(record["UnitPrice"]),
        "discount_percent": Decimal(record["Discount"]) * 100,
    }


async def _discontinue(database: Database) -> None:
    """Block the items that Northwind no longer sells, after their orders have been created."""
    discontinued = {
        record["ProductID"] for record in _read("products") if record["Discontinued"] == "1"
    }
    async with writing(database, COMPANY) as writer:
        for item in await writer.find(ItemRow, {"number": discontinued}):
            item.blocked = True
