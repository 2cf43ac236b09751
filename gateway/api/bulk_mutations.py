"""The mutations that write several orders or records at once, with one payload for each row."""

from collections.abc import Awaitable, Sequence
from typing import Annotated, Any

import strawberry

from gateway.api.context import Info
from gateway.api.errors import RequestError, user_error
from gateway.api.inputs import change_from
from gateway.api.mutations import DryRun, perform
from gateway.api.record_inputs import CUSTOMER, ITEM, RecordType
from gateway.api.record_mutations import payload_of, result_of
from gateway.orders.problems import Problem
from gateway.orders.records import RecordResult, upsert_records
from gateway.storage.writing import Writer

MOST_ROWS = 100
"""Rows of one call."""


def check_rows(inputs: Sequence[Any]) -> None:
    """Raises RequestError for too many rows."""
    if len(inputs) > MOST_ROWS:
        raise RequestError(
            f"There are {len(inputs)} rows, but at most {MOST_ROWS} fit into one call.",
            "BAD_USER_INPUT",
        )


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

        def change(writer: Writer) -> Awaitable[Sequence[RecordResult]]:
            return upsert_records(writer, of.record, [change_from(each) for each in inputs])

        def payloads(results: Sequence[RecordResult]) -> list[Any]:
            return [_row_payload(payload, result, each.row, each.problems) for each in results]

        return await perform(info, payloads, change, dry_run=dry_run, result="results")

    return _bulk_mutation(
        resolve,
        payload,
        f"Create or change up to {MOST_ROWS} {of.noun}s by {of.record.key}. There is one payload for"
        " each row, in the same order. A row that is refused does not stop the others.",
    )


def _bulk_mutation(resolve: Any, payload: Any, description: str) -> Any:
    resolve.__annotations__["return"] = list[payload] | None
    return strawberry.mutation(resolver=resolve, description=description)


@strawberry.type
class BulkMutation:
    upsert_customers = _upsert(CUSTOMER)
    upsert_items = _upsert(ITEM)
