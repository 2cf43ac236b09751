"""Calculates the totals of an order as described in RULES.md 2.6, as a pure function of its header and
lines.

Amounts are in the order's currency, percentages range from 0 to 100. R in the rules is `rounded` to the
currency's step. Nothing here depends on the history of an order: the same header and lines always have
the same totals, whatever the sequence of the lines in memory."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from itertools import groupby, repeat

from gateway.orders.amounts import (
    HUNDRED,
    ONE,
    ZERO,
    LineTotals,
    PricedLine,
    Terms,
    Totals,
)
from gateway.orders.apportionment import apportion, apportion_percent
from gateway.orders.explanation import (
    Note,
    Trace,
    explain,
    explain_group_tax,
    part_of_group,
    part_of_order,
)
from gateway.orders.problems import plain
from gateway.orders.rounding import EXACT, PERCENT_STEP, PRICE_STEP, rounded
from gateway.storage.tables.sales_orders import LineRounding


def gross_amount(quantity: Decimal, unit_price: Decimal, step: Decimal) -> Decimal:
    """R(quantity x price), RULES.md 2.1."""
    return rounded(EXACT.multiply(quantity, unit_price), ONE, step)


def line_discount(
    quantity: Decimal,
    unit_price: Decimal,
    percent: Decimal,
    step: Decimal,
    line_rounding: LineRounding,
) -> Decimal:
    """The discount amount of a percentage on a line, rounded in one step or in two (RULES.md 2.2)."""
    if not percent:
        return ZERO
    gross = gross_amount(quantity, unit_price, step)
    if line_rounding is LineRounding.TWO_STEP:
        return rounded(EXACT.multiply(gross, percent), HUNDRED, step)
    remaining = EXACT.multiply(EXACT.multiply(quantity, unit_price), HUNDRED - percent)
    return EXACT.subtract(gross, rounded(remaining, HUNDRED, step))


def discount_percent_of(discount_amount: Decimal, gross: Decimal) -> Decimal:
    """The percentage of a discount entered as an amount; 0 if there is nothing to discount (RULES.md
    2.2)."""
    if not gross:
        return ZERO
    return rounded(EXACT.multiply(discount_amount, HUNDRED), gross, PERCENT_STEP)


def price_with_tax(unit_price: Decimal, tax_percent: Decimal) -> Decimal:
    return rounded(EXACT.multiply(unit_price, HUNDRED + tax_percent), HUNDRED, PRICE_STEP)


def price_without_tax(unit_price: Decimal, tax_percent: Decimal) -> Decimal:
    return rounded(EXACT.multiply(unit_price, HUNDRED), HUNDRED + tax_percent, PRICE_STEP)


def discount_base(lines: Iterable[PricedLine], terms: Terms) -> Decimal:
    """The sum of the lines that share in the header discount. The discount has the same sign and is at
    most as large (RULES.md 2.5)."""
    with localcontext(EXACT):
        return sum((_line_amount(line, terms) for line in lines if line.takes_discount), ZERO)


def header_discount(lines: Iterable[PricedLine], terms: Terms) -> Decimal:
    """The header discount as an amount: as entered, or its percentage of each group, added up."""
    if terms.discount_percent is None:
        return terms.discount_amount
    with localcontext(EXACT):
        ordered = sorted(lines, key=lambda line: line.sequence)
        amounts = [_line_amount(line, terms) for line in ordered]
        groups = _groups(ordered, amounts)
        return sum(_group_shares(terms, _bases(groups, ordered, amounts)), ZERO)


def derive(terms: Terms, lines: Iterable[PricedLine], trace: Trace | None = None) -> Totals:
    """The totals of an order whose header discount is at most its `discount_base`; a `trace` gets
    every step on the way."""
    with localcontext(EXACT):
        ordered = sorted(lines, key=lambda line: line.sequence)
        entered = [_gross_and_discount(line, terms) for line in ordered]
        amounts = [gross - discount for gross, discount in entered]
        groups = _groups(ordered, amounts)
        allocations = _allocate(terms, groups, ordered, amounts, trace)
        net = [amount - share for amount, share in zip(amounts, allocations, strict=True)]
        taxes = _group_taxes(groups, ordered, net, terms, trace, carries=not any(allocations))
        derived = tuple(map(_line_totals, ordered, entered, allocations, taxes, repeat(terms)))
        excluding = sum((line.net_amount for line in derived), ZERO)
        including = sum((line.net_amount_including_tax for line in derived), ZERO)
        discount = sum(allocations, ZERO) if any(allocations) else header_discount(ordered, terms)
        totals = Totals(discount, excluding, including - excluding, including, derived)
        if trace is not None:
            explain(trace, terms, ordered, totals)
        return totals


def _line_discount(line: PricedLine, terms: Terms) -> Decimal:
    if line.discount_amount is not None:
        return rounded(line.discount_amount, ONE, terms.step)
    return line_discount(
        line.quantity, line.unit_price, line.discount_percent, terms.step, terms.line_rounding
    )


def _gross_and_discount(line: PricedLine, terms: Terms) -> tuple[Decimal, Decimal]:
    gross = gross_amount(line.quantity, line.unit_price, terms.step)
    return gross, _line_discount(line, terms)


def _line_amount(line: PricedLine, terms: Terms) -> Decimal:
    gross, discount = _gross_and_discount(line, terms)
    return gross - discount


def is_credit(amounts: Sequence[Decimal]) -> bool:
    """Whether line amounts, by sequence, make a credit: their sum is negative, or it is zero and the
    first amount that is not zero is negative (RULES.md 2.6)."""
    total = sum(amounts, ZERO)
    return total < ZERO or (not total and next(filter(None, amounts), ZERO) < ZERO)


def _groups(lines: Sequence[PricedLine], amounts: Sequence[Decimal]) -> list[list[int]]:
    """Indexes of lines by tax code and sign, negative before positive (RULES.md 2.6).

    In a credit, positive comes before negative: rounding treats both signs alike, so every amount of a
    credit then equals that of the mirrored sale with the opposite sign. A line keeps the percentage
    that its tax code had when the line was written, so a code that has changed since has a group for
    each percentage."""
    sign = -1 if is_credit(amounts) else 1

    def key(index: int) -> tuple[str, Decimal, bool]:
        return lines[index].tax_code, lines[index].tax_percent, sign * amounts[index] >= 0

    return [list(group) for _, group in groupby(sorted(range(len(lines)), key=key), key)]


def _allocate(
    terms: Terms,
    groups: Sequence[Sequence[int]],
    lines: Sequence[PricedLine],
    amounts: Sequence[Decimal],
    trace: Trace | None,
) -> list[Decimal]:
    """Each line's share of the header discount: first by group, then by line within its group."""
    allocations = [ZERO] * len(lines)
    eligible = [[index for index in group if lines[index].takes_discount] for group in groups]
    bases = _bases(groups, lines, amounts)
    discount = terms.discount_amount if terms.discount_percent is None else terms.discount_percent
    note = None
    if discount and trace is not None:
        names = [_group_name(lines[group[0]], amounts[group[0]]) for group in groups]
        note = part_of_order(trace, names)
    for group, share in zip(eligible, _group_shares(terms, bases, note), strict=True):
        note = part_of_group(trace, "allocation", [lines[index].sequence for index in group])
        weights = [amounts[index] for index in group]
        parts = apportion(share, weights, terms.step, note if share else None)
        for index, part in zip(group, parts, strict=True):
            allocations[index] = part
    return allocations


def _bases(
    groups: Sequence[Sequence[int]], lines: Sequence[PricedLine], amounts: Sequence[Decimal]
) -> list[Decimal]:
    """The sum of the lines in each group that share in the header discount."""
    return [
        sum((amounts[index] for index in group if lines[index].takes_discount), ZERO)
        for group in groups
    ]


def _group_shares(
    terms: Terms, bases: Sequence[Decimal], note: Note | None = None
) -> list[Decimal]:
    """Each group's share of the header discount: the percentage of the group, or a part of the
    amount."""
    if terms.discount_percent is None:
        return apportion(terms.discount_amount, bases, terms.step, note)
    return apportion_percent(terms.discount_percent, bases, terms.step, note)


def _group_taxes(
    groups: Sequence[Sequence[int]],
    lines: Sequence[PricedLine],
    net: Sequence[Decimal],
    terms: Terms,
    trace: Trace | None,
    *,
    carries: bool,
) -> list[Decimal]:
    """Each line's part of its group's tax.

    The remainder of rounding a group is carried to the next group, with the same tax code and the
    opposite sign, but only if prices exclude tax and no line shares in a header discount."""
    taxes = [ZERO] * len(lines)
    carry, carried_from = ZERO, None
    for group in groups:
        tax_code, percent = lines[group[0]].tax_code, lines[group[0]].tax_percent
        base = sum((net[index] for index in group), ZERO)
        if carried_from != (tax_code, percent):
            carry = ZERO
        carry_in = carry
        if terms.prices_include_tax:
            tax = rounded(base * percent, HUNDRED + percent, terms.step, terms.tax_rounding)
        else:
            exact = carry + base * percent / HUNDRED
            tax = rounded(exact, ONE, terms.step, terms.tax_rounding)
            carry, carried_from = (exact - tax if carries else ZERO), (tax_code, percent)
        if trace is not None:
            name = _group_name(lines[group[0]], base)
            explain_group_tax(trace, name, terms, base, percent, carry_in, tax)
        note = part_of_group(trace, "net_tax_amount", [lines[index].sequence for index in group])
        parts = apportion(tax, [net[index] for index in group], terms.step, note)
        for index, part in zip(group, parts, strict=True):
            taxes[index] = part
    return taxes


def _group_name(line: PricedLine, amount: Decimal) -> str:
    sign = "negative lines" if amount < 0 else "lines"
    return f"{sign} of tax code {line.tax_code or '(none)'} at {plain(line.tax_percent)} %"


def _line_totals(
    line: PricedLine,
    entered: tuple[Decimal, Decimal],
    allocation: Decimal,
    tax: Decimal,
    terms: Terms,
) -> LineTotals:
    """The totals of a line with this gross amount and discount."""
    gross, discount = entered
    amount = gross - discount
    remaining = amount - allocation
    with_tax = HUNDRED + line.tax_percent
    if terms.prices_include_tax:
        excluding, including = rounded(amount * HUNDRED, with_tax, terms.step), amount
        net, net_including = remaining - tax, remaining
    else:
        excluding, including = amount, rounded(amount * with_tax, HUNDRED, terms.step)
        net, net_including = remaining, remaining + tax
    return LineTotals(
        sequence=line.sequence,
        gross_amount=gross,
        discount_amount=discount,
        line_amount=amount,
        amount_excluding_tax=excluding,
        total_tax_amount=including - excluding,
        amount_including_tax=including,
        allocation=allocation,
        invoice_discount_allocation=excluding - net if allocation else ZERO,
        net_amount=net,
        net_tax_amount=tax,
        net_amount_including_tax=net_including,
    )
