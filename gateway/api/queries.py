"""The root fields of queries."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from gateway.access.scopes import AccessScope
from gateway.api.company_fields import CompanySummary, companies
from gateway.api.context import Info
from gateway.api.declared_fields import declared_field, wanted
from gateway.api.entities import ENTITIES
from gateway.api.errors import RequestError
from gateway.api.import_types import ImportJob
from gateway.api.key_fields import api_keys
from gateway.api.key_types import ApiKey
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
from gateway.api.required_scopes import RequiresScopes, requires
from gateway.api.viewer_field import Viewer, viewer
from gateway.execution.declarations import ByIdsField, ByKeyField, CompanyField
from gateway.storage.tables.column_types import (
    FOLDED,
    canonical_guid,
    case_folded,
    is_storable_text,
)

Id = Annotated[strawberry.ID, strawberry.argument(description="The GUID of the record.")]
Number = Annotated[str, strawberry.argument(description="The number of the record.")]
Code = Annotated[str, strawberry.argument(description="The code of the record.")]


def _by_id(target: str, description: str) -> Any:
    """A root field that returns the object with an id; null if there is none, or if the id is not a GUID."""

    async def resolve(id: Id, info: Info) -> Any:
        guid = canonical_guid(id)
        if guid is None:
            return None
        reader = info.context.reader
        return await reader.one(ENTITIES[target].model, "id", guid, wanted(target, info))

    return declared_field(resolve, description, ByKeyField(target, "id"))


def _by_number(target: str, description: str) -> Any:
    """A root field that returns the object with a number, ignoring case; null if there is none."""

    async def resolve(number: Number, info: Info) -> Any:
        return await _by_key(target, "number", number, info)

    return declared_field(resolve, description, ByKeyField(target, f"number{FOLDED}"))


def _by_code(target: str, description: str) -> Any:
    """A root field that returns the object with a code, ignoring case; null if there is none."""

    async def resolve(code: Code, info: Info) -> Any:
        return await _by_key(target, "code", code, info)

    return declared_field(resolve, description, ByKeyField(target, f"code{FOLDED}"))


async def _by_key(target: str, column: str, value: str, info: Info) -> Any:
    """The object with `value` in its unique `column`, ignoring case. Look-ups of one type are
    batched."""
    if not is_storable_text(value):
        return None
    model, names = ENTITIES[target].model, wanted(target, info)
    return await info.context.reader.one(model, column + FOLDED, case_folded(value), names)


async def _company(info: Info) -> Any:
    reader = info.context.reader
    scope = await reader.scope()
    names = wanted("Company", info)
    return await reader.one(ENTITIES["Company"].model, "id", scope.company, names)


async def _node(id: Id, info: Info) -> Any:
    [node] = await _records([id], info)
    return node


async def _nodes(
    ids: Annotated[
        list[strawberry.ID],
        strawberry.argument(
            description="The GUIDs of the records, at most as many as a page may have rows."
        ),
    ],
    info: Info,
) -> Any:
    largest = info.context.largest_page
    if len(ids) > largest:
        message = f"Ask for at most {largest} nodes at once."
        raise RequestError(message, "BAD_USER_INPUT", ("ids",))
    return await _records(ids, info)


async def _records(ids: Sequence[str], info: Info) -> list[NodeRow | None]:
    """The records with these ids, in that order; None for an id without a record."""
    reader = info.context.reader
    guids = [canonical_guid(each) for each in ids]
    models = {name: entity.model for name, entity in ENTITIES.items()}
    kinds = await reader.kinds(models, [guid for guid in guids if guid is not None])

    async def load(guid: str | None) -> NodeRow | None:
        if guid is None or guid not in kinds:
            return None
        kind = kinds[guid]
        row = await reader.one(models[kind], "id", guid, wanted(kind, info))
        return NodeRow(row, kind)

    return await asyncio.gather(*map(load, guids))


@requires(AccessScope.ORDERS_READ)
@strawberry.type(description="Everything that can be read in the company of the request.")
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
    customer_by_number: Customer | None = _by_number(
        "Customer", "The customer with this number, which is unique in the company."
    )
    customers: Connection[Customer] = connection("Customer", "Customers by number.", "number", "id")
    item: Item | None = _by_id("Item", "The item with this id.")
    item_by_number: Item | None = _by_number(
        "Item", "The item with this number, which is unique in the company."
    )
    items: Connection[Item] = connection("Item", "Items by number.", "number", "id")
    account: Account | None = _by_id("Account", "The general-ledger account with this id.")
    account_by_number: Account | None = _by_number(
        "Account", "The general-ledger account with this number, which is unique in the company."
    )
    accounts: Connection[Account] = connection("Account", "Accounts by number.", "number", "id")
    line_objects: Connection[LineObject] = connection(
        "LineObject", "Resources, fixed assets and charges by number.", "number", "id"
    )
    currencies: Connection[Currency] = connection("Currency", "Currencies by code.", "code", "id")
    currency_by_code: Currency | None = _by_code(
        "Currency", "The currency with this code, which is unique in the company."
    )
    payment_terms: Connection[PaymentTerms] = connection(
        "PaymentTerms", "Payment terms by code.", "code", "id"
    )
    payment_terms_by_code: PaymentTerms | None = _by_code(
        "PaymentTerms", "The payment terms with this code, which is unique in the company."
    )
    shipment_methods: Connection[ShipmentMethod] = connection(
        "ShipmentMethod", "Shipment methods by code.", "code", "id"
    )
    shipment_method_by_code: ShipmentMethod | None = _by_code(
        "ShipmentMethod", "The shipment method with this code, which is unique in the company."
    )
    units_of_measure: Connection[UnitOfMeasure] = connection(
        "UnitOfMeasure", "Units of measure by code.", "code", "id"
    )
    unit_of_measure_by_code: UnitOfMeasure | None = _by_code(
        "UnitOfMeasure", "The unit of measure with this code, which is unique in the company."
    )
    tax_codes: Connection[TaxCode] = connection("TaxCode", "Tax codes by code.", "code", "id")
    tax_code_by_code: TaxCode | None = _by_code(
        "TaxCode", "The tax code with this code, which is unique in the company."
    )

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
    companies: list[CompanySummary] = strawberry.field(
        resolver=companies,
        description="The companies that the caller may use, by name. The Company header makes no difference.",
    )
    viewer: Viewer = strawberry.field(
        resolver=viewer,
        description="The credential of the request, with what it may do and see. It needs no scope.",
        directives=[RequiresScopes(scopes=[])],
    )
    api_keys: list[ApiKey] = strawberry.field(
        resolver=api_keys,
        description="The keys that the caller may administer, the newest last.",
        directives=[RequiresScopes(scopes=[AccessScope.ADMIN])],
    )
