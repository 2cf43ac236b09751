"""Introspection: its cost, and the documents of tools, which are answered from memory."""

import json
import re
from itertools import product
from typing import Any

import pytest
from graphql import execute_sync, get_introspection_query, parse

from gateway.api.operations import INTROSPECTION, Operation, run_operation
from gateway.api.schema import schema
from gateway.execution.limits import Limits
from gateway.storage.database import Database
from tests.support.contexts import context_of

CORE = schema._schema
OPTIONS = [
    "descriptions",
    "specified_by_url",
    "directive_is_repeatable",
    "schema_description",
    "input_value_deprecation",
    "experimental_directive_deprecation",
    "one_of",
]
COMPLETE = get_introspection_query(**dict.fromkeys(OPTIONS, True))
SMALLEST = Limits(depth=1, cost=1)


async def run(document: str, limits: Limits, name: str | None = None) -> tuple[str, str, Any]:
    """How an operation ran, the text of its data and its cost. No database is needed."""
    context = context_of(Database("sqlite:///nowhere/at/all.db"), limits)
    answer = await run_operation(Operation(document, name=name), context)
    result = re.fullmatch(r'(\{"data":.*),("extensions":.*)', answer.body.decode(), re.DOTALL)
    assert result is not None, answer.body[:300]
    return answer.engine, result[1] + "}", json.loads("{" + result[2])["extensions"]["cost"]


def variants() -> list[str]:
    """The introspection query with each of its options, and with all of them."""
    alone = [get_introspection_query(**{"descriptions": False, name: True}) for name in OPTIONS]
    deep = [get_introspection_query(type_depth=depth) for depth in (3, 7, 15)]
    sent_by_graphiql = COMPLETE.replace("subscriptionType { name kind }", "")
    return [*alone, *deep, COMPLETE, sent_by_graphiql]


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(variants())))
async def test_a_stored_answer_equals_that_of_graphql_core(number: int) -> None:
    """A deployment with smaller limits also answers the documents of tools."""
    document = variants()[number]
    INTROSPECTION._answers.clear()
    first = await run(document, SMALLEST, "IntrospectionQuery")
    assert first[0] == "graphql-core"
    expected = {"data": execute_sync(CORE, parse(document)).data}
    assert first[1] == json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    again = re.sub(r"\s+", "\n\t", document)
    assert await run(again, SMALLEST, "IntrospectionQuery") == ("stored", *first[1:])


def objects(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(objects, value.values()))
    return sum(map(objects, value)) if isinstance(value, list) else 0


OTHERS = [
    "{ __schema { types { name } } }",
    "{ __schema { directives { args { name } } } }",
    "{ __schema { types { fields { name args { type { name } } } } } }",
    '{ __type(name: "SalesOrder") { fields { type { ofType { fields { name } } } } } }',
    '{ __type(name: "SalesOrderStatus") { enumValues { name } } }',
    '{ __type(name: "Node") { possibleTypes { name } } }',
]


@pytest.mark.anyio
@pytest.mark.parametrize("document", [*OTHERS, COMPLETE])
async def test_introspection_costs_at_least_the_objects_that_it_returns(document: str) -> None:
    INTROSPECTION._answers.clear()
    _, text, cost = await run(document, Limits())
    assert cost["requested"] >= objects(json.loads(text)["data"]) - 1


REFUSED = {
    "{ a: __schema { types { name } } b: __schema { types { name } } }": "`__schema` 2 times",
    "{ ...A ...B } fragment A on Query { __schema { description } }"
    " fragment B on Query { __schema { description } }": "`__schema` 2 times",
    "{" + 'a: __type(name: "Item") { name } ' * 51 + "}": "`__type` 51 times",
    "{ __schema { types { fields { type { fields { name } } } } } }": "may cost",
    "{ __schema { types { a: fields { type { name fields { type { name } } } } } } }": "may cost",
}


@pytest.mark.anyio
@pytest.mark.parametrize("document", REFUSED)
async def test_introspection_beyond_its_limits_is_refused(document: str) -> None:
    context = context_of(Database("sqlite:///nowhere/at/all.db"), Limits())
    [error] = json.loads((await run_operation(Operation(document), context)).body)["errors"]
    assert error["extensions"] == {"code": "TOO_LARGE"}
    assert REFUSED[document] in error["message"]


@pytest.mark.anyio
async def test_stored_answers_are_limited_and_depend_on_the_name() -> None:
    INTROSPECTION._answers.clear()
    for depth, described in product(range(1, 8), (True, False)):
        await run(get_introspection_query(described, type_depth=depth), Limits())
    assert len(INTROSPECTION._answers) == 8
    context = context_of(Database("sqlite:///nowhere/at/all.db"), Limits())
    document = get_introspection_query(False, type_depth=7)
    assert (await run(document, Limits()))[0] == "stored"
    answer = await run_operation(Operation(document, name="Another"), context)
    assert not answer.was_run
