"""Repeated requests that must neither exhaust the gateway nor bypass its limits."""

import asyncio
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import build_schema, parse

from gateway.execution.documents import Document, PreparedOperation
from gateway.execution.plan import NotPlanned
from gateway.settings import Settings
from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.tables.reference_data import CompanyRow
from tests.support.databases import Templates
from tests.support.plans import sent
from tests.support.served import serving, wait_until
from tests.support.world import COMPANY, load_world

PAGES = """query ($f: Int) { customers(first: $f) { nodes {
  salesOrders(first: $f) { nodes { id number } } } } }"""


def operation() -> PreparedOperation:
    schema = build_schema("type Query { a(first: Int): Int }")
    tree = parse("query ($f: Int) { a(first: $f) }")
    result = Document(schema, tree, lambda _: None).operation(None)
    assert result is not None
    return result


def test_a_refused_size_does_not_share_its_cost_with_a_valid_one(
    templates: Templates,
) -> None:
    """200.0 is not an Int and is measured like no value; 200 exceeds the limit."""
    url = templates.copy("world", load_world)
    with serving(Settings(database_url=url, debug=True)) as client:
        for first in (1, 1, 200.0, 200):
            way, body = sent(client, PAGES, {"f": first})[:2]
    assert way == "graphql-core"
    assert "TOO_LARGE" in str(body)


@pytest.mark.parametrize("fields", [{}, {"f": {}}, {"f": "x" * 1000}, {"f": Decimal("2.0")}])
def test_an_invalid_size_is_not_remembered(fields: dict[str, Any]) -> None:
    one = operation()
    assert one.cost(fields, lambda: 7) == 7
    assert "xx" not in str(one._costs)


def test_an_operation_without_a_plan_stores_nothing_of_its_requests() -> None:
    one, large = operation(), 10**6

    def fail() -> Any:
        raise NotPlanned("it is programmed")

    def ask(_variables: str) -> None:
        with pytest.raises(NotPlanned, match="it is programmed"):
            one.planned({}, fail)

    tracemalloc.start()
    for number in range(50):
        ask(str(number) * large)
    stored, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stored < large


def test_a_company_named_like_the_id_of_another_selects_neither(templates: Templates) -> None:
    """The gateway learns of a rename by another process within a second."""
    url = templates.copy("world", load_world)

    async def disguise() -> None:
        database = Database(url)
        await create_company(database, "Other", "EUR")
        async with database.write() as session:
            first = sa.select(CompanyRow.id).where(CompanyRow.name == COMPANY)
            result = (await session.execute(first)).scalar_one()
            await session.execute(
                sa.update(CompanyRow).where(CompanyRow.name == "Other").values(name=result)
            )
            names.append(result)
        await database.dispose()

    names: list[str] = []
    with serving(Settings(database_url=url, debug=True)) as client:
        asyncio.run(disguise())
        headers = {"Company": names[0], "content-type": "application/json"}

        def code() -> str | None:
            body = {"query": "{ company { id } }"}
            answer = client.http.post(client.url + "/graphql", json=body, headers=headers).json()
            return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None

        wait_until(lambda: code() is not None)
        assert [code() for _ in range(3)] == ["COMPANY_NOT_FOUND"] * 3
