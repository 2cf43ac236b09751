"""The orders of Northwind as input of the gateway."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from gateway.demo.northwind_data import Record, read, shipper_code
from gateway.demo.order_progress import DemoOrder, transitions_of_orders
from gateway.orders.fields import LineChange, NewOrder, Reference
from gateway.storage.countries import country_code


def northwind_orders() -> Iterator[DemoOrder]:
    """All orders, with numbers such as NW-10248, and their transitions."""
    records = read("orders")
    transitions = transitions_of_orders(records)
    for record, new in zip(records, _new_orders(records), strict=True):
        yield DemoOrder(new, transitions[record["OrderID"]])


def _new_orders(records: Sequence[Record]) -> Iterator[NewOrder]:
    sellers = {record["EmployeeID"]: record["LastName"].upper() for record in read("employees")}
    shippers = {record["ShipperID"]: record["CompanyName"] for record in read("shippers")}
    lines = defaultdict(list)
    for record in read("order_lines"):
        lines[record["OrderID"]].append(record)
    for record in records:
        order_date = dt.date.fromisoformat(record["OrderDate"])
        shipped = record["ShippedDate"]
        shipment_date = dt.date.fromisoformat(shipped) if shipped else None
        yield {
            "number": f"NW-{record['OrderID']}",
            "customer": Reference("number", record["CustomerID"]),
            "order_date": order_date,
            "posting_date": order_date,
            "requested_delivery_date": dt.date.fromisoformat(record["RequiredDate"]),
            "shipment_method": Reference("code", shipper_code(shippers[record["ShipVia"]])),
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
            "lines": [_line(line, shipment_date) for line in lines[record["OrderID"]]],
        }


def _line(record: Record, shipment_date: dt.date | None) -> LineChange:
    return {
        "item": Reference("number", record["ProductID"]),
        "quantity": Decimal(record["Quantity"]),
        "unit_price": Decimal(record["UnitPrice"]),
        "discount_percent": Decimal(record["Discount"]) * 100,
        "shipment_date": shipment_date,
    }
