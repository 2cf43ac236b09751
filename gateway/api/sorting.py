"""By what orders and lines can be sorted; every key has an index behind it."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from gateway.api.enums import described
from gateway.storage.paging import Sort, SortKey


class SortDirection(Enum):
    ASC = False
    DESC = True


class SalesOrderSortField(Enum):
    """The value is the columns."""

    ORDER_DATE = ("order_date",)
    POSTING_DATE = ("posting_date",)
    NUMBER = ("number",)
    CUSTOMER_NUMBER = ("customer_number",)
    STATUS = ("status",)
    TOTAL_AMOUNT_INCLUDING_TAX = ("total_amount_including_tax",)
    LAST_MODIFIED_DATE_TIME = ("last_modified_date_time",)


class SalesOrderLineSortField(Enum):
    """The value is the columns."""

    SALES_ORDER = ("sales_order_id", "sequence")
    QUANTITY = ("quantity",)
    NET_AMOUNT_INCLUDING_TAX = ("net_amount_including_tax",)


described(
    SortDirection,
    "Which end of a list comes first.",
    {"ASC": "The smallest or earliest.", "DESC": "The largest or latest."},
)
described(
    SalesOrderSortField,
    "By what orders are sorted.",
    {
        "ORDER_DATE": "Date of the document.",
        "POSTING_DATE": "Date on which the order counts in the books.",
        "NUMBER": "Number of the order, by code point.",
        "CUSTOMER_NUMBER": "Number of the customer, by code point.",
        "STATUS": "Name of the status, by code point.",
        "TOTAL_AMOUNT_INCLUDING_TAX": "What the customer pays, in whatever currency.",
        "LAST_MODIFIED_DATE_TIME": "When the order or one of its lines last changed.",
    },
)
described(
    SalesOrderLineSortField,
    "By what lines are sorted.",
    {
        "SALES_ORDER": "Id of the order, then place within it: lines of an order stay together.",
        "QUANTITY": "Units ordered.",
        "NET_AMOUNT_INCLUDING_TAX": "What is paid for the line in all.",
    },
)


@strawberry.input(description="One key by which orders are sorted.")
class SalesOrderSort:
    field: SalesOrderSortField = strawberry.field(description="What is compared.")
    direction: SortDirection = strawberry.field(
        description="Ascending if nothing is said.", default=SortDirection.ASC
    )


@strawberry.input(description="One key by which lines are sorted.")
class SalesOrderLineSort:
    field: SalesOrderLineSortField = strawberry.field(description="What is compared.")
    direction: SortDirection = strawberry.field(
        description="Ascending if nothing is said.", default=SortDirection.ASC
    )


Given = Sequence[tuple[Enum, SortDirection]]
"""What to sort by, the weightiest first."""


def sort_of(default: Sort, given: Given) -> Sort:
    """The keys of `given`, each once, and the id in the last direction, so that no two rows tie."""
    if not given:
        return default
    directions: dict[str, bool] = {}
    for field, direction in given:
        for column in field.value:
            directions.setdefault(column, direction.value)
    keys = [SortKey(column, descending) for column, descending in directions.items()]
    return (*keys, SortKey("id", keys[-1].descending))
