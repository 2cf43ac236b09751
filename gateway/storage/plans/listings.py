"""Lists that plans read. The shape of a list determines its SQL, and its values are parameters."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from gateway.storage.conditions import Filter
from gateway.storage.filterable import Tree
from gateway.storage.paging import (
    Sort,
    Window,
    cursor_of,
    cut_statement,
    reversed_sort,
)
from gateway.storage.plans.wire_formats import result_converter
from gateway.storage.scope import Scope, within
from gateway.storage.tables.column_types import Base


class Listing:
    """A window on the rows that match a filter, in a database of this dialect. Raises BadCursor and
    BadFilter."""

    def __init__(self, listed: Filter, window: Window, dialect: Dialect) -> None:
        self._filter = listed
        self._dialect = dialect
        self.model: type[Base] = listed.fields.model
        self.sort: Sort = window.sort
        self.size = window.size
        self.backward = window.backward
        self.continues = window.cursor is not None
        self.values: dict[str, Any] = {"most": window.size + 1}
        """By the name of the parameter."""

        tree = listed.bound(self._parameter)
        mark = window.mark(self.model)
        self.values |= {f"after{place}": value for place, value in enumerate(mark)}
        self._nulls = tuple(value is None for value in mark)
        self.shape = (self.model, self.sort, self.backward, self._nulls, _shape(tree))
        """The same for all lists with the same SQL."""

    def _parameter(self, column: Any, value: Any) -> Any:
        self.values[f"value{len(self.values)}"] = value
        return type(value)

    @cached_property
    def cursor_of(self) -> Callable[[Sequence[Any]], str]:
        """Makes a cursor of the driver's values for the columns of the sort."""
        columns = self.model.__table__.c
        readers = [result_converter(columns[key.column], self._dialect) for key in self.sort]

        def cursor(values: Sequence[Any]) -> str:
            result = (
                value if read is None or value is None else read(value)
                for value, read in zip(values, readers, strict=True)
            )
            return cursor_of(self.model, self.sort, list(result))

        return cursor

    def condition(self, scope: Scope) -> sa.ColumnElement[bool]:
        """The rows of the list, with a parameter for each value."""
        names = iter([name for name in self.values if name.startswith("value")])

        def bind(column: Any, value: Any) -> sa.BindParameter[Any]:
            is_text = isinstance(column.type, sa.Integer) and isinstance(value, str)
            return sa.bindparam(next(names), type_=sa.String() if is_text else column.type)

        return within(scope, self.model) & self._filter.condition(scope, bind)

    def cut(
        self, statement: sa.Select[Any], parent: sa.ColumnElement[Any] | None
    ) -> sa.Select[Any]:
        """`statement` cut to the window, or to one for each value of `parent`, and one row more."""
        reading = reversed_sort(self.sort) if self.backward else self.sort
        columns = self.model.__table__.c
        mark = [
            None if is_null else sa.bindparam(f"after{place}", type_=columns[key.column].type)
            for place, (key, is_null) in enumerate(zip(self.sort, self._nulls, strict=False))
        ]
        most: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer())
        return cut_statement(
            statement, self.model, reading, mark if self.continues else None, most, parent
        )


def _shape(tree: Tree | Any) -> Any:
    if isinstance(tree, Mapping):
        return tuple((name, _shape(part)) for name, part in tree.items())
    return tuple(map(_shape, tree)) if isinstance(tree, list) else tree
