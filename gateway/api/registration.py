"""Registers the types whose objects are rows. The schema calls `register_types`."""

from typing import Any

from gateway.api.entities import register_entity
from gateway.api.import_types import ImportJob, ImportProblem
from gateway.api.order_types import SalesOrder, SalesOrderLine
from gateway.api.reference_types import (
    Account,
    Company,
    Currency,
    Customer,
    Item,
    ItemUnitOfMeasure,
    LineObject,
    PaymentTerms,
    ShipmentMethod,
    TaxCode,
    UnitOfMeasure,
)

TYPES: dict[str, Any] = {
    "Currency": Currency,
    "Company": Company,
    "PaymentTerms": PaymentTerms,
    "ShipmentMethod": ShipmentMethod,
    "UnitOfMeasure": UnitOfMeasure,
    "TaxCode": TaxCode,
    "Customer": Customer,
    "ItemUnitOfMeasure": ItemUnitOfMeasure,
    "Item": Item,
    "Account": Account,
    "LineObject": LineObject,
    "ImportProblem": ImportProblem,
    "ImportJob": ImportJob,
    "SalesOrderLine": SalesOrderLine,
    "SalesOrder": SalesOrder,
}
"""By name, in the order in which `node` looks for an id."""


def register_types() -> None:
    for cls in TYPES.values():
        register_entity(cls)
