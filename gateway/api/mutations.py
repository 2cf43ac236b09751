"""The mutations of orders."""

from collections.abc import Awaitable
from typing import Annotated, Any

import strawberry

from gateway.access.scopes import AccessScope
from gateway.api.changes import perform, perform_input
from gateway.api.context import Info
from gateway.api.declared_fields import declared_field
from gateway.api.inputs import (
    CreateSalesOrderInput,
    SalesOrderLineQuantityInput,
    UpdateSalesOrderInput,
    change_from,
)
from gateway.api.payloads import (
    ApproveSalesOrderPayload,
    CancelSalesOrderPayload,
    CreateSalesOrderPayload,
    DeleteSalesOrderPayload,
    HoldSalesOrderPayload,
    InvoiceSalesOrderPayload,
    RegisterSalesOrderPaymentPayload,
    RejectSalesOrderPayload,
    ReleaseSalesOrderPayload,
    ReopenSalesOrderPayload,
    ResumeSalesOrderPayload,
    ShipAndInvoiceSalesOrderPayload,
    ShipSalesOrderPayload,
    SubmitSalesOrderForReviewPayload,
    UpdateSalesOrderPayload,
)
from gateway.api.required_scopes import RequiresScopes
from gateway.execution.declarations import MutationField
from gateway.orders import service
from gateway.orders.etags import agreed_version
from gateway.orders.transitions import Transition
from gateway.storage.writing import Writer

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the order.")]
IfMatch = Annotated[
    str | None,
    strawberry.argument(
        description='Refuse the mutation unless the order or record still has this etag; "*" matches any.'
        " The If-Match header does the same."
    ),
]
DryRun = Annotated[
    bool,
    strawberry.argument(
        description="Check everything and store nothing: no row is written, and no number is used up. Ids and"
        " etags in the answer begin with `preview:`, because no stored record has them."
    ),
]
Quantities = Annotated[
    list[SalesOrderLineQuantityInput] | None,
    strawberry.argument(
        description="The quantities to ship or to invoice, by line. They default to the"
        " `shipQuantity` or `invoiceQuantity` of all lines."
    ),
]


def _create() -> Any:
    async def resolve(
        info: Info,
        input: Annotated[
            CreateSalesOrderInput, strawberry.argument(description="The order and its lines.")
        ],
        dry_run: DryRun = False,
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return service.create(writer, change_from(input), info.context.rules)

        return await perform_input(info, CreateSalesOrderPayload, change, dry_run=dry_run)

    return _mutation(
        resolve,
        CreateSalesOrderPayload,
        "Create an order with its lines, all or nothing. The gateway assigns its number and"
        " computes its totals.",
    )


def _update() -> Any:
    async def resolve(
        info: Info,
        id: Id,
        input: Annotated[
            UpdateSalesOrderInput, strawberry.argument(description="The fields that change.")
        ],
        if_match: IfMatch = strawberry.UNSET,
        dry_run: DryRun = False,
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            patch, etag = change_from(input), expected_etag(info, if_match)
            return service.update(writer, id, patch, etag, info.context.rules)

        return await perform_input(info, UpdateSalesOrderPayload, change, dry_run=dry_run)

    return _mutation(
        resolve,
        UpdateSalesOrderPayload,
        "Change an order and its lines, all or nothing. Every field of a draft may change. In an"
        " open or released order, only fields that affect no amount may change, such as texts, dates and"
        " the ship-to address.",
    )


def _delete() -> Any:
    async def resolve(
        info: Info, id: Id, if_match: IfMatch = strawberry.UNSET, dry_run: DryRun = False
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return service.delete(writer, id, expected_etag(info, if_match))

        return await perform(
            info, DeleteSalesOrderPayload, change, dry_run=dry_run, result="deleted_id"
        )

    return _mutation(
        resolve,
        DeleteSalesOrderPayload,
        "Delete a draft, open or released order of which nothing has been shipped.",
    )


def _transition(transition: Transition, payload: Any, description: str) -> Any:
    """The mutation that applies `transition` to an order."""

    async def resolve(
        info: Info, id: Id, if_match: IfMatch = strawberry.UNSET, dry_run: DryRun = False
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return service.carry_out_transition(
                writer, id, transition, expected_etag(info, if_match)
            )

        return await perform(info, payload, change, dry_run=dry_run)

    return _mutation(resolve, payload, description, AccessScope.ORDERS_LIFECYCLE)


def _quantity_transition(transition: Transition, payload: Any, description: str) -> Any:
    """The mutation that applies `transition` to quantities of an order's lines."""

    async def resolve(
        info: Info,
        id: Id,
        lines: Quantities = strawberry.UNSET,
        if_match: IfMatch = strawberry.UNSET,
        dry_run: DryRun = False,
    ) -> Any:
        inputs = _or_none(lines)
        quantities = None if inputs is None else [(line.id, line.quantity) for line in inputs]

        def change(writer: Writer) -> Awaitable[Any]:
            return service.carry_out_transition(
                writer, id, transition, expected_etag(info, if_match), quantities
            )

        return await perform(info, payload, change, dry_run=dry_run)

    return _mutation(resolve, payload, description, AccessScope.ORDERS_LIFECYCLE)


def expected_etag(info: Info, if_match: Any) -> str | None:
    """The etag that the argument and the header of the request expect; raises Rejected."""
    return agreed_version(_or_none(if_match), info.context.if_match)


def _or_none(argument: Any) -> Any:
    return None if argument is strawberry.UNSET else argument


def _mutation(
    resolve: Any,
    payload: Any,
    description: str,
    scope: AccessScope = AccessScope.ORDERS_WRITE,
) -> Any:
    """A field with a nullable payload, so that a failing mutation does not discard the payloads of
    those before it."""
    resolve.__annotations__["return"] = payload | None
    return declared_field(resolve, description, MutationField(), [RequiresScopes(scopes=[scope])])


@strawberry.type
class OrderMutation:
    create_sales_order = _create()
    update_sales_order = _update()
    delete_sales_order = _delete()
    submit_sales_order_for_review = _transition(
        Transition.SUBMIT_FOR_REVIEW,
        SubmitSalesOrderForReviewPayload,
        "Submit a draft for approval. It cannot be changed while it is in review.",
    )
    approve_sales_order = _transition(
        Transition.APPROVE,
        ApproveSalesOrderPayload,
        "Approve an order in review. It becomes open.",
    )
    reject_sales_order = _transition(
        Transition.REJECT,
        RejectSalesOrderPayload,
        "Reject an order in review. It becomes a draft again.",
    )
    release_sales_order = _transition(
        Transition.RELEASE,
        ReleaseSalesOrderPayload,
        "Release a draft or an open order for shipping. A review is not required. An order that is"
        " already fully invoiced becomes INVOICED.",
    )
    reopen_sales_order = _transition(
        Transition.REOPEN,
        ReopenSalesOrderPayload,
        "Reopen an open or released order that is not fully invoiced. It becomes a draft again.",
    )
    hold_sales_order = _transition(
        Transition.HOLD,
        HoldSalesOrderPayload,
        "Put an order on hold, which stops release, shipping and invoicing.",
    )
    resume_sales_order = _transition(
        Transition.RESUME, ResumeSalesOrderPayload, "Take an order off hold."
    )
    cancel_sales_order = _transition(
        Transition.CANCEL,
        CancelSalesOrderPayload,
        "Cancel an order of which nothing has been shipped. This is final.",
    )
    ship_sales_order = _quantity_transition(
        Transition.SHIP,
        ShipSalesOrderPayload,
        "Ship lines of a released order. They must all be shipped at once, unless the order may be"
        " shipped in parts.",
    )
    invoice_sales_order = _quantity_transition(
        Transition.INVOICE,
        InvoiceSalesOrderPayload,
        "Invoice shipped quantities. A fully invoiced order becomes INVOICED.",
    )
    ship_and_invoice_sales_order = _transition(
        Transition.SHIP_AND_INVOICE,
        ShipAndInvoiceSalesOrderPayload,
        "Release the order if needed, then ship and invoice the quantities on its lines.",
    )
    register_sales_order_payment = _transition(
        Transition.REGISTER_PAYMENT,
        RegisterSalesOrderPaymentPayload,
        "Record that an invoiced order has been paid in full. This is final.",
    )
