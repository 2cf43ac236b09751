"""What a field of the schema can be declared to be: all that a plan knows of it.

A source is what storage knows the rows of a type by; nothing here looks into it, only its name is shown to
people."""

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

    `sort` names columns, "-" for descending, if nothing else is asked."""

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
    """The object of type `target` in which the request works."""

    target: str


@dataclass(frozen=True)
class ByIdsField:
    """The objects of whatever type that have the given ids, in their order; null for none."""

    is_list: bool


@dataclass(frozen=True)
class ComputedField:
    """Something that Python makes of our `columns`; no plan covers it."""

    columns: Names


@dataclass(frozen=True)
class MutationField:
    """A mutation, whose payload is the attributes of an object in memory."""


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
    """What the fields of a schema are declared to be, as planning asks for it."""

    @property
    def sources(self) -> Mapping[str, Any]:
        """By the name of the type."""
        ...

    def declaration(self, field: GraphQLField) -> Declaration | None:
        """None for a field that is programmed."""
        ...

    def name(self, field: GraphQLField) -> str:
        """What the field is called in Python: the name of its column, or within a Group its end."""
        ...
