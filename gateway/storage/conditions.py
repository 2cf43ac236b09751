"""The compiler from filters to SQL, and the fields that filters may use.

Null is a value that equals nothing else: `ne` and `notIn` are true for it, `lt` and the like are false,
and `not` turns every condition into its exact opposite. Numbers and codes are compared ignoring case,
as in look-ups. All fields of a missing object are null, and its lists are empty; a filter without a
condition asks only that the object exists. Negation is pushed down to the conditions, so that SQL's
third truth value never decides and indexes remain usable."""

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from gateway.storage.comparisons import OPERATORS
from gateway.storage.filterable import Filterable, Relation, Tree, matches_missing
from gateway.storage.scope import Scope, within
from gateway.storage.tables.column_types import (
    FOLDED,
    Amount,
    Base,
    Guid,
    canonical_guid,
    case_folded,
    is_storable,
    is_storable_text,
)
from gateway.storage.tables.model_columns import lookup_column, unique_keys

MAX_LIST = 1000
MAX_CONDITIONS = 200
MAX_DEPTH = 20
COMBINING = {"and_", "or_", "not_", "some", "every", "none"}
"""Steps into a filter that count once towards MAX_DEPTH. A step into a field counts twice, because a
relation is a subquery of its own in SQL."""
EQUALITY = {"eq", "ne", "in_", "not_in"}
"""The operators that ignore case in numbers and codes."""


class BadFilter(ValueError):
    """The filter is too large, or compares with a value that no row can have. `path` leads to that
    value by fields, operators and indexes, and is empty for the whole filter."""

    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filter:
    """A filter on the rows of `fields.model`."""

    fields: Filterable
    tree: Tree

    def condition(self, scope: Scope, bind: "Bind | None" = None) -> sa.ColumnElement[bool]:
        """The filter as a condition in SQL. Each value appears as `bind` returns it, or unchanged if there
        is no `bind`. Raises BadFilter."""
        return _matches(self.fields, self.bound(bind or _unchanged), scope, True)

    def bound(self, bind: "Bind") -> Tree:
        """The tree with its values converted to the types of their columns and passed through `bind`. An
        id that is not a GUID becomes None. Raises BadFilter."""
        if _size(self.tree, MAX_DEPTH) > MAX_CONDITIONS:
            raise BadFilter(f"A filter may have at most {MAX_CONDITIONS} conditions.")
        return _bound(self.fields, self.tree, bind)


Bind = Callable[[Any, Any], Any]
"""Takes a column and a value for it; returns the value's representation in SQL."""


def _unchanged(_column: Any, value: Any) -> Any:
    return value


def _bound(fields: Filterable, tree: Tree, bind: Bind) -> Tree:
    return _each(tree, lambda name, value: _bound_part(fields, name, value, bind))


def _each(parts: Mapping[str, Any], convert: Callable[[str, Any], Any]) -> dict[str, Any]:
    """`parts` with their values converted. The name of the part is added to the path of a BadFilter."""
    converted = {}
    for name, value in parts.items():
        try:
            converted[name] = convert(name, value)
        except BadFilter as error:
            error.path = (name, *error.path)
            raise
    return converted


def _each_of_list(values: Sequence[Any], convert: Callable[[Any], Any]) -> list[Any]:
    parts = {str(place): value for place, value in enumerate(values)}
    return list(_each(parts, lambda _, value: convert(value)).values())


def _bound_part(fields: Filterable, name: str, value: Any, bind: Bind) -> Any:
    if name in ("and_", "or_"):
        return _each_of_list(value, lambda tree: _bound(fields, tree, bind))
    if name == "not_":
        return _bound(fields, value, bind)
    if name == "is_null":
        return value
    if name in fields.relations:
        return _bound_relation(fields.relations[name], value, bind)
    if name in fields.groups:
        return _bound(Filterable(fields.model, fields.groups[name]), value, bind)
    return _each(value, lambda operator, operand: _operand(fields, name, operator, operand, bind))


def _operand(fields: Filterable, name: str, operator: str, value: Any, bind: Bind) -> Any:
    if operator == "is_null":
        return value
    column = _column(fields.model, fields.columns[name], operator)
    return _typed(column, _day(value) if operator == "on" else value, bind)


def _column(model: type[Base], name: str, operator: str) -> Any:
    """The column that `operator` actually compares for the column `name`."""
    return model.__table__.c[lookup_column(model, name) if operator in EQUALITY else name]


def _bound_relation(relation: Relation, value: Tree, bind: Bind) -> Tree:
    if not relation.is_many:
        return _bound(relation.target, value, bind)
    return _each(value, lambda _, tree: _bound(relation.target, tree, bind))


def _day(date: dt.date) -> list[dt.datetime]:
    """The first and the last moment of a day in UTC that can be stored."""
    return [dt.datetime.combine(date, time, dt.UTC) for time in (dt.time.min, dt.time.max)]


def _size(tree: Any, depth: int) -> int:
    """The number of conditions in a filter. Raises BadFilter if it is nested deeper than `depth`."""
    if depth < 0:
        raise BadFilter(f"A filter may be nested at most {MAX_DEPTH // 2} fields deep.")
    if isinstance(tree, Mapping):
        steps = ((1 if name in COMBINING else 2, part) for name, part in tree.items())
        return max(1, sum(_size(part, depth - step) for step, part in steps))
    if isinstance(tree, list) and tree and isinstance(tree[0], Mapping):
        return sum(_size(part, depth) for part in tree)
    return 1 + len(tree) // 100 if isinstance(tree, list) else 1


def _matches(fields: Filterable, tree: Tree, scope: Scope, wanted: bool) -> sa.ColumnElement[bool]:
    """The rows for which `tree` is true, or those for which it is false if not `wanted`."""
    parts = [_part(fields, name, value, scope, wanted) for name, value in tree.items()]
    return _all(parts) if wanted else _any(parts)


def _part(
    fields: Filterable, name: str, value: Any, scope: Scope, wanted: bool
) -> sa.ColumnElement[bool]:
    if name in ("and_", "or_"):
        parts = [_matches(fields, tree, scope, wanted) for tree in value]
        return _all(parts) if (name == "and_") is wanted else _any(parts)
    if name == "not_":
        return _matches(fields, value, scope, not wanted)
    if name == "is_null":
        return sa.true() if value is not wanted else sa.false()
    if name in fields.relations:
        return _related(fields, fields.relations[name], value, scope, wanted)
    if name in fields.groups:
        return _matches(Filterable(fields.model, fields.groups[name]), value, scope, wanted)
    return _compared(fields.model, fields.columns[name], value, wanted)


def _related(
    fields: Filterable, relation: Relation, tree: Tree, scope: Scope, wanted: bool
) -> sa.ColumnElement[bool]:
    own = fields.model.__table__.c[relation.own]
    if relation.is_many:
        parts = [
            _some(own, relation, subtree, scope, wanted, kind) for kind, subtree in tree.items()
        ]
        return _all(parts) if wanted else _any(parts)
    if relation.theirs == "id" and _is_by_id(tree):
        return _compared(fields.model, relation.own, tree["id"], wanted)
    if tree and set(tree) == {"is_null"}:
        return _compared(fields.model, relation.own, tree, wanted)
    matching = _matches(relation.target, tree, scope, True)
    if wanted and _is_by_unique_key(relation, tree):
        theirs = relation.target.model.__table__.c[relation.theirs]
        one = sa.select(theirs).where(within(scope, relation.target.model), matching)
        return own == one.scalar_subquery()
    holds_for_null = own.nullable and matches_missing(relation.target, tree)
    return _among(own, relation, matching, scope, wanted, holds_for_null=holds_for_null)


def _is_by_id(tree: Tree) -> bool:
    """Whether the filter only compares ids. These are in our own column, so its index can be used."""
    return set(tree) == {"id"} and set(tree["id"]) in ({"eq"}, {"in_"})


def _is_by_unique_key(relation: Relation, tree: Tree) -> bool:
    """Whether the filter compares a unique key for equality. At most one row then matches, and an index
    of ours can return the rows in the order of the page."""
    if len(tree) != 1:
        return False
    [(name, conditions)] = tree.items()
    if name not in relation.target.columns:
        return False
    model = relation.target.model
    column = lookup_column(model, relation.target.columns[name])
    return set(conditions) == {"eq"} and {"company_id", column} in unique_keys(model)


def _some(
    own: Any, relation: Relation, tree: Tree, scope: Scope, wanted: bool, kind: str
) -> sa.ColumnElement[bool]:
    """`some`: at least one row matches. `none`: no row matches. `every`: no row fails to match."""
    matching = _matches(relation.target, tree, scope, kind != "every")
    return _among(own, relation, matching, scope, wanted is (kind == "some"))


def _among(
    own: Any,
    relation: Relation,
    matching: sa.ColumnElement[bool],
    scope: Scope,
    wanted: bool,
    *,
    holds_for_null: bool = False,
) -> sa.ColumnElement[bool]:
    model = relation.target.model
    theirs = model.__table__.c[relation.theirs]
    is_among = own.in_(sa.select(theirs).where(within(scope, model), matching))
    return _with_null(own, is_among if wanted else ~is_among, holds_for_null is wanted)


def _compared(
    model: type[Base], column_name: str, conditions: Tree, wanted: bool
) -> sa.ColumnElement[bool]:
    parts = []
    for name, value in conditions.items():
        column = _column(model, column_name, name)
        if name == "is_null":
            parts.append(column.is_(None) if value is wanted else column.is_not(None))
            continue
        compare, opposite, holds_for_null = OPERATORS[name]
        if wanted:
            parts.append(_with_null(column, compare(column, value), holds_for_null))
        else:
            parts.append(_with_null(column, opposite(column, value), not holds_for_null))
    return _all(parts) if wanted else _any(parts)


def _with_null(
    column: Any, condition: sa.ColumnElement[bool], holds: bool
) -> sa.ColumnElement[bool]:
    return sa.or_(condition, column.is_(None)) if holds and column.nullable else condition


def _typed(column: Any, value: Any, bind: Bind) -> Any:
    if isinstance(value, list):
        if len(value) > MAX_LIST:
            raise BadFilter(f"A list in a filter may have at most {MAX_LIST} values.")
        typed = _each_of_list(value, lambda item: _typed(column, item, bind))
        return [item for item in typed if item is not None]
    checked = _checked(column, value)
    return None if checked is None else bind(column, checked)


def _checked(column: Any, value: Any) -> Any:
    """`value` in the type of the column. None stands for an id that is not a GUID."""
    if isinstance(value, Decimal) and isinstance(column.type, Amount) and not is_storable(value):
        raise BadFilter(
            "A number may have at most 13 digits before the decimal point and 5 after it."
        )
    if isinstance(value, str) and isinstance(column.type, Guid):
        return canonical_guid(value)
    if isinstance(value, str):
        if not is_storable_text(value):
            raise BadFilter("The text contains a control character or an unpaired surrogate.")
        is_folded = column.name.endswith(FOLDED)
        return case_folded(value) if is_folded else unicodedata.normalize("NFC", value)
    return value


def _all(parts: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    return sa.and_(sa.true(), *parts)


def _any(parts: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *parts)
