"""Many clients change the same orders at random. The changes that were acknowledged form one serial history,
whose end is what is stored."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.audit import audit
from tests.support.change_history import History
from tests.support.served import Client

CLIENTS = 8


@pytest.mark.parametrize("steps", [160, pytest.param(3_000, marks=pytest.mark.full)])
def test_the_acknowledged_changes_form_one_history_that_ends_in_what_is_stored(
    client: Client, world_url: str, steps: int
) -> None:
    history = History(random.randrange(10**6))

    def play(number: int) -> None:
        chance = random.Random(f"{history.seed} {number}")
        for _ in range(steps // CLIENTS):
            history.act(chance, client)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(play, range(CLIENTS)))
    history.stored(client)
    assert sum(map(len, history.changes.values())) > steps / 10
    assert audit(world_url) == {}
