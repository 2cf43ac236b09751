"""The GraphQL types whose objects are rows, with the columns that each field needs and the allowed
filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from gateway.execution.declarations import (
    ColumnField,
    ComputedField,
    Declaration,
    GroupField,
    PagedField,
    ToManyField,
    ToOneField,
)
from gateway.storage.conditions import Filter
from gateway.storage.filterable import Filterable, Relation, Tree
from gateway.storage.reading import Names
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import ADDRESS_PARTS

DECLARATION = "declaration"
"""The key of the Declaration in the metadata of a Strawberry field."""


@dataclass(frozen=True)
class EntityType:
    """A GraphQL type whose objects are rows of `model`, with its declared fields by Python name."""

    model: type[Base]
    declared: Mapping[str, Declaration]
    descriptions: Mapping[str, str]
    columns: Mapping[str, Names]
    """The columns that each field needs, by its GraphQL name."""


ENTITIES: dict[str, EntityType] = {}
"""By the name of the GraphQL type; empty until `register_types` is called."""

Type = TypeVar("Type", bound=type)


def entity(model: type[Base]) -> Any:
    """Declare that the objects of the decorated Strawberry type are rows of `model`."""

    def mark(cls: Type) -> Type:
        cls.row_model = model  # type: ignore[attr-defined]
        get_object_definition(cls, strict=True).is_type_of = _is_row
        return cls

    return mark


def register_entity(cls: Any) -> None:
    """Register a type that is marked as an `entity` under its name."""
    definition = get_object_definition(cls, strict=True)
    declared = {
        field.python_name: field.metadata[DECLARATION]
        for field in definition.fields
        if DECLARATION in field.metadata
    }
    descriptions = {field.python_name: field.description or "" for field in definition.fields}
    columns = {
        to_camel_case(name): _columns(name, declaration) for name, declaration in declared.items()
    }
    ENTITIES[definition.name] = EntityType(cls.row_model, declared, descriptions, columns)


def filter_of(target: str, tree: Tree) -> Filter:
    """The filter `tree` on objects of type `target`; an empty one matches everything."""
    return Filter(_filterables()[target], tree)


@cache
def _filterables() -> dict[str, Filterable]:
    """The fields that storage may filter by, which are exactly the declared ones."""
    filterables = {name: Filterable(entity.model) for name, entity in ENTITIES.items()}
    for name, each in ENTITIES.items():
        for field, declaration in each.declared.items():
            match declaration:
                case ColumnField():
                    filterables[name].columns[field] = field
                case GroupField(prefix):
                    filterables[name].groups[field] = {
                        part: prefix + part for part in ADDRESS_PARTS
                    }
                case ToOneField(target, key, by):
                    filterables[name].relations[field] = Relation(
                        filterables[target], key, by, is_many=False
                    )
                case ToManyField(target, key) | PagedField(target, str(key)):
                    filterables[name].relations[field] = Relation(
                        filterables[target], "id", key, is_many=True
                    )
    return filterables


def _columns(name: str, declaration: Declaration) -> Names:
    match declaration:
        case ColumnField():
            return frozenset({name})
        case GroupField(prefix):
            return frozenset(prefix + part for part in ADDRESS_PARTS)
        case ToOneField(_, key):
            return frozenset({key})
        case ToManyField() | PagedField():
            return frozenset({"id"})
        case ComputedField(columns):
            return columns
    raise TypeError(f"{declaration} is not a field of an object")


def _is_row(_row: Any, _info: Any) -> bool:
    """Always true: rows have no GraphQL type, and a field of an object type returns only rows of its
    model."""
    return True
