"""What a field of the schema can be declared to be, which is all that a plan knows about it.

A source identifies the rows of a type in storage. It is opaque here; only its name is shown to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLField

Names = frozenset[str]
"""Names of columns."""


@dataclass(frozen=True)
class ColumnField:
    """The column of the same name."""


@dataclass(frozen=True)
class GroupField:
    """An object of our own columns, whose names begin with `prefix`."""

    prefix: str


@dataclass(frozen=True)
class ToOneField:
    """The object of type `target` whose `by` is in our column `key`."""

    target: str
    key: str
    by: str = "id"


@dataclass(frozen=True)
class ToManyField:
    """The objects of type `target` whose column `key` has our id, by their column `order`."""

    target: str
    key: str
    order: str


@dataclass(frozen=True)
class PagedField:
    """A page of the objects of type `target`: of those whose column `key` has our id, or of all.

    `sort` names columns, "-" for descending, unless the client chooses a sort."""

    target: str
    key: str | None
    sort: tuple[str, ...]


@dataclass(frozen=True)
class ByKeyField:
    """The object of type `target` whose unique column `by` is the argument."""

    target: str
    by: str


@dataclass(frozen=True)
class CompanyField:
    """The company of the request, as an object of type `target`."""

    target: str


@dataclass(frozen=True)
class ByIdsField:
    """The objects with these ids, of any type and in the order of the ids; null for an id without one."""

    is_list: bool


@dataclass(frozen=True)
class ComputedField:
    """A value that Python computes from our `columns`; no plan covers it. It costs as much as so many
    objects that are read, besides those that it returns."""

    columns: Names
    cost: int = 1


@dataclass(frozen=True)
class MutationField:
    """A mutation, whose payload is an object in memory."""


Declaration = (
    ColumnField
    | GroupField
    | ToOneField
    | ToManyField
    | PagedField
    | ByKeyField
    | CompanyField
    | ByIdsField
    | ComputedField
    | MutationField
)


class SchemaDeclarations(Protocol):
    """The declarations of a schema, as planning needs them."""

    @property
    def sources(self) -> Mapping[str, Any]:
        """By the name of the type."""
        ...

    def declaration(self, field: GraphQLField) -> Declaration | None:
        """None for a field with a resolver of its own."""
        ...

    def name(self, field: GraphQLField) -> str:
        """The name of the field in Python: that of its column or, in a GroupField, the part after the prefix."""
        ...
