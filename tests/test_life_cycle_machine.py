"""Orders walk through life at random, beside a model that says what may happen to them."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.settings import Settings
from tests.audit import audit
from tests.conftest import Templates
from tests.life_cycle import (
    CANCEL,
    CREATE,
    DELETE,
    HOLD,
    INVOICE,
    SHIP,
    UPDATE,
    change,
    problems,
)
from tests.life_cycle_model import FINAL, TABLE, Line, Order, Refused
from tests.requests import Fields, line, order
from tests.served import Client, serving
from tests.world import load_world

AMOUNTS = {
    "totalAmountExcludingTax": "netAmount",
    "totalTaxAmount": "netTaxAmount",
    "totalAmountIncludingTax": "netAmountIncludingTax",
}
"""Each total, and that of which it is the sum."""
FIELDS = f"""id etag status onHold fullyShipped {" ".join(AMOUNTS)} lines {{ id etag lineType
  description item {{ id }} quantity shippedQuantity invoicedQuantity shipQuantity invoiceQuantity
  {" ".join(AMOUNTS.values())} }}"""
READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {FIELDS} }} }}"
QUANTITIES = st.sampled_from([Decimal(text) for text in ("5", "1", "0.5", "0", "-2", "3.25")])
SHARES = st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal(1), Decimal(1), Decimal("1.5")])
EDITS = ("add", "add comment", "remove", "quantity", "quantity", "next", "text", "type")

Seen = Counter[tuple[str, str]]
"""How often each event came to what: "done" or a code."""


def lines_of(found: Fields) -> dict[str, Line]:
    """The lines of an order as the model has them."""
    return {
        each["id"]: Line(
            is_comment=each["lineType"] == "COMMENT",
            is_lost=each["lineType"] != "COMMENT" and each["item"] is None,
            quantity=Decimal(each["quantity"]),
            shipped=Decimal(each["shippedQuantity"]),
            invoiced=Decimal(each["invoicedQuantity"]),
        )
        for each in found["lines"]
    }


OUTCOMES = {"done", "NOT_FOUND", "WRONG_STATUS", "NOT_EDITABLE", "ON_HOLD", "HAS_SHIPMENTS"}
OUTCOMES |= {"NOTHING_TO_RELEASE", "LINE_INCOMPLETE", "OUT_OF_RANGE", "PARTIAL_NOT_ALLOWED"}
OUTCOMES |= {"SHIP_TOO_MANY", "NOTHING_TO_SHIP", "INVOICE_TOO_MANY", "NOTHING_TO_INVOICE"}
"""Everything that the model can say."""


def refusal(predict: Callable[[], None]) -> set[str]:
    """The codes with which the model refuses, if it does."""
    try:
        predict()
    except Refused as refused:
        return refused.codes
    return set()


def without_etag(found: Fields) -> Fields:
    return {name: value for name, value in found.items() if name != "etag"}


class Walk(RuleBasedStateMachine):
    """One order after the other; whenever it was changed it is read and compared with the model, and
    once more in the end."""

    def __init__(self, client: Client, seen: Seen) -> None:
        super().__init__()
        self._client, self._seen = client, seen

    @initialize(quantities=st.lists(QUANTITIES, min_size=1, max_size=3), partial=st.booleans())
    def begin(self, quantities: list[Decimal], partial: bool) -> None:
        lines = [line(quantity=str(quantity)) for quantity in quantities]
        given = order(*lines, {"description": "text"}, partialShipping=partial, discountPercent=10)
        self._shown = change(self._client, CREATE, FIELDS, input=given)["salesOrder"]
        self._key = self._shown["id"]
        self._model = Order("DRAFT", partial, lines_of(self._shown))

    @precondition(lambda self: self._model.status in FINAL)
    @rule(quantity=QUANTITIES, partial=st.booleans())
    def begin_again(self, quantity: Decimal, partial: bool) -> None:
        self.begin([quantity, Decimal(4)], partial)

    @rule(event=st.sampled_from(sorted(TABLE)))
    def anything_happens(self, event: str) -> None:
        self._happen(event, None)

    @precondition(lambda self: self._model.status not in FINAL)
    @rule(place=st.integers(0, 100))
    def what_the_state_allows_happens(self, place: int) -> None:
        """Apart from that by which a walk would come to nothing too soon."""
        allowed = [event for event in TABLE if self._model.status in TABLE[event][0]]
        allowed = [event for event in allowed if event not in (CANCEL, DELETE, HOLD)]
        self._happen(allowed[place % len(allowed)], None)

    @precondition(lambda self: self._model.status == "RELEASED")
    @rule(event=st.sampled_from([SHIP, INVOICE]), shares=st.lists(SHARES, min_size=6, max_size=6))
    def a_part_is_shipped_or_invoiced(self, event: str, shares: list[Decimal | None]) -> None:
        parts: dict[str, Decimal] = {}
        for (key, each), share in zip(self._model.lines.items(), shares, strict=False):
            left = each.quantity - each.shipped if event == SHIP else each.shipped - each.invoiced
            if each.quantity and share is not None:
                parts[key] = (left * share).quantize(Decimal("0.00001"))
        self._happen(event, parts)

    @precondition(lambda self: self._model.status != "GONE")
    @rule(kind=st.sampled_from(EDITS), place=st.integers(0, 5), quantity=QUANTITIES)
    def a_line_is_edited(self, kind: str, place: int, quantity: Decimal) -> None:
        comments, sold = [], []
        for key, each in self._model.lines.items():
            (comments if each.is_comment else sold).append(key)
        ids = {"quantity": sold, "next": sold, "type": sold}.get(kind, comments + sold)
        if not ids or len(self._model.lines) > 5:
            kind = "add comment" if not ids else "remove"
        key = ids[place % len(ids)] if ids else ""
        if kind.startswith("add"):
            key = "new"
        patches: dict[str, Fields] = {
            "add": {"add": [line(quantity=str(quantity))]},
            "add comment": {"add": [{"description": "more text"}]},
            "remove": {"remove": [key]},
            "quantity": {"update": [{"id": key, "quantity": str(quantity)}]},
            "next": {"update": [{"id": key, "shipQuantity": str(quantity)}]},
            "text": {"update": [{"id": key, "description": f"text of {place}"}]},
            "type": {"update": [{"id": key, "lineType": "RESOURCE"}]},
        }
        amount = Decimal(0) if kind == "add comment" else quantity
        self._step(
            UPDATE,
            {"input": {"lines": patches[kind]}},
            lambda: self._model.edit(kind, key, amount),
        )

    def _happen(self, event: str, parts: dict[str, Decimal] | None) -> None:
        given: Fields = {}
        if parts is not None:
            lines = [{"id": key, "quantity": str(part)} for key, part in parts.items()]
            given = {"lines": lines}
        self._step(event, given, lambda: self._model.happen(event, parts, self._shown))

    def _step(self, mutation: str, given: Fields, predict: Callable[[], None]) -> None:
        answer = change(self._client, mutation, FIELDS, id=self._key, **given)
        codes = {code for code, _ in problems(answer)}
        self._seen.update((mutation, outcome) for outcome in codes or {"done"})
        assert codes == refusal(predict)
        if not codes:
            self._compare(answer.get("salesOrder"))

    def teardown(self) -> None:
        if hasattr(self, "_model"):
            self._compare(None)

    def _compare(self, answered: Fields | None) -> None:
        found = self._client.ask(READ, id=self._key)["salesOrder"]
        if self._model.status == "GONE":
            assert found is None
            return
        assert answered in (None, found)
        is_same = without_etag(found) == without_etag(self._shown)
        assert (found["etag"] == self._shown["etag"]) is is_same
        self._shown = found
        lines = lines_of(found)
        if "new" in self._model.lines:
            [new] = set(lines) - set(self._model.lines)
            self._model.lines[new] = self._model.lines.pop("new")
        assert lines == self._model.lines
        assert (found["status"], found["onHold"]) == (self._model.status, self._model.on_hold)
        sold = [each for each in lines.values() if each.quantity]
        is_shipped = bool(sold) and all(each.shipped == each.quantity for each in sold)
        assert found["fullyShipped"] is is_shipped
        for total, part in AMOUNTS.items():
            assert Decimal(found[total]) == sum(Decimal(each[part]) for each in found["lines"])


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    return templates.copy("world", load_world)


@pytest.fixture(scope="module")
def world(url: str) -> Iterator[Client]:
    """The gateway over a world of its own, in which orders pile up."""
    with serving(Settings(database_url=url)) as client:
        yield client


def walk(client: Client, url: str, **sizes: Any) -> Seen:
    seen: Seen = Counter()
    run_state_machine_as_test(lambda: Walk(client, seen), settings=settings(**sizes))
    assert audit(url) == {}
    return seen


def test_orders_live_as_the_model_says(world: Client, url: str) -> None:
    seen = walk(world, url, max_examples=5, stateful_step_count=30)
    assert len({mutation for mutation, _ in seen}) > 8


@pytest.mark.full
def test_thousands_of_steps_meet_every_event_in_every_way(world: Client, url: str) -> None:
    seen = walk(world, url, max_examples=200, stateful_step_count=50)
    assert {mutation for mutation, outcome in seen if outcome == "done"} == {*TABLE, UPDATE}
    refused = {mutation for mutation, outcome in seen if outcome != "done"}
    assert refused == {*TABLE, UPDATE}
    assert {outcome for _, outcome in seen} == OUTCOMES
