"""The kinds of field that are declared and not programmed: columns, addresses and relations.

A declaration says once which columns a field needs. From it come the Strawberry field, its batched
resolver, and the columns that a read selects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from gateway.api.context import Info
from gateway.execution.declarations import (
    ColumnField,
    ComputedField,
    Declaration,
    GroupField,
    PagedField,
    ToManyField,
    ToOneField,
)
from gateway.execution.selection import fields_at, fields_by_name
from gateway.storage.reading import Names, held
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import ADDRESS_PARTS

DECLARED = "declared"


@dataclass(frozen=True)
class Entity:
    """A GraphQL type whose objects are rows of `model`, with its declared fields by Python name."""

    model: type[Base]
    declared: Mapping[str, Declaration]
    descriptions: Mapping[str, str]
    columns: Mapping[str, Names]
    """What each field needs, by its GraphQL name."""


ENTITIES: dict[str, Entity] = {}
"""By the name of the GraphQL type."""

Type = TypeVar("Type", bound=type)


def entity(model: type[Base]) -> Any:
    """Declare that the objects of the decorated Strawberry type are rows of `model`."""

    def declare(cls: Type) -> Type:
        definition = get_object_definition(cls, strict=True)
        declared = {
            field.python_name: field.metadata[DECLARED]
            for field in definition.fields
            if DECLARED in field.metadata
        }
        descriptions = {field.python_name: field.description or "" for field in definition.fields}
        columns = {
            to_camel_case(name): _columns(name, declaration)
            for name, declaration in declared.items()
        }
        definition.is_type_of = _is_row
        ENTITIES[definition.name] = Entity(model, declared, descriptions, columns)
        return cls

    return declare


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
    raise TypeError(f"{declaration} is no field of an object")


def _is_row(_row: Any, _info: Any) -> bool:
    """Rows carry no type: a field that yields objects of a type yields rows of its model."""
    return True


def column(description: str) -> Any:
    """A field that is the column of the same name."""
    return strawberry.field(description=description, metadata={DECLARED: ColumnField()})


def to_one(target: str, key: str, description: str, *, by: str = "id") -> Any:
    """A field that is the object of type `target` whose `by` is in the column `key`."""

    def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        value = getattr(root, key)
        if value is None:
            return None
        loaded = held(root, info.python_name)
        if loaded is not None:
            return loaded
        model = ENTITIES[target].model
        return info.context.reader.one(model, by, value, wanted(target, info))

    return declared_field(resolve, description, ToOneField(target, key, by))


def to_many(target: str, key: str, order: str, description: str) -> Any:
    """A field that is the objects of type `target` whose column `key` has the id of this one."""

    def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        loaded = held(root, info.python_name)
        if loaded is not None:
            return loaded
        model = ENTITIES[target].model
        return info.context.reader.many(model, key, root.id, order, wanted(target, info))

    return declared_field(resolve, description, ToManyField(target, key, order))


def address(prefix: str, description: str) -> Any:
    """A field that is the PostalAddress in the columns that begin with `prefix`."""

    def resolve(root: strawberry.Parent[Any]) -> Any:
        return PostalAddress(**{part: getattr(root, prefix + part) for part in ADDRESS_PARTS})

    return declared_field(resolve, description, GroupField(prefix))


def declared_field(resolve: Any, description: str, declaration: Declaration) -> Any:
    return strawberry.field(
        resolver=resolve, description=description, metadata={DECLARED: declaration}
    )


def place_of(info: Info) -> tuple[int, ...]:
    """Where in the operation a field stands, the same for all objects that it is asked of."""
    return tuple(map(id, info._raw_info.field_nodes))


def wanted(target: str, info: Info, *path: str) -> Names:
    """The columns of `target` that the operation needs below this field, or below `path` in it."""
    nodes = info._raw_info.field_nodes
    slot = (target, path, place_of(info))
    known = info.context.wanted
    if slot not in known:
        fragments = info._raw_info.fragments
        names = fields_by_name(fields_at(nodes, fragments, *path), fragments)
        columns = ENTITIES[target].columns
        known[slot] = frozenset().union(*(columns.get(name, ()) for name in names))
    return known[slot]


@strawberry.type(description="Where a customer is, or where goods and invoices go.")
class PostalAddress:
    address_line1: str | None = strawberry.field(description="Street and house number.")
    address_line2: str | None = strawberry.field(description="What the first line has no room for.")
    city: str | None = strawberry.field(description="Town or city.")
    state: str | None = strawberry.field(description="State, county or province.")
    country: str | None = strawberry.field(description="Country or region as an ISO code, like DE.")
    post_code: str | None = strawberry.field(description="Postal code as it is written locally.")
