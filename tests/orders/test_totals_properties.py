"""Properties of the totals of every order, tested on random orders with many ties and odd cents."""

import secrets
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.orders.rounding import Direction
from gateway.orders.totals import PricedLine, Terms, Totals, derive, discount_percent_of
from gateway.storage.tables.sales_orders import LineRounding
from tests.support import naive

ZERO, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)
SMALLEST = Decimal("0.00001")
LARGEST = Decimal("9999999999999.99999")
STEPS = [Decimal(step) for step in ("1", "0.01", "0.001", "0.05")]
TAXES = [("", "0"), ("H50", "50"), ("R07", "7.7"), ("S20", "20"), ("S20", "25"), ("T", "14.28571")]

Order = tuple[Terms, list[PricedLine]]


def five_decimals(random: Random, most: int) -> Decimal:
    """A number up to `most`, half of the time a round one."""
    finest = 100_000 if random.randint(0, 1) else 1
    return random.randint(0, most * 100_000 // finest) * finest * SMALLEST


def random_price(random: Random, step: Decimal) -> tuple[Decimal, Decimal]:
    """Quantity and unit price: a few steps, about half a step, any number, nothing, or the most."""
    kinds = ["steps", "half a step", "any number", "nothing", "the most"]
    [kind] = random.choices(kinds, weights=[6, 6, 6, 2, 1])
    match kind:
        case "steps":
            return Decimal(random.randint(1, 9)), random.randint(0, 12) * step
        case "half a step":
            halves = (2 * random.randint(0, 12) + 1) * step / 2
            return ONE, halves + random.choice([-SMALLEST, ZERO, SMALLEST])
        case "any number":
            return five_decimals(random, 20), five_decimals(random, 1000)
        case "nothing":
            return random.choice([(ZERO, ONE), (ONE, ZERO)])
        case _:
            return random.choice([(ONE, LARGEST), (LARGEST, ONE), (SMALLEST, LARGEST)])


def random_line(
    random: Random, terms: Terms, sequence: int, taxes: list[tuple[str, str]]
) -> PricedLine:
    """A line with a percent or an amount between 0 and its price as its discount."""
    if random.randint(0, 9) == 0:
        return PricedLine(sequence)
    quantity, unit_price = random_price(random, terms.step)
    code, tax_percent = random.choice(taxes)
    percent = random.choice([ZERO, ZERO, Decimal(50), five_decimals(random, 100), HUNDRED])
    line = PricedLine(
        sequence=sequence,
        quantity=quantity,
        unit_price=unit_price,
        discount_percent=percent,
        takes_discount=random.randint(0, 3) > 0,
        tax_code=code,
        tax_percent=Decimal(tax_percent),
    )
    if random.randint(0, 3):
        return line
    gross = Fraction(quantity) * Fraction(unit_price)
    costs = naive.to_decimal(naive.round_to(gross, Fraction(terms.step)))
    return replace(line, discount_percent=ZERO, discount_amount=costs * percent / HUNDRED)


def turned(line: PricedLine) -> PricedLine:
    """The return of the line."""
    amount = None if line.discount_amount is None else -line.discount_amount
    return replace(line, quantity=-line.quantity, discount_amount=amount)


def random_header_discount(random: Random, terms: Terms, lines: list[PricedLine]) -> Terms:
    """The terms with a valid header discount, as a percent or as an amount."""
    percent = random.choice([HUNDRED, Decimal(50), five_decimals(random, 100)])
    as_percent = replace(terms, discount_percent=percent)
    amount = naive.naive_totals(as_naive(as_percent, lines))["discount_amount"]
    as_amount = replace(terms, discount_amount=amount)
    return random.choice([terms, as_percent, as_amount])


def random_order(random: Random) -> Order:
    terms = Terms(
        step=random.choice(STEPS),
        prices_include_tax=random.choice([False, True]),
        tax_rounding=random.choice(list(Direction)),
        line_rounding=random.choice(list(LineRounding)),
    )
    taxes = random.choices(TAXES, k=random.randint(1, 3))
    returns = random.choice([0, 1, 2, 2, 4])
    size = random.choice([0, 1, 2, 3, 5, 8, 13])
    lines = [random_line(random, terms, sequence, taxes) for sequence in range(size)]
    lines = [turned(line) if random.randint(1, 4) <= returns else line for line in lines]
    random.shuffle(lines)
    return random_header_discount(random, terms, lines), lines


orders = st.randoms(use_true_random=False).map(random_order)


def as_naive(terms: Terms, lines: list[PricedLine]) -> dict[str, Any]:
    """The order as input of the second implementation."""
    return asdict(terms) | {
        "tax_rounding": terms.tax_rounding.name,
        "lines": [
            asdict(line) | {"line_type": "ITEM", "allow_invoice_discount": line.takes_discount}
            for line in lines
        ],
    }


def figures(terms: Terms, lines: list[PricedLine]) -> dict[str, Any]:
    """The totals under the names of the second implementation."""
    totals = asdict(derive(terms, lines))
    requested = {line.sequence: line for line in lines}
    for line in totals["lines"]:
        line["raw_allocation"] = line.pop("allocation")
        line["discount_percent"] = requested[line["sequence"]].discount_percent
        if requested[line["sequence"]].discount_amount is not None:
            given_back = line["discount_amount"], line["gross_amount"]
            line["discount_percent"] = discount_percent_of(*given_back)
    return totals | {"lines": list(totals["lines"])}


@pytest.mark.parametrize("size", [1_000, pytest.param(10_000, marks=pytest.mark.full)])
def test_a_second_implementation_in_fractions_agrees_on_random_orders(size: int) -> None:
    first = secrets.randbelow(10**9)
    for seed in range(first, first + size):
        terms, lines = random_order(Random(seed))
        expected = naive.naive_totals(as_naive(terms, lines))
        assert figures(terms, lines) == expected, f"random_order(Random({seed}))"


@given(orders)
def test_the_header_is_the_sum_of_its_lines(order: Order) -> None:
    totals = derive(*order)
    lines = totals.lines
    assert totals.total_amount_excluding_tax == sum(line.net_amount for line in lines)
    assert totals.total_tax_amount == sum(line.net_tax_amount for line in lines)
    assert totals.total_amount_including_tax == sum(line.net_amount_including_tax for line in lines)


@given(orders)
def test_the_shares_of_the_header_discount_sum_to_it(order: Order) -> None:
    totals = derive(*order)
    assert totals.discount_amount == sum(line.allocation for line in totals.lines)


@given(orders)
def test_no_line_gives_more_discount_than_its_amount_or_any_without_a_request(order: Order) -> None:
    terms, lines = order
    taking = {line.sequence for line in lines if line.takes_discount}
    for line in derive(terms, lines).lines:
        most = line.line_amount if line.sequence in taking else ZERO
        assert abs(line.allocation) <= abs(most)


@given(orders)
def test_the_amounts_of_a_line_add_up(order: Order) -> None:
    terms, lines = order
    for line in derive(terms, lines).lines:
        assert line.line_amount == line.gross_amount - line.discount_amount
        assert line.amount_including_tax == line.amount_excluding_tax + line.total_tax_amount
        assert line.net_amount_including_tax == line.net_amount + line.net_tax_amount
        priced = (line.amount_excluding_tax, line.net_amount)
        if terms.prices_include_tax:
            priced = (line.amount_including_tax, line.net_amount_including_tax)
        assert priced == (line.line_amount, line.line_amount - line.allocation)


@given(orders)
def test_every_amount_is_a_whole_number_of_steps(order: Order) -> None:
    terms, lines = order
    for line in derive(terms, lines).lines:
        for name, amount in asdict(line).items():
            assert name == "sequence" or Fraction(amount) % Fraction(terms.step) == 0, name


@given(orders, st.randoms())
def test_totals_do_not_depend_on_the_order_of_the_lines(order: Order, random: Random) -> None:
    terms, lines = order
    assert derive(terms, random.sample(lines, len(lines))) == derive(terms, lines)


@given(orders)
def test_line_discounts_entered_as_the_amounts_that_were_derived_change_nothing(
    order: Order,
) -> None:
    terms, lines = order
    totals = derive(terms, lines)
    discounts = {line.sequence: line.discount_amount for line in totals.lines}
    again = [
        replace(line, discount_percent=ZERO, discount_amount=discounts[line.sequence])
        for line in lines
    ]
    assert derive(terms, again) == totals


def nothing_is_left(totals: Totals) -> bool:
    header = totals.total_amount_excluding_tax, totals.total_tax_amount
    lines = [(line.net_amount, line.net_tax_amount) for line in totals.lines]
    return not any(amount for amounts in (header, *lines) for amount in amounts)


@given(orders)
def test_a_header_discount_of_100_percent_leaves_exactly_nothing(order: Order) -> None:
    terms, lines = order
    taking = [replace(line, takes_discount=True) for line in lines]
    totals = derive(replace(terms, discount_percent=HUNDRED), taking)
    assume(totals.discount_amount != 0)
    assert nothing_is_left(totals)
    amount = sum((line.line_amount for line in totals.lines), ZERO)
    assert derive(replace(terms, discount_percent=None, discount_amount=amount), taking) == totals


@given(orders)
def test_line_discounts_of_100_percent_leave_exactly_nothing(order: Order) -> None:
    terms, lines = order
    free = [replace(line, discount_percent=HUNDRED, discount_amount=None) for line in lines]
    assert nothing_is_left(derive(replace(terms, discount_amount=ZERO), free))


def mirrored(terms: Terms, lines: list[PricedLine]) -> Order:
    """The order with the signs of all quantities, and of its discounts in money, changed."""
    return replace(terms, discount_amount=-terms.discount_amount), [turned(line) for line in lines]


def signs_changed(totals: Totals) -> Totals:
    lines = [
        replace(
            line, **{name: -value for name, value in asdict(line).items() if name != "sequence"}
        )
        for line in totals.lines
    ]
    header = {name: -value for name, value in asdict(totals).items() if name != "lines"}
    return replace(totals, **header, lines=tuple(lines))


@pytest.mark.parametrize("size", [1_000, pytest.param(10_000, marks=pytest.mark.full)])
def test_every_amount_of_a_mirrored_order_has_the_opposite_sign(size: int) -> None:
    """Sales, returns and orders of both, with header discounts of either kind (RULES.md 2.6)."""
    first = secrets.randbelow(10**9)
    for seed in range(first, first + size):
        terms, lines = random_order(Random(seed))
        expected = signs_changed(derive(terms, lines))
        assert derive(*mirrored(terms, lines)) == expected, f"random_order(Random({seed}))"


@given(orders)
def test_the_header_discount_has_the_sign_of_its_base_and_is_at_most_as_large(order: Order) -> None:
    terms, lines = order
    totals = derive(terms, lines)
    taking = {line.sequence for line in lines if line.takes_discount}
    base = sum((line.line_amount for line in totals.lines if line.sequence in taking), ZERO)
    assert abs(totals.discount_amount) <= abs(base)
    assert totals.discount_amount * base >= 0


@given(orders)
def test_the_tax_of_a_code_and_percent_is_rounded_once_for_sales_and_once_for_returns(
    order: Order,
) -> None:
    """If prices exclude tax and there is no header discount, the rounding remainder of returns is
    carried to the sales of the same code (in a credit, from sales to returns), so the tax of both
    together is off by one rounding rather than two."""
    terms, lines = order
    totals = derive(terms, lines)
    is_shared = any(line.allocation for line in totals.lines)
    carries = not (terms.prices_include_tax or is_shared)
    requested = {line.sequence: line for line in lines}
    off: dict[tuple[str, Decimal, bool], Fraction] = defaultdict(Fraction)
    for line in totals.lines:
        source = requested[line.sequence]
        percent = Fraction(source.tax_percent)
        base = Fraction(line.line_amount - line.allocation)
        exact = base * percent / (100 + percent if terms.prices_include_tax else 100)
        group = (source.tax_code, source.tax_percent, carries or line.line_amount >= 0)
        off[group] += Fraction(line.net_tax_amount) - exact
    one, nearest = Fraction(terms.step), terms.tax_rounding is Direction.NEAREST
    for difference in map(abs, off.values()):
        assert difference <= one / 2 if nearest else difference < one


def steps_taken(run: Callable[[], Any]) -> int:
    """The number of Python instructions that `run` executes."""
    taken = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal taken
        frame.f_trace_opcodes = True
        taken += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return taken


@pytest.mark.parametrize("codes", [1, 1000], ids=["one tax code", "a tax code for every line"])
def test_ten_times_the_lines_take_ten_times_the_work(codes: int) -> None:
    """The work is counted rather than timed."""
    terms = Terms(Decimal("0.01"), discount_percent=Decimal(7))
    lines = [
        PricedLine(n, Decimal(n % 9 - 2), Decimal("12.34567"), ZERO, None, True, f"T{n % codes}")
        for n in range(1000)
    ]
    few = steps_taken(lambda: derive(terms, lines[:100]))
    many = steps_taken(lambda: derive(terms, lines))
    assert 0 < many <= 10.5 * few
