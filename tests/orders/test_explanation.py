"""totalsExplanation: every amount of an order is explained by its calculation."""

import random
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from gateway.orders.explanation import CalculationStep, Trace
from gateway.orders.rounding import Direction
from gateway.orders.totals import PricedLine, Terms, Totals, derive, discount_base
from gateway.settings import Settings
from gateway.storage.tables.sales_orders import LineRounding
from tests.support.databases import Templates
from tests.support.naive import round_to
from tests.support.requests import Fields, as_stored, code, line, order, sold
from tests.support.served import Client, serving, statements
from tests.support.vectors import VECTORS, vector_lines, vector_terms
from tests.support.world import load_world


def camel(name: str) -> str:
    first, *words = name.split("_")
    return first + "".join(map(str.title, words))


VECTOR_COLUMNS = ["discount_amount", "gross_amount", "amount_excluding_tax", "total_tax_amount"]
VECTOR_COLUMNS += ["amount_including_tax", "allocation", "invoice_discount_allocation"]
VECTOR_COLUMNS += ["net_amount", "net_tax_amount", "net_amount_including_tax"]
"""The amounts of a vector's line: its column 6, and those from column 9 on."""

HEADER_COLUMNS = ("discount_amount", "total_amount_excluding_tax", "total_tax_amount")
HEADER_COLUMNS += ("total_amount_including_tax",)
NOTHING = {"none entered", "no share", "no lines", "the line takes no part"}
"""The texts instead of a formula if there is nothing to calculate, so that the amount is 0."""

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
TOKEN = re.compile(r"-?\d+(?:\.\d+)?|[×÷+−()%]| of (?=-?\d)| carried\b| already allocated\b|\s")
SIGNS = {"×": "*", "÷": "/", "−": "-", "%": "*Fraction(1, 100)", "of": "*"}
DIRECTIONS = {"half away from zero": "NEAREST", "away from zero": "UP", "towards zero": "DOWN"}


def value_of(formula: str) -> Fraction | None:
    """The value of an arithmetic formula, or None for other texts."""
    if TOKEN.sub("", formula) or not formula:
        return None
    terms = []
    for token in TOKEN.findall(formula):
        word = token.strip()
        if word[-1:].isdigit():
            terms.append(f"Fraction('{word}')")
        elif word not in ("", "carried", "already allocated"):
            terms.append(SIGNS.get(word, word))
    return Fraction(eval("".join(terms), {"Fraction": Fraction}))


def rounded_as_stated(value: Fraction, rounding: str | None) -> Fraction:
    if rounding is None:
        return value
    step, direction = rounding.removeprefix("to ").split(", ", maxsplit=1)
    return round_to(value, Fraction(step), DIRECTIONS[direction])


def random_terms(seed: int) -> tuple[Terms, list[PricedLine]]:
    """An order of up to six lines, returns among them, some with a discount in all."""
    draw = random.Random(seed)

    def number(largest: int) -> Decimal:
        return Decimal(draw.randint(-largest // 9, largest)).scaleb(-draw.randint(0, 5))

    lines = []
    for sequence in range(1, draw.randint(1, 7)):
        quantity, price = number(10**4), abs(number(10**6))
        lines.append(
            PricedLine(
                sequence=sequence,
                quantity=quantity,
                unit_price=price,
                discount_percent=Decimal(draw.choice((0, 0, 10, "33.33333", 100))),
                takes_discount=bool(quantity and price) and draw.random() < 0.7,
                tax_code=(tax := draw.choice(("", "5", "20", "7.7"))),
                tax_percent=Decimal(tax or 0),
            )
        )
    step = Decimal(draw.choice(("0.01", "1", "0.05", "0.001")))
    with_tax, direction = draw.random() < 0.5, draw.choice(list(Direction))
    base = discount_base(lines, Terms(step, with_tax, direction))
    amount = base * draw.choice((0, 0, 1, 3)) / 7 // step * step
    percent = draw.choice((None, None, Decimal(10), Decimal("12.34567")))
    rounding = draw.choice(list(LineRounding))
    return Terms(step, with_tax, direction, amount, percent, rounding), lines


def drawn_and_worked(seeds: range) -> Iterator[tuple[str, Terms, list[PricedLine]]]:
    for name, vector in VECTORS.items():
        yield name, vector_terms(vector), vector_lines(vector)
    for seed in seeds:
        yield f"seed {seed}", *random_terms(seed)


SEEDS = [
    pytest.param(range(100), id="100"),
    pytest.param(range(10_000, 13_000), marks=pytest.mark.full, id="3000"),
]


def traced(terms: Terms, lines: list[PricedLine]) -> tuple[Totals, list[CalculationStep]]:
    trace = Trace(terms)
    return derive(terms, lines, trace), trace.steps


def last_results(steps: Sequence[CalculationStep]) -> dict[tuple[int | None, str], Decimal]:
    return {(step.sequence, step.amount): step.result for step in steps}


@pytest.mark.parametrize("name", VECTORS)
def test_the_last_step_of_an_amount_has_the_amount_of_the_worked_order(name: str) -> None:
    vector = VECTORS[name]
    _, steps = traced(vector_terms(vector), vector_lines(vector))
    result = last_results(steps)
    header = [result[None, amount] for amount in HEADER_COLUMNS]
    assert header == list(map(Decimal, vector["header"]))
    for worked in vector["lines"]:
        expected = [worked[6], *worked[9:]] if worked[2:] else ["0"] * len(VECTOR_COLUMNS)
        explained = [result[worked[0], amount] for amount in VECTOR_COLUMNS]
        assert explained == list(map(Decimal, expected)), worked[0]


@pytest.mark.parametrize("seeds", SEEDS)
def test_the_last_steps_are_the_totals_and_a_trace_does_not_change_them(seeds: range) -> None:
    for name, terms, lines in drawn_and_worked(seeds):
        totals, steps = traced(terms, lines)
        assert totals == derive(terms, lines), name
        result = last_results(steps)
        owners: list[tuple[int | None, Any]] = [(one.sequence, one) for one in totals.lines]
        for sequence, owner in [(None, totals), *owners]:
            names = HEADER_COLUMNS if sequence is None else VECTOR_COLUMNS
            explained = {column: result[sequence, column] for column in names}
            assert explained == {column: getattr(owner, column) for column in names}, name


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_formula_rounded_as_described_equals_its_result(seeds: range) -> None:
    """All other texts say that there is nothing to calculate, or that the amount was entered."""
    for name, terms, lines in drawn_and_worked(seeds):
        for step in traced(terms, lines)[1]:
            value = value_of(step.formula)
            if value is not None:
                assert rounded_as_stated(value, step.rounding) == Fraction(step.result), (
                    name,
                    step,
                )
            elif step.formula in NOTHING:
                assert step.result == 0, (name, step)
            else:
                assert (step.amount, step.formula) == ("discount_amount", "entered as an amount"), (
                    name
                )


def test_a_header_percent_is_shown_with_its_base() -> None:
    """12.5 % of the 20 that share in the discount; the other 10 do not."""
    lines = [
        PricedLine(1, Decimal(2), Decimal(10), takes_discount=True),
        PricedLine(2, Decimal(1), Decimal(10)),
    ]
    _, steps = traced(Terms(Decimal("0.01"), discount_percent=Decimal("12.5")), lines)
    [step] = [each for each in steps if (each.sequence, each.amount) == (None, "discount_amount")]
    assert (NUMBER.findall(step.formula), step.result) == (["12.5", "20"], Decimal("2.5"))
    assert step.rule.name == "HEADER_DISCOUNT_PERCENT"


RULE_OF = {
    "gross_amount": "GROSS_AMOUNT",
    "amount_excluding_tax": "LINE_AMOUNT",
    "amount_including_tax": "LINE_AMOUNT",
    "discount_of_group": "DISCOUNT_OF_GROUP",
    "allocation": "DISCOUNT_OF_LINE",
    "tax_of_group": "TAX_OF_GROUP",
    "net_tax_amount": "TAX_OF_LINE",
    "net_amount": "NET_AMOUNT",
    "net_amount_including_tax": "NET_AMOUNT",
    "invoice_discount_allocation": "DISCOUNT_WITHOUT_TAX",
    "total_amount_excluding_tax": "ORDER_TOTAL",
    "total_amount_including_tax": "ORDER_TOTAL",
}
"""The rules of the amounts that only lines or only orders have."""


def rule_of(step: CalculationStep, terms: Terms) -> str:
    """The rule of an amount, as RULES.md 2.12 lists it."""
    if step.amount == "discount_amount":
        kind = "AMOUNT" if terms.discount_percent is None else "PERCENT"
        return "LINE_DISCOUNT" if step.sequence is not None else f"HEADER_DISCOUNT_{kind}"
    if step.amount == "total_tax_amount":
        return "ORDER_TOTAL" if step.sequence is None else "LINE_AMOUNT"
    return RULE_OF[step.amount]


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_step_names_the_rule_of_its_amount_and_a_group_names_its_lines(seeds: range) -> None:
    for name, terms, lines in drawn_and_worked(seeds):
        for step in traced(terms, lines)[1]:
            assert step.rule.name == rule_of(step, terms), (name, step)
            assert (step.group is not None) is step.amount.endswith("_of_group"), (name, step)


def test_a_group_is_named_by_its_tax_code_its_percent_and_its_sign() -> None:
    lines = [
        PricedLine(1, Decimal(-1), Decimal(10), tax_code="S20", tax_percent=Decimal(20)),
        PricedLine(2, Decimal(1), Decimal(10), tax_code="S20", tax_percent=Decimal(20)),
        PricedLine(3, Decimal(1), Decimal(10)),
    ]
    _, steps = traced(Terms(Decimal("0.01")), lines)
    assert [step.group for step in steps if step.group is not None] == [
        "lines of tax code (none) at 0 %",
        "negative lines of tax code S20 at 20 %",
        "lines of tax code S20 at 20 %",
    ]


@pytest.mark.parametrize("seeds", SEEDS)
def test_unrounded_steps_use_results_of_earlier_steps(seeds: range) -> None:
    for name, terms, lines in drawn_and_worked(seeds):
        before: set[Decimal] = set()
        for step in traced(terms, lines)[1]:
            if step.rounding is None and value_of(step.formula) is not None:
                numbers = set(map(Decimal, NUMBER.findall(step.formula)))
                assert numbers <= before, (name, step)
            before.add(step.result)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("30 % of 74.75", "22.425"),
        ("-2 − -3 ÷ (1 + 20 %)", "0.5"),
        ("50 × 20 % + -0.1 carried", "9.9"),
        ("10 × 2 ÷ 4 − 3 already allocated", "2"),
        ("none entered", None),
    ],
)
def test_formulas_have_the_notation_of_accountants(formula: str, value: str | None) -> None:
    """A test of the formula reader that the tests above use."""
    assert value_of(formula) == (None if value is None else Fraction(value))


EXPLAINED = "totalsExplanation { sequence amount rule group formula rounding result }"
HEADER_FIELDS = [camel(name) for name in HEADER_COLUMNS]
LINE_FIELDS = [camel(name) for name in VECTOR_COLUMNS if name not in ("gross_amount", "allocation")]
FIELDS = f"""{" ".join(HEADER_FIELDS)} lines {{ sequence {" ".join(LINE_FIELDS)} }}"""
CREATE = f"""mutation ($input: CreateSalesOrderInput!, $dryRun: Boolean! = false) {{
  createSalesOrder(input: $input, dryRun: $dryRun) {{ userErrors {{ code path }}
    salesOrder {{ id {FIELDS} {EXPLAINED} }} }} }}"""
UPDATE = f"""mutation ($id: ID!, $input: UpdateSalesOrderInput!, $dryRun: Boolean! = false) {{
  updateSalesOrder(id: $id, input: $input, dryRun: $dryRun) {{ userErrors {{ code path }}
    salesOrder {{ id {FIELDS} {EXPLAINED} }} }} }}"""
READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ id {FIELDS} {EXPLAINED} }} }}"
PAGE = f"query ($first: Int!) {{ salesOrders(first: $first) {{ nodes {{ number {EXPLAINED} }} }} }}"


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, for tests that only look at their own order."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def changed(client: Client, document: str, **variables: Any) -> Fields:
    """The order in the answer of a mutation, which must succeed."""
    [answer] = client.ask(document, **variables).values()
    assert answer["userErrors"] == []
    return dict(answer["salesOrder"])


def explains_itself(result: Fields) -> None:
    """The last step of each amount is the field of the same name."""
    last = {(each["sequence"], each["amount"]): each for each in result["totalsExplanation"]}
    for amount in HEADER_FIELDS:
        assert last[None, amount]["result"] == result[amount]
    for one in result["lines"]:
        for amount in one.keys() - {"sequence"}:
            assert last[one["sequence"], amount]["result"] == one[amount], amount


ODD = [line("I0007", quantity=3), line("I0007", quantity="-1.5"), {"description": "text"}]
ODD += [sold("RESOURCE"), sold("CHARGE"), line("NO-DISCOUNT"), line("UNTAXED", unitPrice="0.335")]
KINDS: dict[str, Fields] = {
    "no discount": order(*ODD),
    "an amount": order(*ODD, discountAmount="10.01"),
    "a percent": order(*ODD, discountPercent="12.5"),
    "prices with tax": order(*ODD, pricesIncludeTax=True, discountAmount="10.01"),
    "no lines": order(),
} | {
    f"in {name}": order(
        *(
            line(f"I{n:04}", quantity=n, unitPrice="333.335", discountPercent=n)
            for n in range(1, 4)
        ),
        currency=code(name),
        discountAmount=40,
    )
    for name in ("JPY", "KWD", "CHF", "UP", "DOWN")
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_explanation_of_an_order_has_the_amounts_of_its_fields(
    world: Client, kind: str
) -> None:
    created = changed(world, CREATE, input=KINDS[kind])
    explains_itself(created)
    assert world.ask(READ, id=created["id"])["salesOrder"] == created


def test_a_dry_run_explains_the_amounts_of_the_change(world: Client) -> None:
    fields = KINDS["an amount"]
    tried = changed(world, CREATE, input=fields, dryRun=True)
    explains_itself(tried)
    created = changed(world, CREATE, input=fields)
    assert tried["totalsExplanation"] == created["totalsExplanation"]
    patch = {"discountPercent": 5, "lines": {"add": [line("I0011", quantity=7)]}}
    tried = changed(world, UPDATE, id=created["id"], input=patch, dryRun=True)
    explains_itself(tried)
    assert world.ask(READ, id=created["id"])["salesOrder"] == created
    assert changed(world, UPDATE, id=created["id"], input=patch) == as_stored(tried)


def test_the_explanation_shows_which_line_gets_the_odd_cent(world: Client) -> None:
    """S2: a third of 1000 each, and the remaining cent goes to the second line."""
    fields = order(*[line(quantity=10, unitPrice=1000)] * 3, discountAmount=1000)
    steps = changed(world, CREATE, input=fields)["totalsExplanation"]
    shares = [step for step in steps if step["amount"] == "allocation"]
    assert [(step["sequence"], step["result"]) for step in shares] == [
        (10000, "333.33"),
        (20000, "333.34"),
        (30000, "333.33"),
    ]
    assert shares[1]["formula"] == "1000 × 20000 ÷ 30000 − 333.33 already allocated"
    assert shares[1]["rounding"] == "to 0.01, half away from zero"
    assert shares[1]["rule"] == "DISCOUNT_OF_LINE"


def test_explaining_a_page_takes_the_same_statements_for_any_size(
    client: Client,
) -> None:
    for kind in KINDS.values():
        changed(client, CREATE, input=kind)
    counts = []
    for size in (3, len(KINDS)):
        with statements() as seen:
            nodes = client.ask(PAGE, first=size)["salesOrders"]["nodes"]
        assert len(nodes) == size
        counts.append(len(seen))
    assert counts == [4, 4]
