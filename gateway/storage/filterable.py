"""The columns and relations that filters may use, and whether a filter matches a missing row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.storage.comparisons import OPERATORS
from gateway.storage.tables.column_types import Base

Tree = Mapping[str, Any]
"""The parts of a filter by field: a condition for a column, a filter for a relation, and `and_`, `or_`
and `not_` for combinations."""


@dataclass(frozen=True)
class Relation:
    """The rows of `target` whose column `theirs` equals our column `own`."""

    target: "Filterable"
    own: str
    theirs: str
    is_many: bool


@dataclass(frozen=True)
class Filterable:
    """The fields by which rows of `model` may be filtered. Nothing else reaches SQL."""

    model: type[Base]
    columns: dict[str, str] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)


def matches_missing(fields: Filterable, tree: Tree) -> bool:
    """Whether a filter on a relation matches where there is no object."""
    return _has_condition(fields, tree) and _holds_for_missing(fields, tree)


def _has_condition(fields: Filterable, tree: Tree) -> bool:
    return any(
        name == "is_null"
        or name in fields.relations
        or (bool(value) if name in fields.columns else _has_part(fields, name, value))
        for name, value in tree.items()
    )


def _has_part(fields: Filterable, name: str, value: Any) -> bool:
    if name in ("and_", "or_"):
        return any(_has_condition(fields, tree) for tree in value)
    return _has_condition(fields, value) if name == "not_" else any(value.values())


def _holds_for_missing(fields: Filterable, tree: Tree) -> bool:
    """Whether all conditions of a filter hold where there is no object."""
    return all(_part_holds_for_missing(fields, name, value) for name, value in tree.items())


def _part_holds_for_missing(fields: Filterable, name: str, value: Any) -> bool:
    if name in ("and_", "or_"):
        parts = (_holds_for_missing(fields, tree) for tree in value)
        return all(parts) if name == "and_" else any(parts)
    if name == "not_":
        return not _holds_for_missing(fields, value)
    if name == "is_null":
        return bool(value)
    if name in fields.relations:
        relation = fields.relations[name]
        return "some" not in value if relation.is_many else matches_missing(relation.target, value)
    if name in fields.groups:
        group = Filterable(fields.model, fields.groups[name])
        return _holds_for_missing(group, value)
    return all(
        operand if operator == "is_null" else OPERATORS[operator][2]
        for operator, operand in value.items()
    )
