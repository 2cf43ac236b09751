"""Random mutations of every kind: the totals are correct after each, and no rule is broken at the
end."""

import random
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from tests.support.audit import RULES, UNGUARDED, audit
from tests.support.life_cycle import (
    APPROVE,
    CANCEL,
    CREATE,
    DELETE,
    HOLD,
    INVOICE,
    PAY,
    REJECT,
    RELEASE,
    REOPEN,
    RESUME,
    SHIP,
    SHIP_AND_INVOICE,
    SUBMIT,
    UPDATE,
    WAYS,
    change,
    walked,
)
from tests.support.naive import naive_totals, to_decimal
from tests.support.requests import Fields, order
from tests.support.served import Client
from tests.support.world import ROUNDINGS, STEPS, TAX_PERCENTS

HEADER_AMOUNTS = {
    "discountAmount": "discount_amount",
    "totalAmountExcludingTax": "total_amount_excluding_tax",
    "totalTaxAmount": "total_tax_amount",
    "totalAmountIncludingTax": "total_amount_including_tax",
}
LINE_AMOUNTS = {
    "discountAmount": "discount_amount",
    "amountExcludingTax": "amount_excluding_tax",
    "totalTaxAmount": "total_tax_amount",
    "amountIncludingTax": "amount_including_tax",
    "invoiceDiscountAllocation": "invoice_discount_allocation",
    "netAmount": "net_amount",
    "netTaxAmount": "net_tax_amount",
    "netAmountIncludingTax": "net_amount_including_tax",
}
"""Each amount, and its name in the naive implementation."""
FIELDS = f"""id etag status onHold currency {{ code }} pricesIncludeTax discountPercent
  {" ".join(HEADER_AMOUNTS)} lines {{ id etag sequence lineType allowInvoiceDiscount quantity
  unitPrice taxCode {{ code }} taxPercent shippedQuantity invoicedQuantity
  {" ".join(LINE_AMOUNTS)} }}"""
LIKELY: dict[str, tuple[str, ...]] = {
    "DRAFT": (SUBMIT, SUBMIT, RELEASE, RELEASE, RELEASE, SHIP_AND_INVOICE, HOLD, DELETE),
    "IN_REVIEW": (APPROVE, REJECT),
    "OPEN": (RELEASE, RELEASE, RELEASE, REOPEN, CANCEL),
    "RELEASED": (SHIP, SHIP, SHIP, INVOICE, INVOICE, INVOICE, REOPEN, SHIP_AND_INVOICE, CANCEL),
    "INVOICED": (PAY,),
}
EVENTS = (SUBMIT, APPROVE, REJECT, REOPEN, CANCEL, HOLD, RESUME, RELEASE, SHIP, INVOICE)
EVENTS += (SHIP_AND_INVOICE, PAY, DELETE)
"""Mutations of an order in any state, weighted by frequency."""
READ = f"""query ($after: String) {{ salesOrders(first: 200, after: $after) {{
  pageInfo {{ hasNextPage endCursor }} nodes {{ {FIELDS} }} }} }}"""


def plain(value: Fraction) -> str:
    """A number as the gateway writes it."""
    digits = f"{to_decimal(value):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def check_totals(result: Fields) -> None:
    """An order must have the totals of the naive implementation for its header and lines."""
    currency = result["currency"]["code"]
    lines = [
        {
            "sequence": line["sequence"],
            "line_type": line["lineType"],
            "allow_invoice_discount": line["allowInvoiceDiscount"],
            "quantity": line["quantity"],
            "unit_price": line["unitPrice"],
            "discount_amount": line["discountAmount"],
            "discount_percent": None,
            "tax_code": line["taxCode"] and line["taxCode"]["code"],
            "tax_percent": line["taxPercent"],
        }
        for line in result["lines"]
    ]
    expected = naive_totals(
        {
            "step": STEPS[currency],
            "tax_rounding": ROUNDINGS.get(currency, "NEAREST"),
            "prices_include_tax": result["pricesIncludeTax"],
            "discount_amount": result["discountAmount"],
            "discount_percent": result["discountPercent"],
            "is_kept": True,
            "lines": lines,
        }
    )
    pairs = [(result, expected, HEADER_AMOUNTS)]
    pairs += [
        (*pair, LINE_AMOUNTS) for pair in zip(result["lines"], expected["lines"], strict=True)
    ]
    for message, wanted, names in pairs:
        assert {name: message[name] for name in names} == {
            name: plain(Fraction(wanted[amount])) for name, amount in names.items()
        }


class Trader:
    """Changes orders at random, in the same way for each seed, and records the results."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client = client
        self._draw = random.Random(seed)
        self.orders: list[Fields] = []
        self.done: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def act(self) -> None:
        """One mutation. If it is refused, the order must not have changed."""
        kind = self._draw.choices((CREATE, UPDATE, "event"), (12, 33, 55))[0]
        alive = [one for one in self.orders if one["status"] not in ("PAID", "CANCELLED")]
        recent = alive[-8:] if self._draw.random() < 0.9 else self.orders
        if kind == CREATE or not recent:
            self._write(CREATE, None, input=self._new_order())
        elif kind == UPDATE:
            drafts = [one for one in recent if one["status"] == "DRAFT"]
            result = self._draw.choice(drafts or recent)
            self._write(UPDATE, result, input=self._patch(result))
        else:
            self._transition(self._draw.choice(recent))

    def _transition(self, result: Fields) -> None:
        likely = (RESUME,) if result["onHold"] else LIKELY.get(result["status"], EVENTS)
        event = self._draw.choice(likely if self._draw.random() < 0.8 else EVENTS)
        measures = {SHIP: ("quantity", "shippedQuantity")}
        measures[INVOICE] = ("shippedQuantity", "invoicedQuantity")
        if event in measures and self._draw.random() < 0.5:
            self._write(event, result, lines=self._parts(result, *measures[event]))
        else:
            self._write(event, result)

    def _write(self, mutation: str, result: Fields | None, **arguments: Any) -> None:
        if result is not None:
            arguments["id"] = result["id"]
        answer = change(self._client, mutation, FIELDS, **arguments)
        if answer["userErrors"]:
            self.refusals.update({error["code"] for error in answer["userErrors"]})
            return
        self.done[mutation] += 1
        if result is not None:
            self.orders.remove(result)
        if mutation != DELETE:
            self.orders.append(answer["salesOrder"])
            check_totals(answer["salesOrder"])

    def _number(self, largest: int) -> str:
        places = 10 ** self._draw.choice((0, 0, 1, 2, 5))
        return plain(Fraction(self._draw.randint(0, largest * places), places))

    def _quantity(self) -> str:
        return self._draw.choice(("", "", "", "", "-")) + self._number(20)

    def _discount(self, largest: int) -> Fields:
        percent, amount = self._number(100), self._number(largest)
        fields = (
            {"discountPercent": percent},
            {"discountAmount": amount},
            {"discountAmount": None},
        )
        return self._draw.choice((*fields, {}, {}))

    def _line(self) -> Fields:
        """Random fields of a new or existing line; without a price it can only be priced in EUR."""
        kind = self._draw.choice(("comment", "6110", "RESOURCE", "CHARGE", "FIXED_ASSET", *"IIIII"))
        if kind == "comment":
            return {"description": "between the lines"}
        fields = {"quantity": self._quantity(), **self._discount(30)}
        if self._draw.random() < 0.7:
            fields["unitPrice"] = self._number(1000)
        if self._draw.random() < 0.5:
            fields["taxCode"] = self._draw.choice(
                [None, *({"code": code} for code in TAX_PERCENTS)]
            )
        if kind == "I":
            items = ("I0007", "I0333", "NO-DISCOUNT", "UNTAXED", "GROSS")
            return {**fields, "item": {"number": self._draw.choice(items)}}
        return {
            **fields,
            "lineType": "ACCOUNT" if kind == "6110" else kind,
            "lineObjectNumber": kind,
        }

    def _header(self) -> Fields:
        """Random fields of a header; most often only a discount."""
        draw, fields = self._draw.random, self._discount(200)
        if draw() < 0.2:
            fields["pricesIncludeTax"] = draw() < 0.5
        if draw() < 0.1:
            fields["currency"] = {"code": self._draw.choice(list(STEPS))}
        if draw() < 0.3:
            fields["partialShipping"] = draw() < 0.7
        return fields

    def _new_order(self) -> Fields:
        number = self._draw.choice(("C1", "C1", "WITH-TAX", "IN-YEN"))
        lines = [self._line() for _ in range(self._draw.randint(0, 5))]
        return order(*lines, customer={"number": number}, **self._header())

    def _patch(self, result: Fields) -> Fields:
        fields: Fields = self._header() if self._draw.random() < 0.5 else {}
        if self._draw.random() < 0.1:
            fields["customer"] = {"number": self._draw.choice(("C1", "WITH-TAX", "IN-YEN"))}
        ids = [line["id"] for line in result["lines"]]
        chosen = self._draw.sample(ids, min(len(ids), self._draw.randint(0, 3)))
        removed = chosen[:1] if self._draw.random() < 0.3 else []
        updates = [{"id": key, **self._line_patch()} for key in chosen if key not in removed]
        added = [self._line() for _ in range(self._draw.choice((0, 0, 0, 1, 2)))]
        return {**fields, "lines": {"add": added, "update": updates, "remove": removed}}

    def _line_patch(self) -> Fields:
        options: tuple[Fields, ...] = (
            {"quantity": self._quantity()},
            {"unitPrice": self._number(1000)},
            {"discountPercent": self._number(100)},
            {"discountAmount": self._number(30)},
            {"taxCode": {"code": self._draw.choice(list(TAX_PERCENTS))}},
            {"item": {"number": self._draw.choice(("I0007", "I0333", "GROSS"))}},
            {"description": "other text"},
            {"shipQuantity": self._number(3)},
            {"lineType": self._draw.choice(("COMMENT", "CHARGE", "ITEM"))},
        )
        weights = (4, 4, 2, 2, 2, 1, 1, 3, 1)
        first, second = self._draw.choices(options, weights, k=2)
        return {**first, **second} if self._draw.random() < 0.3 else first

    def _parts(self, result: Fields, whole: str, done: str) -> list[Fields]:
        """Some lines with their remaining quantity, a part of it, or more."""
        parts = []
        for line in result["lines"]:
            left = Fraction(line[whole]) - Fraction(line[done])
            share = Fraction(self._draw.choice((2, 4, 4, 4, 5)), 4)
            if left and self._draw.random() < 0.7:
                parts.append({"id": line["id"], "quantity": plain(left * share)})
        return parts


def stored(client: Client) -> dict[str, Fields]:
    result: dict[str, Fields] = {}
    page = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = client.ask(READ, after=page["endCursor"])["salesOrders"]
        result |= {one["id"]: one for one in answer["nodes"]}
        page = answer["pageInfo"]
    return result


@pytest.mark.parametrize("count", [200, pytest.param(5_000, marks=pytest.mark.full)])
def test_totals_are_correct_and_no_rule_is_broken_after_random_changes(
    client: Client, world_url: str, count: int
) -> None:
    trader = Trader(client, seed=count)
    for _ in range(count):
        trader.act()
    assert stored(client) == {one["id"]: one for one in trader.orders}
    assert audit(world_url) == {}
    assert set(trader.done) == {CREATE, UPDATE, *EVENTS}, "some mutation was never done"
    assert len(trader.refusals) > 8, "too few rules were met"
    assert 0.3 < trader.done.total() / count < 0.9


def test_the_audit_detects_every_broken_rule(client: Client, world_url: str, backend: str) -> None:
    for state in WAYS:
        walked(client, state)
    change(client, CREATE, input=order())
    assert audit(world_url) == {}
    for rule, (_, broken_by) in RULES.items():
        assert rule in audit(world_url, *UNGUARDED[backend], broken_by)
