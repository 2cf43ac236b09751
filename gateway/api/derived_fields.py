"""Fields of an order that are computed on request."""

import asyncio
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.api.context import Info
from gateway.api.declared_fields import declared_field
from gateway.execution.declarations import ComputedField
from gateway.orders.explanation import TotalsRule
from gateway.orders.pricing import explain_totals
from gateway.orders.status_labels import StatusVocabulary, status_label
from gateway.storage.reading import Names, column_names, in_memory
from gateway.storage.tables.reference_data import CurrencyRow, TaxCodeRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow

LINE_COLUMNS: Names = column_names(SalesOrderLineRow)
ORDER_COLUMNS: Names = frozenset(
    (
        *("id", "currency_id", "prices_include_tax", "line_rounding"),
        *("discount_amount", "discount_percent"),
    )
)
EXPLANATION_COST = 25
UNITS = 20
"""The cost of explaining one line, in units of work."""


@strawberry.type(description="One step in the calculation of an order's totals.")
class TotalsStep:
    sequence: int | None = strawberry.field(
        description="The sequence of the line that the amount belongs to. Null for the order or for a"
        " group of lines."
    )
    amount: str = strawberry.field(
        description="The name of the amount. The last step of that name gives the final amount."
    )
    rule: TotalsRule = strawberry.field(description="The rule that was applied.")
    group: str | None = strawberry.field(
        description="The name of the group of lines that the amount belongs to. Null for a line or for"
        " the order."
    )
    formula: str = strawberry.field(description="The calculation with its numbers filled in.")
    rounding: str | None = strawberry.field(
        description="The way in which the result was rounded, if it was."
    )
    result: Decimal = strawberry.field(description="The result of the calculation.")


def status_label_field() -> Any:
    def resolve(
        root: strawberry.Parent[Any],
        vocabulary: Annotated[
            StatusVocabulary,
            strawberry.argument(description="The system whose name for the status to return."),
        ],
    ) -> str:
        return status_label(
            root.status, vocabulary, on_hold=root.on_hold, fully_shipped=root.fully_shipped
        )

    return declared_field(
        resolve,
        "The name of the order's status in another system, or the closest one that the system has.",
        ComputedField(frozenset({"status", "on_hold", "fully_shipped"})),
    )


def totals_explanation_field() -> Any:
    async def resolve(root: strawberry.Parent[Any], info: Info) -> list[TotalsStep]:
        reader = info.context.reader
        lines = in_memory(root, "lines")
        if lines is None:
            lines = await reader.many(
                SalesOrderLineRow, "sales_order_id", root.id, "sequence", LINE_COLUMNS
            )
        info.context.state.computed_cost += EXPLANATION_COST
        names = column_names(CurrencyRow)
        currency = await reader.one(CurrencyRow, "id", root.currency_id, names)
        codes = await asyncio.gather(*(_tax_code(line, info) for line in lines))
        pairs = list(zip(lines, codes, strict=True))
        steps = await info.context.turns.run(
            lambda: explain_totals(root, currency, pairs), UNITS * (1 + len(lines))
        )
        return [TotalsStep(**vars(step) | {"amount": to_camel_case(step.amount)}) for step in steps]

    return declared_field(
        resolve,
        "Every step in the calculation of the order's amounts: the rule, the formula with its"
        " numbers, the rounding and the result.",
        ComputedField(ORDER_COLUMNS, cost=EXPLANATION_COST),
    )


async def _tax_code(line: Any, info: Info) -> str:
    if line.tax_code_id is None:
        return ""
    row = await info.context.reader.one(TaxCodeRow, "id", line.tax_code_id, frozenset({"code"}))
    return str(row.code)
