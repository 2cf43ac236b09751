"""Loaders: keys requested together are read together, and cancelled callers do not affect others."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from gateway.storage.database import Database
from gateway.storage.reading import Loader, Reader
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import new_guid
from gateway.storage.tables.reference_data import CustomerRow, ItemRow, ItemUnitOfMeasureRow
from gateway.storage.tables.sales_orders import SalesOrderRow
from tests.support.served import PATIENCE, Client, statements

Load = Callable[[list[str]], Coroutine[Any, Any, list[str]]]


class Shop:
    """Loads each key as its capitals, and records the requested batches."""

    def __init__(self, faults: list[BaseException] | None = None) -> None:
        self.batches: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self._faults = faults or []

    async def load(self, keys: list[str]) -> list[str]:
        self.batches.append(keys)
        await self.open.wait()
        if self._faults:
            raise self._faults.pop()
        return [key.upper() for key in keys]


@pytest.mark.anyio
async def test_keys_requested_in_one_turn_are_loaded_together_and_once() -> None:
    shop = Shop()
    loader = Loader(shop.load)
    assert await asyncio.gather(*map(loader.load, "cabac")) == ["C", "A", "B", "A", "C"]
    assert await loader.load("b") == "B"
    assert shop.batches == [["c", "a", "b"]]


@pytest.mark.anyio
@pytest.mark.parametrize("started", [False, True], ids=["before the batch", "during the batch"])
async def test_a_caller_that_leaves_does_not_affect_other_callers(started: bool) -> None:
    shop = Shop()
    shop.open.clear()
    loader = Loader(shop.load)

    async def want(key: str) -> str:
        return await loader.load(key)

    leaver, stayer = asyncio.create_task(want("a")), asyncio.create_task(want("a"))
    await asyncio.sleep(0)
    while started and not shop.batches:  # noqa: ASYNC110 - a turn of the loop is what is tested
        await asyncio.sleep(0)
    leaver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaver
    shop.open.set()
    async with asyncio.timeout(PATIENCE):
        assert await stayer == "A"
        assert await loader.load("a") == "A"
    assert shop.batches == [["a"]]


@pytest.mark.anyio
async def test_a_key_that_all_callers_abandoned_can_be_loaded_later() -> None:
    shop = Shop()
    loader = Loader(shop.load)
    waiter = asyncio.ensure_future(loader.load("a"))
    waiter.cancel()
    with suppress(asyncio.CancelledError):
        await waiter
    async with asyncio.timeout(PATIENCE):
        assert await loader.load("a") == "A"


@pytest.mark.anyio
async def test_a_cancelled_batch_fails_its_callers_and_is_loaded_again_next_time() -> None:
    shop = Shop([asyncio.CancelledError()])
    loader = Loader(shop.load)
    async with asyncio.timeout(PATIENCE):
        failed = await asyncio.gather(*map(loader.load, "ab"), return_exceptions=True)
        assert [type(error) for error in failed] == [RuntimeError, RuntimeError]
        assert await loader.load("a") == "A"


@pytest.mark.anyio
async def test_a_failed_batch_fails_its_callers_and_is_loaded_again_next_time() -> None:
    shop = Shop([LookupError("closed")])
    loader = Loader(shop.load)
    async with asyncio.timeout(PATIENCE):
        failed = await asyncio.gather(*map(loader.load, "ab"), return_exceptions=True)
        assert [str(error) for error in failed] == ["closed", "closed"]
        assert await loader.load("a") == "A"


@pytest.mark.anyio
async def test_single_rows_come_in_the_order_of_the_keys_and_none_for_a_missing_row(
    database: Database,
) -> None:
    reader = Reader(database, ScopeRequest())
    names = frozenset({"number"})
    keys = ["I0007", "nothing", "I0003", "I0007", "I0500", ""]
    with statements() as seen:
        rows = await asyncio.gather(*(reader.one(ItemRow, "number", key, names) for key in keys))
    await reader.close()
    result = [row and row.number for row in rows]
    assert result == ["I0007", None, "I0003", "I0007", "I0500", None]
    assert len(seen) == 1


@pytest.mark.anyio
async def test_five_hundred_rows_take_one_statement(database: Database) -> None:
    reader = Reader(database, ScopeRequest())
    numbers = [f"I{number:04}" for number in range(500, 0, -1)]
    wanted = frozenset({"number", "unit_price"})
    await reader.scope()
    with statements() as seen:
        rows = await asyncio.gather(
            *(reader.one(ItemRow, "number", key, wanted) for key in numbers)
        )
    await reader.close()
    assert [(row.number, row.unit_price) for row in rows] == [
        (f"I{number:04}", number) for number in range(500, 0, -1)
    ]
    assert len(seen) == 1


@pytest.mark.anyio
async def test_lists_of_rows_are_grouped_by_key_and_sorted(database: Database) -> None:
    """Two items have units; the list of the third is empty."""
    async with database.write() as session:
        items = {
            item.number: item
            for item in await session.scalars(sa.select(ItemRow).where(ItemRow.number < "I0004"))
        }
        units = dict(zip("abc", sorted(new_guid() for _ in range(3)), strict=True))
        box = (await session.scalars(sa.select(ItemRow).where(ItemRow.number == "BOXED"))).one()
        for item, unit, row in [
            ("I0001", "PCS", "b"),
            ("I0001", "BOX", "a"),
            ("I0002", "BOX", "c"),
        ]:
            which = box.base_unit_of_measure_id if unit == "PCS" else box.sales_unit_of_measure_id
            session.add(
                ItemUnitOfMeasureRow(
                    company_id=box.company_id,
                    id=units[row],
                    item_id=items[item].id,
                    unit_of_measure_id=which,
                )
            )
    reader = Reader(database, ScopeRequest())
    await reader.scope()
    with statements() as seen:
        groups = await asyncio.gather(
            *(
                reader.many(
                    ItemUnitOfMeasureRow, "item_id", items[number].id, "id", frozenset({"id"})
                )
                for number in ("I0003", "I0001", "I0002")
            )
        )
    await reader.close()
    assert [[row.id for row in group] for group in groups] == [
        [],
        [units["a"], units["b"]],
        [units["c"]],
    ]
    assert len(seen) == 1


@pytest.mark.anyio
async def test_only_the_requested_columns_are_read(database: Database) -> None:
    reader = Reader(database, ScopeRequest())
    with statements() as seen:
        row = await reader.one(CustomerRow, "number", "C1", frozenset({"city"}))
    await reader.close()
    assert row.city == "Leeds"
    assert not hasattr(row, "display_name")
    assert "display_name" not in seen[-1]


@pytest.mark.anyio
async def test_relations_are_only_loaded_on_request(database: Database, client: Client) -> None:
    order = {"customer": {"number": "C1"}, "lines": [{"description": "text"}]}
    create = """mutation ($input: CreateSalesOrderInput!) {
      createSalesOrder(input: $input) { salesOrder { id } } }"""
    client.ask(create, input=order)
    async with database.write() as session:
        [order] = await session.scalars(sa.select(SalesOrderRow))
        with pytest.raises(sa.exc.InvalidRequestError, match="lazy='raise'"):
            _ = order.lines
        [order] = await session.scalars(
            sa.select(SalesOrderRow)
            .options(selectinload(SalesOrderRow.lines))
            .execution_options(populate_existing=True)
        )
        assert [line.description for line in order.lines] == ["text"]


def test_no_relation_loads_lazily() -> None:
    relations = [
        relation for mapper in SalesOrderRow.registry.mappers for relation in mapper.relationships
    ]
    assert len(relations) >= 2
    assert {relation.lazy for relation in relations} == {"raise"}
