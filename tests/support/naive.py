"""A naive oracle for sales-order totals that deliberately shares nothing with gateway.

It follows RULES.md 2.0 to 2.6 line by line, in exact fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

ZERO = Fraction(0)
HALF = Fraction(1, 2)
PERCENT_STEP = Fraction(1, 100_000)
TAKES_HEADER_DISCOUNT = {"ITEM", "RESOURCE"}  # account, fixed asset and charge lines do not (2.5)

GroupKey = tuple[str, Fraction, int]  # tax code, tax percent, sign: 0 negative, 1 positive


@dataclass
class Line:
    """One line while it is computed; the fractions are its figures, all 0 on a comment line."""

    sequence: int
    key: GroupKey = ("", ZERO, 1)
    eligible: bool = False  # type not comment, quantity not 0, unit price not 0 (2.5 step 1)
    takes_share: bool = False
    gross_amount: Fraction = ZERO
    discount_amount: Fraction = ZERO
    discount_percent: Fraction = ZERO
    line_amount: Fraction = ZERO
    amount_excluding_tax: Fraction = ZERO
    total_tax_amount: Fraction = ZERO
    amount_including_tax: Fraction = ZERO
    raw_allocation: Fraction = ZERO
    invoice_discount_allocation: Fraction = ZERO
    net_amount: Fraction = ZERO
    net_tax_amount: Fraction = ZERO
    net_amount_including_tax: Fraction = ZERO


def round_to(value: Fraction, step: Fraction, direction: str = "NEAREST") -> Fraction:
    """2.0: half away from zero, away from zero (UP) or towards zero (DOWN), on the quotient."""
    quotient = abs(value) / step
    whole = {"NEAREST": floor(quotient + HALF), "UP": ceil(quotient), "DOWN": floor(quotient)}
    return whole[direction] * step * (1 if value >= 0 else -1)


def to_decimal(value: Fraction) -> Decimal:
    """Return the exact decimal of a fraction that has one."""
    places = next(n for n in range(100) if (value * 10**n).denominator == 1)
    return Decimal(f"{(value * 10**places).numerator}E-{places}")


def read_line(
    raw: dict[str, Any], step: Fraction, prices_include_tax: bool, *, one_step: bool = False
) -> Line:
    """2.1 gross and line amount, 2.2 line discount, 2.3 amounts before the header discount."""
    line = Line(sequence=raw["sequence"])
    if raw["line_type"] == "COMMENT":
        return line
    quantity, unit_price = Fraction(raw["quantity"]), Fraction(raw["unit_price"])
    line.eligible = quantity != 0 and unit_price != 0
    flag = raw["line_type"] in TAKES_HEADER_DISCOUNT and raw["allow_invoice_discount"]
    line.takes_share = line.eligible and flag
    # 2.1, 2.2
    gross = line.gross_amount = round_to(quantity * unit_price, step)
    if raw["discount_amount"] is not None:
        line.discount_amount = round_to(Fraction(raw["discount_amount"]), step)
        if gross != 0:
            line.discount_percent = round_to(line.discount_amount / gross * 100, PERCENT_STEP)
    else:
        line.discount_percent = Fraction(raw["discount_percent"] or 0)
        if one_step:  # 2.2: the line amount is rounded once, and the discount is the rest
            left = quantity * unit_price * (100 - line.discount_percent) / 100
            line.discount_amount = gross - round_to(left, step)
        else:
            line.discount_amount = round_to(gross * line.discount_percent / 100, step)
    if not line.eligible:  # 2.6: "zero-quantity, zero-price ... all amounts 0"
        line.discount_amount = ZERO
    line.line_amount = gross - line.discount_amount
    # 2.3
    t = Fraction(raw["tax_percent"]) / 100
    if prices_include_tax:
        line.amount_excluding_tax = round_to(line.line_amount / (1 + t), step)
        line.amount_including_tax = line.line_amount
    else:
        line.amount_excluding_tax = line.line_amount
        line.amount_including_tax = round_to(line.line_amount * (1 + t), step)
    line.total_tax_amount = line.amount_including_tax - line.amount_excluding_tax
    # 2.6
    line.key = (raw["tax_code"] or "", t * 100, 0 if line.line_amount < 0 else 1)
    return line


def group_lines(lines: list[Line]) -> dict[GroupKey, list[Line]]:
    """2.6: groups in key order; the lines come, and stay, in sequence order."""
    groups: dict[GroupKey, list[Line]] = {}
    for line in lines:
        if line.eligible:
            groups.setdefault(line.key, []).append(line)
    return dict(sorted(groups.items()))


def base_of(lines: list[Line]) -> Fraction:
    """2.5 step 2: the sum of the line amounts that take a share of the header discount."""
    return sum((line.line_amount for line in lines if line.takes_share), ZERO)


def header_discount(order: dict[str, Any], lines: list[Line], step: Fraction) -> Fraction:
    """2.5: a percent of the base, or an amount with the sign of the base and at most its size. An
    amount that was there before outlives the last line (2.9)."""
    base = base_of(lines)
    if order["discount_percent"] is not None:
        return round_to(Fraction(order["discount_percent"]) * base / 100, step)
    discount = round_to(Fraction(order["discount_amount"] or 0), step)
    is_outlived = not lines and order.get("is_kept", False)
    if discount and not is_outlived and not (base and 0 < discount / base <= 1):
        raise ValueError(f"header discount {discount} does not fit its base {base}")
    return discount


def distribute(order: dict[str, Any], groups: dict[GroupKey, list[Line]], step: Fraction) -> None:
    """2.5: rolling remainder over the groups, then over the lines of each."""
    total_base = sum((base_of(lines) for lines in groups.values()), ZERO)
    group_rem = ZERO
    for lines in groups.values():
        base = base_of(lines)
        if base == 0:  # nothing that can take a share
            continue
        if order["discount_percent"] is not None:
            group_rem += Fraction(order["discount_percent"]) / 100 * base
        else:
            amount = round_to(Fraction(order["discount_amount"] or 0), step)
            group_rem += amount * base / total_base if amount else ZERO
        share = round_to(group_rem, step)
        group_rem -= share
        rem = ZERO
        for line in lines:
            if line.takes_share and line.line_amount != 0:  # nothing takes no share
                rem += share * line.line_amount / base
                line.raw_allocation = round_to(rem, step)
                rem -= line.raw_allocation


def tax_group(
    lines: list[Line], with_tax: bool, carry: Fraction, step: Fraction, direction: str
) -> Fraction:
    """2.6 canonical path, one group; returns the unrounded remainder of its tax."""
    t = lines[0].key[1] / 100
    calc = sum((line.line_amount - line.raw_allocation for line in lines), ZERO)
    exact = calc - calc / (1 + t) if with_tax else carry + calc * t
    tax = round_to(exact, step, direction)
    incl = calc  # prices with tax; without tax it is the base that is calc
    carry_v = carry_i = ZERO
    for line in lines:
        c = line.line_amount - line.raw_allocation
        if calc == 0 or c == 0:  # nothing bears no tax
            line.net_amount = line.net_amount_including_tax = c
            continue
        v = carry_v + tax * c / calc
        if with_tax:
            i = carry_i + incl * c / calc
            line.net_amount = round_to(i, step) - round_to(v, step)
            line.net_amount_including_tax = round_to(i, step)
            carry_i = i - round_to(i, step)
            carry_v = v - i + line.net_amount
        else:
            line.net_amount = c
            line.net_amount_including_tax = line.net_amount + round_to(v, step)
            carry_v = v - round_to(v, step)
    return exact - tax


def is_credit(lines: list[Line]) -> bool:
    """2.6: the line amounts sum below zero, or to zero with a negative one first."""
    amounts = [line.line_amount for line in lines if line.line_amount != 0]
    return sum(amounts) < 0 or (sum(amounts) == 0 and bool(amounts) and amounts[0] < 0)


def mirrored(order: dict[str, Any]) -> dict[str, Any]:
    """The order with the signs of all quantities and of all discounts in money changed."""

    def minus(value: Any) -> Any:
        return None if value is None else -Fraction(value)

    lines = [
        {
            **raw,
            "quantity": minus(raw.get("quantity")),
            "discount_amount": minus(raw.get("discount_amount")),
        }
        for raw in order["lines"]
    ]
    return {**order, "discount_amount": minus(order["discount_amount"]), "lines": lines}


def with_signs_changed(totals: dict[str, Any]) -> dict[str, Any]:
    """Every amount of money with its other sign; percents and sequences stay."""

    def turned(values: dict[str, Any]) -> dict[str, Any]:
        stays = ("sequence", "discount_percent", "lines")
        return {k: v if k in stays or v == 0 else -v for k, v in values.items()}

    return {**turned(totals), "lines": [turned(line) for line in totals["lines"]]}


def naive_totals(order: dict[str, Any]) -> dict[str, Any]:
    """All figures of an order and its lines; ValueError if the header discount cannot be. Those of a
    credit are the figures of the sale that it mirrors, with their signs changed (2.6)."""
    lines = read_lines(order)
    if is_credit(lines):
        return with_signs_changed(sale_totals(mirrored(order)))
    return sale_totals(order)


def read_lines(order: dict[str, Any]) -> list[Line]:
    step = Fraction(order["step"])
    one_step = str(order.get("line_rounding", "TWO_STEP")) == "ONE_STEP"
    lines = [
        read_line(raw, step, order["prices_include_tax"], one_step=one_step)
        for raw in order["lines"]
    ]
    return sorted(lines, key=lambda line: line.sequence)


def sale_totals(order: dict[str, Any]) -> dict[str, Any]:
    """2.3 to 2.6 for an order whose lines do not sum below zero."""
    step = Fraction(order["step"])
    with_tax = order["prices_include_tax"]
    lines = read_lines(order)
    groups = group_lines(lines)
    discount = header_discount(order, lines, step)
    distribute(order, groups, step)
    is_shared = any(line.raw_allocation for line in lines)
    remainders: dict[GroupKey, Fraction] = {}
    for key, members in groups.items():
        # 2.6: the negative group's remainder goes into the positive group of the same identifier
        carry = ZERO
        if key[2] == 1 and not is_shared and not with_tax:
            carry = remainders.get((key[0], key[1], 0), ZERO)
        remainders[key] = tax_group(members, with_tax, carry, step, order["tax_rounding"])
    for line in lines:  # 2.4
        line.net_tax_amount = line.net_amount_including_tax - line.net_amount
        if line.raw_allocation != 0:
            line.invoice_discount_allocation = line.amount_excluding_tax - line.net_amount
    excluding = sum((line.net_amount for line in lines), ZERO)
    including = sum((line.net_amount_including_tax for line in lines), ZERO)
    shares = sum((line.raw_allocation for line in lines), ZERO)
    return {
        "discount_amount": to_decimal(shares if lines else discount),
        "total_amount_excluding_tax": to_decimal(excluding),
        "total_tax_amount": to_decimal(including - excluding),
        "total_amount_including_tax": to_decimal(including),
        "lines": [
            {"sequence": line.sequence}
            | {name: to_decimal(v) for name, v in vars(line).items() if isinstance(v, Fraction)}
            for line in lines
        ],
    }
