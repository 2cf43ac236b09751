"""The SQL of the reads of plans, with named parameters."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.execution.store import (
    KEY,
    Columns,
    CountRead,
    PageRead,
    RowsRead,
    TypesRead,
)
from gateway.storage.outsiders import shown
from gateway.storage.plans.listings import Listing
from gateway.storage.plans.wire_formats import wire_column
from gateway.storage.scope import Scope, listed_ids, within, within_company
from gateway.storage.tables.column_types import GUID_LENGTH, Base, Guid
from gateway.storage.tables.reference_data import CustomerRow

COMPANY, CUSTOMERS = "company", "customers"
"""The names of the parameters of a scope."""

MOST_CACHED = 1000
"""Statements of lists that are cached for other lists of the same shape."""

MOST_PARAMETERS = 100
"""Parameters of a cached statement. Longer statements take much memory and are rarely needed again."""


@dataclass(frozen=True)
class Statement:
    """SQL in a driver's dialect, with the name and the conversion of each parameter in order."""

    sql: str
    parameters: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        return [
            values[name] if process is None else process(values.get(name))
            for name, process in self.parameters
        ]


class Statements:
    """Makes statements in one dialect, for callers who may see all customers and for those who are
    limited to some."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._is_sqlite = dialect.name == "sqlite"
        self._known: OrderedDict[Any, Statement] = OrderedDict()
        self._scopes = {
            limited: ParameterScope(is_limited=limited, is_sqlite=self._is_sqlite)
            for limited in (False, True)
        }

    def fixed(self, read: RowsRead | TypesRead, *, limited: bool) -> Statement:
        """The statement of a read that is the same for all arguments."""
        scope = self._scopes[limited]
        if isinstance(read, TypesRead):
            return self._compiled(self._kinds(read, scope))
        return self._compiled(self._rows(read, scope))

    def listed(self, read: PageRead | CountRead, listing: Listing, *, limited: bool) -> Statement:
        """The statement of a read of this list."""
        key = (read, listing.shape, limited)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        scope = self._scopes[limited]
        if isinstance(read, PageRead):
            statement = self._compiled(self._page(read, listing, scope))
        else:
            statement = self._compiled(self._count(read, listing, scope))
        if len(statement.parameters) > MOST_PARAMETERS:
            return statement
        self._known[key] = statement
        if len(self._known) > MOST_CACHED:
            self._known.popitem(last=False)
        return statement

    def _compiled(self, statement: sa.Executable) -> Statement:
        options = {"render_postcompile": True}
        compiled = cast(
            SQLCompiler,
            statement.compile(dialect=self._dialect, compile_kwargs=options),  # type: ignore[attr-defined]
        )
        names = compiled.positiontup or []
        return Statement(
            str(compiled), tuple((name, self._process(compiled, name)) for name in names)
        )

    def _process(self, compiled: SQLCompiler, name: str) -> Callable[[Any], Any] | None:
        parameter = compiled.binds[name]
        if name == "keys":
            return _joined if type(parameter.type) is sa.Text else None
        process = parameter.type.dialect_impl(self._dialect).bind_processor(self._dialect)
        if parameter.required:
            return process
        constant = parameter.value if process is None else process(parameter.value)
        return lambda _: constant

    def _columns(
        self, model: Any, columns: Columns, hiding: Scope | None = None
    ) -> list[sa.ColumnElement[Any]]:
        """The columns, each with its own label, since a column may be needed in two forms. `hiding`
        hides the values of customers outside this scope."""
        table = model.__table__.c
        labelled: list[sa.ColumnElement[Any]] = []
        for place, (name, kind) in enumerate(columns):
            form = partial(wire_column, kind=kind, is_sqlite=self._is_sqlite)
            column = form(table[name]) if hiding is None else shown(hiding, table[name], form)
            labelled.append(column.label(f"c{place}"))
        return labelled

    def _rows(self, read: RowsRead, scope: Scope) -> sa.Select[Any]:
        model: type[Base] = read.source
        columns = self._columns(model, read.columns)
        if read.is_related and model is CustomerRow and scope.is_limited:
            columns = self._columns(model, read.columns, scope)
            statement = sa.select(*columns).where(within_company(scope, model))
        else:
            statement = sa.select(*columns).where(within(scope, model))
        if read.by is not None:
            statement = statement.where(self._is_key(model.__table__.c[read.by]))
        if read.order is not None:
            statement = statement.order_by(model.__table__.c[read.order])
        return statement

    def _page(self, read: PageRead, listing: Listing, scope: Scope) -> sa.Select[Any]:
        model, table = read.source, read.source.__table__.c
        columns = self._columns(model, read.columns)
        if read.cursors:
            columns += [
                table[key.column].label(f"s{place}") for place, key in enumerate(listing.sort)
            ]
        statement = sa.select(*columns).select_from(model).where(listing.condition(scope))
        if read.by is None:
            return listing.cut(statement, None)
        return listing.cut(statement.where(self._is_key(table[read.by])), table[read.by])

    def _count(self, read: CountRead, listing: Listing, scope: Scope) -> sa.Select[Any]:
        model, number = read.source, sa.func.count().label("number")
        if read.by is None:
            return sa.select(number).select_from(model).where(listing.condition(scope))
        parent = model.__table__.c[read.by]
        key = wire_column(parent, KEY, is_sqlite=self._is_sqlite)
        counted = sa.select(key, number).where(listing.condition(scope), self._is_key(parent))
        return counted.group_by(parent)

    def _kinds(self, read: TypesRead, scope: Scope) -> sa.CompoundSelect[Any]:
        searches = []
        for name, model in read.sources:
            key = model.__table__.c.id
            kind: sa.ColumnElement[str] = sa.literal_column(f"'{name}'")
            search = sa.select(wire_column(key, KEY, is_sqlite=self._is_sqlite), kind)
            searches.append(search.where(within(scope, model), self._is_key(key)))
        return sa.union_all(*searches)

    def _is_key(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Whether the column is among the parameter `keys`."""
        if self._is_sqlite:
            keys: Any = sa.bindparam("keys", type_=sa.String())
            return column.in_(sa.select(sa.func.json_each(keys).table_valued("value").c.value))
        return column == sa.any_(self._array(column))

    def _array(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """The keys for PostgreSQL: GUIDs are joined in one text, which its driver handles far faster than
        a list."""
        if not isinstance(column.type, Guid):
            return sa.bindparam("keys", type_=ARRAY(column.type))
        keys: sa.BindParameter[str] = sa.bindparam("keys", type_=sa.Text())
        return sa.cast(sa.func.string_to_array(keys, sa.literal_column("','")), ARRAY(column.type))


def _joined(keys: Sequence[str]) -> str:
    """GUIDs in one text. Longer ids, which dry runs return, belong to no row."""
    joined = ",".join(keys)
    if len(joined) < len(keys) * (GUID_LENGTH + len(",")):
        return joined
    return ",".join([key for key in keys if len(key) == GUID_LENGTH])


class ParameterScope(Scope):
    """A scope whose company and customers are parameters, so that one statement serves all requests."""

    def __init__(self, *, is_limited: bool, is_sqlite: bool) -> None:
        super().__init__(COMPANY, frozenset() if is_limited else None)
        object.__setattr__(self, "_is_sqlite", is_sqlite)

    def is_company(self, column: Any) -> sa.ColumnElement[bool]:
        own: sa.ColumnElement[bool] = column == sa.bindparam(COMPANY, type_=Guid())
        return own

    def is_customer(self, column: Any) -> sa.ColumnElement[bool]:
        ids: Any = sa.bindparam(CUSTOMERS, type_=sa.Text())
        if self._is_sqlite:  # type: ignore[attr-defined]
            return column.in_(sa.select(sa.func.json_each(ids).table_valued("value").c.value))  # type: ignore[no-any-return]
        bare = sa.func.translate(ids, sa.literal_column("'[]\"'"), sa.literal_column("''"))
        listed = sa.func.string_to_array(bare, sa.literal_column("','"))
        return column == sa.any_(sa.cast(listed, ARRAY(Guid())))  # type: ignore[no-any-return]

    def is_limit(self, column: Any) -> sa.ColumnElement[bool]:
        same: sa.ColumnElement[bool] = column == sa.bindparam(CUSTOMERS, type_=sa.Text())
        return same


def scope_values(scope: Scope) -> dict[str, Any]:
    """The parameters that stand for a scope."""
    if scope.customers is None:
        return {COMPANY: scope.company}
    return {COMPANY: scope.company, CUSTOMERS: listed_ids(scope.customers)}
