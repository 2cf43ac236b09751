"""Divides an amount among groups or lines without losing or gaining a step (RULES.md 2.5)."""

from collections.abc import Sequence
from decimal import Decimal

from gateway.orders.amounts import HUNDRED, ZERO
from gateway.orders.explanation import Note, formula
from gateway.orders.rounding import rounded


def apportion(
    total: Decimal, weights: Sequence[Decimal], step: Decimal, note: Note | None = None
) -> list[Decimal]:
    """`total` divided in proportion to `weights`, into multiples of `step`.

    The unrounded remainder is carried from part to part, so the odd step goes to the part where the
    running sum crosses a half (RULES.md 2.5); a weight of 0 gets nothing. Each part is the exact
    running share minus the parts before it."""
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO] * len(weights)
    parts = []
    weighed = allocated = ZERO
    for place, weight in enumerate(weights):
        if not weight:
            parts.append(ZERO)
            continue
        weighed += weight
        part = rounded(total * weighed - allocated * whole, whole, step)
        if note is not None:
            text = "{} × {} ÷ {} − {} already allocated" if allocated else "{} × {} ÷ {}"
            note(place, formula(text, total, weighed, whole, allocated), part)
        allocated += part
        parts.append(part)
    return parts


def apportion_percent(
    percent: Decimal, bases: Sequence[Decimal], step: Decimal, note: Note | None = None
) -> list[Decimal]:
    """`percent` of each base, with the unrounded remainder carried over (RULES.md 2.5, kind
    percent)."""
    parts = []
    summed = allocated = ZERO
    for place, base in enumerate(bases):
        summed += base
        part = rounded(percent * summed - allocated * HUNDRED, HUNDRED, step) if base else ZERO
        if base and note is not None:
            text = "{} % of {} − {} already allocated" if allocated else "{} % of {}"
            note(place, formula(text, percent, summed, allocated), part)
        allocated += part
        parts.append(part)
    return parts
