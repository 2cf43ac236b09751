"""Runs the change of a mutation in its own transaction, and makes the payload."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gateway.api.context import Info
from gateway.api.errors import UserError, user_error
from gateway.orders.preview import preview_of
from gateway.orders.problems import Rejected
from gateway.orders.service import Written
from gateway.storage.transactions import transact
from gateway.storage.writing import Writer

Work = Callable[[Writer], Awaitable[Any]]


async def perform(
    info: Info,
    payload: Any,
    change: Work,
    *,
    dry_run: bool,
    root: str | None = None,
    result: str = "sales_order",
    preview: Callable[[Any], Any] = preview_of,
) -> Any:
    """Run `change` in its own transaction. The payload has the result in the field `result`, or the
    reasons for a refusal, with paths below the argument `root`.

    The reader first returns its connection and clears its cache, so that no operation waits for a
    second connection while it holds one."""
    context = info.context

    async def make() -> Any:
        await context.reader.restart()
        try:
            output = await transact(context.database, context.request, change, dry_run=dry_run)
        except Rejected as rejected:
            return payload(user_errors=[user_error(problem, root) for problem in rejected.problems])
        return payload(**{result: preview(output) if dry_run else output})

    return await context.state.payload(info.path.key, make)


async def perform_input(
    info: Info, payload: Any, change: Callable[[Writer], Awaitable[Written]], *, dry_run: bool
) -> Any:
    """Run a change with an input. The resulting order may have warnings."""

    def payload_of(written: Written | None = None, user_errors: Sequence[UserError] = ()) -> Any:
        if written is None:
            return payload(user_errors=list(user_errors))
        warnings = [user_error(each, "input") for each in written.warnings]
        return payload(sales_order=written.order, warnings=warnings)

    return await perform(
        info,
        payload_of,
        change,
        dry_run=dry_run,
        root="input",
        result="written",
        preview=_preview,
    )


def _preview(written: Written) -> Written:
    return Written(preview_of(written.order), written.warnings)
