"""Documents that are meant to be slow are refused quickly, and leave nothing behind."""

import gc
import json
import statistics
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from graphql import GraphQLError, parse
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.operations import Operation, run_operation
from gateway.execution.limits import TOKEN, Limits
from gateway.storage.database import Database
from tests.support.contexts import context_of
from tests.support.plans import sent
from tests.support.processes import served

MILLISECONDS = 50
DOUBLING = " ".join(f"fragment F{n} on Company {{ ...F{n + 1} ...F{n + 1} }}" for n in range(22))
CYCLE = " ".join(f"fragment F{n} on Company {{ ...F{(n + 1) % 40} }}" for n in range(40))
WALK = "customer { salesOrders(first: 1) { nodes { ...F%d } } }"
DEEP_CYCLE = " ".join(
    f"fragment F{n} on SalesOrder {{ {WALK % ((n + 1) % 40)} }}" for n in range(40)
)
HOSTILE = {
    "doubling fragments": f"{{ company {{ ...F0 }} }} {DOUBLING} fragment F22 on Company {{ id }}",
    "aliases": "{company{" + "a:id " * 19_990 + "}}",
    "distinct aliases": "{company{" + " ".join(f"a{n}:id" for n in range(20_000)) + "}}",
    "a literal": "{nodes(ids:[" + "1 " * 100_000 + "]){id}}",
    "a literal of less bytes": "{nodes(ids:[" + "1 " * 49_000 + "]){id}}",
    "directives": "{company{id" + "@a" * 5_000 + "}}",
    "known directives": "{company{id" + "@skip(if:false)" * 5_000 + "}}",
    "a cycle": f"{{ company {{ ...F0 }} }} {CYCLE}",
    "a deep cycle": f"{{ salesOrders {{ nodes {{ ...F0 }} }} }} {DEEP_CYCLE}",
    "comments": "#\n" * 49_000 + "{company{id}}",
    "an endless block": '{node(id:"""' + '\\"""' * 24_000,
    "quotes": '"' * 99_999,
    "brackets": "{" * 20_000,
}


@pytest.fixture(scope="module")
def _no_old_garbage() -> None:
    """Objects of earlier tests are not searched for garbage while time is measured."""
    gc.collect()
    gc.freeze()


@pytest.mark.anyio
@pytest.mark.usefixtures("_no_old_garbage")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_is_refused_in_less_than_50_ms_of_cpu(name: str) -> None:
    """Run a text as the endpoint does; the database is never read."""
    taken = []
    for _ in range(5):
        context = context_of(Database("sqlite:///nowhere/at/all.db"), Limits())
        begin = time.process_time()
        answer = await run_operation(Operation(HOSTILE[name]), context)
        taken.append(1000 * (time.process_time() - begin))
        assert not answer.was_run
        codes = {error["extensions"]["code"] for error in json.loads(answer.body)["errors"]}
        assert codes <= {"TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert statistics.median(taken) < MILLISECONDS, taken


REPEATED = "salesOrders(first: 1) { nodes { customer { id number } } } "


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["company { id name } ", REPEATED])
async def test_fields_that_repeat_cost_no_time_to_compare(name: str) -> None:
    """graphql-core on its own takes two seconds for these 16 kB."""
    context = context_of(Database("sqlite:///nowhere/at/all.db"), Limits())
    begin = time.process_time()
    answer = await run_operation(Operation("{ " + name * 300 + "}"), context)
    assert time.process_time() - begin < 1
    assert not answer.was_run


@pytest.mark.anyio
async def test_deeply_nested_fragments_do_not_crash() -> None:
    """60 of them, each 100 levels deep, exceed Python's own stack."""
    nest = "... { " * 100
    chain = " ".join(
        f"fragment F{n} on Company {{ {nest} ...F{n + 1} {'} ' * 100} }}" for n in range(60)
    )
    document = f"{{ company {{ ...F0 }} }} {chain} fragment F60 on Company {{ id }}"
    context = context_of(Database("sqlite:///nowhere/at/all.db"), Limits())
    [error] = json.loads((await run_operation(Operation(document), context)).body)["errors"]
    message = "The operation is nested too deeply: the limit is 20 levels."
    assert (error["message"], error["extensions"]["code"]) == (message, "TOO_LARGE")


PIECES = [
    '"a"',
    '""',
    '"""a"b\\"""c"""',
    '"\\""',
    '"é"',
    "#c\n",
    "...",
    "name",
    "_1",
    "-1.5e-3",
    "0",
]
PIECES += [*"&():=@[]{}|,$! \n\ufeff", "1 2", "on", "query", "fragment F on T"]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_tokens_are_counted_as_graphql_counts_them(pieces: list[str]) -> None:
    """Random documents that parse: the pieces are in the arguments of a field, or the whole
    document."""
    text = " ".join(pieces)
    for document in (text, f"{{ a(b: [{text}]) }}", f"{{ {text} }}"):
        try:
            count = parse(document).token_count
        except GraphQLError:
            continue
        assert len(TOKEN.findall(document)) == count


USED = "{ company { name } }"
OWN = "fragment F on Query { b%d: __typename }"
LEFT = 2 * 2**10
"""Bytes that a document may leave behind: enough for its digest, but not for its tree."""


@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.full)])
def test_documents_sent_once_leave_nothing_behind_and_evict_nothing(
    tmp_path: Path, count: int
) -> None:
    """They do not need a database."""
    with served(tmp_path, debug="true") as server:
        connection = HTTPConnection(server.url.removeprefix("http://"))

        def ask(numbers: range) -> None:
            for number in numbers:
                document = f"query Q{number} {{ a{number}: __typename ...F }} {OWN % number}"
                body = json.dumps({"query": document})
                connection.request("POST", "/graphql", body, {"content-type": "application/json"})
                answer = json.load(connection.getresponse())
                assert answer["data"] == {f"a{number}": "Query", f"b{number}": "Query"}

        assert [sent(server, USED)[0] for _ in range(2)] == ["graphql-core", "plan"]
        ask(range(500))
        before = server.resident()
        ask(range(500, 500 + count))
        connection.close()
        assert server.resident() - before < min(10 * 2**20, count * LEFT)
        assert sent(server, USED)[0] == "plan"
