"""Cached documents and plans: those that are sent again, up to a limit."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import build_schema

from gateway.execution.documents import LONGEST_KEPT, MOST_KEPT, MOST_PLANS, MOST_SEEN, Documents
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.plans import sent
from tests.support.processes import served
from tests.support.served import Client, serving
from tests.support.world import load_world

SCHEMA = build_schema("type Query { a: Int }")
USED = "{ company { name } }"
FLOOD = 2000
LEFT = 10 * 2**10
"""Bytes that a document may leave behind."""
MOST_RESIDENT = 40_000_000
"""Bytes by which documents that are sent twice may let the resident memory grow."""
LISTED = """orderDate number status totalAmountIncludingTax currency { code }
  customer { number displayName } lines { quantity unitPrice netAmount item { number } }"""


@pytest.fixture
def client(templates: Templates) -> Iterator[Client]:
    """The gateway over the world, with answers that say how their operations ran."""
    with serving(Settings(database_url=templates.copy("world", load_world), debug=True)) as client:
        yield client


def documents_with(*texts: str) -> Documents:
    """A cache in which these documents were sent twice."""
    documents = Documents(SCHEMA)
    for text in texts:
        documents.ran(text)
        assert documents.known(text) is not None
    return documents


def count_known(documents: Documents, texts: list[str]) -> int:
    return sum(documents.known(text) is not None for text in texts)


def test_a_document_is_known_from_the_second_time_on() -> None:
    documents = Documents(SCHEMA)
    assert documents.known("{ a }") is None
    documents.ran("{ a }")
    result = documents.known("{ a }")
    assert result is not None
    assert documents.known("{ a }") is result
    assert documents.known("{ a } ") is None


def test_documents_sent_once_are_not_stored_and_evict_nothing() -> None:
    documents = documents_with("{ a }")
    for number in range(FLOOD):
        assert documents.known(f"{{ a{number}: a }}") is None
        documents.ran(f"{{ a{number}: a }}")
    assert len(documents._documents) == 1
    assert documents.known("{ a }") is not None


def test_only_a_limited_number_of_documents_is_remembered() -> None:
    documents = Documents(SCHEMA)
    for number in range(MOST_SEEN + FLOOD):
        documents.ran(f"{{ a{number}: a }}")
    assert len(documents._ran) == MOST_SEEN
    assert documents.known("{ a0: a }") is None
    assert documents.known(f"{{ a{FLOOD}: a }}") is not None


def test_the_least_recently_used_documents_are_evicted() -> None:
    texts = [f"{{ a{number}: a }}" for number in range(MOST_KEPT)]
    documents = documents_with(*texts)
    assert count_known(documents, texts) == MOST_KEPT
    assert documents.known(texts[0]) is not None
    documents.ran("{ a }")
    assert documents.known("{ a }") is not None
    assert count_known(documents, texts) == MOST_KEPT - 1
    assert documents.known(texts[0]) is not None
    assert documents.known(texts[1]) is None


def test_long_documents_are_not_stored_and_their_total_length_is_limited() -> None:
    longest = [f"{{ a{number:04}: a }}".ljust(LONGEST_KEPT) for number in range(100)]
    documents = documents_with(*longest)
    assert sum(map(len, documents._documents)) <= 500_000
    assert count_known(documents, longest) == 25
    documents.ran(longest[0] + " ")
    assert documents.known(longest[0] + " ") is None


def test_a_document_is_compiled_when_it_is_repeated(client: Client) -> None:
    assert [sent(client, USED)[0] for _ in range(3)] == ["graphql-core", "plan", "plan"]


@pytest.mark.parametrize(
    "query",
    ["{", "{ nothing }", "{ company { name } } { company { id } }", "{ node(id: 1) { number } }"],
)
def test_an_invalid_document_is_not_stored(client: Client, query: str) -> None:
    answers = [sent(client, query) for _ in range(3)]
    assert {way for way, _ in answers} == {"graphql-core"}
    assert len({answer for _, answer in answers}) == 1


CONDITIONS = 5
"""There are twice as many combinations as plans."""


def test_the_plans_of_an_operation_are_limited(client: Client) -> None:
    names = [f"v{number}" for number in range(CONDITIONS)]
    selected = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    query = f"query ({variables}) {{ company {{ id {selected} }} }}"
    combinations = [
        dict(zip(names, truths, strict=True))
        for truths in itertools.product([True, False], repeat=CONDITIONS)
    ]
    sent(client, query, combinations[0])
    for _ in range(2):
        answers = [sent(client, query, truths) for truths in combinations]
        ways = [way for way, _ in answers]
        assert ways == ["plan"] * MOST_PLANS + ["graphql-core"] * (len(ways) - MOST_PLANS)
        for (_, answer), truths in zip(answers, combinations, strict=True):
            assert answer.count('"World"') == sum(truths.values())


@pytest.mark.parametrize("flood", [500, pytest.param(50_000, marks=pytest.mark.full)])
def test_a_flood_of_documents_takes_no_memory_and_does_not_evict_one_in_use(
    tmp_path: Path, world_url: str, flood: int
) -> None:
    def ask(server: Client, numbers: range) -> None:
        for number in numbers:
            way, _ = sent(server, f"{{ company {{ a{number}: name b{number}: id }} }}")
            assert way == "graphql-core"

    with served(tmp_path, database_url=world_url, debug="true") as server:
        assert [sent(server, USED)[0] for _ in range(2)] == ["graphql-core", "plan"]
        ask(server, range(500))
        before = server.resident()
        ask(server, range(500, 500 + flood))
        assert server.resident() - before < min(10 * 2**20, flood * LEFT)
        assert sent(server, USED)[0] == "plan"


@pytest.mark.full
def test_plans_of_many_documents_take_little_memory(tmp_path: Path, world_url: str) -> None:
    """Each document has 2,500 characters and is sent twice, so that it is compiled."""

    def document(number: int) -> str:
        pages = (
            f"a{number}_{page}: salesOrders(first: 2) {{ nodes {{ {LISTED} }} }}"
            for page in range(12)
        )
        return f"{{ {' '.join(pages)} }}"

    with served(tmp_path, database_url=world_url, debug="true") as server:
        sent(server, document(0))
        before = server.resident()
        for number in range(1, 250):
            assert [sent(server, document(number))[0] for _ in range(2)] == ["graphql-core", "plan"]
        assert server.resident() - before < MOST_RESIDENT
