"""Many clients change the same orders at random. The changes that were acknowledged form one serial history,
whose end is what is stored."""

import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from tests.support.audit import audit
from tests.support.life_cycle import CREATE, DELETE, UPDATE, change, problems
from tests.support.life_cycle_model import TABLE, Order, Refused
from tests.support.life_cycle_walk import FIELDS, READ, lines_of
from tests.support.requests import Fields, line, order
from tests.support.served import Client

CLIENTS = 8
SHARED = 6
"""Orders that all clients change at the same time; a new one replaces one that has come to its end."""

EVENTS = sorted(TABLE)
QUANTITIES = ("5", "1", "0.5", "3.25")


@dataclass(frozen=True)
class Change:
    """A change that was acknowledged: what its client saw before, and the answer; None if it deleted the
    order."""

    event: str
    quantity: Decimal
    line: str
    before: Fields
    after: Fields | None


@dataclass
class History:
    """What all clients were told. The list of orders to choose from is theirs together."""

    client: Client
    seed: int
    created: dict[str, Fields] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    shared: list[str] = field(default_factory=list)

    def act(self, chance: random.Random) -> None:
        """One random step of a client."""
        if len(self.shared) < SHARED:
            self._create(chance)
            return
        key = chance.choice(self.shared)
        before = self.client.ask(READ, id=key)["salesOrder"]
        if before is None or before["status"] in ("PAID", "CANCELLED"):
            if key in self.shared:
                self.shared.remove(key)
            return
        self._change(chance, key, before)

    def _create(self, chance: random.Random) -> None:
        lines = [line(quantity=chance.choice(QUANTITIES)) for _ in range(chance.randint(1, 3))]
        fields = order(*lines, partialShipping=True, discountPercent=10)
        created = change(self.client, CREATE, FIELDS, input=fields)["salesOrder"]
        self.created[created["id"]] = created
        self.shared.append(created["id"])

    def _change(self, chance: random.Random, key: str, before: Fields) -> None:
        event, quantity = chance.choice([*EVENTS, UPDATE, UPDATE]), chance.choice(QUANTITIES)
        edited = chance.choice(before["lines"])["id"]
        fields: Fields = {}
        if event == UPDATE:
            fields = {"input": {"lines": {"update": [{"id": edited, "quantity": quantity}]}}}
        fields |= {"id": key, "ifMatch": before["etag"]}
        answer = change(self.client, event, FIELDS, **fields)
        if not problems(answer):
            after = None if event == DELETE else answer["salesOrder"]
            if after == before:
                return  # the quantity is the same as before
            self.changes[key].append(Change(event, Decimal(quantity), edited, before, after))

    def end_of(self, key: str) -> Fields | None:
        """The order at the end of the serial history of its changes, each of which continues the one before.
        The model agrees with each of them."""
        current: Fields | None = self.created[key]
        assert current is not None
        model = Order("DRAFT", partial_shipping=True, lines=lines_of(current))
        by_etag = {each.before["etag"]: each for each in self.changes[key]}
        assert len(by_etag) == len(self.changes[key]), (
            f"two changes continued the same state, seed {self.seed}"
        )
        while current is not None and (each := by_etag.pop(current["etag"], None)):
            assert each.before == current
            replay(model, each)
            current = each.after
            if current is not None:
                state = (current["status"], current["onHold"], lines_of(current))
                assert state == (model.status, model.on_hold, model.lines)
        assert by_etag == {}, f"a change continued an unknown state, seed {self.seed}"
        return current


def replay(model: Order, each: Change) -> None:
    try:
        if each.event == UPDATE:
            model.edit("quantity", each.line, each.quantity)
        else:
            model.carry_out(each.event, None, each.before)
    except Refused as refused:
        raise AssertionError(f"the model refuses {each.event}: {refused.codes}") from refused


def chances(seed: int) -> Iterator[random.Random]:
    for number in range(CLIENTS):
        yield random.Random(f"{seed} {number}")


@pytest.mark.parametrize("steps", [160, pytest.param(3_000, marks=pytest.mark.full)])
def test_the_acknowledged_changes_form_one_history_that_ends_in_what_is_stored(
    client: Client, world_url: str, steps: int
) -> None:
    """No outcome is unknown here, because nothing fails. An unknown change would be a gap in the history."""
    seed = random.randrange(10**6)
    history = History(client, seed)

    def play(chance: random.Random) -> None:
        for _ in range(steps // CLIENTS):
            history.act(chance)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(play, chances(seed)))
    stored: Any = {key: client.ask(READ, id=key)["salesOrder"] for key in history.created}
    ends = {key: history.end_of(key) for key in history.created}
    assert stored == ends, f"seed {seed}"
    assert sum(map(len, history.changes.values())) > steps / 10
    assert audit(world_url) == {}
