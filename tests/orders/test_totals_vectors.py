"""Totals and rounding by example: all numbers were calculated by the rules and not by the gateway."""

from decimal import Decimal

import pytest

from gateway.orders.rounding import Direction, rounded
from gateway.orders.totals import (
    LineTotals,
    PricedLine,
    Terms,
    Totals,
    derive,
    discount_base,
    discount_percent_of,
    price_with_tax,
    price_without_tax,
)
from tests.support.vectors import GIVEN_AS_AMOUNT, VECTORS, vector_lines, vector_terms


def header_of(totals: Totals) -> list[Decimal]:
    return [
        totals.discount_amount,
        totals.total_amount_excluding_tax,
        totals.total_tax_amount,
        totals.total_amount_including_tax,
    ]


def amounts_of(line: LineTotals) -> list[Decimal]:
    """The amounts of a line in the order of a vector."""
    return [
        line.discount_amount,
        line.gross_amount,
        line.amount_excluding_tax,
        line.total_tax_amount,
        line.amount_including_tax,
        line.allocation,
        line.invoice_discount_allocation,
        line.net_amount,
        line.net_tax_amount,
        line.net_amount_including_tax,
    ]


@pytest.mark.parametrize("name", VECTORS)
def test_a_worked_order_is_correct_to_the_last_digit(name: str) -> None:
    vector = VECTORS[name]
    totals = derive(vector_terms(vector), vector_lines(vector))
    assert header_of(totals) == [Decimal(amount) for amount in vector["header"]]
    expected = [
        [Decimal(amount) for amount in (line[6], *line[9:])] if line[2:] else [Decimal(0)] * 10
        for line in vector["lines"]
    ]
    assert [line.sequence for line in totals.lines] == [line[0] for line in vector["lines"]]
    assert [amounts_of(line) for line in totals.lines] == expected


def test_there_are_twenty_worked_orders() -> None:
    assert len(VECTORS) == 20


@pytest.mark.parametrize("name", sorted(GIVEN_AS_AMOUNT))
def test_the_percent_of_a_discount_amount_has_five_decimals(name: str) -> None:
    [[_, _, _, _, _, percent, amount, _, _, gross, *_]] = VECTORS[name]["lines"]
    assert discount_percent_of(Decimal(amount), Decimal(gross)) == Decimal(percent)


def test_the_percent_of_a_discount_on_nothing_is_zero() -> None:
    assert discount_percent_of(Decimal(5), Decimal(0)) == 0


@pytest.mark.parametrize(
    ("with_tax", "unit_prices"), [(False, ("19.99", "4.35")), (True, ("23.988", "4.5675"))]
)
def test_prices_with_and_without_tax_have_the_same_totals(
    with_tax: bool, unit_prices: tuple[str, str]
) -> None:
    """D9: 3 at 19.99 less 10 %, taxed at 20 %, and 7 at 4.35, taxed at 5 %."""
    first, second = map(Decimal, unit_prices)
    lines = [
        PricedLine(1, Decimal(3), first, Decimal(10), tax_code="S20", tax_percent=Decimal(20)),
        PricedLine(2, Decimal(7), second, tax_code="R05", tax_percent=Decimal(5)),
    ]
    totals = derive(Terms(Decimal("0.01"), prices_include_tax=with_tax), lines)
    expected = ["0", "84.42", "12.31", "96.73"]
    assert header_of(totals) == [Decimal(amount) for amount in expected]


@pytest.mark.parametrize(
    ("without", "percent", "with_tax"),
    [("19.99", "20", "23.988"), ("4.35", "5", "4.5675"), ("0.00001", "50", "0.00002")],
)
def test_a_price_with_tax_has_five_decimals(without: str, percent: str, with_tax: str) -> None:
    assert price_with_tax(Decimal(without), Decimal(percent)) == Decimal(with_tax)


@pytest.mark.parametrize(
    ("with_tax", "percent", "without"),
    [("23.988", "20", "19.99"), ("10", "21", "8.26446"), ("0.00003", "100", "0.00002")],
)
def test_a_price_without_tax_has_five_decimals(with_tax: str, percent: str, without: str) -> None:
    assert price_without_tax(Decimal(with_tax), Decimal(percent)) == Decimal(without)


@pytest.mark.parametrize(
    ("gross", "direction", "tax"),
    [
        ("25066.79", Direction.UP, "4002.27"),
        ("25066.79", Direction.NEAREST, "4002.26"),
        ("25066.78", Direction.DOWN, "4002.25"),
        ("-25066.79", Direction.UP, "-4002.27"),
        ("-25066.78", Direction.DOWN, "-4002.25"),
    ],
)
def test_tax_within_a_price_is_rounded_as_the_currency_says(
    gross: str, direction: Direction, tax: str
) -> None:
    """S13: 19 % within the gross amount; a return mirrors it."""
    terms = Terms(Decimal("0.01"), prices_include_tax=True, tax_rounding=direction)
    line = PricedLine(1, Decimal(1), Decimal(gross), tax_percent=Decimal(19))
    assert derive(terms, [line]).total_tax_amount == Decimal(tax)


def test_the_odd_cents_of_a_discount_go_to_lines_where_the_running_sum_crosses_a_half() -> None:
    """D20: 0.25 over fifty lines of 0.01 goes to the first line and then to every other one."""
    lines = [PricedLine(n, Decimal(1), Decimal("0.01"), takes_discount=True) for n in range(50)]
    totals = derive(Terms(Decimal("0.01"), discount_amount=Decimal("0.25")), lines)
    shares = [line.allocation for line in totals.lines]
    assert shares == [Decimal("0.01"), Decimal(0)] * 25


@pytest.mark.parametrize(
    ("quantities", "discount", "excluding", "tax", "including"),
    [
        ([4, 4, 1], "1350", "12150", "2430", "14580"),
        ([8, 4], "1800", "16200", "3240", "19440"),
    ],
)
def test_a_header_percent_follows_the_lines(
    quantities: list[int], discount: str, excluding: str, tax: str, including: str
) -> None:
    """D21: 10 % of what is ordered at 1500, taxed at 20 %."""
    lines = [
        PricedLine(n, Decimal(quantity), Decimal(1500), Decimal(0), None, True, "S20", Decimal(20))
        for n, quantity in enumerate(quantities)
    ]
    totals = derive(Terms(Decimal("0.01"), discount_percent=Decimal(10)), lines)
    assert header_of(totals) == [Decimal(n) for n in (discount, excluding, tax, including)]


def test_a_return_takes_a_negative_share_of_the_header_discount() -> None:
    """3.80 over -24.68 and 62.69 is -2.467 and 6.267; the latter over 61.70 and 0.99."""
    prices = [(5, "12.34"), (-2, "12.34"), (1, "0.99")]
    lines = [
        PricedLine(n, Decimal(quantity), Decimal(price), takes_discount=True, tax_code="S20")
        for n, (quantity, price) in enumerate(prices)
    ]
    totals = derive(Terms(Decimal("0.01"), discount_amount=Decimal("3.80")), lines)
    shares = [line.allocation for line in totals.lines]
    assert shares == [Decimal("6.17"), Decimal("-2.47"), Decimal("0.10")]


def test_lines_written_before_and_after_a_tax_code_changed_are_taxed_separately() -> None:
    """20 % of 0.02 is 0.004 and 25 % is 0.005, each rounded separately."""
    lines = [
        PricedLine(n, Decimal(1), Decimal("0.02"), tax_code="S20", tax_percent=Decimal(percent))
        for n, percent in enumerate(["20", "25"])
    ]
    taxes = [line.net_tax_amount for line in derive(Terms(Decimal("0.01")), lines).lines]
    assert taxes == [Decimal(0), Decimal("0.01")]


def test_only_lines_that_share_in_the_header_discount_are_its_base() -> None:
    prices = [("59.97", True), ("30.45", True), ("12.50", True), ("99.99", False)]
    lines = [
        PricedLine(n, Decimal(1), Decimal(price), takes_discount=takes)
        for n, (price, takes) in enumerate(prices)
    ]
    terms = Terms(Decimal("0.01"), discount_amount=Decimal("102.92"))
    assert discount_base(lines, terms) == Decimal("102.92")
    shares = [line.allocation for line in derive(terms, lines).lines]
    assert shares == [Decimal("59.97"), Decimal("30.45"), Decimal("12.50"), Decimal(0)]


@pytest.mark.parametrize(
    ("value", "step", "nearest", "up", "down"),
    [
        ("2.5", "1", "3", "3", "2"),
        ("-2.5", "1", "-3", "-3", "-2"),
        ("1.5", "1", "2", "2", "1"),
        ("0.124", "0.01", "0.12", "0.13", "0.12"),
        ("-0.124", "0.01", "-0.12", "-0.13", "-0.12"),
        ("0.0005", "0.001", "0.001", "0.001", "0"),
        ("0.025", "0.05", "0.05", "0.05", "0"),
        ("0.0249", "0.05", "0", "0.05", "0"),
        ("-1.07", "0.05", "-1.05", "-1.10", "-1.05"),
        ("1.15", "0.05", "1.15", "1.15", "1.15"),
        ("9999999999999.99999", "0.01", "10000000000000", "10000000000000", "9999999999999.99"),
    ],
)
def test_rounding_goes_to_the_nearest_step_and_halves_away_from_zero(
    value: str, step: str, nearest: str, up: str, down: str
) -> None:
    for direction, expected in zip(Direction, (nearest, up, down), strict=True):
        got = rounded(Decimal(value), Decimal(1), Decimal(step), direction)
        assert got == Decimal(expected), direction


def test_a_tie_between_thirds_is_recognised() -> None:
    """0.01 x 1 / 2 is a half cent, and so are three thirds of it; a hair less is not."""
    assert rounded(Decimal("0.015"), Decimal(3), Decimal("0.01")) == Decimal("0.01")
    less = Decimal("0.015") - Decimal("1e-20")
    assert rounded(less, Decimal(3), Decimal("0.01")) == 0
