"""A plan describes what an operation selects, independent of its syntax and of the source of rows.

Fragments, aliases, directives and merged selections are resolved, so only GraphQL names and columns
remain. `key` is the name in the answer."""

from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField

from gateway.execution.declarations import Declaration


class NotPlanned(Exception):
    """No plan covers the operation. The message gives the reason."""


@dataclass(frozen=True)
class Typename:
    key: str
    name: str


@dataclass(frozen=True)
class Leaf:
    """A column as a value of the scalar or enum `kind`."""

    key: str
    column: str
    kind: str
    nullable: bool


@dataclass(frozen=True)
class Group:
    """An object of columns of the same row."""

    key: str
    members: tuple[Leaf | Typename, ...]


@dataclass(frozen=True)
class ToOne:
    """The object whose column `by` is in our column `own`; in memory it is the attribute `name`."""

    key: str
    name: str
    own: str
    by: str
    objects: "Objects"
    nullable: bool


@dataclass(frozen=True)
class ToMany:
    """The objects whose column `by` has our id, in the order of their column `order`; in memory they
    are the attribute `name`."""

    key: str
    name: str
    by: str
    order: str
    objects: "Objects"


@dataclass(frozen=True)
class Objects:
    """The members that are selected on objects of one type."""

    source: Any
    members: tuple["Leaf | Typename | Group | ToOne | ToMany | PlanPage", ...]


@dataclass(frozen=True)
class Cursor:
    key: str


@dataclass(frozen=True)
class PlanNode:
    key: str
    objects: Objects


@dataclass(frozen=True)
class Edges:
    key: str
    members: tuple[Cursor | PlanNode | Typename, ...]


@dataclass(frozen=True)
class Nodes:
    key: str
    objects: Objects


@dataclass(frozen=True)
class PlanPageInfo:
    """`members` are the keys of the answer with the names of the schema."""

    key: str
    members: tuple[tuple[str, str] | Typename, ...]


@dataclass(frozen=True)
class Total:
    key: str


@dataclass(frozen=True)
class PlanPage:
    """A connection: of the objects whose column `by` has our id, or of all if that is None. The
    arguments are those of the plan's `slot`."""

    key: str
    slot: int
    source: Any
    by: str | None
    members: tuple[Edges | Nodes | PlanPageInfo | Total | Typename, ...]


@dataclass(frozen=True)
class Find:
    """The object whose column `by` is the argument in `slot`, or the company of the request for None."""

    key: str
    slot: int | None
    by: str
    objects: Objects
    nullable: bool


@dataclass(frozen=True)
class FindByIds:
    """The objects with the ids in `slot`, of any of the types."""

    key: str
    slot: int
    is_list: bool
    types: tuple[tuple[str, Objects], ...]


@dataclass(frozen=True)
class Attribute:
    """An attribute of an object in memory, either a plain value or an object with `members`."""

    key: str
    name: str
    members: tuple["Attribute | Typename", ...] | None
    is_list: bool
    is_enum: bool


@dataclass(frozen=True)
class WrittenRow:
    """An attribute in memory whose rows were just written."""

    key: str
    name: str
    objects: Objects


@dataclass(frozen=True)
class MutationCall:
    """A mutation with the arguments in `slot` and the selected members of its payload."""

    key: str
    slot: int
    members: tuple[Attribute | WrittenRow | Typename, ...]


@dataclass(frozen=True)
class Slot:
    """A field whose arguments are computed for each run."""

    field: GraphQLField
    node: FieldNode
    declaration: Declaration


@dataclass(frozen=True)
class Plan:
    """One operation, for one set of values of the variables in its @skip and @include."""

    members: tuple[Find | PlanPage | FindByIds | MutationCall | Typename, ...]
    slots: tuple[Slot, ...]
