"""What clients can change. Every mutation goes through `perform`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import strawberry

from gateway.api.context import Info
from gateway.api.errors import UserError, user_error
from gateway.api.inputs import CreateSalesOrderInput, change_from
from gateway.api.order_types import SalesOrder
from gateway.orders import service
from gateway.orders.problems import Rejected
from gateway.storage.writing import Writer, writing

DryRun = Annotated[
    bool,
    strawberry.argument(description="Do everything and keep nothing: no row, no number is used."),
]


@strawberry.type(description="The order that was created, or why it was not.")
class CreateSalesOrderPayload:
    sales_order: SalesOrder | None = strawberry.field(
        description="The new order with its lines; null if it was refused.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for the refusal; empty if there was none.", default_factory=list
    )


Payload = TypeVar("Payload", bound=CreateSalesOrderPayload)


async def perform(
    info: Info,
    payload: type[Payload],
    change: Callable[[Writer], Awaitable[Any]],
    *,
    dry_run: bool,
) -> Payload:
    """Make `change` in a transaction of its own; report the order it gives, or why it was refused.

    The reader gives its connection back first, so that nobody waits for a second one while holding
    one, and forgets what it has read."""
    await info.context.reader.restart()
    try:
        async with writing(info.context.database, info.context.company, dry_run=dry_run) as writer:
            order = await change(writer)
    except Rejected as rejected:
        return payload(user_errors=[user_error(problem) for problem in rejected.problems])
    return payload(sales_order=order)


async def _create_sales_order(
    info: Info,
    input: Annotated[CreateSalesOrderInput, strawberry.argument(description="The order.")],
    dry_run: DryRun = False,
) -> CreateSalesOrderPayload:
    def change(writer: Writer) -> Awaitable[Any]:
        return service.create(writer, change_from(input), info.context.rules)

    return await perform(info, CreateSalesOrderPayload, change, dry_run=dry_run)


@strawberry.type(
    description="Everything that can be changed, in the company that the request names."
)
class Mutation:
    create_sales_order: CreateSalesOrderPayload = strawberry.mutation(
        resolver=_create_sales_order,
        description="Create an order with its lines, all or nothing. Totals are derived and the"
        " number is drawn before anything is stored.",
    )
