"""Mutations that write several orders or records at once, with one payload for each row."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import Maybe

from gateway.access.scopes import AccessScope
from gateway.api.changes import perform
from gateway.api.context import Info
from gateway.api.errors import RequestError, user_error
from gateway.api.inputs import CreateSalesOrderInput, UpdateSalesOrderInput, change_from
from gateway.api.mutations import DryRun
from gateway.api.payloads import CreateSalesOrderPayload, UpdateSalesOrderPayload
from gateway.api.record_inputs import CUSTOMER, ITEM, RecordType
from gateway.api.record_mutations import payload_of, result_of
from gateway.api.reference_inputs import optional
from gateway.api.required_scopes import RequiresScopes
from gateway.orders.bulk import OrderUpdate, create_orders, update_orders
from gateway.orders.preview import preview_of
from gateway.orders.problems import Problem
from gateway.orders.records import RowResult, upsert_records
from gateway.storage.tables.import_jobs import ImportPolicy
from gateway.storage.writing import Writer

MOST_ROWS = 100
"""The maximum number of rows in one call."""


def check_rows(inputs: Sequence[Any]) -> None:
    """Raises RequestError for too many rows."""
    if len(inputs) > MOST_ROWS:
        message = f"There are {len(inputs)} rows, but at most {MOST_ROWS} fit into one call."
        raise RequestError(message, "BAD_USER_INPUT", ("inputs",))


def _previews(results: Sequence[RowResult]) -> Sequence[RowResult]:
    for each in results:
        if each.row is not None:
            preview_of(each.row)
    return results


def _row_payload(payload: Any, result: str, row: Any, problems: Sequence[Problem]) -> Any:
    errors = [user_error(problem, "inputs") for problem in problems]
    return payload(**{result: row}, user_errors=errors)


def _upsert(of: RecordType) -> Any:
    payload, result, row = payload_of(of, "upsert"), result_of(of), of.upsert_input

    async def resolve(
        info: Info,
        inputs: Annotated[
            list[row],  # type: ignore[valid-type] # made at runtime
            strawberry.argument(description=f"The rows, at most {MOST_ROWS}."),
        ],
        dry_run: DryRun = False,
    ) -> Any:
        check_rows(inputs)

        def change(writer: Writer) -> Awaitable[Sequence[RowResult]]:
            return upsert_records(writer, of.record, [change_from(each) for each in inputs])

        def payloads(results: Sequence[RowResult]) -> list[Any]:
            return [_row_payload(payload, result, each.row, each.problems) for each in results]

        return await perform(
            info, payloads, change, dry_run=dry_run, result="results", preview=_previews
        )

    return _bulk_mutation(
        resolve,
        payload,
        f"Create or change up to {MOST_ROWS} {of.noun}s by {of.record.key}. There is one payload for"
        " each row, in the same order. A row that is refused does not stop the others.",
        AccessScope.REFERENCE_WRITE,
    )


Policy = Annotated[
    ImportPolicy,
    strawberry.argument(
        description="Whether a refused row stops only itself or all rows of the call."
    ),
]


@dataclass(frozen=True)
class _OrderWriting:
    """How a mutation writes a list of orders and reports the result of each row."""

    payload: Any
    change_of: Callable[[Any], Any]
    write: Callable[..., Awaitable[Sequence[RowResult]]]

    async def perform(
        self, info: Info, inputs: Sequence[Any], policy: ImportPolicy, *, dry_run: bool
    ) -> Any:
        check_rows(inputs)

        def change(writer: Writer) -> Awaitable[Sequence[RowResult]]:
            changes = [self.change_of(each) for each in inputs]
            is_atomic = policy is ImportPolicy.ATOMIC
            return self.write(writer, changes, info.context.rules, is_atomic=is_atomic)

        def payloads(results: Sequence[RowResult]) -> list[Any]:
            return [self._payload_of(each) for each in results]

        return await perform(
            info, payloads, change, dry_run=dry_run, result="results", preview=_previews
        )

    def _payload_of(self, result: RowResult) -> Any:
        output = _row_payload(self.payload, "sales_order", result.row, result.problems)
        output.warnings = [user_error(each, "inputs") for each in result.warnings]
        return output


def _create_orders() -> Any:
    async def resolve(
        info: Info,
        inputs: Annotated[
            list[CreateSalesOrderInput],
            strawberry.argument(description=f"The orders with their lines, at most {MOST_ROWS}."),
        ],
        policy: Policy = ImportPolicy.PER_ORDER,
        dry_run: DryRun = False,
    ) -> Any:
        writing = _OrderWriting(CreateSalesOrderPayload, change_from, create_orders)
        return await writing.perform(info, inputs, policy, dry_run=dry_run)

    return _bulk_mutation(
        resolve,
        CreateSalesOrderPayload,
        f"Create up to {MOST_ROWS} orders with their lines. There is one payload for each row, in the"
        " same order.",
    )


@strawberry.input(
    description="An update of one of several orders and its lines. Omitted fields stay unchanged; null"
    " clears a field."
)
class SalesOrderUpdateInput(UpdateSalesOrderInput):
    id: strawberry.ID = strawberry.field(description="The GUID of the order to change.")
    if_match: Maybe[str | None] = optional("Refuse the row unless the order still has this etag.")


def _update_of(row: SalesOrderUpdateInput) -> OrderUpdate:
    change = change_from(row)
    return OrderUpdate(change.pop("id"), change, change.pop("if_match", None))


def _update_orders() -> Any:
    async def resolve(
        info: Info,
        inputs: Annotated[
            list[SalesOrderUpdateInput],
            strawberry.argument(description=f"The changes, at most {MOST_ROWS}."),
        ],
        policy: Policy = ImportPolicy.PER_ORDER,
        dry_run: DryRun = False,
    ) -> Any:
        writing = _OrderWriting(UpdateSalesOrderPayload, _update_of, update_orders)
        return await writing.perform(info, inputs, policy, dry_run=dry_run)

    return _bulk_mutation(
        resolve,
        UpdateSalesOrderPayload,
        f"Change up to {MOST_ROWS} orders and their lines. There is one payload for each row, in the"
        " same order.",
    )


def _bulk_mutation(
    resolve: Any,
    payload: Any,
    description: str,
    scope: AccessScope = AccessScope.ORDERS_WRITE,
) -> Any:
    resolve.__annotations__["return"] = list[payload] | None
    directives = [RequiresScopes(scopes=[scope])]
    return strawberry.mutation(resolver=resolve, description=description, directives=directives)


@strawberry.type
class BulkMutation:
    create_sales_orders = _create_orders()
    update_sales_orders = _update_orders()
    upsert_customers = _upsert(CUSTOMER)
    upsert_items = _upsert(ITEM)
