"""The one place where money is rounded."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from enum import StrEnum

EXACT = Context(prec=50)
"""Enough digits for the product of any two stored numbers and its share of a total."""

PRICE_STEP = Decimal("0.00001")
PERCENT_STEP = Decimal("0.00001")


class Direction(StrEnum):
    """The direction in which a value between two steps is rounded (RULES.md 2.0)."""

    NEAREST = ROUND_HALF_UP
    UP = ROUND_UP
    DOWN = ROUND_DOWN


def rounded(
    dividend: Decimal,
    divisor: Decimal,
    step: Decimal,
    direction: Direction = Direction.NEAREST,
) -> Decimal:
    """The quotient rounded to a multiple of `step`; NEAREST rounds halves away from zero.

    The division is exact, so that ties are recognised: never add up quotients before rounding them."""
    steps = EXACT.divide(dividend, EXACT.multiply(divisor, step))
    return EXACT.multiply(steps.to_integral_value(rounding=direction), step)
