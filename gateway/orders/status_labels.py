"""The names of an order's status in the vocabularies of other systems (RULES.md 4.9)."""

from collections.abc import Mapping
from enum import StrEnum

from gateway.storage.tables.sales_orders import SalesOrderStatus as Status


class StatusVocabulary(StrEnum):
    FINANCIALS_2017 = "FINANCIALS_2017"
    BUSINESS_CENTRAL_V1 = "BUSINESS_CENTRAL_V1"
    BUSINESS_CENTRAL_V2 = "BUSINESS_CENTRAL_V2"
    NAVISION_SCHEMA = "NAVISION_SCHEMA"
    FINANCE_OPERATIONS = "FINANCE_OPERATIONS"


ORDER = (
    StatusVocabulary.BUSINESS_CENTRAL_V2,
    StatusVocabulary.NAVISION_SCHEMA,
    StatusVocabulary.BUSINESS_CENTRAL_V1,
    StatusVocabulary.FINANCIALS_2017,
    StatusVocabulary.FINANCE_OPERATIONS,
)
LABELS: Mapping[Status, tuple[str, str, str, str, str]] = {
    Status.CANCELLED: ("Draft", "Draft", "Cancelled", "Cancelled", "Canceled"),
    Status.DRAFT: ("Draft", "Draft", "Draft", "Created", "Open order"),
    Status.IN_REVIEW: ("In Review", "In Review", "Created", "Created", "Open order"),
    Status.OPEN: ("Open", "Open", "Created", "Created", "Open order"),
    Status.RELEASED: ("Open", "Released", "Created", "Created", "Open order"),
    Status.INVOICED: ("Open", "Released", "Created", "Created", "Invoiced"),
    Status.PAID: ("Open", "Released", "Paid", "Paid", "Invoiced"),
}
"""Each row has the labels in the vocabularies of ORDER."""

NAMES_ON_HOLD = {StatusVocabulary.BUSINESS_CENTRAL_V1, StatusVocabulary.FINANCIALS_2017}


def status_label(
    status: Status, vocabulary: StatusVocabulary, *, on_hold: bool, fully_shipped: bool
) -> str:
    """The label of an order in `vocabulary`, or the closest one that exists there."""
    if on_hold and status is not Status.CANCELLED and vocabulary in NAMES_ON_HOLD:
        return "On hold"
    is_delivered = status is Status.RELEASED and fully_shipped
    if is_delivered and vocabulary is StatusVocabulary.FINANCE_OPERATIONS:
        return "Delivered"
    return LABELS[status][ORDER.index(vocabulary)]
