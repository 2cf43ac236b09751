"""The caller, and what it may do and see."""

import asyncio
from typing import Any

import strawberry

from gateway.api.company_fields import CompanySummary, companies
from gateway.api.context import Info
from gateway.storage.tables.reference_data import CustomerRow

SHOWN = frozenset({"id", "number", "display_name"})


@strawberry.type(description="A customer that the credential is limited to.")
class ViewerCustomer:
    id: strawberry.ID = strawberry.field(description="The GUID of the customer.")
    number: str = strawberry.field(description="The unique number of the customer.")
    display_name: str = strawberry.field(
        description="The name of the customer, copied to new orders."
    )


async def _customers(info: Info) -> list[ViewerCustomer]:
    ids, reader = info.context.caller.customers or frozenset(), info.context.reader
    rows: list[Any] = await asyncio.gather(
        *(reader.one(CustomerRow, "id", key, SHOWN) for key in sorted(ids))
    )
    shown = [
        ViewerCustomer(id=strawberry.ID(row.id), number=row.number, display_name=row.display_name)
        for row in rows
        if row is not None
    ]
    return sorted(shown, key=lambda each: each.number)


@strawberry.type(
    description="The credential of the request. While access is open, it may do everything."
)
class Viewer:
    name: str = strawberry.field(
        description="The name of the key or the subject of the token, under which changes are recorded."
    )
    scopes: list[str] = strawberry.field(
        description="What the credential allows, such as `orders:read`, in alphabetical order."
    )
    companies: list[CompanySummary] = strawberry.field(
        resolver=companies, description="The companies that the credential is valid for, by name."
    )
    is_limited_to_customers: bool = strawberry.field(
        description="Whether the credential is valid for `customers` only."
    )
    customers: list[ViewerCustomer] = strawberry.field(
        resolver=_customers,
        description="The customers of the request's company that the credential is limited to, by"
        " number; empty if it is valid for all.",
    )


def viewer(info: Info) -> Viewer:
    caller = info.context.caller
    return Viewer(
        name=caller.name,
        scopes=sorted(caller.scopes),
        is_limited_to_customers=caller.customers is not None,
    )
