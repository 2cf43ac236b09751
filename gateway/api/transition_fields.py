"""The transitions that an order allows, computed on request."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import strawberry

from gateway.api.context import Info
from gateway.api.declared_fields import declared_field
from gateway.api.errors import MUTATIONS, UserError, user_error
from gateway.execution.declarations import ComputedField
from gateway.orders.available_transitions import check_transitions
from gateway.storage.reading import Names, column_names, in_memory
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow

ORDER_COLUMNS: Names = frozenset(
    {
        "id",
        "number",
        "status",
        "on_hold",
        "partial_shipping",
        "customer_id",
        "bill_to_customer_id",
        "total_amount_including_tax",
    }
)
LINE_COLUMNS: Names = column_names(SalesOrderLineRow)
CUSTOMER_COLUMNS: Names = frozenset({"number", "blocked", "privacy_blocked"})
TRANSITIONS_COST = 50
UNITS = 30
"""The cost of checking all transitions for one line, in units of work."""


@strawberry.type(description="A transition of an order, and whether it is possible now.")
class AvailableTransition:
    mutation: str = strawberry.field(description="The name of the mutation that carries it out.")
    possible: bool = strawberry.field(
        description="Whether the mutation would succeed now with the quantities on the lines."
    )
    reasons: list[UserError] = strawberry.field(
        description="The refusals that the mutation would return; empty if it is possible."
    )


class _Customers:
    """The customers of an order by their ids."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        self._rows = rows

    def by_id(self, _model: Any, key: str) -> Any:
        return self._rows[key]


def available_transitions_field() -> Any:
    async def resolve(root: strawberry.Parent[Any], info: Info) -> list[AvailableTransition]:
        reader = info.context.reader
        lines = in_memory(root, "lines")
        if lines is None:
            lines = await reader.many(
                SalesOrderLineRow, "sales_order_id", root.id, "sequence", LINE_COLUMNS
            )
        info.context.state.computed_cost += TRANSITIONS_COST
        keys = sorted({root.customer_id, root.bill_to_customer_id})
        rows = await asyncio.gather(
            *(reader.one(CustomerRow, "id", key, CUSTOMER_COLUMNS, is_related=True) for key in keys)
        )

        def copy_order() -> Any:
            return _copied(
                root, ORDER_COLUMNS, lines=[_copied(line, LINE_COLUMNS) for line in lines]
            )

        customers = _Customers(dict(zip(keys, rows, strict=True)))
        checked = await info.context.turns.run(
            lambda: list(check_transitions(copy_order, customers)), UNITS * (1 + len(lines))
        )
        return [
            AvailableTransition(
                mutation=MUTATIONS[each.transition],
                possible=not each.problems,
                reasons=[user_error(problem, None) for problem in each.problems],
            )
            for each in checked
        ]

    return declared_field(
        resolve,
        "All transitions of the order: whether each is possible now and, if not, why. The mutations"
        " apply the same rules.",
        ComputedField(ORDER_COLUMNS, cost=TRANSITIONS_COST),
    )


def _copied(row: Any, names: Names, **more: Any) -> Any:
    return SimpleNamespace(**{name: getattr(row, name) for name in names}, **more)
