"""An order lists the mutations that it allows, and refuses all others for the listed reasons."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
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
    WAYS,
    drafted,
    walked,
)
from tests.support.requests import Fields, line
from tests.support.served import Client, serving, statements
from tests.support.world import load_world

ALL = {
    *(SUBMIT, APPROVE, REJECT, RELEASE, REOPEN, SHIP, INVOICE, SHIP_AND_INVOICE, PAY),
    *(CANCEL, HOLD, RESUME, DELETE),
}
ERROR = "message code path rejectedValue suggestions parameters { name value }"
TRANSITIONS = f"availableTransitions {{ mutation possible reasons {{ {ERROR} }} }}"
QUERY = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {TRANSITIONS} }} }}"


@pytest.fixture(scope="module")
def client(templates: Templates) -> Iterator[Client]:
    with serving(Settings(database_url=templates.copy("world", load_world))) as result:
        yield result


def available(client: Client, key: str) -> dict[str, Fields]:
    result = client.ask(QUERY, id=key)["salesOrder"]["availableTransitions"]
    return {each["mutation"]: each for each in result}


def tried(client: Client, mutation: str, key: str) -> Any:
    """The refusals of a dry run."""
    query = f"""mutation ($id: ID!) {{
      it: {mutation}(id: $id, dryRun: true) {{ userErrors {{ {ERROR} }} }} }}"""
    return client.ask(query, id=key)["it"]["userErrors"]


def check(client: Client, key: str) -> None:
    result = available(client, key)
    assert set(result) == ALL
    for mutation, transition in result.items():
        assert transition["reasons"] == tried(client, mutation, key), mutation
        assert transition["possible"] == (not transition["reasons"])


@pytest.mark.parametrize(
    ("state", "suspended"),
    [
        (state, suspended)
        for state in WAYS
        for suspended in (False, True)
        if not (suspended and state in ("PAID", "CANCELLED"))
    ],
)
def test_an_order_offers_what_a_dry_run_of_each_mutation_allows(
    client: Client, state: str, suspended: bool
) -> None:
    """An order in a final status is never on hold."""
    check(client, walked(client, state, suspended=suspended))


@pytest.mark.parametrize(
    "lines", [[], [{"description": "text"}], [line(quantity=-1)], [line(quantity=0)]]
)
def test_the_guards_of_a_draft_are_among_the_reasons(client: Client, lines: list[Fields]) -> None:
    """An order without anything to sell, a return, and a line without a quantity."""
    check(client, drafted(client, *lines)[0])


def test_a_page_of_orders_takes_three_statements(client: Client) -> None:
    """One statement reads the orders, one all of their lines and one their customers."""
    for _ in range(3):
        drafted(client, line())
    query = "{ salesOrders(first: 50) { nodes { availableTransitions { mutation possible } } } }"
    with statements() as seen:
        nodes = client.ask(query)["salesOrders"]["nodes"]
    assert len(nodes) > 2
    assert len(seen) == 3


def test_the_order_in_a_payload_offers_what_it_allows_now(client: Client) -> None:
    key, _ = drafted(client, line())
    query = f"""mutation ($id: ID!) {{
      it: {SUBMIT}(id: $id) {{ salesOrder {{ {TRANSITIONS} }} }} }}"""
    offered = client.ask(query, id=key)["it"]["salesOrder"]["availableTransitions"]
    possible = {each["mutation"] for each in offered if each["possible"]}
    assert possible == {APPROVE, REJECT, CANCEL, HOLD, RESUME}
