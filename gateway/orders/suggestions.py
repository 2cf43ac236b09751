"""Suggestions for a number or code that does not exist."""

import dataclasses
from collections.abc import Sequence
from difflib import get_close_matches

from gateway.orders.header import why_blocked
from gateway.orders.line_objects import why_closed
from gateway.orders.problems import Missing, Problem
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import AccountRow, CustomerRow, ItemRow, LineObjectRow
from gateway.storage.tables.reference_enums import LineObjectKind
from gateway.storage.writing import Writer

MOST_SEARCHES = 10
"""The number of problems of one refusal that get suggestions; more would make it slow."""

MOST_SUGGESTIONS = 3
LIKENESS = 0.5


async def with_suggestions(writer: Writer, problems: Sequence[Problem]) -> list[Problem]:
    """The problems; those about missing records get the nearest existing values as suggestions."""
    missing = [problem.missing for problem in problems if problem.missing is not None]
    searched = [each for each in dict.fromkeys(missing) if each.column != "id"][:MOST_SEARCHES]
    near = {each: await _nearest(writer, each) for each in searched}
    return [
        dataclasses.replace(problem, suggestions=near[problem.missing])
        if problem.missing in near
        else problem
        for problem in problems
    ]


async def _nearest(writer: Writer, missing: Missing) -> tuple[str, ...]:
    values = missing.among
    if values is None:
        rows = await writer.near(missing.model, missing.column, missing.value)
        values = tuple(getattr(row, missing.column) for row in rows if _would_do(row, missing.kind))
    candidates = {value.casefold(): value for value in values if value is not None}
    text = missing.value.casefold()
    nearest = get_close_matches(text, candidates, MOST_SUGGESTIONS, LIKENESS)
    return tuple(candidates[value] for value in nearest)


def _would_do(row: Base, kind: LineObjectKind | None) -> bool:
    """Whether a record is open for sales, and a line object also has the right kind."""
    match row:
        case CustomerRow():
            return why_blocked(row) is None
        case LineObjectRow():
            return row.kind is kind and why_closed(row) is None
        case ItemRow() | AccountRow():
            return why_closed(row) is None
    return True
