"""The bike orders of SAP as a partner would send them, in files of Finance & Operations."""

from gateway.storage.database import Database
from tests.support.importing import (
    DATA,
    HEADERS,
    LINES,
    bring_in,
    head,
    line,
    load_empty,
    records,
    table,
)


def sap_orders() -> tuple[dict[str, bytes], dict[str, bytes], list[dict[str, str]]]:
    """The reference data of SAP's bike orders, the orders as files of Finance & Operations, and their
    totals."""
    headers, items = (
        records(DATA / "sap-bike-sales" / f"{name}.csv")
        for name in ("SalesOrders", "SalesOrderItems")
    )
    references = {
        "units.csv": table([{"code": "EA", "displayName": "each"}]),
        "tax-codes.csv": table([{"code": "TAX", "displayName": "VAT", "percent": "14.28571"}]),
        "customers.csv": table(
            {"number": number, "displayName": number, "currencyCode": "USD"}
            for number in sorted({row["PARTNERID"] for row in headers})
        ),
        "items.csv": table(
            {
                "number": number,
                "displayName": number,
                "taxCode": "TAX",
                "baseUnitOfMeasureCode": "EA",
            }
            for number in sorted({row["PRODUCTID"] for row in items})
        ),
    }
    files = {
        HEADERS: table(
            head(
                row["SALESORDERID"],
                ORDERINGCUSTOMERACCOUNTNUMBER=row["PARTNERID"],
                CURRENCYCODE=row["CURRENCY"],
                AREPRICESINCLUDINGSALESTAX="Yes",
                ORDERCREATIONDATETIME=row["CREATEDAT"],
            )
            for row in headers
        ),
        LINES: table(
            line(
                row["SALESORDERID"],
                row["SALESORDERITEM"],
                ITEMNUMBER=row["PRODUCTID"],
                ORDEREDSALESQUANTITY=row["QUANTITY"],
                SALESPRICE=row["GROSSAMOUNT"],
                SALESUNITSYMBOL=row["QUANTITYUNIT"],
                REQUESTEDSHIPPINGDATE=row["DELIVERYDATE"],
            )
            for row in items
        ),
    }
    return references, files, headers


async def load_sap(database: Database) -> None:
    """A company with SAP's orders and their reference data."""
    references, files, _ = sap_orders()
    await load_empty(database)
    await bring_in(database, references)
    await bring_in(database, files)
