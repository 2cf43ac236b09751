"""Filter inputs for every entity, made from its declared fields, and their way to storage.

The inputs refer to each other in circles, so their annotations are text that strawberry resolves among
the names of this module."""

import datetime as dt
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import ID, Maybe  # noqa: F401 - named by the annotations of inputs
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from gateway.api import enums, import_types, order_types  # noqa: F401 - declare every entity
from gateway.api.fields import ENTITIES, PostalAddress
from gateway.execution.declarations import (
    ColumnField,
    ComputedField,
    Declaration,
    GroupField,
    PagedField,
    ToManyField,
    ToOneField,
)
from gateway.storage.conditions import Filter, Filterable, Relation, Tree
from gateway.storage.tables.column_types import Base, value_type
from gateway.storage.tables.reference_data import ADDRESS_PARTS

EQUALITY = {
    "eq": ("{}", "Equal to this."),
    "ne": ("{}", "Not equal to this; null is equal to nothing."),
    "in_": ("list[{}]", "Equal to one of these, at most 1,000."),
    "not_in": ("list[{}]", "Equal to none of these."),
}
ORDER = {
    "lt": ("{}", "Before this."),
    "lte": ("{}", "Before this or equal."),
    "gt": ("{}", "After this."),
    "gte": ("{}", "After this or equal."),
}
SEARCH = {
    "contains": ("{}", "Has this in it, in capital or small letters."),
    "starts_with": ("{}", "Begins with this, in capital or small letters."),
}
NULLABLE = {"is_null": ("bool", "Whether there is no value.")}
COMBINATIONS = {
    "and_": ("list[{}]", "All of these hold; an empty list always does."),
    "or_": ("list[{}]", "One of these holds; an empty list never does."),
    "not_": ("{}", "This does not hold."),
}
QUANTIFIERS = {
    "some": ("{}", "At least one of them matches."),
    "every": ("{}", "All of them match; none at all is all."),
    "none": ("{}", "None of them matches."),
}
OPERATORS_OF: dict[type, dict[str, tuple[str, str]]] = {
    str: {**EQUALITY, **ORDER, **SEARCH},
    Decimal: {**EQUALITY, **ORDER},
    int: {**EQUALITY, **ORDER},
    dt.date: {**EQUALITY, **ORDER},
    dt.datetime: {**EQUALITY, **ORDER},
}

Fields = dict[str, tuple[str, str]]
"""Annotation and description of input fields by name."""


def _declare(name: str, description: str, fields: Fields) -> None:
    """Make an input of this name, with fields that may be absent and not null."""
    members: dict[str, Any] = {
        field: strawberry.field(
            name=to_camel_case(field.rstrip("_")), description=text, default=None
        )
        for field, (_, text) in fields.items()
    }
    members["__annotations__"] = {
        field: f"Maybe[{annotation}]" for field, (annotation, _) in fields.items()
    }
    members["__module__"] = __name__
    globals()[name] = strawberry.input(type(name, (), members), description=description)


def _of(template: Fields, name: str) -> Fields:
    return {field: (kind.format(name), text) for field, (kind, text) in template.items()}


def _condition(kind: type, scalar: str, *, nullable: bool) -> str:
    """The name of the input that compares with values of `kind`, made when first needed."""
    name = f"{'Nullable' if nullable else ''}{scalar}Condition"
    if name not in globals():
        globals()[kind.__name__] = kind
        fields = _of(OPERATORS_OF.get(kind, EQUALITY), kind.__name__)
        extra = NULLABLE if nullable else {}
        _declare(
            name, f"What a {scalar} must be. All that is given must hold.", {**fields, **extra}
        )
    return name


def _condition_on(model: type[Base], column: str) -> str:
    kind, nullable = value_type(model, column)
    if column in ("id", "etag"):
        return _condition(ID, "ID", nullable=False)
    scalars = {str: "String", int: "Int", bool: "Boolean", dt.date: "Date", dt.datetime: "DateTime"}
    return _condition(kind, scalars.get(kind, kind.__name__), nullable=nullable)


def _field(model: type[Base], name: str, declaration: Declaration) -> str:
    match declaration:
        case ColumnField():
            return _condition_on(model, name)
        case GroupField():
            return "PostalAddressFilter"
        case ToOneField(target):
            return f"{target}Filter"
        case ToManyField(target) | PagedField(target):
            return f"{target}ListFilter"
    raise TypeError(f"{declaration} cannot be filtered by")


def _declare_all() -> None:
    address = get_object_definition(PostalAddress, strict=True)
    text = _condition(str, "String", nullable=True)
    parts = {part.python_name: (text, part.description or "") for part in address.fields}
    _declare("PostalAddressFilter", "What an address must be. All that is given must hold.", parts)
    for name, entity in ENTITIES.items():
        fields = {
            field: (_field(entity.model, field, declaration), entity.descriptions[field])
            for field, declaration in entity.declared.items()
            if not isinstance(declaration, ComputedField)
        }
        combined = {**_of(COMBINATIONS, f"{name}Filter"), **fields}
        _declare(f"{name}Filter", f"Which {name} to find. All that is given must hold.", combined)
        quantified = _of(QUANTIFIERS, f"{name}Filter")
        _declare(f"{name}ListFilter", f"How many {name} of a list must match.", quantified)


def _filterables() -> dict[str, Filterable]:
    """What storage allows to be filtered: exactly what is declared."""
    made = {name: Filterable(entity.model) for name, entity in ENTITIES.items()}
    for name, entity in ENTITIES.items():
        for field, declaration in entity.declared.items():
            match declaration:
                case ColumnField():
                    made[name].columns[field] = field
                case GroupField(prefix):
                    made[name].groups[field] = {part: prefix + part for part in ADDRESS_PARTS}
                case ToOneField(target, key, by):
                    made[name].relations[field] = Relation(made[target], key, by, is_many=False)
                case ToManyField(target, key) | PagedField(target, str(key)):
                    made[name].relations[field] = Relation(made[target], "id", key, is_many=True)
    return made


_declare_all()
FILTERABLE = _filterables()
"""By the name of the GraphQL type."""


def filter_of(target: str, tree: Tree) -> Filter:
    """The filter on objects of type `target` that says `tree`; everything for an empty one."""
    return Filter(FILTERABLE[target], tree)
