"""The possible declarations of fields, which are all that a plan knows about them.

A source identifies the rows of a type in storage. It is opaque here; only its name is shown to
people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLField

Names = frozenset[str]
"""Names of columns."""


@dataclass(frozen=True)
class ColumnField:
    """A field for the column of the same name."""


@dataclass(frozen=True)
class GroupField:
    """A field for an object of our own columns whose names begin with `prefix`."""

    prefix: str


@dataclass(frozen=True)
class ToOneField:
    """A field for the object of type `target` whose column `by` equals our column `key`."""

    target: str
    key: str
    by: str = "id"


@dataclass(frozen=True)
class ToManyField:
    """A field for the objects of type `target` whose column `key` has our id, sorted by their column
    `order`."""

    target: str
    key: str
    order: str


@dataclass(frozen=True)
class PagedField:
    """A field for a page of the objects of type `target`: of those whose column `key` has our id, or of
    all.

    `sort` lists the default sort columns, with "-" for descending."""

    target: str
    key: str | None
    sort: tuple[str, ...]


@dataclass(frozen=True)
class ByKeyField:
    """A field for the object of type `target` whose unique column `by` equals the argument."""

    target: str
    by: str


@dataclass(frozen=True)
class CompanyField:
    """A field for the company of the request, an object of type `target`."""

    target: str


@dataclass(frozen=True)
class ByIdsField:
    """A field for the objects with these ids, of any type and in the order of the ids; null for an
    unknown id."""

    is_list: bool


@dataclass(frozen=True)
class ComputedField:
    """A field that Python computes from our `columns`; no plan covers it. `cost` is counted in objects
    that could be read at the same cost, besides the objects that the field returns."""

    columns: Names
    cost: int = 1


@dataclass(frozen=True)
class MutationField:
    """A mutation. Its payload is an object in memory."""


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
    """The declarations of a schema, for planning."""

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
