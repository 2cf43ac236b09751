"""Strawberry as its documentation shows it: a type per table, rows of the ORM, a DataLoader per relation."""

import datetime as dt
from decimal import Decimal

import strawberry
from starlette.requests import Request
from strawberry.asgi import GraphQL

from tests.bench.peers import strawberry_data as data


@strawberry.type
class Customer:
    id: strawberry.ID
    number: str
    display_name: str
    email: str | None


@strawberry.type
class Item:
    id: strawberry.ID
    number: str
    display_name: str


@strawberry.type
class SalesOrderLine:
    id: strawberry.ID
    sequence: int
    line_type: str
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    net_amount: Decimal
    net_tax_amount: Decimal
    net_amount_including_tax: Decimal
    shipment_date: dt.date | None

    @strawberry.field
    async def item(self, info: strawberry.Info) -> Item | None:
        return await info.context["loaders"].item.load(self.item_id) if self.item_id else None


@strawberry.type
class SalesOrder:
    id: strawberry.ID
    number: str
    external_document_number: str | None
    order_date: dt.date
    posting_date: dt.date
    status: str
    customer_name: str
    total_amount_excluding_tax: Decimal
    total_tax_amount: Decimal
    total_amount_including_tax: Decimal
    requested_delivery_date: dt.date | None
    last_modified_date_time: dt.datetime

    @strawberry.field
    async def customer(self, info: strawberry.Info) -> Customer:
        return await info.context["loaders"].customer.load(self.customer_id)

    @strawberry.field
    async def lines(self, info: strawberry.Info) -> list[SalesOrderLine]:
        return await info.context["loaders"].lines.load(self.id)


@strawberry.type
class Query:
    @strawberry.field
    async def sales_order(self, id: strawberry.ID) -> SalesOrder | None:
        return await data.order(id)

    @strawberry.field
    async def sales_orders(self, order_date: dt.date, first: int) -> list[SalesOrder]:
        return await data.orders_of(order_date, first)


@strawberry.input
class IdInput:
    id: strawberry.ID


@strawberry.input
class CodeInput:
    code: str


@strawberry.input
class SalesOrderLineInput:
    item: IdInput
    quantity: Decimal
    unit_price: Decimal


@strawberry.input
class CreateSalesOrderInput:
    customer: IdInput
    currency: CodeInput
    order_date: dt.date
    lines: list[SalesOrderLineInput]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def create_sales_order(self, input: CreateSalesOrderInput) -> SalesOrder:
        lines = [(line.item.id, line.quantity, line.unit_price) for line in input.lines]
        return await data.create_order(
            input.customer.id, input.currency.code, input.order_date, lines
        )


class Server(GraphQL):
    async def get_context(self, request: Request, response: object) -> dict[str, object]:
        return {"request": request, "response": response, "loaders": data.Loaders()}


app = Server(strawberry.Schema(Query, Mutation), graphql_ide=None)
