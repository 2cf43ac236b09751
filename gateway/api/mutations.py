"""What clients can change. Every mutation goes through `perform`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from gateway.api.context import Info
from gateway.api.errors import MUTATIONS, UserError, user_error
from gateway.api.fields import declared_field
from gateway.api.inputs import (
    CreateSalesOrderInput,
    SalesOrderLineQuantityInput,
    UpdateSalesOrderInput,
    change_from,
)
from gateway.api.order_types import SalesOrder
from gateway.execution.declarations import Change
from gateway.orders import service
from gateway.orders.problems import Rejected
from gateway.orders.transitions import Transition
from gateway.storage.writing import Writer, transact

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the order.")]
IfMatch = Annotated[
    str | None,
    strawberry.argument(description="Refuse unless the order still has this etag."),
]
DryRun = Annotated[
    bool,
    strawberry.argument(description="Do everything and keep nothing: no row, no number is used."),
]
Quantities = Annotated[
    list[SalesOrderLineQuantityInput] | None,
    strawberry.argument(description="How much of which lines; by default what each line says."),
]
Work = Callable[[Writer], Awaitable[Any]]


def _payload(mutation: str, order: str = "The order as it is now; null if it was refused.") -> Any:
    """The payload type of the mutation with this name."""
    members = {
        "__annotations__": {"sales_order": SalesOrder | None, "user_errors": list[UserError]},
        "sales_order": strawberry.field(description=order, default=None),
        "user_errors": strawberry.field(
            description="Every reason for a refusal; empty if there was none.",
            default_factory=list,
        ),
        "__module__": __name__,
    }
    cls = type(f"{mutation}Payload", (), members)
    return strawberry.type(
        cls, description=f"What became of `{mutation[0].lower()}{mutation[1:]}`."
    )


@strawberry.type(description="What became of `deleteSalesOrder`.")
class DeleteSalesOrderPayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        description="Id of the order that is gone; null if it was refused.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for a refusal; empty if there was none.", default_factory=list
    )


async def perform(
    info: Info,
    payload: Any,
    change: Work,
    *,
    dry_run: bool,
    root: str | None = None,
    result: str = "sales_order",
) -> Any:
    """Make `change` in a transaction of its own; report what it gives as `result`, or why it was
    refused, with paths below the argument `root`.

    The reader gives its connection back first, so that nobody waits for a second one while holding
    one, and forgets what it has read. What a plan made before it gave up is not made again."""
    context = info.context
    before = context.made.pop(info.path.key, None)
    if isinstance(before, Exception):
        raise before
    if before is not None:
        return before
    await context.reader.restart()
    try:
        made = await transact(context.database, context.company, change, dry_run=dry_run)
    except Rejected as rejected:
        return payload(user_errors=[user_error(problem, root) for problem in rejected.problems])
    return payload(**{result: made})


def _create() -> Any:
    payload = _payload("CreateSalesOrder", "The new order with its lines; null if it was refused.")

    async def resolve(
        info: Info,
        input: Annotated[
            CreateSalesOrderInput, strawberry.argument(description="What to order, for whom.")
        ],
        dry_run: DryRun = False,
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return service.create(writer, change_from(input), info.context.rules)

        return await perform(info, payload, change, dry_run=dry_run, root="input")

    return _mutation(
        resolve,
        payload,
        "Create an order with its lines, all or nothing. Totals are derived and the number is drawn"
        " before anything is stored.",
    )


def _update() -> Any:
    payload = _payload("UpdateSalesOrder")

    async def resolve(
        info: Info,
        id: Id,
        input: Annotated[
            UpdateSalesOrderInput, strawberry.argument(description="What becomes different.")
        ],
        if_match: IfMatch = strawberry.UNSET,
        dry_run: DryRun = False,
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            patch, etag = change_from(input), _or_none(if_match)
            return service.update(writer, id, patch, etag, info.context.rules)

        return await perform(info, payload, change, dry_run=dry_run, root="input")

    return _mutation(
        resolve,
        payload,
        "Change an order and its lines, all or nothing. Only a draft may change; comments may while"
        " it is open or released, too.",
    )


def _delete() -> Any:
    async def resolve(
        info: Info, id: Id, if_match: IfMatch = strawberry.UNSET, dry_run: DryRun = False
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return service.delete(writer, id, _or_none(if_match))

        return await perform(
            info, DeleteSalesOrderPayload, change, dry_run=dry_run, result="deleted_id"
        )

    return _mutation(
        resolve,
        DeleteSalesOrderPayload,
        "Take an order away that is a draft, open or released, with nothing shipped.",
    )


def _transition(transition: Transition, description: str) -> Any:
    """The mutation that carries out a transition of an order."""
    name = MUTATIONS[transition]
    payload = _payload(name[0].upper() + name[1:])

    async def resolve(
        info: Info, id: Id, if_match: IfMatch = strawberry.UNSET, dry_run: DryRun = False
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return service.carry_out_transition(writer, id, transition, _or_none(if_match))

        return await perform(info, payload, change, dry_run=dry_run)

    return _mutation(resolve, payload, description)


def _line_transition(transition: Transition, description: str) -> Any:
    """The mutation that carries out a transition of quantities of an order's lines."""
    name = MUTATIONS[transition]
    payload = _payload(name[0].upper() + name[1:])

    async def resolve(
        info: Info,
        id: Id,
        lines: Quantities = strawberry.UNSET,
        if_match: IfMatch = strawberry.UNSET,
        dry_run: DryRun = False,
    ) -> Any:
        given = _or_none(lines)
        chosen = None if given is None else [(line.id, line.quantity) for line in given]

        def change(writer: Writer) -> Awaitable[Any]:
            return service.carry_out_transition(writer, id, transition, _or_none(if_match), chosen)

        return await perform(info, payload, change, dry_run=dry_run)

    return _mutation(resolve, payload, description)


def _or_none(argument: Any) -> Any:
    return None if argument is strawberry.UNSET else argument


def _mutation(resolve: Any, payload: Any, description: str) -> Any:
    resolve.__annotations__["return"] = payload
    return declared_field(resolve, description, Change())


@strawberry.type
class OrderMutation:
    create_sales_order = _create()
    update_sales_order = _update()
    delete_sales_order = _delete()
    submit_sales_order_for_review = _transition(
        Transition.SUBMIT_FOR_REVIEW, "Ask for approval of a draft; nothing may change meanwhile."
    )
    approve_sales_order = _transition(Transition.APPROVE, "Accept an order that is in review.")
    reject_sales_order = _transition(
        Transition.REJECT, "Send an order that is in review back to be a draft."
    )
    release_sales_order = _transition(
        Transition.RELEASE,
        "Free a draft or an open order for shipping; one of which everything is invoiced already is"
        " INVOICED. Review is not required.",
    )
    reopen_sales_order = _transition(
        Transition.REOPEN,
        "Make an open or released order a draft again, unless everything of it is invoiced.",
    )
    hold_sales_order = _transition(
        Transition.HOLD, "Stop release, shipping and invoicing of an order for now."
    )
    resume_sales_order = _transition(Transition.RESUME, "Let an order that is on hold go on.")
    cancel_sales_order = _transition(
        Transition.CANCEL, "Give up an order of which nothing is shipped; this is final."
    )
    ship_sales_order = _line_transition(
        Transition.SHIP,
        "Ship lines of a released order; complete, if it must not be shipped in parts.",
    )
    invoice_sales_order = _line_transition(
        Transition.INVOICE, "Invoice what is shipped; an order invoiced in full is INVOICED."
    )
    ship_and_invoice_sales_order = _transition(
        Transition.SHIP_AND_INVOICE, "Release if needed, ship and invoice what each line says."
    )
    register_sales_order_payment = _transition(
        Transition.REGISTER_PAYMENT, "Note that an invoiced order is paid in full; this is final."
    )
