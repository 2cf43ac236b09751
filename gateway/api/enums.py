"""The enums of the schema: those of `storage` and `orders`, with a description of each value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from strawberry.types.enum import has_enum_definition

from gateway.orders.explanation import TotalsRule
from gateway.orders.problems import ProblemCode
from gateway.orders.status_labels import StatusVocabulary
from gateway.storage.tables.import_jobs import ImportJobStatus, ImportPolicy
from gateway.storage.tables.reference_enums import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)
from gateway.storage.tables.sales_orders import LineRounding, SalesOrderLineType, SalesOrderStatus


@dataclass(frozen=True)
class DescribedEnum:
    """An enum of the schema, with its description and those of its values."""

    members: type[Enum]
    description: str
    values: Mapping[str, str]
    name: str | None = None


def describe_enums(enums: Iterable[DescribedEnum]) -> None:
    """Make GraphQL enums. Strawberry may already have made one without a description, for a field of
    this type; such a definition is completed rather than replaced."""
    for each in enums:
        if not has_enum_definition(each.members):
            strawberry.enum(each.members)
        definition: Any = each.members.__strawberry_definition__  # type: ignore[attr-defined]
        definition.name = each.name or definition.name
        definition.description = each.description
        for value in definition.values:
            value.description = each.values[value.name]


ENUMS: tuple[DescribedEnum, ...] = (
    DescribedEnum(
        LineRounding,
        "The way in which the amount of a line with a discount percentage is rounded (RULES.md 2.2).",
        {
            "TWO_STEP": "Quantity times price is rounded, then the discount on it, as in Business Central.",
            "ONE_STEP": "Quantity times price, less the discount, is rounded once, as in Finance &"
            " Operations.",
        },
    ),
    DescribedEnum(
        SalesOrderStatus,
        "The stage of an order in its life cycle.",
        {
            "DRAFT": "The order is being prepared. Everything may change.",
            "IN_REVIEW": "The order is waiting for approval. Nothing may change.",
            "OPEN": "The order is accepted but not yet released for shipping.",
            "RELEASED": "The order is released for shipping and invoicing.",
            "INVOICED": "The order is shipped and invoiced in full.",
            "PAID": "The order is paid in full. This status is final.",
            "CANCELLED": "The order was cancelled before anything was shipped. This status is final.",
        },
    ),
    DescribedEnum(
        SalesOrderLineType,
        "The kind of object that a line sells.",
        {
            "COMMENT": "The line sells nothing. It is a text among the other lines.",
            "ACCOUNT": "An amount that is posted to a general-ledger account.",
            "ITEM": "A quantity of an item.",
            "RESOURCE": "The time of a person or a machine.",
            "FIXED_ASSET": "A fixed asset of the company.",
            "CHARGE": "A charge such as freight.",
        },
    ),
    DescribedEnum(
        TaxRounding,
        "The direction in which a currency rounds tax.",
        {
            "NEAREST": "To the nearest step, with halves away from zero.",
            "UP": "Away from zero.",
            "DOWN": "Towards zero.",
        },
    ),
    DescribedEnum(
        CustomerType,
        "The legal nature of a customer.",
        {"COMPANY": "An organisation.", "PERSON": "A private person."},
    ),
    DescribedEnum(
        CustomerBlocked,
        "The transactions with a customer that are blocked.",
        {
            "NONE": "Nothing is blocked.",
            "SHIP": "New orders and shipments are blocked.",
            "INVOICE": "New orders, shipments and invoices are blocked.",
            "ALL": "All transactions are blocked.",
        },
    ),
    DescribedEnum(
        ItemType,
        "Whether an item is stocked, and whether its stock is counted.",
        {
            "INVENTORY": "The item is stocked, and its stock is counted.",
            "SERVICE": "The item is a service, which cannot be stocked.",
            "NON_INVENTORY": "The item consists of goods whose stock is not counted.",
        },
    ),
    DescribedEnum(
        AccountType,
        "The role of an account in the chart of accounts.",
        {
            "POSTING": "Amounts can be posted to the account. Lines can refer to accounts of this type only.",
            "HEADING": "The account is a title above a group of accounts.",
            "TOTAL": "The account shows the total of other accounts.",
            "BEGIN_TOTAL": "The account begins a range of accounts that is totalled.",
            "END_TOTAL": "The account ends a range of accounts and shows its total.",
        },
    ),
    DescribedEnum(
        LineObjectKind,
        "The kind of a line object, which a line can sell instead of an item or an account.",
        {
            "RESOURCE": "A person or a machine whose time is sold.",
            "FIXED_ASSET": "An asset that the company owns, such as a van.",
            "CHARGE": "A charge such as freight.",
        },
    ),
    DescribedEnum(
        StatusVocabulary,
        "A system with its own names for the statuses of an order.",
        {
            "FINANCIALS_2017": "Dynamics 365 for Financials (2017): Created, On hold, Paid, Cancelled.",
            "BUSINESS_CENTRAL_V1": "Business Central API v1.0: Created, On hold, Paid, Cancelled and Draft.",
            "BUSINESS_CENTRAL_V2": "Business Central API v2.0: Draft, In Review, Open.",
            "NAVISION_SCHEMA": "The published JSON schema: Draft, In Review, Open, Released.",
            "FINANCE_OPERATIONS": "SalesStatus in Finance & Operations: from Open order to Canceled.",
        },
    ),
    DescribedEnum(
        ProblemCode,
        "The rule that a refused change violates.",
        {code.name: code.value for code in ProblemCode},
        name="UserErrorCode",
    ),
    DescribedEnum(
        TotalsRule,
        "The rule by which an amount of an order is calculated. RULES.md explains each with"
        " an example.",
        {rule.name: rule.value for rule in TotalsRule},
    ),
    DescribedEnum(
        ImportJobStatus,
        "The state of an import job.",
        {
            "STAGING": "The files are being read.",
            "APPLYING": "The rows are being applied, order by order.",
            "SUCCEEDED": "All rows have been applied.",
            "PARTIALLY_SUCCEEDED": "Some orders or records were refused. All others have been applied.",
            "FAILED": "Nothing has been applied.",
            "CANCELLED": "The job was stopped. Everything applied until then remains.",
        },
    ),
    DescribedEnum(
        ImportPolicy,
        "The rows that a bad row stops besides itself.",
        {
            "PER_ORDER": "A bad row stops its own order with all its lines, and nothing else.",
            "ATOMIC": "A bad row stops all other rows.",
        },
    ),
)
