"""What a client may have meant by a number or code that there is not."""

import dataclasses
from collections.abc import Sequence
from difflib import get_close_matches

from gateway.orders.problems import Missing, Problem
from gateway.storage.writing import Writer

MOST_SEARCHES = 10
"""Of one refusal; further problems go without suggestions rather than make it slow."""

MOST_SUGGESTIONS = 3
LIKENESS = 0.5


async def with_suggestions(writer: Writer, problems: Sequence[Problem]) -> list[Problem]:
    """The problems, those about something missing with the nearest values that there are."""
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
    candidates = {
        value.casefold(): value
        for value in await writer.near(missing.model, missing.column, missing.value)
    }
    wanted = missing.value.casefold()
    alike = get_close_matches(wanted, candidates, MOST_SUGGESTIONS, LIKENESS)
    return tuple(candidates[value] for value in alike)
