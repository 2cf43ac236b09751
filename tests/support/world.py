"""A small company with a record for every case of a rule.

The number or code of each says what it is for."""

from decimal import Decimal

from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
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
    LineObjectKind,
    TaxRounding,
)
from gateway.storage.transactions import writing

COMPANY = "World"
COMPANY_CURRENCY = "EUR"
STEPS = {"EUR": "0.01", "JPY": "1", "KWD": "0.001", "CHF": "0.05", "UP": "0.01", "DOWN": "0.01"}
ROUNDINGS = {"UP": TaxRounding.UP, "DOWN": TaxRounding.DOWN}
TAX_PERCENTS = {"Z00": "0", "R05": "5", "R07": "7.7", "S20": "20", "S21": "21", "S25": "25"}
ITEMS = 500
"""Plain items I0001 to I0500, each at its own number as price, taxed by S20, sold in PCS."""


async def load_world(database: Database) -> None:
    """Fill a migrated database; the company keeps its books in EUR."""
    await create_company(database, COMPANY, COMPANY_CURRENCY)
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        company = writer.scope.company
        currencies = {
            code: CurrencyRow(
                company_id=company,
                code=code,
                display_name=code,
                amount_rounding_precision=Decimal(step),
                tax_rounding=ROUNDINGS.get(code, TaxRounding.NEAREST),
            )
            for code, step in STEPS.items()
            if code != COMPANY_CURRENCY
        }
        tax = {
            code: TaxCodeRow(
                company_id=company, code=code, display_name=code, percent=Decimal(percent)
            )
            for code, percent in TAX_PERCENTS.items()
        }
        units = {
            code: UnitOfMeasureRow(company_id=company, code=code, display_name=code)
            for code in ("PCS", "BOX", "HOUR")
        }
        terms = PaymentTermsRow(company_id=company, code="30D", display_name="30 days")
        method = ShipmentMethodRow(company_id=company, code="CIF", display_name="CIF")
        await writer.add([*currencies.values(), *tax.values(), *units.values(), terms, method])
        payer = CustomerRow(
            company_id=company,
            number="PAYER",
            display_name="Payer Ltd",
            address_line1="9 Money Street",
            city="London",
            country="GB",
        )
        await writer.add([payer])
        await writer.add(
            [
                CustomerRow(
                    company_id=company,
                    number="C1",
                    display_name="First Customer",
                    contact_id="contact-1",
                    contact_name="Ann Buyer",
                    address_line1="1 High Street",
                    address_line2="Back door",
                    city="Leeds",
                    state="Yorkshire",
                    country="GB",
                    post_code="LS1 1AA",
                    phone_number="+44 113 1",
                    email="ann@first.example",
                    salesperson="SP1",
                    payment_terms_id=terms.id,
                    shipment_method_id=method.id,
                ),
                CustomerRow(
                    company_id=company,
                    number="PAID-BY-OTHER",
                    display_name="Daughter Ltd",
                    bill_to_customer_id=payer.id,
                ),
                CustomerRow(
                    company_id=company,
                    number="WITH-TAX",
                    display_name="Consumer",
                    prices_include_tax=True,
                    partial_shipping=False,
                ),
                CustomerRow(
                    company_id=company,
                    number="IN-YEN",
                    display_name="Tokyo Trading",
                    currency_id=currencies["JPY"].id,
                ),
                *(
                    CustomerRow(
                        company_id=company,
                        number=f"BLOCKED-{blocked.name}",
                        display_name="Blocked",
                        blocked=blocked,
                    )
                    for blocked in CustomerBlocked
                    if blocked is not CustomerBlocked.NONE
                ),
                CustomerRow(
                    company_id=company,
                    number="BLOCKED-PRIVACY",
                    display_name="Forgotten",
                    privacy_blocked=True,
                ),
            ]
        )

        def item(number: str, price: str, **fields: object) -> ItemRow:
            return ItemRow(
                company_id=company,
                number=number,
                display_name=f"Item {number}",
                display_name2="second line",
                unit_price=Decimal(price),
                tax_code_id=tax["S20"].id,
                base_unit_of_measure_id=units["PCS"].id,
                **fields,
            )

        boxed = item("BOXED", "12", sales_unit_of_measure_id=units["BOX"].id)
        timed = item("TIMED", "3")
        untaxed = item("UNTAXED", "7")
        untaxed.tax_code_id = None
        await writer.add(
            [
                boxed,
                timed,
                untaxed,
                item("GROSS", "120", price_includes_tax=True),
                item("NO-DISCOUNT", "10", allow_invoice_discount=False),
                item("BLOCKED", "1", blocked=True),
                item("SALES-BLOCKED", "1", sales_blocked=True),
                *(item(f"I{number:04}", str(number)) for number in range(1, ITEMS + 1)),
            ]
        )
        await writer.add(
            [
                ItemUnitOfMeasureRow(
                    company_id=company,
                    item_id=sold.id,
                    unit_of_measure_id=units[unit].id,
                    quantity_per_unit=Decimal(factor),
                )
                for sold, unit, factor in (
                    (boxed, "PCS", "1"),
                    (boxed, "BOX", "12"),
                    (timed, "HOUR", "0.33333"),
                )
            ]
        )
        await writer.add(
            [
                *(
                    AccountRow(company_id=company, number=number, display_name=number, **fields)
                    for number, fields in {
                        "6110": {"tax_code_id": tax["S25"].id},
                        "A-BLOCKED": {"blocked": True},
                        "A-INDIRECT": {"direct_posting": False},
                        "A-HEADING": {"account_type": AccountType.HEADING},
                    }.items()
                ),
                *(
                    LineObjectRow(
                        company_id=company,
                        kind=kind,
                        number=kind.name,
                        display_name=kind.name.title(),
                        unit_price=Decimal(50),
                        tax_code_id=tax["S20"].id,
                    )
                    for kind in LineObjectKind
                ),
                LineObjectRow(
                    company_id=company,
                    kind=LineObjectKind.CHARGE,
                    number="X-BLOCKED",
                    display_name="Old charge",
                    blocked=True,
                ),
            ]
        )
