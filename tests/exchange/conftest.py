"""A gateway that the tests of a module share."""

import itertools
from collections.abc import Iterator

import pytest

from tests.support.databases import Templates
from tests.support.importing import gate
from tests.support.served import Client
from tests.support.world import load_world

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def world(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The gateway over a world for tests whose orders have numbers of their own."""
    url = templates.copy("world", load_world)
    with gate(url, tmp_path_factory.mktemp("uploads")) as client:
        yield client


@pytest.fixture
def number() -> str:
    """The number of an order that no other test has."""
    return f"N{next(NUMBERS)}"
