"""Orders go through random transitions, compared with a model of the life cycle."""

from collections import Counter
from collections.abc import Iterator
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
)
from tests.support.life_cycle_model import FINAL, TABLE
from tests.support.life_cycle_walk import OUTCOMES, Seen, Walk
from tests.support.served import Client, serving
from tests.support.world import load_world

QUANTITIES = st.sampled_from([Decimal(text) for text in ("5", "1", "0.5", "0", "-2", "3.25")])
SHARES = st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal(1), Decimal(1), Decimal("1.5")])
EDITS = ("add", "add comment", "remove", "quantity", "quantity", "next", "text", "type")


class RandomWalk(RuleBasedStateMachine):
    """A walk whose steps Hypothesis draws."""

    def __init__(self, client: Client, seen: Seen) -> None:
        super().__init__()
        self._walk = Walk(client, seen)

    @initialize(quantities=st.lists(QUANTITIES, min_size=1, max_size=3), partial=st.booleans())
    def begin(self, quantities: list[Decimal], partial: bool) -> None:
        self._walk.start(quantities, partial=partial)

    @precondition(lambda self: self._walk.model.status in FINAL)
    @rule(quantity=QUANTITIES, partial=st.booleans())
    def begin_again(self, quantity: Decimal, partial: bool) -> None:
        self._walk.start([quantity, Decimal(4)], partial=partial)

    @rule(event=st.sampled_from(sorted(TABLE)))
    def any_transition_is_attempted(self, event: str) -> None:
        self._walk.carry_out(event)

    @precondition(lambda self: self._walk.model.status not in FINAL)
    @rule(place=st.integers(0, 100))
    def an_allowed_transition_is_carried_out(self, place: int) -> None:
        """Except transitions that would end a walk too early."""
        allowed = [event for event in TABLE if self._walk.model.status in TABLE[event][0]]
        allowed = [event for event in allowed if event not in (CANCEL, DELETE, HOLD)]
        self._walk.carry_out(allowed[place % len(allowed)])

    @precondition(lambda self: self._walk.model.status == "RELEASED")
    @rule(event=st.sampled_from([SHIP, INVOICE]), shares=st.lists(SHARES, min_size=6, max_size=6))
    def a_part_is_shipped_or_invoiced(self, event: str, shares: list[Decimal | None]) -> None:
        parts: dict[str, Decimal] = {}
        for (key, each), share in zip(self._walk.model.lines.items(), shares, strict=False):
            left = each.quantity - each.shipped if event == SHIP else each.shipped - each.invoiced
            if each.quantity and share is not None:
                parts[key] = (left * share).quantize(Decimal("0.00001"))
        self._walk.carry_out(event, parts)

    @precondition(lambda self: self._walk.model.status == "RELEASED")
    @precondition(lambda self: any(each.shipped for each in self._walk.model.lines.values()))
    @rule()
    def complete_without_the_rest(self) -> None:
        """Invoice what is shipped, and complete the order without the rest."""
        self._walk.carry_out(INVOICE)
        self._walk.carry_out(REOPEN)
        for key, each in list(self._walk.model.lines.items()):
            if each.quantity != each.shipped:
                self._walk.edit("quantity", key, each.shipped)
        self._walk.come_to_an_end()

    @precondition(lambda self: self._walk.model.status != "GONE")
    @rule(kind=st.sampled_from(EDITS), place=st.integers(0, 5), quantity=QUANTITIES)
    def a_line_is_edited(self, kind: str, place: int, quantity: Decimal) -> None:
        comments, sold = [], []
        for key, each in self._walk.model.lines.items():
            (comments if each.is_comment else sold).append(key)
        keys = {"quantity": sold, "next": sold, "type": sold}.get(kind, comments + sold)
        if not keys or len(self._walk.model.lines) > 5:
            kind = "add comment" if not keys else "remove"
        key = "new" if kind.startswith("add") else keys[place % len(keys)]
        self._walk.edit(kind, key, quantity)

    def teardown(self) -> None:
        """Every state of a walk has a way to its end."""
        if hasattr(self._walk, "model"):
            self._walk.compare()
            self._walk.come_to_an_end()
            self._walk.try_everything()


def meet_every_outcome(walk: Walk) -> None:
    """Carry out each mutation and meet each refusal, which no random walk is certain to do."""
    five, six, nothing = Decimal(5), Decimal(6), Decimal(0)
    walk.start([five], partial=False)
    key = next(key for key, each in walk.model.lines.items() if each.quantity)
    walk.carry_out(SUBMIT)
    walk.edit("quantity", key, six)  # NOT_EDITABLE
    for event in (REJECT, SUBMIT, APPROVE, HOLD, RELEASE, RESUME, RELEASE):  # once ON_HOLD
        walk.carry_out(event)
    for part in (Decimal(1), six, nothing, five):  # PARTIAL_NOT_ALLOWED, _TOO_MANY, NOTHING_TO_SHIP
        walk.carry_out(SHIP, {key: part})
    walk.carry_out(CANCEL)  # HAS_SHIPMENTS
    for part in (six, nothing, five):  # INVOICE_TOO_MANY, NOTHING_TO_INVOICE
        walk.carry_out(INVOICE, {key: part})
    walk.carry_out(PAY)
    walk.try_everything()  # WRONG_STATUS
    _meet_flawed_lines(walk)
    for event in (SHIP_AND_INVOICE, CANCEL):
        walk.start([five], partial=False)
        walk.carry_out(event)


def _meet_flawed_lines(walk: Walk) -> None:
    """Try to release a line without an object, then only a comment, then a return."""
    walk.start([Decimal(5)], partial=True)
    key = next(key for key, each in walk.model.lines.items() if each.quantity)
    walk.edit("type", key)
    walk.carry_out(RELEASE)  # LINE_INCOMPLETE
    walk.edit("remove", key)
    walk.carry_out(RELEASE)  # NOTHING_TO_RELEASE
    walk.edit("add", quantity=Decimal(-2))
    walk.carry_out(SHIP_AND_INVOICE)  # OUT_OF_RANGE
    for event in (RELEASE, REOPEN, DELETE):
        walk.carry_out(event)
    walk.try_everything()  # NOT_FOUND


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    return templates.copy("world", load_world)


@pytest.fixture(scope="module")
def world(url: str) -> Iterator[Client]:
    """The gateway over a separate world, in which orders accumulate."""
    with serving(Settings(database_url=url)) as client:
        yield client


def walk_at_random(client: Client, url: str, **sizes: Any) -> None:
    """Each walk ends with every mutation, so none can be missing."""
    seen: Seen = Counter()
    run_state_machine_as_test(lambda: RandomWalk(client, seen), settings=settings(**sizes))
    assert audit(url) == {}
    assert {mutation for mutation, _ in seen} == {*TABLE, UPDATE}


def test_every_event_and_refusal_is_as_the_model_says(world: Client) -> None:
    seen: Seen = Counter()
    meet_every_outcome(Walk(world, seen))
    assert {outcome for _, outcome in seen} == OUTCOMES
    assert {mutation for mutation, outcome in seen if outcome == "done"} == {*TABLE, UPDATE}
    assert {mutation for mutation, outcome in seen if outcome != "done"} == {*TABLE, UPDATE}


def test_orders_follow_the_model_of_the_life_cycle(world: Client, url: str) -> None:
    walk_at_random(world, url, max_examples=4, stateful_step_count=30)


@pytest.mark.full
def test_thousands_of_steps_follow_the_model_of_the_life_cycle(world: Client, url: str) -> None:
    walk_at_random(world, url, max_examples=200, stateful_step_count=50)
