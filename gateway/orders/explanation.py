"""How totals came about, step by step, for an accountant to follow.

`totals.derive` emits the steps while it computes; here they get their words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.orders.amounts import HUNDRED, ZERO, LineTotals, PricedLine, Terms, Totals
from gateway.orders.problems import plain
from gateway.orders.rounding import EXACT, Direction, rounded

Note = Callable[[int, str, Decimal], None]
"""Takes the place of a part, how it was computed, and the part."""


@dataclass(frozen=True)
class TotalsStep:
    """One amount: of the line with this sequence, or of the order or a group of lines for None."""

    sequence: int | None
    amount: str
    rule: str
    formula: str
    rounding: str | None
    result: Decimal


DIRECTIONS = {
    Direction.NEAREST: "the half away from zero",
    Direction.UP: "away from zero",
    Direction.DOWN: "toward zero",
}


class Trace:
    """The steps in the order in which they were taken."""

    def __init__(self, terms: Terms) -> None:
        self.steps: list[TotalsStep] = []
        self.nearest = f"to {plain(terms.step)}, {DIRECTIONS[Direction.NEAREST]}"
        self.tax = f"to {plain(terms.step)}, {DIRECTIONS[terms.tax_rounding]}"

    def note(
        self,
        sequence: int | None,
        amount: str,
        rule: str,
        formula: str,
        result: Decimal,
        rounding: str | None = None,
    ) -> None:
        self.steps.append(TotalsStep(sequence, amount, rule, formula, rounding, result))


def formula(text: str, *numbers: Decimal) -> str:
    """`text` with its placeholders filled with numbers as people write them."""
    return text.format(*(plain(number) for number in numbers))


def part_of_order(trace: Trace | None, names: Sequence[str]) -> Note | None:
    """Notes each group's share of the header discount."""
    if trace is None:
        return None
    steps = trace

    def note(place: int, text: str, part: Decimal) -> None:
        rule = f"2.5 share of the {names[place]}, with the remainder rolling on"
        steps.note(None, "discountOfGroup", rule, text, part, steps.nearest)

    return note


def part_of_group(trace: Trace | None, amount: str, sequences: Sequence[int]) -> Note | None:
    """Notes each line's part of what its group has."""
    if trace is None:
        return None
    steps = trace
    of = "header discount (2.5)" if amount == "allocation" else "tax (2.6)"

    def note(place: int, text: str, part: Decimal) -> None:
        rule = (
            f"Part of its group's {of}; the odd step falls where the running share crosses a half"
        )
        steps.note(sequences[place], amount, rule, text, part, steps.nearest)

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
    trace.note(None, "taxOfGroup", f"2.6 tax of the {name}", text, tax, trace.tax)


def explain(trace: Trace, terms: Terms, lines: Sequence[PricedLine], totals: Totals) -> None:
    """Put the lines before the discount first, and what follows from the parts last."""
    parts, trace.steps = trace.steps, []
    for line, derived in zip(lines, totals.lines, strict=True):
        _explain_line(trace, terms, line, derived)
    _explain_discount(trace, terms, lines, totals)
    trace.steps += parts
    noted = {(step.sequence, step.amount) for step in parts}
    for derived in totals.lines:
        for amount, result in (
            ("allocation", derived.allocation),
            ("netTaxAmount", derived.net_tax_amount),
        ):
            if (derived.sequence, amount) not in noted:
                trace.note(
                    derived.sequence, amount, "2.5 and 2.6", "the line takes no part", result
                )
        _explain_net(trace, terms, derived)
    _explain_totals(trace, totals)


def _explain_line(trace: Trace, terms: Terms, line: PricedLine, derived: LineTotals) -> None:
    gross, discount = derived.gross_amount, derived.discount_amount
    text = formula("{} × {}", line.quantity, line.unit_price)
    trace.note(line.sequence, "grossAmount", "2.1 quantity × price", text, gross, trace.nearest)
    by_percent = rounded(EXACT.multiply(gross, line.discount_percent), HUNDRED, terms.step)
    text = (
        formula("{} % of {}", line.discount_percent, gross)
        if by_percent == discount
        else "given as an amount"
    )
    trace.note(line.sequence, "discountAmount", "2.2 line discount", text, discount, trace.nearest)
    excluding, including = derived.amount_excluding_tax, derived.amount_including_tax
    own = formula("{} − {}", gross, discount)
    if terms.prices_include_tax:
        text = formula("{} ÷ (1 + {} %)", including, line.tax_percent)
        _note_amount(trace, line.sequence, "amountIncludingTax", own, including, None)
        _note_amount(trace, line.sequence, "amountExcludingTax", text, excluding, trace.nearest)
    else:
        text = formula("{} × (1 + {} %)", excluding, line.tax_percent)
        _note_amount(trace, line.sequence, "amountExcludingTax", own, excluding, None)
        _note_amount(trace, line.sequence, "amountIncludingTax", text, including, trace.nearest)
    text = formula("{} − {}", including, excluding)
    _note_amount(trace, line.sequence, "totalTaxAmount", text, derived.total_tax_amount, None)


def _note_amount(
    trace: Trace, sequence: int, amount: str, text: str, result: Decimal, rounding: str | None
) -> None:
    trace.note(sequence, amount, "2.3 the line before the header discount", text, result, rounding)


def _explain_discount(
    trace: Trace, terms: Terms, lines: Sequence[PricedLine], totals: Totals
) -> None:
    rule = "2.5 header discount"
    text = "given as an amount" if totals.discount_amount else "none is given"
    if terms.discount_percent is not None:
        pairs = zip(lines, totals.lines, strict=True)
        base = sum((derived.line_amount for line, derived in pairs if line.takes_discount), ZERO)
        rule += ", a percent of what the lines that share in it cost"
        text = formula("{} % of {}", terms.discount_percent, base)
        text += ", but not below 0" if base < ZERO else ""
    trace.note(None, "discountAmount", rule, text, totals.discount_amount, trace.nearest)


def _explain_net(trace: Trace, terms: Terms, line: LineTotals) -> None:
    rule = "2.4 the line after the header discount"
    excluding, including = line.amount_excluding_tax, line.amount_including_tax
    share, tax = line.allocation, line.net_tax_amount
    if terms.prices_include_tax:
        net = formula("{} − {} − {}", including, share, tax)
        whole = formula("{} − {}", including, share)
    else:
        net = formula("{} − {}", excluding, share)
        whole = formula("{} + {}", line.net_amount, tax)
    trace.note(line.sequence, "netAmount", rule, net, line.net_amount)
    trace.note(line.sequence, "netAmountIncludingTax", rule, whole, line.net_amount_including_tax)
    text = formula("{} − {}", excluding, line.net_amount) if share else "no share"
    trace.note(
        line.sequence,
        "invoiceDiscountAllocation",
        "2.4 the share without tax",
        text,
        line.invoice_discount_allocation,
    )


def _explain_totals(trace: Trace, totals: Totals) -> None:
    rule = "2.4 sums of the lines"
    net = " + ".join(plain(line.net_amount) for line in totals.lines) or "no lines"
    whole = " + ".join(plain(line.net_amount_including_tax) for line in totals.lines) or "no lines"
    excluding, including = totals.total_amount_excluding_tax, totals.total_amount_including_tax
    trace.note(None, "totalAmountExcludingTax", rule, net, excluding)
    trace.note(None, "totalAmountIncludingTax", rule, whole, including)
    text = formula("{} − {}", including, excluding)
    trace.note(None, "totalTaxAmount", rule, text, totals.total_tax_amount)
