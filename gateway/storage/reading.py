"""The reads of one operation, with one snapshot, one scope and batching loaders."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from aiodataloader import DataLoader
from sqlalchemy.dialects.postgresql import ARRAY

from gateway.storage.company_directory import find_scope
from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.outsiders import shown
from gateway.storage.paging import Page, Window, page_of, page_statement
from gateway.storage.scope import Scope, ScopeRequest, within, within_company
from gateway.storage.snapshots import forget
from gateway.storage.tables.column_types import GUID_LENGTH, Base, Guid
from gateway.storage.tables.reference_data import CustomerRow

Names = frozenset[str]
"""The names of the columns to read."""

Result = TypeVar("Result")


class Loader(DataLoader[str, Result]):
    """Collects the keys requested in one turn of the event loop and loads them together.

    aiodataloader hands the same future to every caller of a key, so a cancelled caller would cancel it
    for the others. Each caller therefore gets a shield around the future. If the batch itself is
    cancelled, its callers get an error, because they would otherwise wait for ever. Nothing is logged
    if they no longer wait, for example because their client has disconnected."""

    def __init__(self, load: Callable[[list[str]], Coroutine[Any, Any, list[Result]]]) -> None:
        async def batch(keys: list[str]) -> list[Result]:
            try:
                return await load(keys)
            except asyncio.CancelledError:
                raise RuntimeError("the batch was cancelled") from None

        super().__init__(batch, loop=asyncio.get_running_loop())

    def load(self, key: str) -> asyncio.Future[Result]:
        loading = super().load(key)
        shielded = asyncio.shield(loading)
        loading.add_done_callback(forget)
        shielded.add_done_callback(forget)
        return shielded


class Reader:
    """Reads the rows of one operation that its caller may see.

    It must be closed at the end. Rows are objects with the requested columns as attributes."""

    def __init__(self, database: Database, request: ScopeRequest) -> None:
        self._database = database
        self._request = request
        self._snapshot = database.snapshot()
        self._scope: asyncio.Future[Scope] | None = None
        self._loaders: dict[Any, Loader[Any]] = {}

    async def scope(self) -> Scope:
        """The scope of the operation. Raises CompanyNotFound."""
        if self._scope is None:
            search = find_scope(self._database, self._request)
            self._scope = asyncio.ensure_future(search)
            self._scope.add_done_callback(forget)
        scope = await asyncio.shield(self._scope)
        self._snapshot.bind(scope.company)
        return scope

    def one(
        self, model: type[Base], column: str, key: str, names: Names, *, is_related: bool = False
    ) -> Awaitable[Any]:
        """The row of `model` whose unique `column` is `key`, or None; batched. `is_related` if the key
        comes from a row that the caller may see."""
        slot = ("one", model, column, names, is_related)
        if slot not in self._loaders:

            async def load(keys: list[str]) -> list[Any]:
                rows = await self._rows_among(model, column, keys, names, is_related=is_related)
                by_key = {row._mapping["key"]: row for row in rows}
                return [by_key.get(key) for key in keys]

            self._loaders[slot] = Loader(load)
        return self._loaders[slot].load(key)

    def many(
        self, model: type[Base], column: str, key: str, order: str, names: Names
    ) -> Awaitable[list[Any]]:
        """The rows of `model` whose `column` is `key`, by `order`; batched."""
        slot = ("many", model, column, order, names)
        if slot not in self._loaders:

            async def load(keys: list[str]) -> list[list[Any]]:
                groups = _grouped(await self._rows_among(model, column, keys, names, order))
                return [groups[key] for key in keys]

            self._loaders[slot] = Loader(load)
        return self._loaders[slot].load(key)

    async def page(self, listed: Filter, window: Window, names: Names) -> Page:
        """The rows of a window, with the columns in `names` and those of its sort.

        Raises BadCursor and BadFilter."""
        model = listed.fields.model
        wanted = names | {key.column for key in window.sort}
        statement = sa.select(*columns_named(model, wanted)).where(await self._listed(listed))
        rows = await self._rows(page_statement(statement, model, window))
        return page_of(rows, window)

    async def count(self, listed: Filter) -> int:
        """The number of matching rows in the scope. Raises BadFilter."""
        statement = sa.select(sa.func.count()).select_from(listed.fields.model)
        [row] = await self._rows(statement.where(await self._listed(listed)))
        return int(row[0])

    def pages(
        self, slot: Any, listed: Filter, window: Window, column: str, key: str, names: Names
    ) -> Awaitable[Page]:
        """The window on the rows whose `column` is `key`; batched for all keys of one `slot`."""
        if slot not in self._loaders:

            async def load(keys: list[str]) -> list[Page]:
                model = listed.fields.model
                parent = model.__table__.c[column]
                wanted = names | {sort_key.column for sort_key in window.sort}
                statement = sa.select(*columns_named(model, wanted), parent.label("key")).where(
                    await self._listed(listed), self._among(parent, keys)
                )
                paged = page_statement(statement, model, window, parent)
                groups = _grouped(await self._rows(paged))
                return [page_of(groups[key], window) for key in keys]

            self._loaders[slot] = Loader(load)
        return self._loaders[slot].load(key)

    def counts(self, slot: Any, listed: Filter, column: str, key: str) -> Awaitable[int]:
        """The number of matching rows whose `column` is `key`; batched for all keys of one `slot`."""
        if slot not in self._loaders:

            async def load(keys: list[str]) -> list[int]:
                parent = listed.fields.model.__table__.c[column]
                statement = sa.select(parent.label("key"), sa.func.count().label("rows")).where(
                    await self._listed(listed), self._among(parent, keys)
                )
                counted = await self._rows(statement.group_by(parent))
                by_key = {row._mapping["key"]: row._mapping["rows"] for row in counted}
                return [by_key.get(key, 0) for key in keys]

            self._loaders[slot] = Loader(load)
        return self._loaders[slot].load(key)

    async def _listed(self, listed: Filter) -> sa.ColumnElement[bool]:
        scope = await self.scope()
        return within(scope, listed.fields.model) & listed.condition(scope)

    async def kinds(self, models: Mapping[str, type[Base]], ids: Sequence[str]) -> dict[str, str]:
        """The name of the model that each id belongs to, in one statement."""
        scope = await self.scope()
        searches = []
        for name, model in models.items():
            key = model.__table__.c.id
            columns = key.label("id"), sa.literal(name).label("kind")
            search = sa.select(*columns).where(within(scope, model), self._among(key, list(ids)))
            searches.append(search)
        return {row.id: row.kind for row in await self._rows(sa.union_all(*searches))}

    async def whole(self, model: type[Base], order: str) -> Sequence[Any]:
        """All rows of a table that belongs to no company, by `order`. The caller must filter out those
        that may not be seen."""
        table = model.__table__
        return await self._rows(sa.select(table).order_by(table.c[order], table.c.id))

    async def restart(self) -> None:
        """Forget all rows and return the connection. The next read opens a new snapshot."""
        await self.close()
        self._loaders.clear()
        self._scope = None
        self._snapshot = self._database.snapshot()

    async def close(self) -> None:
        """Return the connection. Nothing can be read afterwards."""
        await self._snapshot.close()

    async def _rows(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        return await self._snapshot.rows(statement)

    async def _rows_among(
        self,
        model: type[Base],
        column: str,
        keys: list[str],
        names: Names,
        order: str | None = None,
        *,
        is_related: bool = False,
    ) -> Sequence[sa.Row[Any]]:
        key, scope = model.__table__.c[column], await self.scope()
        columns, condition = columns_named(model, names), within(scope, model)
        if is_related and model is CustomerRow and scope.is_limited:
            columns = [shown(scope, each).label(each.name) for each in columns]
            condition = within_company(scope, model)
        statement = sa.select(*columns, key.label("key")).where(condition, self._among(key, keys))
        if order is not None:
            statement = statement.order_by(model.__table__.c[order])
        return await self._rows(statement)

    def _among(self, column: sa.ColumnElement[Any], keys: list[str]) -> sa.ColumnElement[bool]:
        return among(column, keys, is_sqlite=self._database.is_sqlite)


def among(
    column: sa.ColumnElement[Any], keys: Sequence[str], *, is_sqlite: bool
) -> sa.ColumnElement[bool]:
    """`column` IN `keys`, with a single parameter for any number of keys. The statement is therefore
    prepared only once, and no database's limit on parameters applies."""
    if is_sqlite:
        listed = sa.func.json_each(json.dumps(keys)).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    if isinstance(column.type, Guid):  # dry runs return ids that no row can have
        keys = [key for key in keys if len(key) == GUID_LENGTH]
    return column == sa.any_(sa.literal(keys, ARRAY(column.type)))


def _grouped(rows: Sequence[sa.Row[Any]]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row._mapping["key"]].append(row)
    return groups


def column_names(model: type[Base]) -> Names:
    return frozenset(model.__table__.columns.keys())


def columns_named(model: type[Base], names: Names) -> list[Any]:
    """The columns of `model` with these names, in the order of the table."""
    return [column for column in model.__table__.columns if column.name in names]


def in_memory(row: Any, relation: str) -> Any:
    """The related object or objects that an order or line which was just written has in memory; None
    for a row that was read."""
    return row.related_in_memory(relation) if isinstance(row, Base) else None
