"""How patches affect the discounts of an order and its lines."""

import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.naive import base_of, naive_totals, read_line, to_decimal
from tests.support.patch_examples import TEN
from tests.support.patches import (
    AMOUNTS,
    Shop,
    also,
    changing,
    header_of,
    lines_of,
    patch_answer,
    refusals,
)
from tests.support.requests import Fields, code, codes_and_paths, created, line, named, order
from tests.support.served import Client, serving
from tests.support.world import load_world


@pytest.fixture(scope="module")
def shop(templates: Templates) -> Iterator[Shop]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield Shop(client)


READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {AMOUNTS} }} }}"


ELEVEN = changing({"quantity": 11})
D15 = ["354.84", "322.58", "322.58"]
THIRDS = ["333.33", "333.34", "333.33"]


@pytest.mark.parametrize(
    ("patch", "amount", "shares"),
    [
        (ELEVEN, "1000", D15),
        (changing({"unitPrice": 1100}), "1000", D15),
        (changing({"discountPercent": 10}), "1000", ["310.34", "344.83", "344.83"]),
        (changing({"item": named("I0020"), "unitPrice": 1100}), "1000", D15),
        (changing({"lineType": "ACCOUNT"}), "1000", ["0", "500", "500"]),
        (changing({"quantity": 11}, {"quantity": 11}), "1000", ["343.75", "343.75", "312.5"]),
        (changing({"discountAmount": 1000}), "1000", ["310.34", "344.83", "344.83"]),
        (changing({"quantity": "10.0", "unitPrice": 1000, "discountPercent": 0}), "1000", THIRDS),
        (changing({"description": "new", "taxCode": code("R05")}), "1000", THIRDS),
        (changing({"shipQuantity": 1, "shipmentDate": "2026-01-01"}), "1000", THIRDS),
        ({"shipToName": "elsewhere"}, "1000", THIRDS),
        ({"lines": {"remove": [1]}}, "1000", ["500", "500"]),
        ({"lines": {"add": [TEN]}}, "1000", ["250"] * 4),
        ({"lines": {"add": [TEN, TEN], "remove": [0, 2]}}, "1000", THIRDS),
        (also(ELEVEN, remove=[1], add=[line()]), "1000", ["523.56", "475.96", "0.48"]),
        ({**ELEVEN, "discountAmount": 100}, "100", ["35.48", "32.26", "32.26"]),
        ({**ELEVEN, "discountPercent": 10}, "3100", ["1100", "1000", "1000"]),
        ({"discountAmount": 1000, "discountPercent": "3.33333"}, "1000", THIRDS),
        ({"discountAmount": 0}, "0", ["0"] * 3),
        ({"discountAmount": None}, "0", ["0"] * 3),
        ({"discountPercent": None}, "1000", THIRDS),
    ],
)
def test_an_amount_off_the_order_stays_as_entered_and_is_split_again(
    shop: Shop, patch: Fields, amount: str, shares: list[str]
) -> None:
    """RULES.md 2.9: three lines of 10 at 1000, with 1000 off."""
    result = shop.tried(
        shop.order(order(TEN, TEN, TEN, discountAmount=1000)), patch, selection=AMOUNTS
    )
    assert result["discountAmount"] == amount
    assert lines_of(result, "invoiceDiscountAllocation") == shares


@pytest.mark.parametrize(
    ("patch", "percent", "header"),
    [
        ({"lines": {"add": [line(unitPrice=1500)]}}, "10", ["1350", "12150", "2430", "14580"]),
        (changing({"quantity": 8}), "10", ["1800", "16200", "3240", "19440"]),
        ({"lines": {"remove": [0]}}, "10", ["600", "5400", "1080", "6480"]),
        ({"lines": {"remove": [0, 1]}}, "10", ["0", "0", "0", "0"]),
        ({"discountPercent": 5}, "5", ["600", "11400", "2280", "13680"]),
        ({"discountPercent": None}, None, ["0", "12000", "2400", "14400"]),
        ({"discountPercent": None, "discountAmount": 9}, None, ["9", "11991", "2398.2", "14389.2"]),
        ({"discountAmount": 9}, None, ["9", "11991", "2398.2", "14389.2"]),
        ({"discountAmount": 9, **changing({"quantity": 8})}, None, ["9", "17991", "3598.2", "21589.2"]),
    ],
)  # fmt: skip
def test_a_percent_off_the_order_follows_its_lines_until_something_else_is_set(
    shop: Shop, patch: Fields, percent: str | None, header: list[str]
) -> None:
    """D21: two lines of 4 at 1500, taxed at 20 %, with 10 % off."""
    lines = [line(quantity=4, unitPrice=1500)] * 2
    result = shop.tried(shop.order(order(*lines, discountPercent=10)), patch, selection=AMOUNTS)
    assert (result["discountPercent"], header_of(result)) == (percent, header)


def test_a_remaining_discount_must_fit_the_remaining_lines(shop: Shop) -> None:
    created = shop.order(order(line(), line("I0020"), discountAmount=25))
    patch: Fields = {"lines": {"remove": [1]}}
    assert refusals(shop.client, created, patch) == [("OUT_OF_RANGE", "discountAmount")]
    result = shop.tried(created, {**patch, "discountAmount": 10})
    assert header_of(result) == ["10", "0", "0", "0"]


def test_a_discount_amount_stays_when_a_return_takes_a_share(shop: Shop) -> None:
    """Of 10 off 100 and -50, the sale has a share of 20 and the return one of -10."""
    created = shop.order(order(line(quantity=10), line(quantity=-5), discountAmount=10))
    assert lines_of(created, "invoiceDiscountAllocation") == ["20", "-10"]
    result = shop.tried(created, ELEVEN, selection=AMOUNTS)
    assert header_of(result) == ["10", "50", "10", "60"]


@pytest.mark.parametrize(
    ("patch", "amount"),
    [
        ({}, "7"),
        (changing({"discountAmount": 1, "discountPercent": None}), "7"),
        (changing({"discountPercent": None}), "7"),
        (changing({"discountAmount": None}), "7"),
        (changing({"discountPercent": 20}), "7"),
        (changing({"discountPercent": "10.0"}), "7"),
        (changing({"quantity": 6, "discountAmount": 5}), "7"),
        (also(changing({"quantity": 6}), remove=[1]), "7"),
        ({**changing({"quantity": 6}), "discountPercent": None}, "7"),
        ({**changing({"quantity": 6}), "discountAmount": None}, "0"),
    ],
)
def test_no_change_of_a_line_affects_a_discount_amount_of_the_order(
    shop: Shop, patch: Fields, amount: str
) -> None:
    """Lines of 50 less 10 % and of 18, which have shares of 5 and 2."""
    lines = [line(quantity=5, discountPercent=10), line("I0018")]
    created = shop.order(order(*lines, discountAmount=7))
    assert lines_of(created, "invoiceDiscountAllocation") == ["5", "2"]
    assert shop.tried(created, patch, selection=AMOUNTS)["discountAmount"] == amount


@pytest.mark.parametrize(
    ("fields", "patch", "amount", "percent"),
    [
        (line(quantity=3, unitPrice="33.33", discountAmount=10), {"quantity": 4}, "13.33", "10.001"),
        (line(quantity=3, discountPercent=10), {"unitPrice": 20}, "6", "10"),
        (line(quantity=3, discountPercent=10), {"unitPrice": 20, "discountAmount": 3}, "3", "5"),
        (line(quantity=3, discountPercent=10), {"quantity": 0}, "0", "10"),
        (line(quantity=3, discountAmount=3), {"description": "new"}, "3", "10"),
    ],
)  # fmt: skip
def test_the_percent_off_a_line_stays_when_its_quantity_or_price_changes(
    shop: Shop, fields: Fields, patch: Fields, amount: str, percent: str
) -> None:
    """D7: 10 off 3 at 33.33 stands for 10.001 %."""
    [result] = shop.tried(shop.order(order(fields)), changing(patch))["lines"]
    assert (result["discountAmount"], result["discountPercent"]) == (amount, percent)


PRICING = {"quantity": "quantity", "unit_price": "unitPrice", "discount_percent": "discountPercent"}
HEADER = ("discount_amount", "total_amount_excluding_tax", "total_tax_amount")
HEADER += ("total_amount_including_tax",)
Raw = dict[str, Any]


class Walk:
    """An order under random patches, and the totals of the naive implementation after each."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client, self._draw = client, random.Random(seed)
        with_tax = self._draw.random() < 0.5
        self._made = created(client, order(pricesIncludeTax=with_tax))
        self._naive: Raw = {"step": "0.01", "tax_rounding": "NEAREST", "lines": []}
        self._naive |= {"prices_include_tax": with_tax, "discount_percent": None}
        self._naive |= {"discount_amount": Fraction(0)}

    def step(self) -> bool:
        """Whether the next patch was stored, which must be the case if and only if it can be priced."""
        naive, patch = self._next()
        answer = patch_answer(self._client, self._made, patch, selection=AMOUNTS)
        try:
            totals = naive_totals(naive)
        except ValueError:
            assert codes_and_paths(answer["userErrors"]) == [("OUT_OF_RANGE", "discountAmount")], (
                patch
            )
            return False
        assert answer["userErrors"] == [], patch
        self._made, self._naive = answer["salesOrder"], naive
        self._naive["discount_amount"] = Fraction(totals["discount_amount"])
        assert list(map(Decimal, header_of(self._made))) == [totals[name] for name in HEADER], patch
        for field, name in (("netAmount", "net_amount"), ("netTaxAmount", "net_tax_amount")):
            result = list(map(Decimal, lines_of(self._made, field)))
            assert result == [one[name] for one in totals["lines"]], patch
        return True

    def is_stored(self) -> bool:
        """Whether the order is read as in the answer to the last stored patch."""
        return bool(self._client.ask(READ, id=self._made["id"])["salesOrder"] == self._made)

    def _next(self) -> tuple[Raw, Fields]:
        """The order after a random patch, for the naive implementation, and the patch."""
        stored: list[Raw] = []
        update, remove = [], []
        for place, raw in enumerate(self._naive["lines"]):
            chance, change = self._draw.random(), self._pricing(0.5)
            if chance < 0.15:
                remove.append(place)
                continue
            stored.append(raw)
            if chance < 0.5:
                stored[-1] = {**raw, **change}
                update.append({"id": place} | {PRICING[name]: change[name] for name in change})
        first = max([0, *(raw["sequence"] for raw in self._naive["lines"])]) + 1
        added = [self._line(first + n) for n in range(self._draw.randint(0, 2))]
        naive = {**self._naive, "lines": stored + [raw for raw, _ in added]}
        lines = {"update": update, "remove": remove, "add": [fields for _, fields in added]}
        header = self._header(naive)
        naive["is_kept"] = "discountAmount" not in header
        return naive, {"lines": lines, **header}

    def _line(self, sequence: int) -> tuple[Raw, Fields]:
        raw = {"sequence": sequence, "line_type": "ITEM", **self._pricing(1), "tax_percent": 20}
        raw |= {"tax_code": "S20", "allow_invoice_discount": True, "discount_amount": None}
        return raw, line(sequence=sequence, **{PRICING[name]: raw[name] for name in PRICING})

    def _pricing(self, chance: float) -> Raw:
        drawn = {
            "quantity": str(self._draw.randint(-3, 40)),
            "unit_price": str(Decimal(self._draw.randint(1, 99999)).scaleb(-2)),
            "discount_percent": self._draw.choice(("0", "10", "33.33333")),
        }
        return {name: drawn[name] for name in drawn if self._draw.random() < chance}

    def _header(self, naive: Raw) -> Fields:
        """The header discount of a patch, if any, which is also put into `naive`."""
        kind = self._draw.choice(("amount", "percent", "", "", "", ""))
        if kind == "amount":
            priced = [
                read_line(r, Fraction(1, 100), naive["prices_include_tax"]) for r in naive["lines"]
            ]
            most = max(int(base_of(priced) * 100), 0)
            amount = Fraction(self._draw.randint(0, most * 3 // 2), 100)
            naive |= {"discount_amount": amount, "discount_percent": None}
            return {"discountAmount": str(to_decimal(amount))}
        if kind == "percent":
            naive["discount_percent"] = self._draw.choice(("0", "2.5", "99.99999"))
            return {"discountPercent": naive["discount_percent"]}
        return {}


@pytest.mark.parametrize(
    "seeds", [range(2), pytest.param(range(100, 140), marks=pytest.mark.full)], ids=len
)
def test_after_each_patch_an_order_has_the_totals_of_the_naive_implementation(
    shop: Shop, seeds: range
) -> None:
    outcomes = []
    for seed in seeds:
        walk = Walk(shop.client, seed)
        outcomes += [walk.step() for _ in range(10)]
        assert walk.is_stored(), f"seed {seed}"
    assert 0.5 < sum(outcomes) / len(outcomes) < 1
