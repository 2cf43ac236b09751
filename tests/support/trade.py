"""200 orders, and 200 of every kind of record.

Records with the same three digits belong together: order O007 is by customer C007, paid by X007 in
currency K007, with the terms P007 and the method M007; its lines sell item T007, account A007 and
charge L007, in unit U007, taxed by V007; and every name is 007."""

import datetime as dt
from decimal import Decimal
from typing import Any

from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables import reference_data as rows
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow
from gateway.storage.transactions import writing

COMPANY = "Trade"
KEYS = [f"{place:03}" for place in range(1, 201)]
FIRST_DAY = dt.date(2026, 12, 31)
"""The date of order O001; each further order is a day older."""
MODIFIED = dt.datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=dt.timezone(dt.timedelta(hours=2)))
"""When the customers C001 to C200 were last changed."""
INVENTORY = ["12.50", "100", "1E+3", "0.00001", "9999999999999.99999", "0", "-0.00", "-3.10"]
"""The inventory of the items T001 to T008, as it is stored."""


async def load_trade(database: Database) -> None:
    """Fill a migrated database."""
    await create_company(database, COMPANY, "EUR")
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        sets = [_set(writer.scope.company, place, key) for place, key in enumerate(KEYS)]
        for kind in zip(*sets, strict=True):
            await writer.add(list(kind))


def _set(company: str, place: int, key: str) -> list[Any]:
    """The records with the digits `key`, each after those that it refers to."""
    own: dict[str, Any] = {"company_id": company, "display_name": key}
    currency = rows.CurrencyRow(code=f"K{key}", **own)
    terms = rows.PaymentTermsRow(code=f"P{key}", **own)
    method = rows.ShipmentMethodRow(code=f"M{key}", **own)
    unit = rows.UnitOfMeasureRow(code=f"U{key}", **own)
    tax = rows.TaxCodeRow(code=f"V{key}", percent=Decimal(20), **own)
    agreed = {
        "currency_id": currency.id,
        "payment_terms_id": terms.id,
        "shipment_method_id": method.id,
    }
    payer = rows.CustomerRow(number=f"X{key}", **own)
    customer = rows.CustomerRow(
        number=f"C{key}",
        city=key,
        bill_to_customer_id=payer.id,
        last_modified_date_time=MODIFIED,
        **agreed,
        **own,
    )
    item = rows.ItemRow(
        number=f"T{key}",
        base_unit_of_measure_id=unit.id,
        sales_unit_of_measure_id=unit.id,
        tax_code_id=tax.id,
        inventory=Decimal(INVENTORY[place] if place < len(INVENTORY) else 1),
        **own,
    )
    further = rows.ItemUnitOfMeasureRow(
        company_id=company, item_id=item.id, unit_of_measure_id=unit.id
    )
    account = rows.AccountRow(number=f"A{key}", tax_code_id=tax.id, **own)
    charge = rows.LineObjectRow(
        number=f"L{key}", kind=rows.LineObjectKind.CHARGE, tax_code_id=tax.id, **own
    )
    sold = {
        SalesOrderLineType.ITEM: {"item_id": item.id},
        SalesOrderLineType.ACCOUNT: {"account_id": account.id},
        SalesOrderLineType.CHARGE: {"line_object_id": charge.id},
    }
    day = FIRST_DAY - dt.timedelta(days=place)
    order = SalesOrderRow(
        company_id=company,
        number=f"O{key}",
        order_date=day,
        posting_date=day,
        customer_id=customer.id,
        customer_number=customer.number,
        customer_name=key,
        bill_to_customer_id=payer.id,
        bill_to_name=key,
        ship_to_city=key,
        lines=[
            SalesOrderLineRow(
                company_id=company,
                sequence=sequence,
                line_type=line_type,
                description=key,
                unit_of_measure_id=unit.id,
                tax_code_id=tax.id,
                **what,
            )
            for sequence, (line_type, what) in enumerate(sold.items(), 1)
        ],
        **agreed,
    )
    return [
        *(currency, terms, method, unit, tax, payer, customer),
        *(item, further, account, charge, order),
    ]
