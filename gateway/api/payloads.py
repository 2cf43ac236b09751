"""The payloads of the mutations of orders."""

import strawberry

from gateway.api.errors import UserError
from gateway.api.order_types import SalesOrder


@strawberry.type
class OrderPayload:
    sales_order: SalesOrder | None = strawberry.field(
        description="The order after the mutation; null if it was refused.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for a refusal; empty if there was none.", default_factory=list
    )
    warnings: list[UserError] = strawberry.field(
        description="Unusual but allowed properties of the order, such as an external"
        " document number that another order of the customer already has.",
        default_factory=list,
    )


@strawberry.type(description="The result of `createSalesOrder`.")
class CreateSalesOrderPayload(OrderPayload):
    sales_order: SalesOrder | None = strawberry.field(
        description="The new order with its lines; null if it was refused.", default=None
    )


@strawberry.type(description="The result of `updateSalesOrder`.")
class UpdateSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `deleteSalesOrder`.")
class DeleteSalesOrderPayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        description="Id of the deleted order; null if the mutation was refused or a dry run.",
        default=None,
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for a refusal; empty if there was none.", default_factory=list
    )


@strawberry.type(description="The result of `submitSalesOrderForReview`.")
class SubmitSalesOrderForReviewPayload(OrderPayload): ...


@strawberry.type(description="The result of `approveSalesOrder`.")
class ApproveSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `rejectSalesOrder`.")
class RejectSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `releaseSalesOrder`.")
class ReleaseSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `reopenSalesOrder`.")
class ReopenSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `holdSalesOrder`.")
class HoldSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `resumeSalesOrder`.")
class ResumeSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `cancelSalesOrder`.")
class CancelSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `shipSalesOrder`.")
class ShipSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `invoiceSalesOrder`.")
class InvoiceSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `shipAndInvoiceSalesOrder`.")
class ShipAndInvoiceSalesOrderPayload(OrderPayload): ...


@strawberry.type(description="The result of `registerSalesOrderPayment`.")
class RegisterSalesOrderPaymentPayload(OrderPayload): ...
