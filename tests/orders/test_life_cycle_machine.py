"""Orders go through random transitions, compared with a model of the life cycle."""

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
from tests.support.audit import audit
from tests.support.databases import Templates
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
    UPDATE,
    change,
    problems,
)
from tests.support.life_cycle_model import FINAL, TABLE, Line, Order, Refused
from tests.support.requests import Fields, line, order
from tests.support.served import Client, serving
from tests.support.world import load_world

AMOUNTS = {
    "totalAmountExcludingTax": "netAmount",
    "totalTaxAmount": "netTaxAmount",
    "totalAmountIncludingTax": "netAmountIncludingTax",
}
"""Each total and the line amount that it adds up."""
FIELDS = f"""id etag status onHold fullyShipped {" ".join(AMOUNTS)} lines {{ id etag lineType
  description item {{ id }} quantity shippedQuantity invoicedQuantity shipQuantity invoiceQuantity
  {" ".join(AMOUNTS.values())} }}"""
READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {FIELDS} }} }}"
QUANTITIES = st.sampled_from([Decimal(text) for text in ("5", "1", "0.5", "0", "-2", "3.25")])
SHARES = st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal(1), Decimal(1), Decimal("1.5")])
EDITS = ("add", "add comment", "remove", "quantity", "quantity", "next", "text", "type")

ONWARDS = [("IN_REVIEW", APPROVE), ("DRAFT", RELEASE), ("OPEN", RELEASE)]
ONWARDS += [("RELEASED", SHIP), ("RELEASED", INVOICE), ("INVOICED", PAY)]
"""The transitions that complete a partly shipped order from any state."""

Seen = Counter[tuple[str, str]]
"""The number of outcomes of each event: "done" or a code."""


def lines_of(found: Fields) -> dict[str, Line]:
    """The lines of an order in the model."""
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
"""All outcomes of the model."""


def refusal(predict: Callable[[], None]) -> set[str]:
    """The codes of the model's refusal, if any."""
    try:
        predict()
    except Refused as refused:
        return refused.codes
    return set()


def without_etag(found: Fields) -> Fields:
    return {name: value for name, value in found.items() if name != "etag"}


class Walk(RuleBasedStateMachine):
    """One order after the other. It is read and compared with the model after each change and at the
    end."""

    def __init__(self, client: Client, seen: Seen) -> None:
        super().__init__()
        self._client, self._seen = client, seen

    @initialize(quantities=st.lists(QUANTITIES, min_size=1, max_size=3), partial=st.booleans())
    def begin(self, quantities: list[Decimal], partial: bool) -> None:
        lines = [line(quantity=str(quantity)) for quantity in quantities]
        fields = order(*lines, {"description": "text"}, partialShipping=partial, discountPercent=10)
        self._shown = change(self._client, CREATE, FIELDS, input=fields)["salesOrder"]
        self._key = self._shown["id"]
        self._model = Order("DRAFT", partial, lines_of(self._shown))

    @precondition(lambda self: self._model.status in FINAL)
    @rule(quantity=QUANTITIES, partial=st.booleans())
    def begin_again(self, quantity: Decimal, partial: bool) -> None:
        self.begin([quantity, Decimal(4)], partial)

    @rule(event=st.sampled_from(sorted(TABLE)))
    def any_transition_is_attempted(self, event: str) -> None:
        self._carry_out(event, None)

    @precondition(lambda self: self._model.status not in FINAL)
    @rule(place=st.integers(0, 100))
    def an_allowed_transition_is_carried_out(self, place: int) -> None:
        """Except transitions that would end a walk too early."""
        allowed = [event for event in TABLE if self._model.status in TABLE[event][0]]
        allowed = [event for event in allowed if event not in (CANCEL, DELETE, HOLD)]
        self._carry_out(allowed[place % len(allowed)], None)

    @precondition(lambda self: self._model.status == "RELEASED")
    @rule(event=st.sampled_from([SHIP, INVOICE]), shares=st.lists(SHARES, min_size=6, max_size=6))
    def a_part_is_shipped_or_invoiced(self, event: str, shares: list[Decimal | None]) -> None:
        parts: dict[str, Decimal] = {}
        for (key, each), share in zip(self._model.lines.items(), shares, strict=False):
            left = each.quantity - each.shipped if event == SHIP else each.shipped - each.invoiced
            if each.quantity and share is not None:
                parts[key] = (left * share).quantize(Decimal("0.00001"))
        self._carry_out(event, parts)

    @precondition(lambda self: self._model.status == "RELEASED")
    @precondition(lambda self: any(each.shipped for each in self._model.lines.values()))
    @rule()
    def all_but_what_is_shipped_goes(self) -> None:
        """Invoice what is shipped, and complete the order without the rest."""
        self._carry_out(INVOICE, None)
        self._carry_out(REOPEN, None)
        for key, each in list(self._model.lines.items()):
            if each.quantity != each.shipped:
                update = {"id": key, "quantity": str(each.shipped)}
                self._edit("quantity", key, {"update": [update]}, each.shipped)
        self._come_to_an_end()

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
        self._edit(kind, key, patches[kind], Decimal(0) if kind == "add comment" else quantity)

    def _edit(self, kind: str, key: str, patch: Fields, quantity: Decimal = Decimal(0)) -> None:
        fields = {"input": {"lines": patch}}
        self._step(UPDATE, fields, lambda: self._model.edit(kind, key, quantity))

    def _carry_out(self, event: str, parts: dict[str, Decimal] | None) -> None:
        fields: Fields = {}
        if parts is not None:
            lines = [{"id": key, "quantity": str(part)} for key, part in parts.items()]
            fields = {"lines": lines}
        self._step(event, fields, lambda: self._model.carry_out(event, parts, self._shown))

    def _step(self, mutation: str, fields: Fields, predict: Callable[[], None]) -> None:
        answer = change(self._client, mutation, FIELDS, id=self._key, **fields)
        codes = {code for code, _ in problems(answer)}
        self._seen.update((mutation, outcome) for outcome in codes or {"done"})
        assert codes == refusal(predict)
        if not codes:
            self._compare(answer.get("salesOrder"))

    def teardown(self) -> None:
        """Every state of a walk has a way to its end."""
        if hasattr(self, "_model"):
            self._compare(None)
            self._come_to_an_end()
            self._try_everything()

    def _come_to_an_end(self) -> None:
        """Cancel the order if nothing is shipped; otherwise repair it if necessary, release it, ship
        and invoice everything, and pay."""
        model = self._model
        if model.status in FINAL:
            return
        if model.on_hold:
            self._carry_out(RESUME, None)
        if not any(each.shipped for each in model.lines.values()):
            self._carry_out(CANCEL, None)
            return
        self._mend()
        for status, event in ONWARDS:
            if model.status == status:
                self._carry_out(event, self._left(event))
        assert model.status in FINAL

    def _try_everything(self) -> None:
        """Each mutation once more, so that every walk covers all of them."""
        for event in sorted(TABLE):
            self._carry_out(event, None)
        self._edit("add comment", "new", {"add": [{"description": "more text"}]})

    def _mend(self) -> None:
        """Repair an order that cannot be released because of a line without an object or a negative
        total: make it a draft again and change it."""
        lost = [key for key, each in self._model.lines.items() if each.is_lost]
        is_negative = Decimal(self._shown["totalAmountIncludingTax"]) < 0
        if not lost and not is_negative:
            return
        if self._model.status != "DRAFT":
            self._carry_out(REJECT if self._model.status == "IN_REVIEW" else REOPEN, None)
        for key in lost:
            self._edit("remove", key, {"remove": [key]})
        if is_negative:
            self._edit("add", "new", {"add": [line(quantity="100")]}, Decimal(100))

    def _left(self, event: str) -> dict[str, Decimal] | None:
        """The remaining quantities to ship or, once everything is shipped, to invoice."""
        if event not in (SHIP, INVOICE):
            return None
        done = {
            key: each.shipped if event == SHIP else each.invoiced
            for key, each in self._model.lines.items()
        }
        left = {key: each.quantity - done[key] for key, each in self._model.lines.items()}
        return {key: part for key, part in left.items() if part}

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
    """The gateway over a separate world, in which orders accumulate."""
    with serving(Settings(database_url=url)) as client:
        yield client


def walk(client: Client, url: str, **sizes: Any) -> Seen:
    seen: Seen = Counter()
    run_state_machine_as_test(lambda: Walk(client, seen), settings=settings(**sizes))
    assert audit(url) == {}
    return seen


def test_orders_follow_the_model_of_the_life_cycle(world: Client, url: str) -> None:
    seen = walk(world, url, max_examples=4, stateful_step_count=30)
    assert {mutation for mutation, _ in seen} == {*TABLE, UPDATE}


@pytest.mark.full
def test_thousands_of_steps_cover_every_transition_and_outcome(world: Client, url: str) -> None:
    seen = walk(world, url, max_examples=200, stateful_step_count=50)
    assert {mutation for mutation, outcome in seen if outcome == "done"} == {*TABLE, UPDATE}
    refused = {mutation for mutation, outcome in seen if outcome != "done"}
    assert refused == {*TABLE, UPDATE}
    assert {outcome for _, outcome in seen} == OUTCOMES
