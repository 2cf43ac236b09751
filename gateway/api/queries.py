"""The root fields for reading."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from gateway.api.context import Info
from gateway.api.declared_fields import declared_field, wanted
from gateway.api.entities import ENTITIES
from gateway.api.errors import RequestError
from gateway.api.import_types import ImportJob
from gateway.api.order_types import SalesOrder, SalesOrderLine
from gateway.api.pages import Connection, connection
from gateway.api.reference_types import (
    Account,
    Company,
    Currency,
    Customer,
    Item,
    LineObject,
    Node,
    NodeRow,
    PaymentTerms,
    ShipmentMethod,
    TaxCode,
    UnitOfMeasure,
)
from gateway.execution.declarations import ByIdsField, ByKeyField, CompanyField
from gateway.storage.tables.column_types import canonical_guid, case_folded, is_storable_text

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the record.")]
Number = Annotated[str, strawberry.argument(description="Number of the record.")]


def _by_id(target: str, description: str) -> Any:
    """A root field that finds an object by its id; null if there is none, or if the id is not a GUID."""

    async def resolve(id: Id, info: Info) -> Any:
        guid = canonical_guid(id)
        if guid is None:
            return None
        reader = info.context.reader
        return await reader.one(ENTITIES[target].model, "id", guid, wanted(target, info))

    return declared_field(resolve, description, ByKeyField(target, "id"))


def _by_number(target: str, description: str) -> Any:
    async def resolve(number: Number, info: Info) -> Any:
        if not is_storable_text(number):
            return None
        reader, key = info.context.reader, case_folded(number)
        names = wanted(target, info)
        return await reader.one(ENTITIES[target].model, "number_folded", key, names)

    return declared_field(resolve, description, ByKeyField(target, "number_folded"))


async def _company(info: Info) -> Any:
    reader = info.context.reader
    scope = await reader.scope()
    names = wanted("Company", info)
    return await reader.one(ENTITIES["Company"].model, "id", scope.company, names)


async def _node(id: Id, info: Info) -> Any:
    [node] = await _found([id], info)
    return node


async def _nodes(
    ids: Annotated[
        list[strawberry.ID],
        strawberry.argument(description="GUIDs, at most as many as a page may have."),
    ],
    info: Info,
) -> Any:
    largest = info.context.largest_page
    if len(ids) > largest:
        raise RequestError(f"Ask for at most {largest} nodes at once.", "BAD_USER_INPUT")
    return await _found(ids, info)


async def _found(ids: Sequence[str], info: Info) -> list[NodeRow | None]:
    """The objects with these ids; None for an id without one."""
    reader = info.context.reader
    guids = [canonical_guid(given) for given in ids]
    models = {name: entity.model for name, entity in ENTITIES.items()}
    kinds = await reader.kinds(models, [guid for guid in guids if guid is not None])

    async def load(guid: str | None) -> NodeRow | None:
        if guid is None or guid not in kinds:
            return None
        kind = kinds[guid]
        row = await reader.one(models[kind], "id", guid, wanted(kind, info))
        return NodeRow(row, kind)

    return await asyncio.gather(*map(load, guids))


@strawberry.type(description="Everything that can be read, in the company that the request names.")
class Query:
    sales_order: SalesOrder | None = _by_id("SalesOrder", "The order with this id.")
    sales_order_by_number: SalesOrder | None = _by_number(
        "SalesOrder", "The order with this number, which is unique in the company."
    )
    sales_orders: Connection[SalesOrder] = connection(
        "SalesOrder", "Orders, the latest order date first.", "-order_date", "-id"
    )
    sales_order_lines: Connection[SalesOrderLine] = connection(
        "SalesOrderLine",
        "Lines of all orders, grouped by order.",
        "sales_order_id",
        "sequence",
        "id",
    )
    customer: Customer | None = _by_id("Customer", "The customer with this id.")
    customers: Connection[Customer] = connection("Customer", "Customers by number.", "number", "id")
    item: Item | None = _by_id("Item", "The item with this id.")
    items: Connection[Item] = connection("Item", "Items by number.", "number", "id")
    account: Account | None = _by_id("Account", "The general-ledger account with this id.")
    accounts: Connection[Account] = connection("Account", "Accounts by number.", "number", "id")
    line_objects: Connection[LineObject] = connection(
        "LineObject", "Resources, fixed assets and charges by number.", "number", "id"
    )
    currencies: Connection[Currency] = connection("Currency", "Currencies by code.", "code", "id")
    payment_terms: Connection[PaymentTerms] = connection(
        "PaymentTerms", "Payment terms by code.", "code", "id"
    )
    shipment_methods: Connection[ShipmentMethod] = connection(
        "ShipmentMethod", "Shipment methods by code.", "code", "id"
    )
    units_of_measure: Connection[UnitOfMeasure] = connection(
        "UnitOfMeasure", "Units of measure by code.", "code", "id"
    )
    tax_codes: Connection[TaxCode] = connection("TaxCode", "Tax codes by code.", "code", "id")

    import_job: ImportJob | None = _by_id("ImportJob", "The import job with this id.")
    import_jobs: Connection[ImportJob] = connection(
        "ImportJob", "Import jobs, the latest first.", "-created_date_time", "-id"
    )

    node: Node | None = declared_field(
        _node, "The record with this id, of any type.", ByIdsField(is_list=False)
    )
    nodes: list[Node | None] = declared_field(
        _nodes,
        "The records with these ids, in that order; null for an id without a record.",
        ByIdsField(is_list=True),
    )
    company: Company = declared_field(
        _company, "The company of the request.", CompanyField("Company")
    )
