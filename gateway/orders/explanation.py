"""Explains step by step how the totals of an order were calculated, for accountants.

`totals.derive` records the steps while it calculates. This module writes their formulas. Amounts have
the names of their columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from gateway.orders.amounts import (
    HUNDRED,
    ZERO,
    LineTotals,
    PricedLine,
    Terms,
    Totals,
)
from gateway.orders.problems import plain
from gateway.orders.rounding import EXACT, Direction, rounded
from gateway.storage.tables.sales_orders import LineRounding

Note = Callable[[int, str, Decimal], None]
"""Records one part of a whole: its position, its formula and its amount."""


class TotalsRule(Enum):
    """A rule by which an amount is derived. The value describes it in the schema."""

    GROSS_AMOUNT = "Quantity times unit price (RULES.md 2.1)."
    LINE_DISCOUNT = "The discount of a line, derived from its percentage or entered as an amount (RULES.md 2.2)."
    LINE_AMOUNT = (
        "The amount of a line before the header discount, with and without tax (RULES.md 2.3)."
    )
    HEADER_DISCOUNT_AMOUNT = "The header discount as it was entered, or none (RULES.md 2.5)."
    HEADER_DISCOUNT_PERCENT = (
        "The header discount as a percentage of the lines that share in it (RULES.md 2.5)."
    )
    DISCOUNT_OF_GROUP = (
        "The share of a group of lines in the header discount; the remainder of the rounding is"
        " carried to the next group (RULES.md 2.5)."
    )
    DISCOUNT_OF_LINE = (
        "The share of a line in the header discount of its group; a remaining step goes to"
        " the line at which the running total crosses a half (RULES.md 2.5)."
    )
    TAX_OF_GROUP = (
        "The tax on the lines with the same tax code, percentage and sign (RULES.md 2.6)."
    )
    TAX_OF_LINE = (
        "The share of a line in the tax on its group; a remaining step goes to the line at which the"
        " running total crosses a half (RULES.md 2.6)."
    )
    NET_AMOUNT = (
        "The amount of a line after the header discount, with and without tax (RULES.md 2.4)."
    )
    DISCOUNT_WITHOUT_TAX = "The share of a line in the header discount, without tax (RULES.md 2.4)."
    ORDER_TOTAL = "A total of the order: the sum over its lines (RULES.md 2.4)."


@dataclass(frozen=True)
class CalculationStep:
    """One amount of the line with this sequence; if that is None, of the order or of the lines of
    `group`."""

    sequence: int | None
    amount: str
    rule: TotalsRule
    formula: str
    rounding: str | None
    result: Decimal
    group: str | None = None


DIRECTIONS = {
    Direction.NEAREST: "half away from zero",
    Direction.UP: "away from zero",
    Direction.DOWN: "towards zero",
}

PART_RULES = {
    "allocation": TotalsRule.DISCOUNT_OF_LINE,
    "net_tax_amount": TotalsRule.TAX_OF_LINE,
}
"""The rule for a line's part of an amount of its group."""


class Trace:
    """The steps in the order in which they were taken."""

    def __init__(self, terms: Terms) -> None:
        self.steps: list[CalculationStep] = []
        self.nearest = f"to {plain(terms.step)}, {DIRECTIONS[Direction.NEAREST]}"
        self.tax = f"to {plain(terms.step)}, {DIRECTIONS[terms.tax_rounding]}"

    def note(
        self,
        sequence: int | None,
        amount: str,
        rule: TotalsRule,
        formula: str,
        result: Decimal,
        rounding: str | None = None,
        group: str | None = None,
    ) -> None:
        self.steps.append(CalculationStep(sequence, amount, rule, formula, rounding, result, group))


def formula(text: str, *numbers: Decimal) -> str:
    """`text` with plain numbers in its placeholders."""
    return text.format(*(plain(number) for number in numbers))


def part_of_order(trace: Trace | None, names: Sequence[str]) -> Note | None:
    """Notes each group's share of the header discount."""
    if trace is None:
        return None
    steps = trace

    def note(place: int, text: str, part: Decimal) -> None:
        rule = TotalsRule.DISCOUNT_OF_GROUP
        steps.note(None, "discount_of_group", rule, text, part, steps.nearest, names[place])

    return note


def part_of_group(trace: Trace | None, amount: str, sequences: Sequence[int]) -> Note | None:
    """Notes each line's part of an amount of its group."""
    if trace is None:
        return None
    steps = trace

    def note(place: int, text: str, part: Decimal) -> None:
        steps.note(sequences[place], amount, PART_RULES[amount], text, part, steps.nearest)

    return note


def explain_group_tax(
    trace: Trace,
    name: str,
    terms: Terms,
    base: Decimal,
    percent: Decimal,
    carry: Decimal,
    tax: Decimal,
) -> None:
    if terms.prices_include_tax:
        text = formula("{} − {} ÷ (1 + {} %)", base, base, percent)
    elif carry:
        text = formula("{} × {} % + {} carried", base, percent, carry)
    else:
        text = formula("{} × {} %", base, percent)
    trace.note(None, "tax_of_group", TotalsRule.TAX_OF_GROUP, text, tax, trace.tax, name)


def explain(trace: Trace, terms: Terms, lines: Sequence[PricedLine], totals: Totals) -> None:
    """Complete the steps of `trace`: lines before the discount come first, amounts that follow from the
    parts last."""
    parts, trace.steps = trace.steps, []
    for line, derived in zip(lines, totals.lines, strict=True):
        _explain_line(trace, terms, line, derived)
    groups = [step for step in parts if step.amount == "discount_of_group"]
    trace.steps += groups
    _explain_discount(trace, terms, lines, totals, [plain(step.result) for step in groups])
    trace.steps += [step for step in parts if step.amount != "discount_of_group"]
    noted = {(step.sequence, step.amount) for step in parts}
    for derived in totals.lines:
        for amount, result in (
            ("allocation", derived.allocation),
            ("net_tax_amount", derived.net_tax_amount),
        ):
            if (derived.sequence, amount) not in noted:
                text = "the line takes no part"
                trace.note(derived.sequence, amount, PART_RULES[amount], text, result)
        _explain_net(trace, terms, derived)
    _explain_totals(trace, totals)


def _explain_line(trace: Trace, terms: Terms, line: PricedLine, derived: LineTotals) -> None:
    text = formula("{} × {}", line.quantity, line.unit_price)
    rule = TotalsRule.GROSS_AMOUNT
    trace.note(line.sequence, "gross_amount", rule, text, derived.gross_amount, trace.nearest)
    own = "amount_including_tax" if terms.prices_include_tax else "amount_excluding_tax"
    one_step = _one_step(terms, line, derived)
    if one_step is not None:
        _note_amount(trace, line.sequence, own, one_step, derived.line_amount, trace.nearest)
    _explain_line_discount(trace, terms, line, derived, one_step)
    if one_step is None:
        text = formula("{} − {}", derived.gross_amount, derived.discount_amount)
        _note_amount(trace, line.sequence, own, text, derived.line_amount, None)
    _explain_line_tax(trace, terms, line, derived)


def _one_step(terms: Terms, line: PricedLine, derived: LineTotals) -> str | None:
    """The formula of a line amount that is derived from the percentage and rounded once."""
    if terms.line_rounding is LineRounding.TWO_STEP or not line.discount_percent:
        return None
    exact = EXACT.multiply(line.quantity, line.unit_price)
    remaining = EXACT.multiply(exact, HUNDRED - line.discount_percent)
    if rounded(remaining, HUNDRED, terms.step) != derived.line_amount:
        return None
    text = "{} × {} × (1 − {} %)"
    return formula(text, line.quantity, line.unit_price, line.discount_percent)


def _explain_line_discount(
    trace: Trace, terms: Terms, line: PricedLine, derived: LineTotals, one_step: str | None
) -> None:
    gross, discount = derived.gross_amount, derived.discount_amount
    by_percent = rounded(EXACT.multiply(gross, line.discount_percent), HUNDRED, terms.step)
    rounding: str | None = trace.nearest
    if one_step is not None:
        text, rounding = formula("{} − {}", gross, derived.line_amount), None
    elif by_percent == discount:
        text = formula("{} % of {}", line.discount_percent, gross)
    else:
        text = "entered as an amount"
    rule = TotalsRule.LINE_DISCOUNT
    trace.note(line.sequence, "discount_amount", rule, text, discount, rounding)


def _explain_line_tax(trace: Trace, terms: Terms, line: PricedLine, derived: LineTotals) -> None:
    excluding, including = derived.amount_excluding_tax, derived.amount_including_tax
    if terms.prices_include_tax:
        text = formula("{} ÷ (1 + {} %)", including, line.tax_percent)
        _note_amount(trace, line.sequence, "amount_excluding_tax", text, excluding, trace.nearest)
    else:
        text = formula("{} × (1 + {} %)", excluding, line.tax_percent)
        _note_amount(trace, line.sequence, "amount_including_tax", text, including, trace.nearest)
    text = formula("{} − {}", including, excluding)
    _note_amount(trace, line.sequence, "total_tax_amount", text, derived.total_tax_amount, None)


def _note_amount(
    trace: Trace, sequence: int, amount: str, text: str, result: Decimal, rounding: str | None
) -> None:
    trace.note(sequence, amount, TotalsRule.LINE_AMOUNT, text, result, rounding)


def _explain_discount(
    trace: Trace, terms: Terms, lines: Sequence[PricedLine], totals: Totals, shares: Sequence[str]
) -> None:
    rule = TotalsRule.HEADER_DISCOUNT_AMOUNT
    text = "entered as an amount" if totals.discount_amount else "none entered"
    rounding: str | None = trace.nearest
    if terms.discount_percent is not None:
        pairs = zip(lines, totals.lines, strict=True)
        base = sum((derived.line_amount for line, derived in pairs if line.takes_discount), ZERO)
        rule = TotalsRule.HEADER_DISCOUNT_PERCENT
        text = formula("{} % of {}", terms.discount_percent, base)
        whole = rounded(EXACT.multiply(terms.discount_percent, base), HUNDRED, terms.step)
        if whole != totals.discount_amount:
            text, rounding = " + ".join(shares), None
    trace.note(None, "discount_amount", rule, text, totals.discount_amount, rounding)


def _explain_net(trace: Trace, terms: Terms, line: LineTotals) -> None:
    rule = TotalsRule.NET_AMOUNT
    excluding, including = line.amount_excluding_tax, line.amount_including_tax
    share, tax = line.allocation, line.net_tax_amount
    if terms.prices_include_tax:
        net = formula("{} − {} − {}", including, share, tax)
        whole = formula("{} − {}", including, share)
    else:
        net = formula("{} − {}", excluding, share)
        whole = formula("{} + {}", line.net_amount, tax)
    trace.note(line.sequence, "net_amount", rule, net, line.net_amount)
    trace.note(
        line.sequence, "net_amount_including_tax", rule, whole, line.net_amount_including_tax
    )
    text = formula("{} − {}", excluding, line.net_amount) if share else "no share"
    trace.note(
        line.sequence,
        "invoice_discount_allocation",
        TotalsRule.DISCOUNT_WITHOUT_TAX,
        text,
        line.invoice_discount_allocation,
    )


def _explain_totals(trace: Trace, totals: Totals) -> None:
    rule = TotalsRule.ORDER_TOTAL
    net = " + ".join(plain(line.net_amount) for line in totals.lines) or "no lines"
    whole = " + ".join(plain(line.net_amount_including_tax) for line in totals.lines) or "no lines"
    excluding, including = totals.total_amount_excluding_tax, totals.total_amount_including_tax
    trace.note(None, "total_amount_excluding_tax", rule, net, excluding)
    trace.note(None, "total_amount_including_tax", rule, whole, including)
    text = formula("{} − {}", including, excluding)
    trace.note(None, "total_tax_amount", rule, text, totals.total_tax_amount)
