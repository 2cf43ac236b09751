"""Orders that go through some transitions before they are stored, as those of the demo do."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.pool import NullPool

from gateway.orders.fields import LineChange, NewOrder, Reference
from gateway.orders.problems import ProblemCode, Rejected
from gateway.orders.service import carry_out_transition, create, create_all
from gateway.orders.transitions import Transition
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.transactions import writing
from tests.support.databases import Templates
from tests.support.default_rules import RULES
from tests.support.exporting import stored
from tests.support.served import statements
from tests.support.world import COMPANY, load_world

TO_INVOICED = (Transition.RELEASE, Transition.SHIP, Transition.INVOICE)
WAYS: dict[str, tuple[Transition, ...]] = {
    "DRAFT": (),
    "IN-REVIEW": (Transition.SUBMIT_FOR_REVIEW,),
    "OPEN": (Transition.SUBMIT_FOR_REVIEW, Transition.APPROVE),
    "HELD": (Transition.RELEASE, Transition.HOLD),
    "INVOICED": TO_INVOICED,
    "REOPENED": (Transition.RELEASE, Transition.REOPEN),
    "PAID": (*TO_INVOICED, Transition.REGISTER_PAYMENT),
    "AT-ONCE": (Transition.SHIP_AND_INVOICE,),
    "CANCELLED": (Transition.CANCEL,),
}


def order(name: str, *quantities: str, **more: Any) -> NewOrder:
    lines: list[LineChange] = [
        {"item": Reference("number", f"I{place:04}"), "quantity": Decimal(quantity), **more}
        for place, quantity in enumerate(quantities, 1)
    ]
    return {"number": name, "customer": Reference("number", "C1"), "lines": lines}


ORDERS = [
    *((order(name, "5", "2.5"), way) for name, way in WAYS.items()),
    (order("IN-PART", "5", "4", ship_quantity=Decimal(3)), TO_INVOICED),
    (order("RETURN", "-2"), (Transition.RELEASE, Transition.SHIP)),
]


@pytest.fixture
def one_by_one(templates: Templates) -> Database:
    """A second database like `database`."""
    return Database(templates.copy("world", load_world), poolclass=NullPool)


@pytest.mark.anyio
async def test_they_are_stored_as_if_the_transitions_came_later(
    database: Database, one_by_one: Database
) -> None:
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        changes, ways = zip(*ORDERS, strict=True)
        await create_all(writer, changes, RULES, ways)
    for change, way in ORDERS:
        async with writing(one_by_one, ScopeRequest(COMPANY)) as writer:
            key = (await create(writer, change, RULES)).order.id
            for transition in way:
                await carry_out_transition(writer, key, transition, None)
    assert await stored(database) == await stored(one_by_one)


@pytest.mark.anyio
async def test_transitions_add_no_statements(database: Database) -> None:
    counts = []
    for number, way in (("A", ()), ("B", WAYS["PAID"])):
        with statements() as seen:
            async with writing(database, ScopeRequest(COMPANY)) as writer:
                await create_all(writer, [order(number, "1")], RULES, [way])
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("way", "code"),
    [
        ((Transition.SHIP,), ProblemCode.WRONG_STATUS),
        ((Transition.HOLD, Transition.RELEASE), ProblemCode.ON_HOLD),
        ((*TO_INVOICED, Transition.CANCEL), ProblemCode.WRONG_STATUS),
        ((Transition.RELEASE, Transition.INVOICE), ProblemCode.NOTHING_TO_INVOICE),
        ((Transition.RELEASE, Transition.SHIP, Transition.SHIP), ProblemCode.NOTHING_TO_SHIP),
    ],
)
async def test_a_transition_that_the_rules_forbid_is_refused_and_no_order_is_stored(
    database: Database, way: tuple[Transition, ...], code: ProblemCode
) -> None:
    before = await stored(database)
    with pytest.raises(Rejected) as refused:
        async with writing(database, ScopeRequest(COMPANY)) as writer:
            await create_all(writer, [order("A", "1"), order("B", "1")], RULES, [(), way])
    assert [problem.code for problem in refused.value.problems] == [code]
    assert await stored(database) == before
