"""Totals of real orders, compared with those in their data."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from gateway.orders.totals import PricedLine, Terms, Totals, derive
from tests.support.paths import DATA, ROOT

CENT = Decimal("0.01")
NORTHWIND = ROOT / "gateway" / "demo" / "data"

Record = dict[str, str]


def records(file: Path) -> Iterator[Record]:
    with file.open(encoding="utf-8", newline="") as rows:
        yield from csv.DictReader(rows)


def by_order(rows: Iterable[Record], key: str) -> dict[str, list[Record]]:
    orders: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        orders[row[key]].append(row)
    return dict(orders)


def northwind_line(place: int, row: Record) -> PricedLine:
    return PricedLine(
        sequence=place,
        quantity=Decimal(row["Quantity"]),
        unit_price=Decimal(row["UnitPrice"]),
        discount_percent=Decimal(row["Discount"]) * 100,
    )


def test_northwind_adds_up_to_the_cent() -> None:
    """Each line is rounded twice, gross and discount: rounding its net once, as the data's own total
    of 1,265,793.29 does, gives 53 of the 2,155 lines a cent more."""
    orders = by_order(records(NORTHWIND / "order_lines.csv"), "OrderID")
    total, once, differences = Decimal(0), Decimal(0), []
    for rows in orders.values():
        lines = [northwind_line(place, row) for place, row in enumerate(rows)]
        totals = derive(Terms(CENT), lines)
        total += totals.total_amount_excluding_tax
        for line, derived in zip(lines, totals.lines, strict=True):
            exact = line.quantity * line.unit_price * (100 - line.discount_percent) / 100
            net = exact.quantize(CENT, ROUND_HALF_UP)
            once += net
            differences.append(net - derived.line_amount)
    assert (len(orders), len(differences)) == (830, 2155)
    assert total == Decimal("1265792.76")
    assert once == Decimal("1265793.29")
    assert [difference for difference in differences if difference] == [CENT] * 53


def sap_orders(tax_percent: Decimal) -> Iterator[tuple[Record, Totals]]:
    """Each order of SAP, and its totals if its tax-inclusive prices are taxed at `tax_percent`."""
    items = by_order(records(DATA / "sap-bike-sales" / "SalesOrderItems.csv"), "SALESORDERID")
    for order in records(DATA / "sap-bike-sales" / "SalesOrders.csv"):
        lines = [
            PricedLine(
                sequence=int(item["SALESORDERITEM"]),
                quantity=Decimal(item["QUANTITY"]),
                unit_price=Decimal(item["GROSSAMOUNT"]),
                tax_code="TAX",
                tax_percent=tax_percent,
            )
            for item in items[order["SALESORDERID"]]
        ]
        yield order, derive(Terms(CENT, prices_include_tax=True), lines)


@pytest.mark.parametrize(
    ("tax_percent", "tolerance"),
    [("14.28571", "0.01"), ("14.28571428571428571428571428571", "0.005")],
    ids=["the rate to five decimals", "the rate to many decimals"],
)
def test_the_orders_of_sap_have_the_totals_of_sap(tax_percent: str, tolerance: str) -> None:
    """SAP's tax is 12.5 % of the gross amount, that is 100/7 % of the net amount, to three decimals;
    183 of the 334 orders end on half a cent. The five decimals of a stored rate are enough to stay
    within a cent; the exact rate stays within the half cent that rounding costs."""
    orders = list(sap_orders(Decimal(tax_percent)))
    assert len(orders) == 334
    for order, totals in orders:
        net, tax = totals.total_amount_excluding_tax, totals.total_tax_amount
        assert totals.total_amount_including_tax == Decimal(order["GROSSAMOUNT"])
        assert net + tax == Decimal(order["GROSSAMOUNT"])
        assert abs(net - Decimal(order["NETAMOUNT"])) <= Decimal(tolerance), order
        assert abs(tax - Decimal(order["TAXAMOUNT"])) <= Decimal(tolerance), order


def test_the_gross_amounts_of_sap_add_up_to_its_own_total() -> None:
    totals = [totals for _, totals in sap_orders(Decimal("14.28571"))]
    assert sum(order.total_amount_including_tax for order in totals) == Decimal(20433877)
    assert sum(len(order.lines) for order in totals) == 1930


def test_the_invoices_of_chinook_have_the_totals_of_chinook() -> None:
    lines = by_order(records(DATA / "chinook" / "invoice_lines.csv"), "InvoiceId")
    stated, derived = {}, {}
    for invoice in records(DATA / "chinook" / "invoices.csv"):
        number = invoice["InvoiceId"]
        stated[number] = Decimal(invoice["Total"])
        priced = [
            PricedLine(
                sequence=int(line["InvoiceLineId"]),
                quantity=Decimal(line["Quantity"]),
                unit_price=Decimal(line["UnitPrice"]),
            )
            for line in lines[number]
        ]
        derived[number] = derive(Terms(CENT), priced).total_amount_including_tax
    assert len(stated) == 412
    assert derived == stated
    assert sum(derived.values()) == Decimal("2328.60")
