"""RULES.md 4.2 and 4.10 match the declared fields."""

import re
from collections.abc import Mapping

import pytest
from strawberry.utils.str_converters import to_camel_case

from gateway.orders.editability import COMMENTS
from gateway.orders.fields import HEADER, LINE, WHILE_DRAFT, Field, Until
from gateway.storage.tables.sales_orders import SalesOrderStatus
from tests.support.rules import RULES, tables

ROWS = [row for row in tables(RULES.read_text(encoding="utf-8"), "of") if "DRAFT" in row]
PARTS = {"the order": HEADER, "a line that sells": LINE}


def statuses(row: Mapping[str, str]) -> tuple[SalesOrderStatus, ...]:
    """The statuses with "yes" in a row."""
    assert {row[status.name] for status in SalesOrderStatus} <= {"yes", ""}
    return tuple(status for status in SalesOrderStatus if row[status.name] == "yes")


def values(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields of a patch of the API."""
    return {
        name: field
        for name, field in fields.items()
        if not field.is_import_only and field.until is not Until.CREATED
    }


@pytest.mark.parametrize("part", PARTS)
def test_the_table_of_statuses_matches_the_declared_fields(part: str) -> None:
    stated = [
        (name, statuses(row))
        for row in ROWS
        if row["of"] == part
        for name in re.findall(r"\w+", row["may change"])
    ]
    declared = {to_camel_case(name): field.statuses for name, field in values(PARTS[part]).items()}
    assert len(stated) == len(dict(stated))
    assert dict(stated) == declared


def test_the_table_of_statuses_covers_lines_and_comments() -> None:
    others = {row["of"]: statuses(row) for row in ROWS if row["of"] not in PARTS}
    assert others == {"the lines that sell": WHILE_DRAFT, "comments": COMMENTS}
