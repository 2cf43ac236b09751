"""The enums of the schema: those of storage and of the rules, with a description for each value."""

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
from gateway.storage.tables.reference_data import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderStatus


@dataclass(frozen=True)
class DescribedEnum:
    """An enum of the schema, and what its description says of the whole and of each value."""

    members: type[Enum]
    description: str
    values: Mapping[str, str]
    name: str | None = None


def describe_enums(enums: Iterable[DescribedEnum]) -> None:
    """Make GraphQL enums. Strawberry may have done so without a description when it met one as the
    type of a field, so its definition is completed and not replaced."""
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
        SalesOrderStatus,
        "Where an order stands in its life.",
        {
            "DRAFT": "Being written; everything may change.",
            "IN_REVIEW": "Waiting for approval; nothing may change.",
            "OPEN": "Accepted, and not yet free to ship.",
            "RELEASED": "Free to ship and to invoice.",
            "INVOICED": "Shipped and invoiced in full.",
            "PAID": "Paid in full; this is final.",
            "CANCELLED": "Given up before anything was shipped; this is final.",
        },
    ),
    DescribedEnum(
        SalesOrderLineType,
        "What a line sells.",
        {
            "COMMENT": "Nothing: text between the other lines.",
            "ACCOUNT": "An amount that is posted to a general-ledger account.",
            "ITEM": "A quantity of an item.",
            "RESOURCE": "Time of a person or a machine.",
            "FIXED_ASSET": "A fixed asset of the company.",
            "CHARGE": "A charge such as freight.",
        },
    ),
    DescribedEnum(
        TaxRounding,
        "The direction in which a currency rounds tax.",
        {
            "NEAREST": "To the nearest step, the half away from zero.",
            "UP": "Away from zero.",
            "DOWN": "Toward zero.",
        },
    ),
    DescribedEnum(
        CustomerType,
        "Whether a customer is an organisation.",
        {"COMPANY": "An organisation.", "PERSON": "A private person."},
    ),
    DescribedEnum(
        CustomerBlocked,
        "Which business with a customer is stopped.",
        {
            "NONE": "None: orders are welcome.",
            "SHIP": "New orders and shipments.",
            "INVOICE": "New orders, shipments and invoices.",
            "ALL": "Everything.",
        },
    ),
    DescribedEnum(
        ItemType,
        "How an item is kept.",
        {
            "INVENTORY": "In stock, by quantity.",
            "SERVICE": "Not at all: it is work.",
            "NON_INVENTORY": "As goods whose stock is not counted.",
        },
    ),
    DescribedEnum(
        AccountType,
        "The place of an account in the chart of accounts.",
        {
            "POSTING": "Takes amounts; the only type that a line can name.",
            "HEADING": "A headline.",
            "TOTAL": "The total of other accounts.",
            "BEGIN_TOTAL": "The first line of a totalled range.",
            "END_TOTAL": "The last line of a totalled range, with its total.",
        },
    ),
    DescribedEnum(
        LineObjectKind,
        "What a line object is.",
        {
            "RESOURCE": "A person or a machine whose time is sold.",
            "FIXED_ASSET": "Something that the company owns, such as a van.",
            "CHARGE": "A charge such as freight.",
        },
    ),
    DescribedEnum(
        StatusVocabulary,
        "A system whose words for a status can be asked for.",
        {
            "FINANCIALS_2017": "Dynamics 365 for Financials of 2017: Created, On hold, Paid, Cancelled.",
            "BUSINESS_CENTRAL_V1": "API v1.0 of Business Central: the same and Draft.",
            "BUSINESS_CENTRAL_V2": "API v2.0 of Business Central: Draft, In Review, Open.",
            "NAVISION_SCHEMA": "The published JSON schema: Draft, In Review, Open, Released.",
            "FINANCE_OPERATIONS": "SalesStatus of Finance & Operations: Open order to Canceled.",
        },
    ),
    DescribedEnum(
        ProblemCode,
        "The rule that a refused change breaks.",
        {code.name: code.value for code in ProblemCode},
        name="UserErrorCode",
    ),
    DescribedEnum(
        TotalsRule,
        "The rule by which an amount of an order is derived; RULES.md has it with an example.",
        {rule.name: rule.value for rule in TotalsRule},
    ),
    DescribedEnum(
        ImportJobStatus,
        "How far an import job is.",
        {
            "STAGING": "Its files are being read.",
            "APPLYING": "Its rows are being applied, order by order.",
            "SUCCEEDED": "All rows are applied.",
            "PARTIALLY_SUCCEEDED": "Some orders or records are refused, all others are applied.",
            "FAILED": "Nothing is applied.",
            "CANCELLED": "It was stopped; what was applied until then stays.",
        },
    ),
    DescribedEnum(
        ImportPolicy,
        "What one bad row of an import takes down with it.",
        {
            "PER_ORDER": "Its order with all lines, and nothing else.",
            "ATOMIC": "Everything.",
        },
    ),
)
