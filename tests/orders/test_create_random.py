"""Numbers in createSalesOrder: random orders against the naive implementation, and difficult digits."""

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.naive import base_of, naive_totals, read_line, round_to, to_decimal
from tests.support.requests import (
    READ_PRICE,
    Fields,
    codes_and_paths,
    line,
    order,
    payload,
    post,
    prices,
    refused,
    shuffled,
    with_value,
)
from tests.support.served import Client, serving
from tests.support.world import COMPANY_CURRENCY, ROUNDINGS, STEPS, TAX_PERCENTS, load_world

PRICE_STEP = Fraction(1, 100_000)
ITEMS = {
    "I0007": ("7", False, "S20"),
    "I0333": ("333", False, "S20"),
    "NO-DISCOUNT": ("10", False, "S20"),
    "UNTAXED": ("7", False, None),
    "GROSS": ("120", True, "S20"),
    "BOXED": ("12", False, "S20"),
    "TIMED": ("3", False, "S20"),
}
"""Price, whether tax is in it, and tax code of the items of the world that are ordered here."""

FACTORS = {"BOXED": {"": "12", "PCS": "1", "BOX": "12"}, "TIMED": {"": "1", "HOUR": "0.33333"}}
"""The base units in the units of these items; `""` stands for a line that names no unit."""

HEADER_AMOUNTS = ("discount_amount", "total_amount_excluding_tax", "total_tax_amount")
HEADER_AMOUNTS += ("total_amount_including_tax",)
LINE_AMOUNTS = ("discount_amount", "discount_percent", "amount_excluding_tax", "total_tax_amount")
LINE_AMOUNTS += ("amount_including_tax", "invoice_discount_allocation", "net_amount")
LINE_AMOUNTS += ("net_tax_amount", "net_amount_including_tax")


def field(name: str) -> str:
    """The GraphQL field of an amount of the naive implementation."""
    first, *words = name.split("_")
    return first + "".join(map(str.title, words))


HEADER_FIELDS, LINE_FIELDS = (" ".join(map(field, n)) for n in (HEADER_AMOUNTS, LINE_AMOUNTS))
AMOUNTS = f"id {HEADER_FIELDS} lines {{ sequence {LINE_FIELDS} }}"
PRICED = f"""mutation ($input: CreateSalesOrderInput!) {{ createSalesOrder(input: $input) {{
  salesOrder {{ {AMOUNTS} }} userErrors {{ code path }} }} }}"""
TRIED = f"""mutation ($input: CreateSalesOrderInput!) {{
  createSalesOrder(input: $input, dryRun: true) {{ userErrors {{ code path }} salesOrder {{ number
    {HEADER_FIELDS} lines {{ sequence {LINE_FIELDS} }} billToName shipmentMethod {{ code }}
    sellToAddress {{ city state }} shipToAddress {{ city state }} }} }} }}"""
READ = f"""query ($after: String) {{ salesOrders(first: 200, after: $after) {{
  pageInfo {{ hasNextPage endCursor }} nodes {{ {AMOUNTS} }} }} }}"""


def text(value: Fraction) -> str:
    """A number as the gateway writes it."""
    digits = f"{to_decimal(value):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a separate world, which fills with orders."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


class RandomOrder:
    """The input of an order drawn from `seed`, and the same order for the naive implementation."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._currency = self._draw.choice(list(STEPS))
        self._step = Fraction(STEPS[self._currency])
        self._with_tax = self._draw.random() < 0.5
        self._sequences = self._draw.sample(range(1, 100_000), 8)
        pairs = [self._line() for _ in range(self._draw.randint(0, 8))]
        self.naive: dict[str, Any] = {
            "step": STEPS[self._currency],
            "tax_rounding": ROUNDINGS.get(self._currency, "NEAREST"),
            "prices_include_tax": self._with_tax,
            "discount_amount": None,
            "discount_percent": None,
            "lines": [naive for _, naive in pairs],
        }
        self.input: Fields = {
            "customer": {"number": "C1"},
            "currency": {"code": self._currency},
            "pricesIncludeTax": self._with_tax,
            "lines": [inputs for inputs, _ in pairs],
        }
        self._discount()

    def _discount(self) -> None:
        """None, a percent, or an amount that may be more than the lines allow."""
        kind = self._draw.choice(("none", "percent", "amount", "amount", "all of it"))
        if kind == "percent":
            percent = text(Fraction(self._draw.randint(0, 10**7), 100_000))
            self.input["discountPercent"] = self.naive["discount_percent"] = percent
        elif kind != "none":
            lines = [read_line(raw, self._step, self._with_tax) for raw in self.naive["lines"]]
            most = max(int(base_of(lines) * 100_000), 0)
            share = self._draw.randint(0, most * 3 // 2) if kind == "amount" else most
            amount = text(Fraction(share, 100_000))
            self.input["discountAmount"] = self.naive["discount_amount"] = amount

    def _line(self) -> tuple[Fields, dict[str, Any]]:
        sold = self._draw.choice((*ITEMS, *ITEMS, "6110", "RESOURCE", "FIXED_ASSET", "CHARGE", ""))
        inputs: Fields = {"sequence": self._sequences.pop()}
        naive: dict[str, Any] = {"sequence": inputs["sequence"], "line_type": "COMMENT"}
        if not sold:
            return {**inputs, "description": "between the lines"}, naive
        if sold in ITEMS:
            inputs["item"], naive["line_type"] = {"number": sold}, "ITEM"
            price, has_tax, default_code = ITEMS[sold]
            price = self._price_by_unit(inputs, sold, Fraction(price))
        elif sold == "6110":
            inputs["account"], naive["line_type"] = {"number": sold}, "ACCOUNT"
            price, has_tax, default_code = "0", self._with_tax, "S25"
        else:
            inputs |= {"lineType": sold, "lineObjectNumber": sold}
            naive["line_type"], price, has_tax, default_code = sold, "50", False, "S20"
        code = self._tax_code(inputs, default_code)
        percent = Fraction(TAX_PERCENTS[code]) if code else Fraction(0)
        own = self._own_price(Fraction(price), percent, has_tax=has_tax)
        naive |= {
            "allow_invoice_discount": sold not in ("NO-DISCOUNT", "6110", "FIXED_ASSET", "CHARGE"),
            "tax_code": code,
            "tax_percent": percent,
            "quantity": Fraction(self._number(self._draw.choice((3, 200, 10**6)))),
            "unit_price": self._price(inputs, own),
        }
        inputs["quantity"] = text(naive["quantity"])
        return inputs, naive | self._line_discount(inputs, naive)

    def _price_by_unit(self, inputs: Fields, item: str, price: Fraction) -> Fraction:
        """The price of the item in a unit that is drawn, to five decimals (RULES.md 2.10, step 1)."""
        unit, factor = self._draw.choice(list(FACTORS.get(item, {"": "1"}).items()))
        if unit:
            inputs["unitOfMeasure"] = {"code": unit}
        return round_to(price * Fraction(factor), PRICE_STEP)

    def _tax_code(self, inputs: Fields, default: str | None) -> str | None:
        if self._draw.random() < 0.4:
            return default
        code = self._draw.choice((*TAX_PERCENTS, None))
        inputs["taxCode"] = code and {"code": code}
        return code

    def _own_price(self, price: Fraction, percent: Fraction, *, has_tax: bool) -> Fraction:
        if has_tax == self._with_tax:
            return price
        factor = (100 + percent) / 100
        return round_to(price * factor if self._with_tax else price / factor, PRICE_STEP)

    def _price(self, inputs: Fields, own: Fraction) -> Fraction:
        if self._currency == COMPANY_CURRENCY and self._draw.random() < 0.4:
            return own
        price = abs(Fraction(self._number(self._draw.choice((1, 100, 10**6)))))
        inputs["unitPrice"] = text(price)
        return price

    def _number(self, largest: int) -> str:
        """Positive or not, with none to five decimals."""
        places = 10 ** self._draw.randint(0, 5)
        number = Fraction(self._draw.randint(0, largest * places), places)
        return text(-number if self._draw.random() < 0.2 else number)

    def _line_discount(self, inputs: Fields, naive: dict[str, Any]) -> dict[str, Any]:
        """None, a percent, an amount between 0 and the price of the line, or both."""
        gross = round_to(naive["quantity"] * naive["unit_price"], self._step)
        kind = self._draw.choice(("none", "percent", "amount", "both"))
        percent = Fraction(self._draw.randint(0, 10**7), 100_000)
        amount = round_to(gross * percent / 100, PRICE_STEP)
        if kind == "none" or (kind == "amount" and not gross):
            return {"discount_percent": None, "discount_amount": None}
        if kind == "amount":
            inputs["discountAmount"] = text(amount)
            return {"discount_percent": None, "discount_amount": amount}
        inputs["discountPercent"] = text(percent)
        if kind == "both":
            inputs["discountAmount"] = text(round_to(gross * percent / 100, self._step))
        return {"discount_percent": percent, "discount_amount": None}


def plainly(naive: dict[str, Any], names: tuple[str, ...]) -> Fields:
    """These amounts of the naive implementation as the gateway writes them."""
    return {field(name): text(Fraction(naive[name])) for name in names}


def priced(client: Client, seed: int) -> tuple[str, Fields] | None:
    """Id and amounts of the order of `seed`, which must be refused if and only if the naive
    implementation cannot price it, and otherwise have the same amounts."""
    drawn = RandomOrder(seed)
    answer = client.ask(PRICED, input=drawn.input)["createSalesOrder"]
    try:
        totals = naive_totals(drawn.naive)
    except ValueError:
        assert codes_and_paths(answer["userErrors"]) == [("OUT_OF_RANGE", "discountAmount")], (
            f"seed {seed}"
        )
        return None
    lines = [plainly(one, LINE_AMOUNTS) | {"sequence": one["sequence"]} for one in totals["lines"]]
    expected = plainly(totals, HEADER_AMOUNTS) | {"lines": lines}
    assert answer["userErrors"] == [], f"seed {seed}"
    key = answer["salesOrder"].pop("id")
    assert answer["salesOrder"] == expected, f"seed {seed}"
    return key, expected


@pytest.mark.parametrize(
    "seeds", [range(150), pytest.param(range(1_000, 4_000), marks=pytest.mark.full)]
)
def test_random_orders_have_the_totals_of_the_naive_implementation(
    world: Client, seeds: range
) -> None:
    outcomes = {seed: priced(world, seed) for seed in seeds}
    assert 0.05 < list(outcomes.values()).count(None) / len(outcomes) < 0.5
    stored: Fields = {}
    page = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = world.ask(READ, after=page["endCursor"])["salesOrders"]
        stored |= {result.pop("id"): result for result in answer["nodes"]}
        page = answer["pageInfo"]
    for seed, outcome in outcomes.items():
        assert outcome is None or stored[outcome[0]] == outcome[1], f"seed {seed}"


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_fields_makes_no_difference(world: Client, seed: int) -> None:
    inputs = RandomOrder(seed).input | {"sellToAddress": {"city": "York", "country": "GB"}}
    inputs |= {"billToCustomer": {"number": "PAYER"}, "shipmentMethod": None}
    mixed = shuffled(inputs, random.Random(seed))
    assert payload(world, TRIED, input=inputs) == payload(world, TRIED, input=mixed)


@pytest.mark.parametrize(
    ("number", "plain"),
    [
        *((number, number) for number in ("12345678901.12345", "1234567890123.12345", "0.00001")),
        *((number, number) for number in ("9999999999999.99999", "-9999999999999.99999", "100")),
        *(("1.10", "1.1"), ("-0", "0"), ("1e3", "1000"), ("1.5E-2", "0.015")),
        ("0.300000000000000000000000000000", "0.3"),
    ],
)
def test_a_number_is_read_digit_by_digit_however_it_is_sent(
    world: Client, number: str, plain: str
) -> None:
    for body in prices(number) + prices(f'"{number}"'):
        result = post(world, body).json()["data"]["createSalesOrder"]["salesOrder"]
        stored = world.ask(READ_PRICE, id=result["id"])["salesOrder"]
        assert result["lines"] == stored["lines"] == [{"unitPrice": plain}], body


@pytest.mark.parametrize(
    "number",
    [
        *("NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1e99999999999999999999", "1" * 5000),
        *('"NaN"', '"Infinity"', '"-inf"', '"1e400"', '"1_000"', '" 1"', '"1,5"', '"0x10"', '""'),
        *("true", "[1]", "{}"),
    ],
)
def test_an_invalid_number_is_a_top_level_error_with_a_code(world: Client, number: str) -> None:
    for body in prices(number):
        answer = post(world, body).json()
        assert "data" not in answer
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}


PATHS = ["discountAmount", "discountPercent", "lines.0.discountAmount", "lines.0.discountPercent"]
PATHS += ["lines.0.quantity", "lines.0.unitPrice", "lines.0.shipQuantity"]


@pytest.mark.parametrize("path", [*PATHS, "lines.0.invoiceQuantity"])
@pytest.mark.parametrize("number", ["1.000001", "10000000000000", "-10000000000000", "1" * 30])
def test_a_number_of_more_than_13_digits_and_5_decimals_is_refused_and_never_rounded(
    world: Client, path: str, number: str
) -> None:
    assert codes_and_paths(refused(world, with_value(path, number))) == [("OUT_OF_RANGE", path)]


def huge(price: str, **fields: Any) -> Fields:
    return line(unitPrice=price, **{"taxCode": None, **fields})


TAXED = huge("7200000000000", taxCode={"code": "S25"})
RETURNED = huge("9900000000000", quantity=-1)


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param(order(huge("9999999999999", quantity=2)), id="gross"),
        pytest.param(order(huge("9999999999999", taxCode={"code": "S20"})), id="with tax"),
        pytest.param(order(huge("9000000000000"), huge("9000000000000")), id="total"),
        pytest.param(order(*[huge("9000000000000")] * 2, discountPercent=100), id="discount"),
        pytest.param(order(*[TAXED] * 11, *[RETURNED] * 9), id="total tax"),
    ],
)
def test_an_amount_too_large_to_store_is_refused(world: Client, inputs: Fields) -> None:
    assert {code for code, _ in codes_and_paths(refused(world, inputs))} == {"OUT_OF_RANGE"}
