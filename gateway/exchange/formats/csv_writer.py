"""Writes rows of values as CSV."""

import csv
import datetime as dt
import io
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any

from gateway.exchange.formats.formulas import escape_formula
from gateway.orders.problems import plain


def csv_rows(rows: Iterable[Iterable[Any]]) -> bytes:
    """The rows in UTF-8, comma-separated, with each value written as `csv_cell` writes it."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(map(csv_cell, row) for row in rows)
    return buffer.getvalue().encode()


def csv_cell(value: Any) -> str:
    """The text of a value: empty for None, Yes or No for a bool, a member's name for an enum, an ISO
    date. Text that a spreadsheet would run as a formula is escaped."""
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case Decimal():
            return plain(value)
        case Enum():
            return value.name
        case dt.date():
            return value.isoformat()
        case _:
            return escape_formula(str(value))
