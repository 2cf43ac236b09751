"""Orders that many clients change at the same time. The changes that were acknowledged form one serial history,
whose end is what is stored."""

import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.support.life_cycle import CREATE, DELETE, UPDATE, change, problems
from tests.support.life_cycle_model import TABLE, Order, Refused
from tests.support.life_cycle_walk import FIELDS, READ, lines_of
from tests.support.requests import Fields, line, order
from tests.support.served import Client

SHARED = 6
"""Orders that all clients change at the same time; a new one replaces one that has come to its end."""

REPEATED = 0.25
"""The share of creations that are sent a second time, under the same idempotency key."""

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
    """The answers to all clients. The list of orders to choose from is theirs together.

    No outcome is unknown, because nothing fails. An unknown change would be a gap in the history."""

    seed: int
    created: dict[str, Fields] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    shared: list[str] = field(default_factory=list)

    def act(self, chance: random.Random, *clients: Client) -> None:
        """One random step; each of its requests goes to one of `clients`."""
        shared = [*self.shared]  # other threads change the list
        if len(shared) < SHARED:
            self._create(chance, clients)
            return
        key = chance.choice(shared)
        before = chance.choice(clients).ask(READ, id=key)["salesOrder"]
        if before is None or before["status"] in ("PAID", "CANCELLED"):
            with suppress(ValueError):
                self.shared.remove(key)
            return
        self._change(chance, chance.choice(clients), key, before)

    def _create(self, chance: random.Random, clients: Sequence[Client]) -> None:
        lines = [line(quantity=chance.choice(QUANTITIES)) for _ in range(chance.randint(1, 3))]
        arguments: Fields = {
            "input": order(*lines, partialShipping=True, discountPercent=10),
            "idempotencyKey": str(uuid.uuid4()),
        }
        answer = change(chance.choice(clients), CREATE, FIELDS, **arguments)
        if chance.random() < REPEATED:
            assert change(chance.choice(clients), CREATE, FIELDS, **arguments) == answer
        created = answer["salesOrder"]
        self.created[created["id"]] = created
        self.shared.append(created["id"])

    def _change(self, chance: random.Random, client: Client, key: str, before: Fields) -> None:
        event, quantity = chance.choice([*EVENTS, UPDATE, UPDATE]), chance.choice(QUANTITIES)
        edited = chance.choice(before["lines"])["id"]
        fields: Fields = {}
        if event == UPDATE:
            fields = {"input": {"lines": {"update": [{"id": edited, "quantity": quantity}]}}}
        fields |= {"id": key, "ifMatch": before["etag"]}
        answer = change(client, event, FIELDS, **fields)
        if not problems(answer):
            after = None if event == DELETE else answer["salesOrder"]
            if after == before:
                return  # the quantity is the same as before
            self.changes[key].append(Change(event, Decimal(quantity), edited, before, after))

    def stored(self, client: Client) -> dict[str, Fields]:
        """The created orders by number, apart from those that were deleted. They must be stored as they
        were after their last change."""
        found: Any = {key: client.ask(READ, id=key)["salesOrder"] for key in self.created}
        assert found == {key: self._end_of(key) for key in self.created}, f"seed {self.seed}"
        return {each["number"]: each for each in found.values() if each is not None}

    def _end_of(self, key: str) -> Fields | None:
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
            _replay(model, each)
            current = each.after
            if current is not None:
                state = (current["status"], current["onHold"], lines_of(current))
                assert state == (model.status, model.on_hold, model.lines)
        assert by_etag == {}, f"a change continued an unknown state, seed {self.seed}"
        return current


def _replay(model: Order, each: Change) -> None:
    try:
        if each.event == UPDATE:
            model.edit("quantity", each.line, each.quantity)
        else:
            model.carry_out(each.event, None, each.before)
    except Refused as refused:
        raise AssertionError(f"the model refuses {each.event}: {refused.codes}") from refused
