"""Order numbers: unique and without gaps, however many create orders at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.settings import Settings
from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.reference_data import CustomerRow, NumberSeries
from gateway.storage.tables.sales_orders import SalesOrderRow
from gateway.storage.transactions import writing
from tests.support.served import NO_CERTIFICATES, Client, serving

CREATE = """mutation ($input: CreateSalesOrderInput!, $dryRun: Boolean! = false) {
  createSalesOrder(input: $input, dryRun: $dryRun) {
    salesOrder { number } userErrors { code path } } }"""
ALL = """query ($after: String) { salesOrders(first: 200, after: $after) {
  nodes { number } pageInfo { hasNextPage endCursor } } }"""
ORDER = {"customer": {"number": "C1"}, "lines": [{"item": {"number": "I0001"}, "quantity": 1}]}
REFUSED = {"customer": {"number": "C1"}, "lines": [{"item": {"number": "GONE"}, "quantity": 1}]}
CREATORS = 16


def create(client: Client, company: str = "World", **variables: Any) -> str | None:
    """The number of a new order, or None if it was refused."""
    variables = {"input": ORDER, **variables}
    answer = client.send(CREATE, headers={"Company": company}, **variables)
    assert "errors" not in answer, answer
    order = answer["data"]["createSalesOrder"]["salesOrder"]
    return order and str(order["number"])


def stored_numbers(client: Client, company: str = "World") -> list[str]:
    """The numbers of all orders, sorted."""
    numbers: list[str] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = client.send(ALL, headers={"Company": company}, after=page["endCursor"])
        numbers += [node["number"] for node in answer["data"]["salesOrders"]["nodes"]]
        page = answer["data"]["salesOrders"]["pageInfo"]
    return sorted(numbers)


def series(*numbers: int) -> list[str]:
    return [f"SO-{number:06}" for number in numbers]


def concurrently(client: Client, work: Callable[[Client, int], list[Any]]) -> list[Any]:
    """The results of 16 clients that do `work` at the same time, each over its own connections."""

    def run(place: int) -> list[Any]:
        with httpx2.Client(timeout=60, verify=NO_CERTIFICATES) as http:
            return work(Client(client.url, http), place)

    with ThreadPoolExecutor(CREATORS) as pool:
        return [result for results in pool.map(run, range(CREATORS)) for result in results]


def check_creators(client: Client, each: int) -> None:
    numbers = concurrently(client, lambda own, _: [create(own) for _ in range(each)])
    assert sorted(numbers) == series(*range(1, CREATORS * each + 1))
    assert stored_numbers(client) == sorted(numbers)


def test_sixteen_concurrent_creators_get_numbers_without_gap_or_collision(client: Client) -> None:
    check_creators(client, 3)


@pytest.mark.full
def test_sixteen_creators_of_forty_orders_get_numbers_without_gap_or_collision(
    client: Client,
) -> None:
    check_creators(client, 40)


def test_two_servers_on_one_database_use_no_number_twice(client: Client, world_url: str) -> None:
    with serving(Settings(database_url=world_url)) as other:
        urls = [client.url, other.url]

        def work(own: Client, place: int) -> list[str | None]:
            return [create(Client(urls[place % 2], own.http))]

        numbers = concurrently(client, work)
    assert sorted(numbers) == series(*range(1, CREATORS + 1))


def test_refused_and_dry_creations_use_no_number_even_concurrently(client: Client) -> None:
    def work(own: Client, _: int) -> list[str | None]:
        assert create(own, input=REFUSED) is None
        dry = create(own, dryRun=True)
        assert dry is not None
        return [create(own)]

    numbers = concurrently(client, work)
    assert sorted(numbers) == series(*range(1, CREATORS + 1))
    assert stored_numbers(client) == sorted(numbers)


def test_a_dry_run_shows_the_number_that_the_next_order_gets(client: Client) -> None:
    assert create(client) == "SO-000001"
    assert [create(client, dryRun=True), create(client, dryRun=True)] == series(2, 2)
    assert create(client) == "SO-000002"


def test_orders_of_one_operation_get_numbers_in_their_order(client: Client) -> None:
    both = """mutation ($input: CreateSalesOrderInput!) {
      b: createSalesOrder(input: $input) { salesOrder { number } }
      a: createSalesOrder(input: $input) { salesOrder { number } } }"""
    answer = client.ask(both, input=ORDER)
    assert [answer[key]["salesOrder"]["number"] for key in "ba"] == series(1, 2)


def run(url: str, change: Callable[[Database], Any]) -> Any:
    async def work() -> Any:
        database = Database(url, poolclass=NullPool)
        result = await change(database)
        await database.dispose()
        return result

    return asyncio.run(work())


async def rename(database: Database, changes: dict[str, str]) -> None:
    orders = SalesOrderRow.__table__
    async with database.write() as session:
        for old, new in changes.items():
            await session.execute(
                sa.update(orders)
                .where(orders.c.number == old)
                .values(number=new, number_folded=new.lower())
            )


def test_numbers_of_existing_orders_are_skipped(client: Client, world_url: str) -> None:
    """Orders as an import creates them: one with a number of the series, and one far ahead."""
    assert [create(client), create(client)] == series(1, 2)
    run(world_url, lambda database: rename(database, {"SO-000001": "SO-000004"}))
    run(world_url, lambda database: rename(database, {"SO-000002": "SO-000005"}))
    assert [create(client) for _ in range(3)] == series(3, 6, 7)
    assert stored_numbers(client) == series(3, 4, 5, 6, 7)


def test_concurrent_creators_skip_numbers_of_existing_orders(
    client: Client, world_url: str
) -> None:
    for _ in range(2):
        create(client)
    renamed = {"SO-000001": "SO-000007", "SO-000002": "SO-000012"}
    run(world_url, lambda database: rename(database, renamed))
    numbers = concurrently(client, lambda own, _: [create(own)])
    expected = sorted({*range(3, 21)} - {7, 12})
    assert sorted(numbers) == series(*expected)


def test_a_series_goes_on_beyond_its_digits(client: Client, world_url: str) -> None:
    async def nearly_over(database: Database) -> None:
        async with database.write() as session:
            await session.execute(sa.update(NumberSeries.__table__).values(last_number=999_998))

    run(world_url, nearly_over)
    assert [create(client) for _ in range(2)] == ["SO-999999", "SO-1000000"]


async def add_company(database: Database) -> None:
    await create_company(database, "Other", "USD")
    async with writing(database, ScopeRequest("Other")) as writer:
        await writer.add(
            [CustomerRow(company_id=writer.scope.company, number="C1", display_name="Theirs")]
        )


def test_each_company_has_a_series_of_its_own(client: Client, world_url: str) -> None:
    run(world_url, add_company)
    order = {"customer": {"number": "C1"}, "lines": []}

    def work(own: Client, place: int) -> list[str | None]:
        return [create(own, ("World", "Other")[place % 2], input=order)]

    numbers = concurrently(client, work)
    assert sorted(numbers) == sorted(2 * series(*range(1, 9)))
    assert (
        stored_numbers(client, "World") == stored_numbers(client, "Other") == series(*range(1, 9))
    )
