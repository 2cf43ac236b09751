"""The comparison operators of filters, in the SQL of both databases.

A new operator needs its SQL in OPERATORS here, and its description in api/filters.py."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway.storage.tables.column_types import IGNORES_CASE


def _equals(column: Any, value: Any) -> sa.ColumnElement[bool]:
    if value is None:
        return sa.false()
    if column.info.get(IGNORES_CASE):
        return _case_folded(column) == _case_folded(value)
    compared = sa.cast(column, sa.String) if _is_text_of(column, value) else column
    return compared == value  # type: ignore[no-any-return]


def _is_text_of(column: Any, value: Any) -> bool:
    """Whether a whole number is compared as text, as an etag is."""
    is_text = isinstance(getattr(value, "type", None), sa.String) or isinstance(value, str)
    return isinstance(column.type, sa.Integer) and is_text


def _case_folded(text: Any) -> sa.ColumnElement[str]:
    return sa.func.gateway_fold(text, type_=sa.String)


def _differs(column: Any, value: Any) -> sa.ColumnElement[bool]:
    return ~_equals(column, value)


def _is_in(column: Any, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    if not values:
        return sa.false()
    if column.info.get(IGNORES_CASE):
        return _case_folded(column).in_([_case_folded(value) for value in values])
    if any(_is_text_of(column, value) for value in values):
        return sa.cast(column, sa.String).in_(values)
    return column.in_(values)  # type: ignore[no-any-return]


def _contains(column: Any, value: str) -> sa.ColumnElement[bool]:
    """Whether the text contains `value`, ignoring case. Every text contains the empty text."""
    return TextPosition(column, value) > 0


def _starts(column: Any, value: str) -> sa.ColumnElement[bool]:
    return TextPosition(column, value) == 1


def _contains_folded(column: Any, value: str) -> sa.ColumnElement[bool]:
    return UnaccentedPosition(column, value) > 0


def _is_between(column: Any, bounds: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Whether the value is at least the first bound and at most the second."""
    first, last = bounds
    return column.between(first, last)  # type: ignore[no-any-return]


class TextPosition(FunctionElement[int]):
    """The position of the first occurrence of one text in another, from 1 and ignoring case; 0 if
    there is none."""

    inherit_cache = True
    type = sa.Integer()
    fold = "gateway_fold"
    """The SQL function that normalises both texts."""


class UnaccentedPosition(TextPosition):
    """A TextPosition that ignores accents too."""

    inherit_cache = True
    fold = "gateway_fold_accents"


@compiles(TextPosition, "sqlite")
def _position_on_sqlite(element: TextPosition, compiler: Any, **options: Any) -> str:
    return "instr({}, {})".format(*_folded(element, compiler, options))


@compiles(TextPosition, "postgresql")
def _position_on_postgresql(element: TextPosition, compiler: Any, **options: Any) -> str:
    return "strpos({}, {})".format(*_folded(element, compiler, options))


def _folded(element: TextPosition, compiler: Any, options: Any) -> tuple[str, ...]:
    fold = getattr(sa.func, element.fold)
    folded = (fold(clause, type_=sa.String) for clause in element.clauses)
    return tuple(compiler.process(clause, **options) for clause in folded)


Compare = Callable[[Any, Any], sa.ColumnElement[bool]]

OPERATORS: Mapping[str, tuple[Compare, Compare, bool]] = {
    "eq": (_equals, _differs, False),
    "ne": (_differs, _equals, True),
    "in_": (_is_in, lambda column, values: ~_is_in(column, values), False),
    "not_in": (lambda column, values: ~_is_in(column, values), _is_in, True),
    "lt": (lambda column, value: column < value, lambda column, value: column >= value, False),
    "lte": (lambda column, value: column <= value, lambda column, value: column > value, False),
    "gt": (lambda column, value: column > value, lambda column, value: column <= value, False),
    "gte": (lambda column, value: column >= value, lambda column, value: column < value, False),
    "contains": (_contains, lambda column, value: ~_contains(column, value), False),
    "starts_with": (_starts, lambda column, value: ~_starts(column, value), False),
    "contains_folded": (
        _contains_folded,
        lambda column, value: ~_contains_folded(column, value),
        False,
    ),
    "on": (_is_between, lambda column, bounds: ~_is_between(column, bounds), False),
}
"""For each operator: its comparison, the opposite comparison, and whether the operator is true for
null."""
