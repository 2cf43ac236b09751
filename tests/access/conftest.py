"""A gateway over two companies."""

from collections.abc import Iterator

import pytest

from tests.support.databases import Templates
from tests.support.gates import Gate, open_gate


@pytest.fixture(scope="module")
def gate(templates: Templates) -> Iterator[Gate]:
    with open_gate(templates) as opened:
        yield opened
