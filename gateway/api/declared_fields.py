"""Fields that are declared rather than programmed: columns, addresses and relations.

The Strawberry field, its batched resolver and the selected columns are all derived from the
declaration."""

from collections.abc import Sequence
from typing import Any

import strawberry

from gateway.api.context import Info
from gateway.api.entities import DECLARATION, ENTITIES
from gateway.execution.declarations import (
    ColumnField,
    Declaration,
    GroupField,
    ToManyField,
    ToOneField,
)
from gateway.execution.selection import fields_at, fields_by_name
from gateway.storage.reading import Names, in_memory
from gateway.storage.tables.reference_data import ADDRESS_PARTS


def column(description: str) -> Any:
    """A field for the column of the same name."""
    return strawberry.field(description=description, metadata={DECLARATION: ColumnField()})


def to_one(target: str, key: str, description: str, *, by: str = "id") -> Any:
    """A field for the object of type `target` whose column `by` equals our column `key`."""

    def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        value = getattr(root, key)
        if value is None:
            return None
        loaded = in_memory(root, info.python_name)
        if loaded is not None:
            return loaded
        model = ENTITIES[target].model
        names = wanted(target, info)
        return info.context.reader.one(model, by, value, names, is_related=True)

    return declared_field(resolve, description, ToOneField(target, key, by))


def to_many(target: str, key: str, order: str, description: str) -> Any:
    """A field for the objects of type `target` whose column `key` has our id."""

    def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        loaded = in_memory(root, info.python_name)
        if loaded is not None:
            return loaded
        model = ENTITIES[target].model
        return info.context.reader.many(model, key, root.id, order, wanted(target, info))

    return declared_field(resolve, description, ToManyField(target, key, order))


def address(prefix: str, description: str) -> Any:
    """A field for the PostalAddress in the columns that begin with `prefix`."""

    def resolve(root: strawberry.Parent[Any]) -> Any:
        return PostalAddress(**{part: getattr(root, prefix + part) for part in ADDRESS_PARTS})

    return declared_field(resolve, description, GroupField(prefix))


def declared_field(
    resolve: Any, description: str, declaration: Declaration, directives: Sequence[object] = ()
) -> Any:
    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={DECLARATION: declaration},
        directives=directives,
    )


def position_of(info: Info) -> tuple[int, ...]:
    """The position of a field in the operation, which is the same for all objects of a list."""
    return tuple(map(id, info._raw_info.field_nodes))


def wanted(target: str, info: Info, *path: str) -> Names:
    """The columns of `target` that the operation needs below this field, or below `path` in it."""
    nodes = info._raw_info.field_nodes
    key = (target, path, position_of(info))
    known = info.context.state.columns
    if key not in known:
        fragments = info._raw_info.fragments
        names = fields_by_name(fields_at(nodes, fragments, *path), fragments)
        columns = ENTITIES[target].columns
        known[key] = frozenset().union(*(columns.get(name, ()) for name in names))
    return known[key]


@strawberry.type(
    description="The address of a customer, or the one to which goods or invoices are sent."
)
class PostalAddress:
    address_line1: str | None = strawberry.field(description="The street and house number.")
    address_line2: str | None = strawberry.field(
        description="A second address line, such as a building or a floor."
    )
    city: str | None = strawberry.field(description="The town or city.")
    state: str | None = strawberry.field(description="The state, county or province.")
    country: str | None = strawberry.field(
        description="The country as a two-letter ISO 3166 code, such as DE."
    )
    post_code: str | None = strawberry.field(description="The postal code in its local format.")
