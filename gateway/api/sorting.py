"""The keys by which lists can be sorted. Each has an index."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from gateway.api.enums import DescribedEnum
from gateway.storage.paging import Sort, SortKey


class SortDirection(Enum):
    ASC = False
    DESC = True


class SalesOrderSortField(Enum):
    """The values are columns."""

    ORDER_DATE = ("order_date",)
    POSTING_DATE = ("posting_date",)
    NUMBER = ("number",)
    CUSTOMER_NUMBER = ("customer_number",)
    CUSTOMER_NAME = ("customer_name",)
    REQUESTED_DELIVERY_DATE = ("requested_delivery_date",)
    EXTERNAL_DOCUMENT_NUMBER = ("external_document_number",)
    STATUS = ("status",)
    TOTAL_AMOUNT_INCLUDING_TAX = ("total_amount_including_tax",)
    CREATED_DATE_TIME = ("created_date_time",)
    LAST_MODIFIED_DATE_TIME = ("last_modified_date_time",)


class SalesOrderLineSortField(Enum):
    """The values are columns."""

    SALES_ORDER = ("sales_order_id", "sequence")
    QUANTITY = ("quantity",)
    NET_AMOUNT_INCLUDING_TAX = ("net_amount_including_tax",)


class CustomerSortField(Enum):
    """The values are columns."""

    NUMBER = ("number",)
    DISPLAY_NAME = ("display_name",)
    LAST_MODIFIED_DATE_TIME = ("last_modified_date_time",)


class ItemSortField(Enum):
    """The values are columns."""

    NUMBER = ("number",)
    DISPLAY_NAME = ("display_name",)
    UNIT_PRICE = ("unit_price",)
    LAST_MODIFIED_DATE_TIME = ("last_modified_date_time",)


SORT_ENUMS: tuple[DescribedEnum, ...] = (
    DescribedEnum(
        SortDirection,
        "Whether values ascend or descend.",
        {
            "ASC": "The smallest or earliest values come first.",
            "DESC": "The largest or latest values come first.",
        },
    ),
    DescribedEnum(
        SalesOrderSortField,
        "The keys by which orders can be sorted.",
        {
            "ORDER_DATE": "Date of the document.",
            "POSTING_DATE": "Date under which the order is posted to the books.",
            "NUMBER": "Number of the order, by code point.",
            "CUSTOMER_NUMBER": "Number of the customer, by code point.",
            "CUSTOMER_NAME": "Name of the customer on the order, by code point.",
            "REQUESTED_DELIVERY_DATE": "Date on which the customer wants the goods. Orders without"
            " one come last when ascending.",
            "EXTERNAL_DOCUMENT_NUMBER": "The customer's own reference, by code point. Orders without"
            " one come last when ascending.",
            "STATUS": "Name of the status, by code point.",
            "TOTAL_AMOUNT_INCLUDING_TAX": "Amount that the customer pays. Currencies are not converted.",
            "CREATED_DATE_TIME": "Time at which the order was stored for the first time.",
            "LAST_MODIFIED_DATE_TIME": "Time at which the order or one of its lines last changed.",
        },
    ),
    DescribedEnum(
        SalesOrderLineSortField,
        "The keys by which lines can be sorted.",
        {
            "SALES_ORDER": "Id of the order, then sequence of the line, so that the lines of an order stay"
            " together.",
            "QUANTITY": "Number of units ordered.",
            "NET_AMOUNT_INCLUDING_TAX": "Amount that the customer pays for the line.",
        },
    ),
    DescribedEnum(
        CustomerSortField,
        "The keys by which customers can be sorted.",
        {
            "NUMBER": "Number of the customer, by code point.",
            "DISPLAY_NAME": "Name of the customer, by code point.",
            "LAST_MODIFIED_DATE_TIME": "Time at which the customer last changed.",
        },
    ),
    DescribedEnum(
        ItemSortField,
        "The keys by which items can be sorted.",
        {
            "NUMBER": "Number of the item, by code point.",
            "DISPLAY_NAME": "Name of the item, by code point.",
            "UNIT_PRICE": "Price of one unit.",
            "LAST_MODIFIED_DATE_TIME": "Time at which the item last changed.",
        },
    ),
)


@strawberry.input(description="One key by which orders are sorted.")
class SalesOrderSort:
    field: SalesOrderSortField = strawberry.field(description="The value that is compared.")
    direction: SortDirection = strawberry.field(
        description="Ascending by default.", default=SortDirection.ASC
    )


@strawberry.input(description="One key by which lines are sorted.")
class SalesOrderLineSort:
    field: SalesOrderLineSortField = strawberry.field(description="The value that is compared.")
    direction: SortDirection = strawberry.field(
        description="Ascending by default.", default=SortDirection.ASC
    )


@strawberry.input(description="One key by which customers are sorted.")
class CustomerSort:
    field: CustomerSortField = strawberry.field(description="The value that is compared.")
    direction: SortDirection = strawberry.field(
        description="Ascending by default.", default=SortDirection.ASC
    )


@strawberry.input(description="One key by which items are sorted.")
class ItemSort:
    field: ItemSortField = strawberry.field(description="The value that is compared.")
    direction: SortDirection = strawberry.field(
        description="Ascending by default.", default=SortDirection.ASC
    )


SortKeys = Sequence[tuple[Enum, SortDirection]]
"""What to sort by, the most significant key first."""


def sort_of(default: Sort, keys: SortKeys) -> Sort:
    """Each column of `keys` once, and the id in the last direction, so that no two rows tie."""
    if not keys:
        return default
    directions: dict[str, bool] = {}
    for field, direction in keys:
        for column in field.value:
            directions.setdefault(column, direction.value)
    sort = [SortKey(column, descending) for column, descending in directions.items()]
    return (*sort, SortKey("id", sort[-1].descending))
